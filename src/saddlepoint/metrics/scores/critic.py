"""What the critic (discriminator) says of real and of generated images: how well it still tells them apart.

At the game's solution it cannot: Goodfellow et al. 2014, arXiv:1406.2661, proposition 1.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from saddlepoint.errors import CapabilityError
from saddlepoint.kinds.pixels import pixels
from saddlepoint.kinds.plot import histogram
from saddlepoint.methods.abilities import classes_of
from saddlepoint.metrics.critic_outputs import inputs_of, rated
from saddlepoint.metrics.formulas.separation import order
from saddlepoint.metrics.images import Bytes
from saddlepoint.metrics.scores.base import Figures, ModelMetric, TrainedModel, binomial_error
from saddlepoint.metrics.scores.score import Score
from saddlepoint.metrics.sets import ImageSet, Indices
from saddlepoint.nn.modes import evaluating

_MOST, _BATCH = 2000, 64
_CAPTION = (
    "Outputs of the critic, as in training: of training images, of held-out ones and of generated ones. Where the"
    " first two lie apart it knows the training images by heart; where the last lies on them it cannot tell any more."
)


def _figures(trained: TrainedModel, fake: ImageSet, seed: int, prepared: None) -> Figures:
    """`critic-order[train]` and `[held-out]`: in which share of pairs a real image is rated above a generated one.

    .5 where the critic cannot tell them apart, whatever its objective. `critic-accuracy[above 0]`: the mean share of
    held-out images above 0 and of generated ones below, which says something of a critic of logits.
    Raises CapabilityError where there is no critic, or none of one number for an image.
    """
    real: dict[Literal["train", "held-out"], Indices] = {"train": trained.train, "held-out": trained.held_out}
    rows = {name: part[:_MOST] for name, part in real.items() if len(part)}
    outputs = {name: _outputs(trained, trained.dataset.images[part], part) for name, part in rows.items()}
    generated = _outputs(trained, fake.spread(min(len(fake), _MOST)), None, len(fake))
    scores = []
    for name, values in outputs.items():
        area, error = order(values, generated)
        protocol = dataclasses.replace(trained.protocol, real=len(values), fake=len(generated), reference=name)
        scores.append(
            Score(area, dataclasses.replace(protocol, metric=f"critic-order[{name}]"), seed=seed, error=error)
        )
    accuracy = ((values > 0).mean() + (generated < 0).mean()) / 2
    error = binomial_error(accuracy, len(values) + len(generated))
    own = dataclasses.replace(protocol, metric="critic-accuracy[above 0]")
    scores.append(Score(float(accuracy), own, seed=seed, error=error))
    picture = histogram({**{str(name): values for name, values in outputs.items()}, "generated": generated})
    return Figures(scores, picture=picture, file="critic.png", what="outputs of the critic", caption=_CAPTION)


def _outputs(trained: TrainedModel, images: Bytes, rows: np.ndarray | None, count: int = 0) -> np.ndarray:
    """The critic's outputs, [n]. rows: of the data set; None for generated images, `count` of them in turn."""
    model = trained.model
    critic = dict(model.nets.named_children()).get("critic")
    if critic is None:
        raise CapabilityError(f"{model} has no critic; a saved model leaves it out: give the folder of its run.")
    label: list[Tensor] = []
    classes = classes_of(model.method, model.nets)
    if inputs_of(critic) == 2 and classes and trained.dataset.labels is not None:
        in_turn = np.linspace(0, max(count - 1, 0), len(images)).astype(np.int64) % classes
        label = [torch.from_numpy(in_turn if rows is None else np.array(trained.dataset.labels[rows]))]
    elif inputs_of(critic) != 1:
        raise CapabilityError(f"the critic of {model.name} is asked for more than an image and its class.")
    parts = [each.split(_BATCH) for each in (pixels(torch.from_numpy(np.ascontiguousarray(images))), *label)]
    values = []
    with torch.no_grad(), torch.random.fork_rng(devices=()), evaluating(critic):
        critic.train()  # until the block ends
        torch.manual_seed(0)
        for batch in zip(*parts):
            output = rated(critic, *(each.to(model.device) for each in batch))
            if output is None:
                raise CapabilityError(f"the critic of {model.name} gives several numbers for an image.")
            values.append(output.cpu())
    return np.asarray(torch.cat(values).double().numpy())


METRIC = ModelMetric(_figures, "less")

"""What a run's health is given by those who know the data: a look at samples, and the way back to a good checkpoint."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from saddlepoint.checkpoint import files
from saddlepoint.data.loader import Loader
from saddlepoint.data.world.mixtures import Mixture
from saddlepoint.engine.health import Health
from saddlepoint.engine.hooks import Run
from saddlepoint.engine.rescue import RETURNS, Rescue
from saddlepoint.engine.run import Folder
from saddlepoint.engine.trainer import Trainer
from saddlepoint.errors import DivergedError
from saddlepoint.keyed import numpy_generator
from saddlepoint.methods.abilities import by_label, classes_of
from saddlepoint.methods.tasks import knows
from saddlepoint.metrics.critic_outputs import inputs_of, rated
from saddlepoint.metrics.formulas import monitoring
from saddlepoint.metrics.formulas.coverage import mixture_coverage
from saddlepoint.metrics.proofs.modes import LEAST as LEAST_SHARE
from saddlepoint.metrics.proofs.modes import mixture_of
from saddlepoint.nn.modes import evaluating

IMAGES = 64
"""samples, training images and held-out images of a look"""
POINTS_A_MODE = 40
"""samples for each mode of a known mixture"""
LEAST = 16
"""held-out images under which nothing is said of memorisation"""


def watchers(folder: Folder, loader: Loader, held_out: np.ndarray) -> tuple[Health, Rescue]:
    """The two hooks that watch a run. held_out: rows of the data set that are not trained on."""
    mixture = mixture_of(loader.dataset)
    look = SampleLook(loader, held_out, mixture)
    health = Health(look, modes=None if mixture is None else len(mixture.centres))
    return health, Rescue(health, lambda: good_checkpoint(folder, health) is not None)


@final
class SampleLook:
    """Looks at the same samples each time, from the live networks, beside the same real images.

    mixture: what points were drawn from, if it is known.
    """

    def __init__(self, loader: Loader, held_out: np.ndarray, mixture: Mixture | None = None) -> None:
        self._mixture = mixture
        draw = numpy_generator("look", len(loader.rows))
        self._loader = loader
        self._seen, self._unseen = (np.sort(draw.permutation(part)[:IMAGES]) for part in (loader.rows, held_out))

    @torch.no_grad()
    def __call__(self, run: Run) -> dict[str, float]:
        """Figures by name, as `engine.health.Look` has them; none for a method that makes nothing from latents."""
        nets = run.nets
        method: Any = run.method
        fields = self._loader.look(self._seen).tensors()
        if not knows(method, "generate") or "image" not in fields or {*method.conditions(nets)} - {"label"}:
            return {}
        real, label = fields["image"], fields["label"] if classes_of(method, nets) else None
        with evaluating(nets):
            latents = method.latents(nets, len(real), run.settings.seed).to(run.machine.device)
            fake = method.generate(nets, latents, by_label(label, noise="constant"))
        if fake.shape != real.shape:  # a stage of growth
            return {}
        pairs = monitoring.rows(real), monitoring.rows(fake)
        figures = {"diversity": monitoring.diversity(*pairs), "apart": monitoring.apart(*pairs)}
        if label is not None:
            return figures
        return figures | self._critics_memory(nets, real, fake) | self._modes(run)

    def _modes(self, run: Run) -> dict[str, float]:
        """Share of the centres of a mixture that samples reach; none for other data."""
        nets, mixture = run.nets, self._mixture
        method: Any = run.method
        if mixture is None or not knows(method, "generate"):
            return {}
        n = POINTS_A_MODE * len(mixture.centres)
        with evaluating(nets):
            latents = method.latents(nets, n, run.settings.seed).to(run.machine.device)
            points = method.generate(nets, latents, by_label(None, noise="constant"))
        coverage = mixture_coverage(
            points.flatten(1).cpu().numpy(), mixture.centres, mixture.sd, least=math.ceil(LEAST_SHARE * POINTS_A_MODE)
        )
        return {"modes": coverage.modes / len(mixture.centres)}

    def _critics_memory(self, nets: nn.Module, real: Tensor, fake: Tensor) -> dict[str, float]:
        critic = dict(nets.named_children()).get("critic")
        if critic is None or len(self._unseen) < LEAST or inputs_of(critic) != 1:
            return {}
        unseen = self._loader.look(self._unseen).tensors()["image"]
        outputs = [rated(critic, images) for images in (real, unseen, fake)]
        if any(output is None for output in outputs):
            return {}
        a, b, c = (output.cpu() for output in outputs if output is not None)
        return {"memory": monitoring.memory(a, b, c), "known": monitoring.known(a, b)}


def good_checkpoint(folder: Folder, health: Health) -> Path | None:
    """The newest whole checkpoint from when nothing was amiss; None where there is none."""
    early = [path for path in files.listing(folder.checkpoints) if files.step_of(path) <= health.well]
    return next((path for path in reversed(early) if files.fault(path) is None), None)


def go_back(trainer: Trainer, folder: Folder, error: DivergedError) -> bool:
    """Take a run that diverged back to a good checkpoint with half the learning rates; False where it may not.

    What was logged and saved since is dropped, as a resumed run would drop it.
    """
    rescue = next(hook for hook in trainer.hooks if isinstance(hook, Rescue))
    good = good_checkpoint(folder, rescue.health)
    if trainer.settings.when_unstable != "go-back" or rescue.returns >= RETURNS or good is None:
        return False
    returns, step = rescue.returns + 1, files.step_of(good)
    trainer.machine.barrier()
    if trainer.main:
        files.retire(path for path in files.listing(folder.checkpoints) if files.step_of(path) > step)
        files.cut_log(folder.log, step)
    trainer.machine.barrier()
    trainer.restore(*files.read(good))
    rescue.again(returns, f"{error} The run goes back to step {step} with 1/{2**returns} of its learning rates.")
    return True

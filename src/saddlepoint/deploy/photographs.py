"""What a scene of photographs is made of, as a model of many scenes was trained: for command line and service."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.sources.fit import fitted_to
from saddlepoint.data.sources.pictures import as_pixels
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.expression import Expression
from saddlepoint.kinds.pixels import pixels
from saddlepoint.kinds.views import Views
from saddlepoint.latent.load_image import fit_of
from saddlepoint.methods.tasks import Task


def photograph(model: Model, kind: Views, picture: Image.Image) -> Tensor:
    """A picture of any size, brought to that of the views that the model was trained on as they were.  [C, H, W]"""
    cut = fitted_to(picture.convert("L" if kind.channels == 1 else "RGB"), (kind.width, kind.height), fit_of(model))[0]
    return pixels(torch.from_numpy(np.array(as_pixels(cut)))[None])[0]


def scene_fields(model: Model, task: Task, views: Tensor, expression: str | None) -> dict[str, Tensor]:
    """All that a task which renders takes beside the camera: views [k, C, H, W] in [-1, 1] as taken once around the
    thing at equal turns, and the expression in words, at rest where none is given.  [1, ...] each

    Raises ConfigError for words that are no expression, and for an expression where the model takes none.
    """
    fields = task.examples(model.nets, 1, 0) | {"views": views[None]}
    expressions = {name: kind for name, kind in task.takes.items() if isinstance(kind, Expression)}
    if expression is not None and not expressions:
        raise ConfigError(f"{model.name} takes no expression: leave it out.")
    for name, kind in expressions.items():
        fields[name] = torch.zeros_like(fields[name]) if expression is None else kind.parse(expression)[None]
    return {name: fields[name] for name in task.takes if name != "camera"}

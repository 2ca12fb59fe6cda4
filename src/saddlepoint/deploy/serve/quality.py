"""The quality of an answer before it leaves: figures with a limit each; what falls short waits for a review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self, final

import numpy as np
from PIL import Image
from pydantic import Field, ValidationError, model_validator

from saddlepoint.deploy.drift import Baseline
from saddlepoint.deploy.serve.making import Made
from saddlepoint.deploy.serve.schemas import Name, Typed
from saddlepoint.deploy.serve.shelf import Shelf
from saddlepoint.deploy.traits import rows_of
from saddlepoint.errors import ConfigError
from saddlepoint.metrics.formulas.ssim import ssim
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit

_SIDE = 128  # pixels of the longer side on which a translation is compared with what was given
_LEAST_SIDE = 11  # of the window of SSIM


class QualityGate(Typed):
    """What an answer of a model must reach to leave by itself."""

    model: Name
    contrast: float | None = Field(
        default=None, gt=0, le=1, description="least deviation of the brightness of each image, which is 0 to 1"
    )
    ssim: float | None = Field(
        default=None, gt=-1, le=1, description="least structural similarity of a translation and what was given"
    )
    frechet: float | None = Field(
        default=None,
        gt=0,
        le=1e6,
        allow_inf_nan=False,
        description="greatest distance of a batch to the model's baseline of outputs, as `saddle drift` tells it",
    )
    least: int = Field(default=20, ge=10, le=100_000, description="images of a batch of which the distance is asked")

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.contrast is None and self.ssim is None and self.frechet is None:
            raise ValueError("a gate asks for `contrast`, `ssim` or `frechet`")
        return self


class Shortfall(Typed):
    """A figure that is not reached."""

    figure: str
    value: float
    limit: float


@final
class Quality:
    """The gates of a service by the full names of models, with the baselines that they need."""

    def __init__(self, gates: Sequence[QualityGate] = (), baselines: Mapping[str, Baseline] | None = None) -> None:
        self._gates = {one.model: one for one in gates}
        self._baselines = baselines or {}
        for one in gates:
            known = self._baselines.get(one.model)
            if one.frechet is not None and (known is None or "outputs" not in known.sides):
                raise ConfigError(f"the gate of {one.model} asks for `frechet`: give --baseline {one.model}=FILE.")

    def guards(self, model: str) -> bool:
        """Whether answers of a model are looked at."""
        return model in self._gates

    def shortfalls(self, model: str, results: Sequence[Made], original: Image.Image | None) -> list[Shortfall]:
        """What an answer does not reach. Pictures alone are judged: of what is no image, nothing is said."""
        gate = self._gates.get(model)
        pictures = [one.picture for one in results if one.value is None]
        if gate is None or not pictures:
            return []
        shortfalls = []
        rows = rows_of(pictures)
        if gate.contrast is not None and rows[:, 1].min() < gate.contrast:
            shortfalls.append(Shortfall(figure="contrast", value=float(rows[:, 1].min()), limit=gate.contrast))
        if gate.ssim is not None and original is not None and min(original.size) >= _LEAST_SIDE:
            value = min(_similarity(one, original) for one in pictures)
            if value < gate.ssim:
                shortfalls.append(Shortfall(figure="ssim", value=value, limit=gate.ssim))
        if gate.frechet is not None and len(rows) >= gate.least:
            value = self._baselines[model].sides["outputs"].distance(rows)
            if value > gate.frechet:
                shortfalls.append(Shortfall(figure="frechet", value=value, limit=gate.frechet))
        return shortfalls


def _similarity(picture: Image.Image, original: Image.Image) -> float:
    """SSIM in grey, at the same small size; a flat picture is compared as it is."""
    width, height = original.size
    scale = min(1.0, _SIDE / max(width, height))
    small = (max(_LEAST_SIDE, round(scale * width)), max(_LEAST_SIDE, round(scale * height)))
    one, other = (
        np.asarray(each.convert("L").resize(small, Image.Resampling.BOX), np.uint8)[None, None]
        for each in (picture, original)
    )
    return float(ssim(one, other)[0])


def gates_of(path: Path, shelf: Shelf) -> tuple[QualityGate, ...]:
    """The gates of a JSON file, {"gates": [...]}. Raises ConfigError."""
    try:
        entries = documents.table(path).get("gates")
        if not isinstance(entries, list):
            raise ConfigError(f'{path} has no list of gates: write {{"gates": [...]}}.')
        gates = [QualityGate.model_validate(entry) for entry in entries]
    except (Unfit, OSError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}.") from error
    full = [one.model_copy(update={"model": shelf.full_name(one.model)}) for one in gates]
    if len({one.model for one in full}) < len(full):
        raise ConfigError(f"{path} has more than one gate of a model.")
    return tuple(full)

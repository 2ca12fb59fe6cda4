"""A film made into another one, part by part: each frame alone by a model of images, or in clips by one of clips."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.data.sources.films import film_frames
from saddlepoint.data.sources.fit import square
from saddlepoint.data.sources.pictures import as_picture, as_pixels
from saddlepoint.data.sources.reader import in_channels
from saddlepoint.deploy.translate import translated, translated_together
from saddlepoint.deploy.work_on_file import Translation
from saddlepoint.errors import DataError
from saddlepoint.kinds.clip import Clip
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.latent.load_image import fit_of
from saddlepoint.nn.sizes import sizes_of

_USUAL, _MOST = 10, 60  # frames a second, of a film that does not say and at most


def makes_films(model: Model, origin: str | None = None) -> bool:
    """Whether a model makes clips of clips."""
    return isinstance(model.spec.fields.get(model.origin(origin)), Clip)


@dataclass(frozen=True, eq=False)
class Film:
    """A film that has been looked through once. rate: frames a second, from 1 to 60. count: of frames."""

    path: Path
    rate: int
    count: int

    def frames(self) -> Iterator[Image.Image]:
        """The frames, one decoded at a time."""
        return (frame for frame, _ in film_frames(self.path))


def open_film(path: Path) -> Film:
    """Decodes all frames once, so that damage is known before any work. Raises DataError for what is no film."""
    try:
        rates = [rate for _, rate in film_frames(path)]
    except UnusableImage as error:
        raise DataError(f"{path} cannot be translated: it {error}.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not rates:
        raise DataError(f"{path} holds no frame.")
    return Film(path, min(_MOST, max(1, round(rates[0]) or _USUAL)), len(rates))


def translate_frames(frames: Iterable[Image.Image], how: Translation, batch: int) -> Iterator[list[Image.Image]]:
    """Each frame by itself, through a model of images; `batch` at once where they are no larger than a window."""
    waiting = iter(frames)
    while group := list(itertools.islice(waiting, batch)):
        pairs = [how.finish.before(_fitted(frame, how)) for frame in group]
        layers = [torch.from_numpy(np.array(as_pixels(shown))) for shown, _ in pairs]
        if how.resize or max(group[0].size) <= how.side:
            results = translated_together(layers, how.work, how.side)
        else:
            results = [translated(each, how.work, how.side, how.overlap) for each in layers]
        yield [how.finish.after(as_picture(result), original) for result, (_, original) in zip(results, pairs)]


def _fitted(frame: Image.Image, how: Translation) -> Image.Image:
    shown, _ = in_channels(frame, how.channels)
    return square(shown, how.side, fit_of(how.model))[0] if how.resize else shown


def translate_clips(
    frames: Iterable[Image.Image], model: Model, origin: str | None = None, seed: int = 0
) -> Iterator[list[Image.Image]]:
    """A film through a model of clips, at its own size, two clips' length at once.

    Each part is worked on together with a clip's length of what lies before it, so that there is no seam between parts.
    """
    kind = model.spec.fields[model.origin(origin)]
    assert isinstance(kind, Clip)
    waiting = iter(frames)
    before: list[Tensor] = []
    while group := list(itertools.islice(waiting, 2 * kind.frames)):
        pictures = [in_channels(frame, kind.channels)[0] for frame in group]
        clip_frames = before + [torch.from_numpy(np.array(as_pixels(picture))) for picture in pictures]
        padded = _padded(clip_frames, model)
        clip = model.translate(padded[None], origin, seed=seed).as_subclass(Tensor)[0, len(before) :]
        width, height = (side * clip.shape[3] // padded.shape[3] for side in group[0].size)
        yield [as_picture(frame[:, :height, :width]) for frame in to_uint8(clip).numpy()]
        before = clip_frames[-kind.frames :]


def _padded(frames: Sequence[Tensor], model: Model) -> Tensor:
    """Frames of bytes in [-1, 1], widened by their edge to sides that the networks take.  [T, C, H, W]"""
    clip = pixels(torch.stack(list(frames)))
    sizes = sizes_of([model.needed])
    height, width = (sizes.near(side + sizes.multiple - 1) for side in clip.shape[2:])
    return F.pad(clip, (0, width - clip.shape[3], 0, height - clip.shape[2]), mode="replicate")

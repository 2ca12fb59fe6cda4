"""A given image worked on by a model: decoded, fitted, taken through the model in windows, labelled and written.

The command line works from file to file; the service decodes uploads and encodes answers itself and shares the rest.

A model whose sources have one channel more than what becomes of them fills holes: what is transparent in a picture. One
of several sensors takes further pictures of the same scene, whose channels follow those of the first. One that makes
light of exposures is shown as on a screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.degrade._holes import holed
from saddlepoint.data.degrade.exposures import CURVE
from saddlepoint.data.sources.decode import TooLarge, UnusableImage
from saddlepoint.data.sources.fit import square
from saddlepoint.data.sources.large import LargeImage
from saddlepoint.data.sources.pictures import as_picture, as_pixels
from saddlepoint.data.sources.remarks import Remark
from saddlepoint.deploy.brackets import check_brackets
from saddlepoint.deploy.finish import Finish
from saddlepoint.deploy.label import disclosed, write
from saddlepoint.deploy.large import check_target, translate_large
from saddlepoint.deploy.metadata import Disclosure
from saddlepoint.deploy.tile import Work, check_overlap
from saddlepoint.deploy.translate import translated, translated_together
from saddlepoint.errors import CapabilityError, DataError
from saddlepoint.kinds.image import Image as ImageKind
from saddlepoint.latent.load_image import as_trained, fit_of, load_picture
from saddlepoint.methods.tasks import knows
from saddlepoint.nn.sizes import sizes_of
from saddlepoint.text import counted


def source_of(model: Model, origin: str | None = None) -> ImageKind:
    """The kind of the images that a model translates from `origin`; None for the usual one."""
    kind = model.spec.fields.get(model.origin(origin))
    resolution = model.spec.resolution
    return kind if isinstance(kind, ImageKind) else ImageKind(model.spec.channels, resolution, resolution)


def merges_light(model: Model, origin: str | None = None) -> bool:
    """Whether a model makes linear light of exposures."""
    method: Any = model.method
    end = model.spec.fields.get(method.directions()[model.origin(origin)])
    return isinstance(end, ImageKind) and end.bits == 32


def fills(model: Model, origin: str | None = None) -> bool:
    """Whether a model fills holes: its sources are grey or in colour, with a last channel that says what is known."""
    method: Any = model.method
    end = model.spec.fields.get(method.directions()[model.origin(origin)])
    channels = source_of(model, origin).channels
    return channels in (2, 4) and isinstance(end, ImageKind) and end.channels == channels - 1


@dataclass(frozen=True, eq=False, kw_only=True)
class Translation:
    """How a model translates files."""

    model: Model
    origin: str | None = None
    """which kind the images are; None for the usual one"""
    seed: int = 0
    """of what an image leaves open"""
    reference: Tensor | None = None
    """[C, S, S] in [-1, 1], an image to take that from instead"""
    reference_name: str | None = None
    """what the reference is called in the disclosure"""
    resize: bool = False
    """whether images are brought to the trained side first, as the training images were"""
    window: int | None = None
    """side of a window in pixels; None for the trained side"""
    overlap: int | None = None
    """pixels that neighbouring windows share; None for an eighth of the side"""
    beside: Mapping[Path, tuple[Path, ...]] = field(default_factory=dict)
    """further pictures of the scene of each file, as many for each"""
    finish: Finish = field(default_factory=Finish)
    """what is done before and after"""

    def __post_init__(self) -> None:
        channels, pictures = self.source_kind.channels, self.pictures
        if not self.fills and (channels % pictures or channels // pictures not in (1, 3)):
            several = [
                f"{channels // each} {word}"
                for each, word in ((3, "in colour"), (1, "in grey"))
                if channels % each == 0 and channels // each > 1
            ]
            mend = (
                f"name the others of the scene by --beside, {' or '.join(several)} in all"
                if several
                else ("leave out --beside" if pictures > 1 else "give a tensor to `Model.translate` from Python")
            )
            raise CapabilityError(
                f"{self.model.name} takes {channels} channels, not {counted(pictures, 'picture')}: {mend}."
            )
        if (self.fills or pictures > 1) and self.finish.settings:
            names = " and ".join(f"--{name.replace('_', '-')}" for name in self.finish.settings)
            raise CapabilityError(f"{names} would change what tells {self.model.name} where to look: leave that out.")
        if self.window is not None and knows(self.model.method, "translate"):
            sizes_of([self.model.needed]).check(self.window, self.window, option="--window")
        if self.overlap is not None:
            check_overlap(self.overlap, self.side)

    @property
    def source_kind(self) -> ImageKind:
        """The kind of the images to translate, which may be smaller or of other channels than what they become."""
        return source_of(self.model, self.origin)

    @property
    def pictures(self) -> int:
        """How many pictures are one source."""
        return 1 + len(next(iter(self.beside.values()), ()))

    @property
    def fills(self) -> bool:
        """Whether a source is one picture with holes."""
        return self.pictures == 1 and fills(self.model, self.origin)

    @property
    def merges_light(self) -> bool:
        """Whether the pictures of a source are exposures of one scene."""
        return merges_light(self.model, self.origin)

    @property
    def channels(self) -> int:
        """Channels of each picture."""
        return self.source_kind.channels // self.pictures

    @property
    def side(self) -> int:
        """The side of a window in pixels."""
        return self.window or min(self.source_kind.height, self.source_kind.width)

    def work(self, windows: Tensor) -> Tensor:
        """Windows [n, C, side, side] in [-1, 1], translated; light as a screen shows it."""
        translated_windows = self.model.translate(windows, self.origin, seed=self.seed, reference=self.reference)
        result = translated_windows.as_subclass(Tensor)
        return 2 * result.clamp(0, 1) ** (1 / CURVE) - 1 if self.merges_light else result

    def settings(self) -> Mapping[str, Any]:
        """What the images depend on beside the model, for their disclosure."""
        drawn = {"seed": self.seed} if self.reference is None else {"like": self.reference_name}
        return {"from": self.origin, **drawn, **self.finish.settings}


@dataclass(frozen=True, eq=False)
class Result:
    """What became of one file.

    picture: the translation; None of a file that is too large to be held, which `translate_rows` does, or of one that
    cannot be used, for which `error` says why. remarks: what was done to it before.
    """

    source: Path
    picture: Image.Image | None = None
    remarks: frozenset[Remark] = frozenset()
    error: UnusableImage | None = None


def translate_files(sources: Sequence[Path], how: Translation) -> Iterator[Result]:
    """The translations of some files in their order; those of one window each go through the model together.

    Raises ConfigError for impossible windows.
    """
    side = how.side
    results: dict[Path, Result] = {}
    small: dict[Path, tuple[np.ndarray, Image.Image]] = {}
    for source in sources:
        try:
            read = [load_picture(path, how.channels) for path in (source, *how.beside.get(source, ()))]
            pictures, remarks = [picture for picture, _ in read], set[Remark]().union(*(said for _, said in read))
            beside = how.beside.get(source, ())
            _check_scene(source, beside, pictures)
            if how.merges_light:
                check_brackets((source, *beside), pictures)
        except TooLarge as error:
            whole = how.resize or how.fills or how.beside
            results[source] = Result(source, error=error if whole else None)
            continue
        except UnusableImage as error:
            results[source] = Result(source, error=error)
            continue
        if how.resize:
            fitted = [square(picture, side, fit_of(how.model)) for picture in pictures]
            pictures, remarks = [picture for picture, _ in fitted], remarks.union(*(said for _, said in fitted))
        results[source] = Result(source, remarks=frozenset(remarks))
        shown, original = how.finish.before(pictures[0])
        layers = np.concatenate([layers_of(each) for each in (shown, *pictures[1:])])
        if max(original.size) <= side:
            small[source] = layers, original
        else:
            array = translated(torch.from_numpy(layers), how.work, side, how.overlap)
            results[source] = replace(results[source], picture=how.finish.after(as_picture(array), original))
    if small:
        windows = [torch.from_numpy(layers) for layers, _ in small.values()]
        for (source, (_, original)), array in zip(small.items(), translated_together(windows, how.work, side)):
            results[source] = replace(results[source], picture=how.finish.after(as_picture(array), original))
    yield from results.values()


def _check_scene(source: Path, beside: Sequence[Path], pictures: Sequence[Image.Image]) -> None:
    """Raises UnusableImage for pictures of one scene that differ in size."""
    for path, picture in zip(beside, pictures[1:]):
        if picture.size != pictures[0].size:
            sizes = ["x".join(map(str, each.size)) for each in (pictures[0], picture)]
            raise UnusableImage(f"is {sizes[0]}, and {path} is {sizes[1]}: bring pictures of one scene to one size")


def layers_of(picture: Image.Image) -> np.ndarray:
    """A picture as uint8 [C, H, W]; one with alpha as networks are shown holes: grey there, and a last channel."""
    layers = np.array(as_pixels(picture))
    return holed(layers[None, :-1], layers[None, -1] > 127)[0] if picture.mode in ("LA", "RGBA") else layers


def translate_file(source: Path, target: Path, how: Translation) -> set[Remark]:
    """Write one image file as the model translates it, and return what was done to it before.

    target: its ending says the form. Images of more than 100 megapixels are read and written in rows.
    Raises UnusableImage for a source that cannot be used, ConfigError for impossible windows, RunError where the disk
    will not take the result.
    """
    (result,) = translate_files([source], how)
    return write_result(result, target, how)


def write_result(result: Result, target: Path, how: Translation) -> set[Remark]:
    """Write what became of a file, and return what was done to it before. Raises as `translate_file` does."""
    if result.error is not None:
        raise result.error
    disclosure = disclosed(how.model, "modified", how.settings())
    if result.picture is None:
        return _in_rows(result.source, target, how, disclosure)
    write(result.picture, target, disclosure)
    return set(result.remarks)


def _in_rows(source: Path, target: Path, how: Translation, disclosure: Disclosure) -> set[Remark]:
    """An image that is too large to be held."""
    if how.finish.settings:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in how.finish.settings)
        raise UnusableImage(f"is too large to be held whole, as {names} would need; leave that out")
    large, side = LargeImage(source, how.source_kind.channels), how.side
    if min(large.width, large.height) < side:
        raise UnusableImage(f"is large and still less than {side} pixels high or wide; use a smaller --window")
    check_target(target, large.width, large.height)
    translate_large(large, target, how.work, side, how.overlap, disclosure)
    return large.remarks


def in_windows(
    picture: Image.Image,
    work: Work,
    side: int,
    overlap: int | None = None,
    progress: Callable[[float], object] = lambda share: None,
) -> Image.Image:
    """A picture, of any size, worked on at its own size in windows of `side` pixels.

    See `translated` for the other arguments and the errors.
    """
    return as_picture(translated(torch.from_numpy(layers_of(picture)), work, side, overlap, progress))


def reference_for(model: Model, path: Path) -> Tensor:
    """An image file as a reference of the model, [C, S, S] in [-1, 1].

    Raises CapabilityError for a model that takes nothing from one, DataError for a file that cannot be used.
    """
    if not knows(model.method, "translate-like"):
        raise CapabilityError(f"{model.name} does not use a reference image: leave out --like.")
    try:
        return as_trained(model, load_picture(path, model.spec.channels)[0])
    except UnusableImage as error:
        raise DataError(f"{path} cannot be the reference: {error}.") from error

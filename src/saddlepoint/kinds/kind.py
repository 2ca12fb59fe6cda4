"""What one example of a field can be, as the whole house asks for it: shape, how it is shown, drawn and written.

Nobody else counts axes. A field of a batch says what it holds (`image: Tensor = holds(Image)`), a data set has one kind
for each of its fields, and a new kind is one file in this room.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.errors import ConfigError

KIND = "kind"
"""the key of a batch field's metadata under which `holds` keeps the classes of its kinds"""


@dataclass(frozen=True)
class Change:
    """How examples are changed on their way to the networks, the same for every field of a row.

    flip: [N] bool, which are mirrored left to right; None for none.
    jitter: pixels that an image is enlarged by before a window of its own size is cut out; corner: [N, 2] int64, the
        window's first row and column, from 0 to `jitter`; None for no window. Both are counted in pixels of a field
        that is `height` pixels high: a higher one is moved in proportion, so that pairs of unequal size stay aligned.
    shrink: whole factor that sides are averaged down by.
    """

    flip: Tensor | None = None
    jitter: int = 0
    corner: Tensor | None = None
    height: int = 0
    shrink: int = 1

    def to(self, device: torch.device | str) -> Change:
        """The same change with its tensors on `device`."""
        flip, corner = (
            None if part is None else part.to(device, non_blocking=True) for part in (self.flip, self.corner)
        )
        return dataclasses.replace(self, flip=flip, corner=corner)


PLAIN = Change()
"""no change at all"""


@dataclass(frozen=True)
class Kind(ABC):
    """What one example is: a frozen dataclass of its measures. Every file's class is final; its name is its file's."""

    word: ClassVar[str]
    """what many of them are called: the unit of progress lines and counters"""
    endings: ClassVar[tuple[str, ...]] = (".npy",)
    """of the files that `write` knows, the usual one first"""
    sheets: ClassVar[tuple[str, ...]] = (".png",)
    """endings of a file that holds many examples, the usual one first; a .png holds their picture"""
    mirrors: ClassVar[bool] = False
    """whether an example has a left and a right that `--flip` exchanges"""
    condition: ClassVar[bool] = False
    """whether it says something of an example rather than being one: a label, a camera"""

    in_words: ClassVar[bool] = False
    """whether `parse` takes words alone and opens no file, so that a request from outside may hold them"""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """The shape of one example as the networks see it."""

    @property
    def layout(self) -> str:
        """What a tensor of them holds, for other programs."""
        return f"[{', '.join(('batch', *map(str, self.shape)))}]"

    @property
    def ending(self) -> str:
        """Of the file that one example is usually written to."""
        return self.endings[0]

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """The kind of stored examples [N, ...]; None where such an array cannot hold any."""
        return None

    def shown(self, stored: Tensor, change: Change) -> Tensor:
        """Stored examples [N, ...] as the networks see them. Raises ConfigError for a change that cannot be made."""
        return stored

    @abstractmethod
    def example(self, n: int, seed: int) -> Tensor:
        """`n` random valid examples as the networks see them, a function of (n, seed): to trace and to test with."""

    @abstractmethod
    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """Examples [n, ...] as one picture for sheets and pages. columns: in a row of it; None for a square."""

    def raster(self, value: Tensor) -> Pillow.Image | None:
        """One example as a picture that loses nothing, where it is one; else None, and `write` makes its file."""
        return None

    def drawing(self, value: Tensor) -> Pillow.Image:
        """One example as a grey or colour picture: pixel by pixel where it has pixels, else as sheets show it."""
        picture = self.raster(value) or self.picture(value[None])
        return picture if picture.mode in ("L", "RGB") else picture.convert("RGB")

    def write(self, value: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """Writes one example in the form that the ending of `path` names, saying `facts` of its origin within.

        The file is written as it stands: who calls moves it to its place. Raises ConfigError for an ending that is not
        among `endings`.
        """
        content = {"value": value.detach().cpu().numpy(), **{name: np.array(text) for name, text in facts.items()}}
        if path.suffix == ".npz":
            np.savez(path, allow_pickle=False, **content)
        elif path.suffix == ".npy":
            np.save(path, content["value"], allow_pickle=False)
        else:
            raise self.unknown_ending(path)

    def write_sheet(self, values: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """Writes examples [n, ...] into one file of an ending among `sheets` other than .png, saying `facts` within."""
        raise self.unknown_ending(path)

    def document(self, values: Tensor) -> str | None:
        """Examples [n, ...] as one text that a terminal shows, where they are words; else None."""
        return None

    def checked(self, values: Tensor) -> Tensor:
        """Examples [...] that somebody gives, as the networks see them. Raises ConfigError for what none can be."""
        if not bool(torch.isfinite(values).all()):
            raise ConfigError(f"{self.word} hold a number that is not finite.")
        return values.float()

    def parse(self, text: str) -> Tensor:
        """One example, [...], as a person names it on a command line. Raises ConfigError for what is none."""
        raise ConfigError(f"{self.word} cannot be named on a command line: give a tensor from Python.")

    def sequence(self, text: str, n: int) -> Tensor | None:
        """`n` examples that one word names together, [n, ...], such as cameras once around a thing; what is made with
        them is one thing. None for words that name a single example."""
        return None

    def unknown_ending(self, path: Path) -> ConfigError:
        """The error for a file form that this kind does not have."""
        return ConfigError(f"{path.name} cannot hold {self.word}: use {', '.join(self.endings)}.")

    @abstractmethod
    def __str__(self) -> str:
        """What examples are, in words: "colour images of 64x64 pixels"."""


def holds(*kinds: type[Kind]) -> Any:
    """A field of a batch that holds examples of one of `kinds`, the usual one first."""
    return dataclasses.field(metadata={KIND: kinds})

"""Typed batches: what the data room delivers and a method `takes`.

A batch is a frozen dataclass of tensors that share their first axis, or, where two streams run side by side, of
tensors that each have a length of their own. Images are float32 in [-1, 1], channels first.
"""

from __future__ import annotations

import dataclasses
from abc import ABC
from dataclasses import dataclass
from typing import ClassVar, Self

import torch
from torch import Tensor

from saddlepoint.errors import ConfigError, ShapeError


@dataclass(frozen=True)
class DataSpec:
    """What a method may know of the data before it sees any.

    shape: of one example: (channels, height, width), or (numbers,) for the point worlds.
    classes: the names of the classes, in label order; empty where the data has no labels.
    images: how many examples there are to train on.
    attributes: the names of what is so or not of each image, in order; empty where nothing is told.
    """

    shape: tuple[int, ...]
    classes: tuple[str, ...] = ()
    images: int = 0
    attributes: tuple[str, ...] = ()

    @property
    def channels(self) -> int:
        """Channels of an image; refuses points."""
        return self._image()[0]

    @property
    def resolution(self) -> int:
        """Side of a square image in pixels; refuses points and rectangles."""
        _, height, width = self._image()
        if height != width:
            raise ConfigError(f"this method makes square images; the data is {width}x{height}. Use --fit crop.")
        return height

    def _image(self) -> tuple[int, int, int]:
        if len(self.shape) != 3:
            raise ConfigError(f"this method makes images; the data has points of {self.shape[0]} numbers. Use `gan`.")
        channels, height, width = self.shape
        return channels, height, width


@dataclass(frozen=True)
class Batch(ABC):
    """The root of all batches; every field is a tensor whose first axis counts examples."""

    given_by: ClassVar[str] = "Give a folder of images."
    """what a person who has other data is told to do"""

    def tensors(self) -> dict[str, Tensor]:
        """The fields by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def __len__(self) -> int:
        """Images shown to the networks: the length of the first field, unless a batch says otherwise."""
        return len(next(iter(self.tensors().values())))

    def to(self, device: torch.device | str) -> Self:
        """The same batch on `device`."""
        return type(self)(**{name: tensor.to(device) for name, tensor in self.tensors().items()})

    def part(self, index: int, of: int) -> Self:
        """Slice `index` of `of` equal contiguous ones; each field is cut by its own length.

        Raises ShapeError naming the field whose length `of` does not divide.
        """
        cut: dict[str, Tensor] = {}
        for name, tensor in self.tensors().items():
            if len(tensor) % of:
                raise ShapeError(f"{name} has {len(tensor)} rows, which {of} equal parts do not divide.")
            rows = len(tensor) // of
            cut[name] = tensor[index * rows : (index + 1) * rows]
        return type(self)(**cut)

    def chunk(self, of: int) -> list[Self]:
        """All `of` equal parts in order."""
        return [self.part(index, of) for index in range(of)]


@dataclass(frozen=True)
class ImageBatch(Batch):
    """Images without labels."""

    image: Tensor
    """[N, C, H, W] float32 in [-1, 1]; in the point worlds [N, D]"""


@dataclass(frozen=True)
class LabelledBatch(Batch):
    """Images with a class each."""

    given_by = "Sort the images into one sub-folder a class."

    image: Tensor
    """[N, C, H, W] float32 in [-1, 1]; in the point worlds [N, D]"""
    label: Tensor
    """[N] int64 in [0, classes)"""


@dataclass(frozen=True)
class AttributeBatch(Batch):
    """Images with attributes, each of which holds or does not."""

    given_by = "Put a table of them, attributes.csv or CelebA's list_attr_celeba.txt, into the folder of the images."

    image: Tensor
    """[N, C, H, W] float32 in [-1, 1]"""
    attributes: Tensor
    """[N, K] float32, 1 where an attribute holds and 0 where not"""


@dataclass(frozen=True)
class SemiBatch(Batch):
    """Some images with a class each, and beside them images whose class is not told.

    A batch of n shows n of each, in an order of their own, and counts n.
    """

    given_by = "Sort the images into one sub-folder a class, of which --labels-per-class are told."

    labelled: Tensor
    """[N, C, H, W] float32 in [-1, 1]; in the point worlds [N, D]"""
    label: Tensor
    """[N] int64 in [0, classes): of the labelled images"""
    unlabelled: Tensor
    """as the labelled ones"""


@dataclass(frozen=True)
class PairedBatch(Batch):
    """Images in two forms: what is given, and what shall become of it."""

    given_by = "Use --data paired:FOLDER, of images side by side, or --data paired:FOLDER,FOLDER with the same names."

    source: Tensor
    """[N, C, H, W] float32 in [-1, 1]"""
    target: Tensor
    """the same shape; row i belongs to row i of the source"""


@dataclass(frozen=True)
class UnpairedBatch(Batch):
    """Images of two domains, side by side by chance. A batch of n shows n of each, and counts n."""

    given_by = "Use --data unpaired:FOLDER,FOLDER."

    a: Tensor
    """[N, C, H, W] float32 in [-1, 1], of the first domain"""
    b: Tensor
    """the same shape, of the second"""

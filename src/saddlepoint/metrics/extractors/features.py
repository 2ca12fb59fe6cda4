"""Extractors: what turns images into features, and the identity that every figure made from them carries."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from saddlepoint.errors import DataError, ShapeError
from saddlepoint.metrics.formulas.statistics import Gaussian, Moments
from saddlepoint.metrics.images import Bytes, Images, batches

Features = NDArray[np.float32]
"""[N, d]"""


@dataclass(frozen=True)
class Identity:
    """All that a figure depends on in its extractor; figures of different identities are not comparable."""

    name: str
    """the extractor's word: `pixels`, `classifier`, `inception-2015`, or the class of a module"""
    weights: str
    """sha256 of the weights, or `none`"""
    layer: str
    """which output the features are"""
    resize: str
    """what happens to the size of an image, by name and side; `none` where nothing does"""
    values: str
    """the range or formula that 0..255 becomes"""
    precision: str = "float32"
    """number format of the forward pass"""

    def __str__(self) -> str:
        weights = self.weights[:12] if self.weights != "none" else "none"
        return (
            f"{self.name}[weights {weights}, layer {self.layer}, resize {self.resize}, "
            f"values {self.values}, {self.precision}]"
        )


class Extractor(ABC):
    """Turns uint8 images into features; the same image gives the same features in any batch."""

    identity: Identity

    @abstractmethod
    def batch(self, images: Bytes) -> Features:
        """Features [N, d] float32 of a batch uint8 [N, C, H, W]."""


class ClassifyingExtractor(Extractor):
    """An extractor whose features lead to class probabilities by one last layer."""

    @abstractmethod
    def probabilities(self, features: Features) -> Features:
        """Class probabilities [N, K], rows summing to 1, of features [N, d] that this extractor made."""

    def labels(self, features: Features) -> NDArray[np.int64]:
        """The most probable class of each row.  [N]"""
        named: NDArray[np.int64] = self.probabilities(features).argmax(1)
        return named


def features(extractor: Extractor, images: Images, size: int = 64) -> Features:
    """Features of all images in order, `size` at a time.  [N, d]

    Holds only the features (8 KiB an image for 2048 numbers). Raises DataError when there are no images.
    """
    parts = [extractor.batch(batch) for batch in batches(images, size)]
    if not parts:
        raise DataError("there are no images to measure.")
    whole = np.empty((sum(map(len, parts)), parts[0].shape[1]), np.float32)
    end = len(whole)
    while parts:  # each part is let go as it is copied, so the features are in memory once, not twice
        part = parts.pop()
        whole[end - len(part) : end] = part
        end -= len(part)
    return whole


def statistics(extractor: Extractor, images: Images, size: int = 64) -> Gaussian:
    """Mean and covariance of the features of all images; memory does not grow with their number."""
    moments = Moments()
    for batch in batches(images, size):
        moments.add(extractor.batch(batch))
    return moments.gaussian()


def weights_hash(module: nn.Module) -> str:
    """sha256 over the names, types, shapes and bytes of everything in the module's state."""
    digest = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        array = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {array.dtype} {list(array.shape)}\n".encode())
        digest.update(array.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


@final
class Pixels(Extractor):
    """The pixels themselves in [0, 1], flat; images larger than `side` are averaged down to it."""

    def __init__(self, side: int = 16) -> None:
        self.side = side
        self.identity = Identity("pixels", "none", "pixels", f"average to at most {side}x{side}", "x/255")

    def batch(self, images: Bytes) -> Features:
        """[N, C * H * W]"""
        values = torch.from_numpy(images.astype(np.float32)) / 255
        size = (min(self.side, values.shape[2]), min(self.side, values.shape[3]))
        result: Features = F.adaptive_avg_pool2d(values, size).flatten(1).numpy()
        return result


@final
class ModuleExtractor(Extractor):
    """Any network that maps images [N, C, H, W] to features [N, d] (or maps [N, d, h, w], which are averaged).

    network: used in evaluation mode, where it is. mean, deviation: of the normalisation (x/255 - mean) / deviation,
    one number for all channels or one for each. side: images are resized to it (bilinear, antialiased); None leaves
    them. Images of one channel are repeated to `channels`. The identity carries the sha256 of the network's state.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        mean: tuple[float, ...] = (0.5,),
        deviation: tuple[float, ...] = (0.5,),
        side: int | None = None,
        channels: int = 3,
        layer: str = "output",
        name: str | None = None,
    ) -> None:
        self.network = network.eval()
        self.side = side
        self.channels = channels
        self._mean = torch.tensor(mean).view(1, -1, 1, 1)
        self._deviation = torch.tensor(deviation).view(1, -1, 1, 1)
        resize = "none" if side is None else f"torch bilinear antialiased {side}x{side}"
        values = f"(x/255-{list(mean)})/{list(deviation)}"
        self.identity = Identity(name or type(network).__name__, weights_hash(network), layer, resize, values)

    @torch.inference_mode()
    def batch(self, images: Bytes) -> Features:
        """[N, d]"""
        values = (torch.from_numpy(images.astype(np.float32)) / 255 - self._mean) / self._deviation
        if values.shape[1] == 1:
            values = values.expand(-1, self.channels, -1, -1)
        if self.side is not None:
            values = F.interpolate(values, size=(self.side, self.side), mode="bilinear", antialias=True)
        like = next(iter(self.network.parameters()), values)
        output: Any = self.network(values.to(like.device))
        if not isinstance(output, Tensor) or output.ndim not in (2, 4) or len(output) != len(images):
            raise ShapeError(f"{self.identity.name} must give [N, d] or [N, d, h, w] for [N, C, H, W] images.")
        result: Features = (output if output.ndim == 2 else output.mean((2, 3))).float().cpu().numpy()
        return result

"""The `classifier` extractor: a small network trained on the user's own labelled images.

For sets unlike photographs (digits, icons, scans) its features say more than those of a network of photographs,
and its classes say which modes a generator reaches. Its figures mean something beside its held-out accuracy only.
"""

from __future__ import annotations

from typing import final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from saddlepoint.errors import ConfigError, DataError, ShapeError
from saddlepoint.keyed import key, numpy_generator
from saddlepoint.metrics.extractors.features import ClassifyingExtractor, Features, Identity, weights_hash
from saddlepoint.metrics.images import Bytes

_SEEN = 40_000  # images shown in training: enough for 98 % of held-out digits, some seconds on a CPU
_BATCH = 64
_TESTED = 256  # images named at once
ABOVE_CHANCE = 0.5
"""share of the way from a guess to all right that a classifier must have come before it may measure"""

Labels = NDArray[np.integer]
Rows = NDArray[np.int64]


class SmallClassifier(nn.Module):
    """Convolutions with batch norm, halving the side until it is 4 or less, then the mean over places and one layer.

    Above 16 pixels the first convolution already strides by two.

    Takes [N, channels, H, W] in [-1, 1]; `trunk` gives features [N, 64], `head` the logits [N, classes].
    """

    width = 64

    def __init__(self, channels: int, side: int, classes: int) -> None:
        super().__init__()
        stride = 2 if side > 16 else 1
        blocks: list[nn.Module] = [*_block(channels, 32, stride)]
        inputs, side = 32, side // stride
        while side > 4:
            blocks += [*_block(inputs, self.width), nn.MaxPool2d(2)]
            inputs, side = self.width, side // 2
        self.trunk = nn.Sequential(*blocks, *_block(inputs, self.width), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(self.width, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, classes]."""
        logits: Tensor = self.head(self.trunk(images))
        return logits


@final
class Classifier(ClassifyingExtractor):
    """A trained SmallClassifier as an extractor of 64 features and of class probabilities."""

    def __init__(self, network: SmallClassifier, accuracy: float, held_out: int, guess: float) -> None:
        self.network = network.eval()
        self.guess = guess
        """what naming the largest class each time would reach"""
        self.accuracy = accuracy
        """share of held-out images that it names rightly"""
        self.held_out = held_out
        """how many images were held out"""
        self.identity = Identity("classifier", weights_hash(network), "mean of the last map", "none", "x/127.5-1")

    def check(self) -> None:
        """Refuses a network that does not know the images: it must be half-way from a guess to the truth.

        Raises ConfigError that names the way out.
        """
        least = self.guess + ABOVE_CHANCE * (1 - self.guess)
        if self.accuracy < least:
            raise ConfigError(
                f"a classifier trained on these labels names {self.accuracy:.1%} of {self.held_out:,} held-out images"
                f" rightly, where the largest class alone gives {self.guess:.1%}; below {least:.1%} its features"
                " measure nothing. Use --extractor inception-2015 or pixels, which need no labels."
            )

    @torch.inference_mode()
    def batch(self, images: Bytes) -> Features:
        """[N, 64]"""
        result: Features = self.network.trunk(_values(images)).numpy()
        return result

    @torch.inference_mode()
    def probabilities(self, features: Features) -> Features:
        """[N, classes]"""
        result: Features = self.network.head(torch.tensor(features)).softmax(1).numpy()
        return result


def train_classifier(images: Bytes, labels: Labels, *, seed: int = 0, held_out: float = 0.2) -> Classifier:
    """Trains on 1 - `held_out` of the images and tests on the rest; a function of images, labels and seed.

    images: uint8 [N, C, H, W], 8 to 64 pixels a side. labels: [N] integers from 0. On the CPU, in seconds.
    Raises ShapeError for arrays that do not fit, DataError when there are too few images or one class only.
    """
    order = numpy_generator(seed, "classifier split", len(images)).permutation(len(images))
    tested = max(1, int(len(images) * held_out))
    test, train = np.sort(order[:tested]), np.sort(order[tested:])
    network = fit(images, labels, train, classes=int(labels.max()) + 1, seed=seed)
    guess = float(np.bincount(labels[test]).max() / tested)
    return Classifier(network, accuracy(network, images, labels, test), tested, guess)


def fit(images: Bytes, labels: Labels, rows: Rows, *, classes: int, seed: int) -> SmallClassifier:
    """A SmallClassifier trained on the given rows, a function of them and the seed.

    Adam with one rise and fall of the rate; images shift by one pixel at most, as a generator's would.
    images: uint8 [N, C, H, W]. labels: [N] in [0, classes). Raises ShapeError, DataError as `train_classifier` does.
    """
    _check(images, labels)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(key(seed, "classifier weights"))
        network = SmallClassifier(images.shape[1], max(images.shape[2:]), classes)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=4e-3, total_steps=_SEEN // _BATCH)
    draw = numpy_generator(seed, "classifier batches")
    for _ in range(_SEEN // _BATCH):
        batch = rows[draw.integers(len(rows), size=_BATCH)]
        logits = network(_shifted(_values(images[batch]), draw))
        loss = F.cross_entropy(logits, torch.from_numpy(labels[batch].astype(np.int64)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
    return network.eval()


@torch.inference_mode()
def accuracy(network: SmallClassifier, images: Bytes, labels: Labels, rows: Rows) -> float:
    """Share of the given rows that the network names rightly, in [0, 1]."""
    right = 0
    for start in range(0, len(rows), _TESTED):
        batch = rows[start : start + _TESTED]
        right += int((network(_values(images[batch])).argmax(1).numpy() == labels[batch]).sum())
    return right / len(rows)


def _shifted(images: Tensor, draw: np.random.Generator) -> Tensor:
    down, right = (int(step) for step in draw.integers(-1, 2, size=2))
    return F.pad(images, (1, 1, 1, 1), mode="replicate")[
        :, :, 1 + down : 1 + down + images.shape[2], 1 + right : 1 + right + images.shape[3]
    ]


def _block(inputs: int, outputs: int, stride: int = 1) -> tuple[nn.Module, nn.Module, nn.Module]:
    return nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)


def _values(images: Bytes) -> Tensor:
    return torch.from_numpy(images.astype(np.float32)) / 127.5 - 1


def _check(images: Bytes, labels: Labels) -> None:
    if images.ndim != 4 or images.dtype != np.uint8 or labels.shape != (len(images),):
        raise ShapeError(
            f"the classifier takes uint8 images [N, C, H, W] with N labels, got {images.dtype} {list(images.shape)} "
            f"and labels {list(labels.shape)}."
        )
    if labels.min() < 0 or len(np.unique(labels)) < 2 or len(images) < 2 * _BATCH:
        raise DataError(
            f"the classifier needs {2 * _BATCH} images of two or more classes, numbered from 0; got {len(images)} "
            f"of {len(np.unique(labels))}. Use the `pixels` extractor for a set without labels."
        )

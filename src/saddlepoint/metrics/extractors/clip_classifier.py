"""A small network of space and time, trained on the user's own labelled clips: what they show and how it moves.

The published distance of films (FVD, arXiv:1812.01717) takes features of a network of human actions in photographs,
whose weights do not come with this library; figures of the two are not comparable.
"""

from __future__ import annotations

from typing import final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.errors import DataError
from saddlepoint.keyed import key, numpy_generator
from saddlepoint.metrics.extractors.classifier import Labels
from saddlepoint.metrics.extractors.features import Features, Identity, weights_hash
from saddlepoint.metrics.images import Bytes

_STEPS, _BATCH, _TESTED = 300, 32, 64
_SIDE = 16  # pixels a frame is averaged down to, at most
_HELD_OUT = 0.2
LEAST = 2 * _BATCH
"""clips that a network is trained from"""


class SmallClipNetwork(nn.Module):
    """Clips [N, T, C, H, W] in [-1, 1] -> logits [N, classes]; `trunk` gives features [N, 64].

    Three convolutions over time and place with batch norm, the later two of which halve all three, and the mean.
    """

    width = 64

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = channels
        for outputs, stride in ((16, 1), (32, 2), (self.width, 2)):
            layers += [
                nn.Conv3d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm3d(outputs), nn.ReLU(inplace=True)
            ]  # fmt: skip
            inputs = outputs
        self.trunk = nn.Sequential(*layers, nn.AdaptiveAvgPool3d(1), nn.Flatten())
        self.head = nn.Linear(self.width, classes)

    def forward(self, clips: Tensor) -> Tensor:
        """Logits [N, classes]."""
        logits: Tensor = self.head(self.trunk(clips.transpose(1, 2)))
        return logits


@final
class ClipClassifier:
    """A trained `SmallClipNetwork` as an extractor of 64 features."""

    def __init__(self, network: SmallClipNetwork, accuracy: float, held_out: int, guess: float) -> None:
        self.network = network.eval()
        self.accuracy, self.held_out, self.guess = accuracy, held_out, guess
        """share of held-out clips that it names rightly, how many these were, and what the largest class reaches"""
        self.identity = Identity(
            "clip-classifier", weights_hash(network), "mean of the last map", f"at most {_SIDE}", "x/127.5-1"
        )

    @torch.inference_mode()
    def features(self, clips: Bytes) -> Features:
        """uint8 [N, T, C, H, W] -> [N, 64]"""
        parts = [clips[start : start + _TESTED] for start in range(0, len(clips), _TESTED)]
        return np.concatenate([self.network.trunk(_values(part).transpose(1, 2)).numpy() for part in parts])


def train_clip_classifier(clips: Bytes, labels: Labels, *, seed: int = 0) -> ClipClassifier:
    """Trains on four fifths of the clips and tests on the rest; a function of clips, labels and seed.

    clips: uint8 [N, T, C, H, W]. labels: [N] integers from 0. On the CPU, within a minute for clips of 16 frames.
    Raises DataError where there are too few clips or one class only.
    """
    if len(clips) < LEAST or len(np.unique(labels)) < 2:
        raise DataError(f"features of clips need {LEAST} clips of two classes or more.")
    order = numpy_generator(seed, "clip classifier split", len(clips)).permutation(len(clips))
    tested = int(len(clips) * _HELD_OUT)
    test, train = np.sort(order[:tested]), np.sort(order[tested:])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(key(seed, "clip classifier weights"))
        network = SmallClipNetwork(clips.shape[2], int(labels.max()) + 1)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=4e-3, total_steps=_STEPS)
    draw = numpy_generator(seed, "clip classifier batches")
    for _ in range(_STEPS):
        rows = train[draw.integers(len(train), size=_BATCH)]
        loss = F.cross_entropy(network(_values(clips[rows])), torch.from_numpy(labels[rows].astype(np.int64)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
    network.eval()
    with torch.inference_mode():
        parts = [test[start : start + _TESTED] for start in range(0, tested, _TESTED)]
        right = sum(int((network(_values(clips[part])).argmax(1).numpy() == labels[part]).sum()) for part in parts)
    return ClipClassifier(network, right / tested, tested, float(np.bincount(labels[test]).max() / tested))


def _values(clips: Bytes) -> Tensor:
    """[N, T, C, H, W] in [-1, 1], frames of at most `_SIDE` pixels."""
    values = torch.from_numpy(np.ascontiguousarray(clips).astype(np.float32)) / 127.5 - 1
    if max(values.shape[3:]) <= _SIDE:
        return values
    small: Tensor = F.adaptive_avg_pool2d(values.flatten(0, 1), _SIDE)
    frames: Tensor = small.unflatten(0, values.shape[:2])
    return frames

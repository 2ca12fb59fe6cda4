"""The `view-reader` extractor: a small network that reads from a picture whence it was taken and which colour it has.

Trained on real views with their cameras. Its features are no linear ones, so a Gaussian over pixels does not meet them
by construction, and what they have learnt is what a picture of a thing from a camera must show.
"""

from __future__ import annotations

from typing import final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from saddlepoint.errors import ShapeError
from saddlepoint.keyed import key, numpy_generator
from saddlepoint.metrics.extractors.classifier import SmallClassifier
from saddlepoint.metrics.extractors.features import Extractor, Features, Identity, weights_hash
from saddlepoint.metrics.images import Bytes

_BATCH = 64
_EXAMPLES = 16_000
"""images shown in training: some seconds on a CPU"""
_RATE = 4e-3


@final
class ViewReader(Extractor):
    """A trained network as an extractor of 64 features, and of the direction that each picture was taken from."""

    def __init__(self, network: SmallClassifier) -> None:
        self.network = network.eval()
        self.identity = Identity("view-reader", weights_hash(network), "mean of the last map", "none", "x/127.5-1")

    @torch.inference_mode()
    def batch(self, images: Bytes) -> Features:
        """[N, 64]"""
        result: Features = self.network.trunk(torch.from_numpy(images.astype(np.float32)) / 127.5 - 1).numpy()
        return result

    @torch.inference_mode()
    def directions(self, features: Features) -> NDArray[np.float64]:
        """Unit vectors from the middle of things to their cameras, of features [N, 64] of this extractor.  [N, 3]"""
        guess = self.network.head(torch.from_numpy(features))[:, :3].double()
        return F.normalize(guess, dim=1).numpy()


def train_view_reader(
    images: Bytes, directions: NDArray[np.floating], *, seed: int = 0, examples: int = _EXAMPLES
) -> ViewReader:
    """A reader that has learnt from these views alone; a function of its arguments.

    images: uint8 [N, 3, S, S]. directions: [N, 3], unit vectors from the middle of things to the cameras. It learns
    these and the mean colour of each picture, by Adam with one rise and fall of the rate; pictures are not moved.
    Raises ShapeError for arrays that do not fit.
    """
    if images.ndim != 4 or images.dtype != np.uint8 or directions.shape != (len(images), 3):
        raise ShapeError(
            f"the reader takes uint8 images [N, C, H, W] with directions [N, 3], got {images.dtype}"
            f" {list(images.shape)} and {list(directions.shape)}."
        )
    values = torch.from_numpy(images.astype(np.float32)) / 127.5 - 1
    colour = values.mean((2, 3))
    colour = (colour - colour.mean(0)) / colour.std(0).clamp_min(1e-6)
    wanted = torch.cat((torch.from_numpy(np.asarray(directions, np.float32)), colour), 1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(key(seed, "view reader weights"))
        network = SmallClassifier(images.shape[1], max(images.shape[2:]), wanted.shape[1])
    optimiser = torch.optim.Adam(network.parameters(), lr=_RATE)
    steps = max(examples // _BATCH, 2)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=_RATE, total_steps=steps)
    draw = numpy_generator(seed, "view reader batches")
    for _ in range(steps):
        rows = torch.from_numpy(draw.integers(len(images), size=_BATCH))
        loss = F.mse_loss(network(values[rows]), wanted[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
    return ViewReader(network)

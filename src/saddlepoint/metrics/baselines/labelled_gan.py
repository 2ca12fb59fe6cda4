"""A plain conditional GAN as a baseline: images of a class from one that knows nothing but labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint import methods
from saddlepoint.config import from_json
from saddlepoint.data.batches import LabelledBatch
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.loader import Loader
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.run import RunSettings
from saddlepoint.engine.trainer import Trainer
from saddlepoint.keyed import key
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.methods.abilities import Sampling
from saddlepoint.metrics.images import Bytes

_BATCH = 32
_TOGETHER = 256  # images drawn at once


@torch.no_grad()
def _drawn(method: Any, trainer: Trainer, labels: Tensor, seed: int) -> Tensor:
    nets = (trainer.average or trainer.nets).eval()
    latents = method.latents(nets, len(labels), seed)
    parts = [method.generate(nets, latent, Sampling(given={"label": label}))
             for latent, label in zip(latents.split(_TOGETHER), labels.split(_TOGETHER))]  # fmt: skip
    return torch.cat(parts)


def labelled_gan(
    images: Bytes, labels: NDArray[np.int64], wanted: NDArray[np.int64], *, examples: int, seed: int
) -> Bytes:
    """Images of the `wanted` classes from a conditional GAN that has learnt from labelled images.  uint8 [n, C, H, W]

    images: uint8 [N, C, S, S]. labels: [N], from 0. wanted: [n]. examples: how many images it is shown. The GAN is
    `cgan` with convolutions and projection, narrow as its preset for a processor, with quick rates and its average; on
    the CPU, some 2,000 images of 16 pixels a second.
    """
    classes = tuple(map(str, range(int(labels.max()) + 1)))
    data = Dataset({"image": images, "label": labels}, "labelled", "a baseline's images", classes)
    settings = {"conditioning": "projection", "generator_width": 16, "critic_width": 16}
    settings |= {"lr": 1e-3, "momentum": 0.0, "ema_images": 4_000.0}
    method: Any = from_json(methods.load("cgan"), settings)
    batch = min(_BATCH, len(images))
    run = RunSettings(examples=max(examples, batch), batch=batch, seed=seed, device="cpu", precision="float32")
    loader = Loader(data, LabelledBatch, np.arange(len(images)), seed=seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(key(seed, "labelled gan"))
        nets = method.networks(loader.spec)
        machine = TorchMachine("cpu", "float32")
        trainer = Trainer(method, nets, loader, run, machine, Path())
        trainer.fit()
    return to_uint8(_drawn(method, trainer, torch.from_numpy(wanted), seed)).numpy()

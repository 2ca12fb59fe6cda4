"""A run folder as the engine leaves it, made from nothing in a moment, and the smallest game to watch."""

import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.loader import Loader
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.hooks import Hook
from saddlepoint.engine.run import RunSettings
from saddlepoint.engine.trainer import Trainer
from saddlepoint.keyed import normal_rows
from saddlepoint.kinds.pictures import grid
from saddlepoint.methods.base import SGD, Clock, Draw, Ema, Method, Moves, Networks, Optim, Update
from saddlepoint.report.grids import save_png

RUN = {
    "method": "dcgan",
    "summary": "DCGAN: two convolutional networks and a plain game.",
    "command": ["saddle", "train", "dcgan", "--data", "my digits", "--seed", "1"],
    "run": {"images": 60000, "batch": 64, "seed": 20260101, "precision": "float32", "out": "runs/dcgan"},
    "data": {"data": "digits", "resolution": None, "fit": "crop", "flip": False},
    "options": {"latent": 100, "width": 64, "lr": 2e-4, "betas": [0.5, 0.999], "objective": "non-saturating"},
    "dataset": {
        "source": "digits",
        "shape": [1, 8, 8],
        "classes": [str(digit) for digit in range(10)],
        "images": 1708,
        "held_out": 89,
        "fingerprint": "9f2c61d05b7a4e33",
        "notes": ["1,797 grey images of 8 x 8 pixels.", "Values 0 to 16 were brought to 0 to 255."],
        "skipped": [["a/broken.jpg", "the file ends in the middle of the image"], ["b/<odd>.txt", "not an image"]],
    },
    "networks": {"generator": {"parameters": 812545}, "critic": {"parameters": 663617}},
    "versions": {"saddlepoint": "0.1.0", "torch": "2.13.0", "python": "3.11.7"},
    "threads": 2,
    "device": "cpu",
    "precision": "float32",
}
SCORES = {
    "protocol": "pixel-pca64, 1,708 generated against 89 held out, float64",
    "rows": [
        {"name": "generated", "frechet": 7.4213, "precision": 0.71, "nearest_digit": 0.93},
        {"name": "Gaussian fitted to the pixels", "frechet": 41.02, "precision": 0.08, "nearest_digit": None},
        {"name": "training images", "frechet": 1.115, "precision": 0.97, "nearest_digit": 0.99},
    ],
    "notes": ["Lower is better for frechet, higher for the others."],
}


def write_log(path: Path, reports: int = 400) -> None:
    chance = random.Random(0)
    with path.open("w") as log:
        for at in range(reports):
            step, settle = at * 20, math.exp(-at / 80)
            line = {
                "step": step,
                "examples": step * 64,
                "stage": 0,
                "seconds": step * 0.05,
                "examples_per_s": 812 + chance.gauss(0, 30) - (300 if at == 100 else 0),
                "critic/real": 0.5 + 0.4 * settle + chance.gauss(0, 0.06),
                "critic/fake": 0.55 - 0.3 * settle + chance.gauss(0, 0.06),
                "critic/gradient_norm": 40 * settle + 12 + chance.gauss(0, 3),
                "generator/score": 0.9 + 1.4 * (1 - settle) + chance.gauss(0, 0.15),
            }
            log.write(json.dumps(line) + "\n")
            if at % 100 == 50:
                scores = {"score/frechet": 60 * settle + 7, "score/precision": 0.7 * (1 - settle)}
                log.write(json.dumps({"step": step, "examples": step * 64, **scores}) + "\n")
        log.write(json.dumps({"step": 5000, "note": "the critic's learning rate was halved"}) + "\n")
        finding = {"alarm": "the critic is certain", "figure": "critic/real", "value": 0.981, "mend": "lower its lr"}
        log.write(json.dumps({"step": 6200, "health": finding}) + "\n")


def write_samples(folder: Path) -> None:
    ramp = torch.linspace(-1, 1, 8)
    shape = -((ramp[:, None] ** 2 + ramp[None] ** 2) * 3 - 1.2).clamp(-1, 1)  # a disc [8, 8]
    for step in (0, 50, 200, 400, 800, 1600, 3200, 6400, 7980):
        noise = torch.randn(64, 1, 8, 8, generator=torch.Generator().manual_seed(0))
        share = math.exp(-step / 900)
        images = share * noise + (1 - share) * shape * torch.linspace(0.3, 1, 64)[:, None, None, None]
        save_png(grid(images), folder / f"step-{step:08d}.png", f"{step * 64:,} images shown.")


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """The folder of a run that went its whole way, with one event, one finding and a table of scores."""
    (tmp_path / "run.json").write_text(json.dumps(RUN))
    (tmp_path / "scores.json").write_text(json.dumps(SCORES))
    write_log(tmp_path / "log.jsonl")
    write_samples(tmp_path / "samples")
    return tmp_path


@final
@dataclass(frozen=True, kw_only=True)
class Tiny(Method):
    """One linear map with batch norm against another."""

    takes = ImageBatch
    averaged: bool = False

    def networks(self, data: DataSpec) -> Networks:
        size = int(np.prod(data.shape))
        tail = nn.Sequential(nn.Linear(4, size), nn.BatchNorm1d(size), nn.Tanh(), nn.Unflatten(1, data.shape))
        return Networks(generator=tail, critic=nn.Sequential(nn.Flatten(), nn.Linear(size, 1)))

    def optimisers(self) -> Mapping[str, Optim]:
        return {name: SGD(name, lr=0.01) for name in ("critic", "generator")}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        real = draw().image
        with torch.no_grad():
            fake = nets.generator(draw.noise(len(real), 4))
        yield Update("critic", {"real": -nets.critic(real).mean(), "fake": nets.critic(fake).mean()})
        yield Update("generator", {"fake": -nets.critic(nets.generator(draw.noise(len(real), 4))).mean()})

    def ema(self) -> Ema | None:
        return Ema(("generator",), half_life=100.0) if self.averaged else None

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        return normal_rows(n, 4, seed, first=first)

    def conditions(self, nets: nn.Module) -> dict[str, Any]:
        return {}

    def generate(self, nets: nn.Module, latents: Tensor, how: object = None) -> Tensor:
        assert not any(module.training for module in nets.modules())
        images: Tensor = nets.get_submodule("generator")(latents)
        return images


def _trainer(
    folder: Path, hooks: Sequence[Hook], *, averaged: bool = False, points: int | None = None, **settings: Any
) -> Trainer:
    """A run of 60 steps of 4, on grey 8 x 8 images or on points of so many dimensions."""
    chance = np.random.default_rng(0)
    images = chance.integers(0, 256, (40, 1, 8, 8), np.uint8)
    fields = images if points is None else chance.normal(0, 1, (40, points)).astype(np.float32)
    data = Loader(Dataset({"image": fields}, "abc", "tiny"), ImageBatch, np.arange(40))
    torch.manual_seed(0)
    method = Tiny(averaged=averaged)
    run = RunSettings(**{"examples": 240, "batch": 4, "log_every": 5, "grid_size": 9, "device": "cpu", **settings})
    return Trainer(method, method.networks(data.spec), data, run, TorchMachine("cpu", "float32"), folder, hooks)


@pytest.fixture
def trainer() -> Callable[..., Trainer]:
    """Makes a run in a folder, with hooks."""
    return _trainer

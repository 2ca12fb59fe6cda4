"""A run folder as the engine leaves it, made from nothing in a moment."""

import json
import math
import random
from pathlib import Path

import pytest
import torch

from saddlepoint.report.grids import grid, save_png

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
                "images": step * 64,
                "stage": 0,
                "seconds": step * 0.05,
                "images_per_s": 812 + chance.gauss(0, 30) - (300 if at == 100 else 0),
                "critic/real": 0.5 + 0.4 * settle + chance.gauss(0, 0.06),
                "critic/fake": 0.55 - 0.3 * settle + chance.gauss(0, 0.06),
                "critic/gradient_norm": 40 * settle + 12 + chance.gauss(0, 3),
                "generator/score": 0.9 + 1.4 * (1 - settle) + chance.gauss(0, 0.15),
            }
            log.write(json.dumps(line) + "\n")
            if at % 100 == 50:
                scores = {"score/frechet": 60 * settle + 7, "score/precision": 0.7 * (1 - settle)}
                log.write(json.dumps({"step": step, "images": step * 64, **scores}) + "\n")
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

"""Small models for the latent room's tests: untrained, but with weights that make images differ."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import torch

from saddlepoint import config, methods
from saddlepoint.checkpoint.model import Model
from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.base import Clock

STYLED = {"latent": 12, "style": 10, "base": 64, "most": 16}


@functools.cache
def model(name: str, side: int = 16, channels: int = 3, classes: tuple[str, ...] = ()) -> Model:
    """An untrained model of a method; a styled one has noise that shows."""
    small: dict[str, Any] = {
        "stylegan2": STYLED,
        "stylegan2_conditional": STYLED,
        "dcgan": {"generator_width": 4, "critic_width": 4, "latent": 12},
    }
    method = config.from_json(methods.load(name), small.get(name, {}))
    spec = DataSpec.of((channels, side, side), classes, 100)
    torch.manual_seed(0)
    nets = method.networks(spec).eval().requires_grad_(False)
    with torch.no_grad():
        for key, value in nets.named_parameters():
            if key.endswith("strength"):
                value.fill_(0.3)
            if key.endswith("project.weight"):
                value.normal_()
    return Model(method, nets, spec, {"method": name}, Clock(), Path("runs/small/checkpoints/step-00000000"))

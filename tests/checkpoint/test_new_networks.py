"""Sizes that no machine holds end in one sentence, before any memory is taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import saddlepoint
from saddlepoint.checkpoint.new_networks import new_networks
from saddlepoint.data.loader import Loader
from saddlepoint.data.open import open_data
from saddlepoint.engine import plan as plans
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import key

ABSURD: list[tuple[str, dict[str, Any]]] = [
    ("dcgan", {"latent": 1_000_000, "generator_width": 1_000_000}),
    ("dcgan", {"minibatch_kernels": 10**9}),
    ("dcgan", {"replay": 10**12}),
    ("gan", {"generator_widths": (1_000_000, 1_000_000)}),
    ("progan", {"latent": 1_000_000, "most": 1_000_000, "base": 1_000_000, "last_side": 8}),
    ("sgan", {"critic_widths": (1_000_000, 1_000_000)}),
]


@pytest.mark.parametrize(("name", "settings"), ABSURD)
def test_networks_that_no_machine_holds_are_refused_by_their_settings(
    name: str, settings: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"would need .* lower "):
        saddlepoint.train(name, "digits", out=tmp_path / "run", **settings)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "settings"),
    [("dcgan", {"latent": 10**11}), ("stylegan2", {"mapping_layers": 10**9}), ("srgan", {"blocks": 10**9})],
)
def test_counts_beyond_any_use_are_refused_by_their_range(name: str, settings: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="it must be from"):
        saddlepoint.train(name, "digits", **settings)


def test_measuring_the_networks_first_leaves_them_as_their_seed_makes_them() -> None:
    plan = plans.make("dcgan", {"generator_width": 8, "critic_width": 8})
    dataset = open_data(plan.data)
    spec = Loader(dataset, plan.method.takes, dataset.split(None)[0]).spec
    torch.manual_seed(key(plan.run.seed, "networks"))
    for one, other in zip(
        plan.method.networks(spec).parameters(),
        new_networks("dcgan", plan.method, spec, key(plan.run.seed, "networks")).parameters(),
    ):
        assert torch.equal(one, other)

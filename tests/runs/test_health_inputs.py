"""Runs that watch themselves: planted failures are named, healthy runs are not, and a run that diverges goes back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from games import pictures
from saddlepoint.cli import train
from saddlepoint.data.batches import ImageBatch
from saddlepoint.data.loader import Loader
from saddlepoint.data.open import open_data
from saddlepoint.data.world import world
from saddlepoint.data.world.mixtures import Mixture
from saddlepoint.engine import health as healths
from saddlepoint.engine import plan as plans
from saddlepoint.engine.hooks import Hook
from saddlepoint.engine.run import RunSettings
from saddlepoint.errors import ConfigError, DivergedError
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.report.page import write_report
from saddlepoint.runs import assemble
from saddlepoint.runs.health_inputs import SampleLook, rated
from saddlepoint.runs.resume import resume
from saddlepoint.runs.train import train_plan

SMALL: dict[str, Any] = {
    "data": "digits", "batch": 64, "log_every": 10, "grid_size": 0, "threads": 1, "device": "cpu",
    "precision": "float32", "generator_widths": (64,), "critic_widths": (64,), "latent": 16, "ema_images": 0.0,
}  # fmt: skip


def trained(folder: Path, steps: int = 500, **settings: Any) -> list[dict[str, Any]]:
    """The log of a small `gan` on digits."""
    made = plans.make("gan", {**SMALL, "images": 64 * steps, **settings})
    train_plan(made, out=folder, quiet=True)
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def named(log: list[dict[str, Any]]) -> list[str]:
    return [line["health"]["finding"] for line in log if "begins" in line.get("health", {})]


def test_a_healthy_run_has_nothing_to_say(tmp_path: Path) -> None:
    log = trained(tmp_path / "run")
    assert named(log) == []
    looks = [line["health/diversity"] for line in log if "health/diversity" in line]
    assert len(looks) == 5
    assert looks[-1] > 0.4


def test_a_critic_with_twenty_times_the_learning_rate_is_named(tmp_path: Path) -> None:
    log = trained(tmp_path / "run", critic_lr=4e-3, generator_lr=2e-5)
    assert named(log) == ["critic too strong"]
    page = write_report(tmp_path / "run").read_text()
    assert "critic too strong: critic wins outright" in page


def one_latent(self: Unconditional, draw: Any, n: int) -> Tensor:
    return torch.ones(n, self.latent)


def two_latents(self: Unconditional, draw: Any, n: int) -> Tensor:
    sign: Tensor = draw.noise(n, 1).sign()
    return sign.expand(n, self.latent).clone()


@pytest.mark.parametrize("latents", [one_latent, two_latents])
def test_a_generator_that_has_one_image_or_two_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, latents: Any
) -> None:
    class Key:
        def noise(self, n: int, *shape: int) -> Tensor:
            return torch.randn(n, *shape, generator=torch.Generator().manual_seed(0))

    monkeypatch.setattr(Unconditional, "draw_latents", latents)
    monkeypatch.setattr(Unconditional, "latents", lambda self, nets, n, seed, label=None: latents(self, Key(), n))
    assert "mode collapse" in named(trained(tmp_path / "run"))


def test_the_log_of_a_run_that_was_stopped_is_that_of_one_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(healths, "EVERY", 20)
    monkeypatch.setattr(healths, "EARLY", 40)
    bad = {"critic_lr": 4e-3, "generator_lr": 2e-5, "when_unstable": "skip-leader"}
    whole = trained(tmp_path / "whole", 200, **bad)
    trained(tmp_path / "cut", 110, **bad)
    resume(tmp_path / "cut", images=64 * 200)
    cut = [json.loads(line) for line in (tmp_path / "cut" / "log.jsonl").read_text().splitlines()]
    timeless = [
        [{k: v for k, v in line.items() if k not in ("seconds", "examples_per_s")} for line in log]
        for log in (whole, cut)
    ]
    assert timeless[0] == timeless[1]
    assert any("rescue" in line for line in whole)


def test_a_look_leaves_the_networks_and_the_random_numbers_as_they_were() -> None:
    dataset = pictures(200)
    loader = Loader(dataset, ImageBatch, np.arange(150))
    plan = plans.make("dcgan", {"latent": 8, "generator_width": 4, "critic_width": 4})
    nets = plan.method.networks(loader.spec)
    before = {name: value.clone() for name, value in nets.state_dict().items()}

    class Now:
        method, settings, machine = plan.method, plan.run, type("M", (), {"device": torch.device("cpu")})

    run: Any = Now()
    run.nets = nets.train()
    state = torch.get_rng_state()
    found = SampleLook(loader, np.arange(150, 200))(run)
    assert sorted(found) == ["apart", "diversity", "known", "memory"]
    assert found == SampleLook(loader, np.arange(150, 200))(run)
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(value, before[name]) for name, value in nets.state_dict().items())
    assert all(module.training for module in nets.modules())
    assert sorted(SampleLook(loader, np.arange(150, 160))(run)) == ["apart", "diversity"]  # too few to say more


def test_a_look_at_points_of_a_known_mixture_counts_the_modes_they_reach(tmp_path: Path) -> None:
    made = plans.make("gan", {**SMALL, "data": "world:ring8", "images": 64 * 120})
    train_plan(made, out=tmp_path / "run", quiet=True)
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    shares = [line["health/modes"] for line in log if "health/modes" in line]
    assert shares
    assert all(share * 8 in range(9) for share in shares)


def test_the_very_points_of_a_mixture_reach_all_its_modes() -> None:
    mixture = world("ring8")
    assert isinstance(mixture, Mixture)
    dataset = open_data("world:ring8")
    loader = Loader(dataset, ImageBatch, np.arange(5000))
    plan = plans.make("gan", {})
    points = torch.from_numpy(dataset.examples[:5000]).float()

    class Known(type(plan.method)):  # type: ignore[misc]
        def generate(self, nets: nn.Module, latents: Tensor, how: Any = None) -> Tensor:
            return points[: len(latents)]

    class Now:
        method, settings, machine = Known(), plan.run, type("M", (), {"device": torch.device("cpu")})
        nets = plan.method.networks(loader.spec)

    run: Any = Now()
    assert SampleLook(loader, np.arange(5000, 5010), mixture)(run)["modes"] == 1.0


def test_a_critic_with_several_outputs_is_not_asked() -> None:
    assert rated(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), torch.zeros(4, 1, 8, 8)) is None
    patches = rated(nn.Conv2d(1, 1, 4, 4), torch.zeros(4, 1, 8, 8))
    assert patches is not None
    assert patches.shape == (4,)


class Break(Hook):
    """Makes a weight infinite at a step, unless the rates are low by then."""

    def step(self, run: Any, report: Mapping[str, Tensor]) -> None:
        if run.clock.step == 25 and run.rate > 0.3:
            with torch.no_grad():
                next(run.nets.critic.parameters()).fill_(torch.inf)


def breaking(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = assemble._hooks
    monkeypatch.setattr(assemble, "_hooks", lambda *given, **named: [Break(), *whole(*given, **named)])


def test_a_run_that_diverges_goes_back_to_a_good_checkpoint_with_lower_rates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch)
    monkeypatch.setattr(healths, "EVERY", 5)
    log = trained(tmp_path / "run", 60, log_every=5, checkpoint_every=64 * 10, when_unstable="go-back")
    told = [line for line in log if "rescue" in line]
    assert [line["step"] for line in told] == [21]
    assert "The run goes back to step 20 with 1/4 of its learning rates." in told[0]["note"]
    steps = [line["step"] for line in log if "note" not in line]
    assert steps == [1, *range(5, 61, 5)]  # what was logged since is gone


def test_a_run_that_diverges_ends_where_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    breaking(monkeypatch)
    with pytest.raises(DivergedError, match="The last good checkpoint is"):
        trained(tmp_path / "run", 60, log_every=5, checkpoint_every=64 * 10)


@pytest.mark.parametrize("act", get_args(get_type_hints(RunSettings)["when_unstable"]))
def test_every_act_can_be_asked_for_on_the_command_line(act: str) -> None:
    assert train.parse("stylegan2", ["--when-unstable", act])[1].run.when_unstable == act


def test_an_act_that_a_method_does_not_allow_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no `augment` with a strength `p`"):
        trained(tmp_path / "run", 2, when_unstable="augment")


def test_what_a_critic_knows_by_heart_raises_the_augmentation_of_a_method_that_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(healths, "EVERY", 2)
    monkeypatch.setattr(healths, "EARLY", 2)
    monkeypatch.setattr(SampleLook, "__call__", lambda self, run: {"memory": 0.9, "known": 0.95})
    small = {"latent": 4, "style": 8, "mapping_layers": 1, "base": 32, "most": 8, "batch": 4}
    settings = {"data": "digits", "log_every": 2, "grid_size": 0, "threads": 1, "images": 4 * 16, **small}
    train_plan(plans.make("stylegan2", {**settings, "when_unstable": "augment"}), out=tmp_path / "run", quiet=True)
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert named(log) == ["memorisation by the critic"]
    acts = [line["note"] for line in log if line.get("rescue") == "augment"]
    assert acts[:2] == ["augmentation is raised from 0.00 to 0.05.", "augmentation is raised from 0.05 to 0.10."]

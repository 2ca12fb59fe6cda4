"""Each stabiliser, switched on in a small DCGAN: it trains, moves its own group alone, and resumes to the bit."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from drive import HandDraw, play

import conformance
from games import Reports
from saddlepoint.data.batches import DataSpec
from saddlepoint.engine.trainer import load_networks
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Clock, Cosine, Linear, Networks, Step
from saddlepoint.methods.gan.dcgan import DCGAN

SMALL = {"latent": 8, "generator_width": 8, "critic_width": 8}
SWITCHES: dict[str, Mapping[str, Any]] = {
    "group": {"critic_norm": "group"},
    "spectral": {"critic_norm": "spectral", "objective": "hinge"},
    "none": {"critic_norm": "none"},
    "minibatch": {"minibatch_kernels": 5, "critic_norm": "spectral"},
    "consistency": {"consistency_real": 10.0},
    "balanced": {"consistency_real": 10.0, "consistency_fake": 10.0, "consistency_mirror": False},
    "orthogonal": {"orthogonal": 1e-4},
    "noise": {"instance_noise": 0.1, "objective": "relativistic"},
    "replay": {"replay": 10},
    "linear": {"lr_schedule": "linear"},
    "cosine": {"lr_schedule": "cosine"},
    "step": {"lr_schedule": "step", "lr_step_images": 16},
    "all": {
        "critic_norm": "spectral",
        "minibatch_kernels": 3,
        "consistency_real": 1.0,
        "consistency_fake": 1.0,
        "orthogonal": 1e-4,
        "instance_noise": 0.1,
        "replay": 6,
        "lr_schedule": "cosine",
    },
}


@pytest.fixture(params=SWITCHES)
def switched(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> DCGAN:
    """A small DCGAN with one switch, which stands for `dcgan` in the conformance tests."""
    method = DCGAN(**SMALL, **SWITCHES[request.param])
    monkeypatch.setattr(conformance, "small", lambda name: method)
    return method


def test_a_switch_keeps_the_contract_of_every_method(switched: DCGAN, tmp_path: Path) -> None:
    conformance.each_update_moves_only_its_group("dcgan")
    conformance.every_trained_weight_moves("dcgan")
    conformance.trains_in_bf16("dcgan")
    conformance.resuming_changes_no_bit("dcgan", tmp_path)
    conformance.samples_are_as_stated("dcgan")
    conformance.configuration_survives_json("dcgan")


def test_micro_batches_train_with_all_of_them_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conformance, "small", lambda name: DCGAN(**SMALL, **SWITCHES["all"]))
    seen = Reports()
    run = conformance.train("dcgan", accumulate=4, hooks=[seen])
    run.fit()
    assert len(seen.seen) == conformance.STEPS
    assert run.nets.pool.count == 6


def small(**settings: Any) -> tuple[DCGAN, Networks]:
    torch.manual_seed(0)
    method = DCGAN(**SMALL, **settings)
    return method, method.networks(DataSpec.of((1, 8, 8)))


def test_nothing_is_added_to_the_networks_unless_asked_for() -> None:
    _, nets = small()
    assert [name for name, _ in nets.named_children()] == ["generator", "critic"]
    assert not any("company" in name or "parametrizations" in name for name in nets.state_dict())


def test_weights_under_spectral_norm_are_loaded_by_the_names_under_which_they_are_saved() -> None:
    _, nets = small(critic_norm="spectral")
    saved = {name: value.clone() for name, value in nets.state_dict().items()}
    assert "critic.layers.0.parametrizations.weight.original" in saved
    assert "critic.output.parametrizations.weight.0._u" in saved
    torch.manual_seed(1)
    other = DCGAN(**SMALL, critic_norm="spectral").networks(DataSpec.of((1, 8, 8)))
    load_networks(other, saved)
    image = torch.rand(2, 1, 8, 8)
    assert torch.equal(other.eval().critic(image), nets.eval().critic(image))


def test_the_terms_have_names_of_their_own_and_only_where_they_have_a_weight() -> None:
    def names(**settings: Any) -> list[list[str]]:
        method, nets = small(**settings)
        return [list(update.losses) for update in play(method, nets, HandDraw(torch.rand(4, 1, 8, 8)))]

    assert names() == [["real", "fake"], ["fake"]]
    assert names(consistency_real=1.0) == [["real", "fake", "consistency_real"], ["fake"]]
    both = names(consistency_real=1.0, consistency_fake=1.0, orthogonal=1e-4)
    assert both == [["real", "fake", "consistency_real", "consistency_fake"], ["fake", "orthogonal"]]


def test_instance_noise_falls_in_a_line_and_is_gone_at_the_end() -> None:
    method, images = DCGAN(instance_noise=0.4), torch.zeros(64, 1, 8, 8)
    draw = HandDraw(images)
    spreads = [method.noisy(draw, Clock(examples=shown, total=1000), images).std().item() for shown in (0, 500, 1000)]
    assert spreads == pytest.approx([0.4, 0.2, 0], abs=0.02)
    assert spreads[2] == 0


def test_the_critic_sees_noise_on_reals_and_on_fakes_in_both_turns() -> None:
    method, nets = small(instance_noise=0.5)
    seen: list[torch.Tensor] = []
    nets.critic.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].detach()))
    list(play(method, nets, HandDraw(torch.zeros(64, 1, 8, 8))))
    real, fake, again = seen
    assert real.std().item() == pytest.approx(0.5, abs=0.02)
    assert not torch.equal(fake, again)


def test_a_replay_keeps_no_more_than_it_may_and_shows_them_without_gradients() -> None:
    method, nets = small(replay=6)
    shown: list[torch.Tensor] = []
    nets.pool.register_forward_hook(lambda module, inputs, output: shown.append(output))
    draw = HandDraw(torch.rand(4, 1, 8, 8))
    for _ in range(4):
        list(play(method, nets, draw, lr=0.05))
    assert nets.pool.images.shape == (6, 1, 8, 8)
    assert nets.pool.count == 6
    assert not any(batch.requires_grad for batch in shown)


def test_a_step_schedule_is_a_staircase() -> None:
    step = Step(1e-2, examples=100)
    assert [step(Clock(examples=n, total=400)) for n in (0, 99, 100, 250)] == pytest.approx([1e-2, 1e-2, 1e-3, 1e-4])


def test_both_rates_follow_the_schedule() -> None:
    assert [o.lr for o in DCGAN(critic_lr=1e-4).optimisers().values()] == [2e-4, 1e-4]
    assert [o.lr for o in DCGAN(lr_schedule="linear").optimisers().values()] == [Linear(2e-4, after=0.5)] * 2
    assert [o.lr for o in DCGAN(lr_schedule="cosine").optimisers().values()] == [Cosine(2e-4, 0.0)] * 2
    assert [o.lr for o in DCGAN(lr_schedule="step").optimisers().values()] == [Step(2e-4, 100_000)] * 2


@pytest.mark.parametrize("name", ["replay", "instance_noise", "orthogonal", "consistency_real"])
def test_less_than_nothing_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} cannot be -1: it must be 0 or more"):
        DCGAN(**{name: -1})


def test_a_staircase_without_steps_is_refused() -> None:
    with pytest.raises(ConfigError, match="lr_step_images cannot be 0: it must be 1 or more"):
        DCGAN(lr_step_images=0)

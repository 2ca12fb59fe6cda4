"""CycleGAN: its losses by hand, both ways, its pools, and which way round the identity goes."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.data.batches import DataSpec, UnpairedBatch
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.methods.base import Clock, Networks, Update
from saddlepoint.methods.translation.cycle_gan import CycleGAN
from saddlepoint.nn.layers.image_pool import ImagePool

TINY = {"blocks": 1, "generator_width": 4, "critic_width": 4, "halvings": 1, "pool": 5, "shape": (3, 16, 16)}


class Add(nn.Module):
    """Adds one learnt number to an image."""

    def __init__(self, number: float) -> None:
        super().__init__()
        self.number = nn.Parameter(torch.tensor(number))

    def forward(self, image: Tensor) -> Tensor:
        return image + self.number


class Two:
    """Images of one grey each: domain a is 0, domain b is 1."""

    def __call__(self) -> UnpairedBatch:
        return UnpairedBatch(torch.zeros(2, 1, 4, 4), torch.ones(2, 1, 4, 4))

    def uniform(self, n: int, *shape: int) -> Tensor:
        return torch.zeros(n, *shape)


def toy(pool: int = 0) -> Networks:
    """a2b adds .75, b2a adds -.5; each critic rates an image by its grey plus a number of its own."""
    pools = {name: ImagePool(pool, (1, 4, 4)) for name in ("pool_a", "pool_b")}
    return Networks(a2b=Add(0.75), b2a=Add(-0.5), critic_a=Add(0.1), critic_b=Add(0.2), **pools)


def played(method: CycleGAN, nets: Networks) -> Iterator[Update]:
    yield from method.train_step(nets, Two(), Clock())  # type: ignore[misc, arg-type]


def values(terms: Any) -> dict[str, float]:
    return {name: pytest.approx(value.item()) for name, value in terms.items()}


def test_the_generators_losses_are_those_of_the_paper() -> None:
    update = next(played(CycleGAN(), toy()))
    assert update.group == "generators"
    assert values(update.losses) == {
        "a2b": (0.75 + 0.2 - 1) ** 2,  # the critic of b rates what a became; whole squares
        "b2a": (1 - 0.5 + 0.1 - 1) ** 2,
        "cycle_a": 10 * abs(0.75 - 0.5),
        "cycle_b": 10 * abs(-0.5 + 0.75),
        "identity_a": 5 * 0.5,  # b2a is given an image of a, which it should leave as it is
        "identity_b": 5 * 0.75,
    }


def test_the_critics_losses_are_halved_and_one_optimiser_moves_both() -> None:
    moves = played(CycleGAN(), toy())
    next(moves)
    update = next(moves)
    assert update.group == "critics"
    assert values(update.losses) == {
        "real_a": (0 + 0.1 - 1) ** 2 / 2,
        "fake_a": (0.5 + 0.1) ** 2 / 2,
        "real_b": (1 + 0.2 - 1) ** 2 / 2,
        "fake_b": (0.75 + 0.2) ** 2 / 2,
    }
    groups = {name: optim.networks for name, optim in CycleGAN().optimisers().items()}
    assert groups == {"generators": ("a2b", "b2a"), "critics": ("critic_a", "critic_b")}


def test_the_critics_are_shown_older_images_once_their_pools_are_full() -> None:
    nets = toy(pool=2)
    for _ in played(CycleGAN(), nets):
        pass
    with torch.no_grad():
        nets.a2b.number.fill_(0.25)
    moves = played(CycleGAN(), nets)
    next(moves)
    # Both draws swap with place 0: first the old .75, then what has just been put there.
    assert next(moves).losses["fake_b"].item() == pytest.approx(((0.95**2 + 0.45**2) / 2) / 2)


def test_the_rate_is_kept_for_half_the_run_and_then_falls_to_nothing() -> None:
    rate: Any = CycleGAN().optimisers()["generators"].lr
    rates = [rate(Clock(examples=images, total=200)) for images in (0, 99, 100, 150, 199, 200, 300)]
    assert rates == pytest.approx([2e-4, 2e-4, 2e-4, 1e-4, 2e-6, 0, 0])


@pytest.mark.parametrize(
    ("settings", "side", "words"),
    [
        ({}, 30, "sides that 4 divides"),
        ({"halvings": 4}, 32, "or --halvings 3 or less"),
        ({"objective": "relativistic"}, 32, "pool"),
    ],
)
def test_what_does_not_go_together_is_refused(settings: dict[str, Any], side: int, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        CycleGAN(**settings).networks(DataSpec.of((3, side, side)))


def test_a_batch_norm_never_sees_the_two_styles_together() -> None:
    small: dict[str, Any] = {"blocks": 1, "generator_width": 4, "critic_width": 4, "halvings": 1, "pool": 0}
    a, b = torch.rand(2, 4, 1, 16, 16)
    for norm, wanted in (("batch", [4, 4]), ("instance", [8])):
        method = CycleGAN(**small, norm=norm)
        nets, seen = method.networks(DataSpec.of((1, 16, 16))), []
        nets.a2b.register_forward_hook(lambda network, given, result, seen=seen: seen.append(len(given[0])))
        method._both(nets.a2b, a, b)
        assert seen == wanted


def test_a_model_of_one_way_refuses_the_other() -> None:
    one = Networks(a2b=Add(0.75))
    image = torch.zeros(1, 1, 4, 4)
    assert torch.equal(CycleGAN().translate(one, image, "a"), image + 0.75)
    with pytest.raises(CapabilityError, match="one direction only, and not from b"):
        CycleGAN().translate(one, image, "b")


def test_batch_norm_remembers_only_what_a_generator_is_to_translate() -> None:
    torch.manual_seed(0)
    method = CycleGAN(norm="batch", blocks=1, generator_width=4, critic_width=4, halvings=1, pool=0)
    nets = method.networks(DataSpec.of((1, 8, 8)))

    class Styles:
        """Images around .5 in domain a and around -.5 in b."""

        def __call__(self) -> UnpairedBatch:
            return UnpairedBatch(0.5 + 0.1 * torch.randn(4, 1, 8, 8), -0.5 + 0.1 * torch.randn(4, 1, 8, 8))

        def uniform(self, n: int, *shape: int) -> Tensor:
            return torch.zeros(n, *shape)

    seen: dict[str, list[Tensor]] = {"a2b": [], "b2a": []}
    for name, means in seen.items():
        first = nets.get_submodule(name).first[0]  # type: ignore[index]
        first.register_forward_hook(lambda _, __, made, means=means: means.append(made.detach().mean((0, 2, 3))))
    for _ in method.train_step(nets, Styles(), Clock()):  # type: ignore[arg-type]
        pass
    for name, means in seen.items():
        norm = nets.get_submodule(name).first[1]  # type: ignore[index]
        assert len(means) == 3  # the translation, the identity, the way back
        torch.testing.assert_close(norm.running_mean, 0.1 * means[0])
        assert norm.momentum == 0.1

"""MUNIT: its losses by hand, both ways, and what is drawn, taken from a reference, or left as it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.batches import DataSpec, UnpairedBatch
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.methods.abilities import TranslatesLike
from saddlepoint.methods.base import Clock, Networks, Update
from saddlepoint.methods.translation.cycle_gan import CycleGAN
from saddlepoint.methods.translation.munit import MUNIT

TINY = {
    "generator_width": 4, "critic_width": 4, "blocks": 1, "mlp_width": 8, "style": 3, "style_halvings": 2,
    "critic_halvings": 2, "scales": 2, "cycle_weight": 2.0, "shape": (3, 16, 16),
}  # fmt: skip


class Add(nn.Module):
    """Adds one learnt number to an image: an encoder of content, or with a style, a decoder."""

    def __init__(self, number: float) -> None:
        super().__init__()
        self.number = nn.Parameter(torch.tensor(number))

    def forward(self, image: Tensor, style: Tensor | float = 0.0) -> Tensor:
        return image + self.number + (style[:, :, None, None] if isinstance(style, Tensor) else style)


class Grey(Add):
    """The mean of an image plus a number: an encoder of style, [N, 1]."""

    def forward(self, image: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(image).mean((2, 3))


class Twice(Add):
    """A critic at two scales, of which the second sees half of the grey."""

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:  # type: ignore[override]
        return super().forward(image), super().forward(image[..., ::2, ::2] / 2)


class Two:
    """Images of one grey each: kind a is 0, kind b is 1; every style that is drawn is .5."""

    def __call__(self) -> UnpairedBatch:
        return UnpairedBatch(torch.zeros(2, 1, 4, 4), torch.ones(2, 1, 4, 4))

    def noise(self, n: int, *shape: int) -> Tensor:
        return torch.full((n, *shape), 0.5)


def toy() -> Networks:
    return Networks(
        content_a=Add(0.1), style_a=Grey(0.0), decoder_a=Add(0.0), critic_a=Twice(0.25),
        content_b=Add(0.2), style_b=Grey(0.3), decoder_b=Add(-0.5), critic_b=Twice(0.0),
    )  # fmt: skip


def played(**settings: Any) -> list[Update]:
    moves: Iterator[Update] = MUNIT(style=1, **settings).train_step(toy(), Two(), Clock())  # type: ignore[arg-type]
    return list(moves)


def values(terms: Any) -> dict[str, Any]:
    return {name: pytest.approx(value.item(), rel=1e-5, abs=1e-6) for name, value in terms.items()}


MADE_A, MADE_B = 1 + 0.2 + 0.5, 0.1 - 0.5 + 0.5
"""content of b with a drawn style of a; content of a with one of b"""


def test_the_critics_squares_are_whole_and_summed_over_scales() -> None:
    update = played()[0]
    assert update.group == "critics"
    assert values(update.losses) == {
        "real_a": (0.25 - 1) ** 2 + (0.25 - 1) ** 2,
        "fake_a": (MADE_A + 0.25) ** 2 + (MADE_A / 2 + 0.25) ** 2,
        "real_b": (1 - 1) ** 2 + (0.5 - 1) ** 2,
        "fake_b": MADE_B**2 + (MADE_B / 2) ** 2,
    }


def test_the_generators_losses_are_those_of_the_paper() -> None:
    update = played(image_weight=10, content_weight=2, style_weight=3)[1]
    assert update.group == "generators"
    assert values(update.losses) == {
        "fake_a": (MADE_A + 0.25 - 1) ** 2 + (MADE_A / 2 + 0.25 - 1) ** 2,
        "fake_b": (MADE_B - 1) ** 2 + (MADE_B / 2 - 1) ** 2,
        "image_a": 10 * abs(0.1 + 0.0),  # its content is .1 and its style 0
        "image_b": 10 * abs((1.2 + 1.3 - 0.5) - 1),
        "content_b": 2 * abs((MADE_A + 0.1) - 1.2),  # found by the encoder of the kind that was made
        "content_a": 2 * abs((MADE_B + 0.2) - 0.1),
        "style_a": 3 * abs(MADE_A - 0.5),
        "style_b": 3 * abs((MADE_B + 0.3) - 0.5),
    }


def test_there_and_back_counts_only_where_it_is_asked_for() -> None:
    plain, asked = played()[1].losses, played(cycle_weight=10)[1].losses
    assert values({name: asked[name] for name in asked.keys() - plain.keys()}) == {
        "cycle_a": 10 * abs((MADE_B + 0.2) + 0.0 - 0),  # with its own style, 0
        "cycle_b": 10 * abs((MADE_A + 0.1) + 1.3 - 0.5 - 1),
    }


def test_the_rate_is_halved_again_and_again() -> None:
    rate: Any = MUNIT(lr=0.8, halve_every=100).optimisers()["generators"].lr
    assert [rate(Clock(examples=images)) for images in (0, 99, 100, 199, 200, 350)] == [0.8, 0.8, 0.4, 0.4, 0.2, 0.1]


def model(method: Any = None) -> Model:
    torch.manual_seed(0)
    method = method or MUNIT(**{name: value for name, value in TINY.items() if name != "shape"})
    spec = DataSpec.of((3, 16, 16))
    return Model(method, method.networks(spec).eval(), spec, {"method": "munit"}, Clock(), Path())


@torch.no_grad()
def test_a_seed_draws_one_style_for_all_images_and_another_seed_another() -> None:
    munit, images = model(), torch.rand(3, 3, 16, 16) * 2 - 1
    made = [munit.translate(images, "a", seed=seed) for seed in range(3)]
    assert all((made[a] - made[b]).abs().mean() > 1e-3 for a, b in ((0, 1), (0, 2), (1, 2)))
    assert torch.allclose(made[1][2:], munit.translate(images[2:], "a", seed=1), atol=1e-5)


@torch.no_grad()
def test_a_reference_gives_its_style_to_all_images_or_each_to_its_own() -> None:
    munit, images = model(), torch.rand(3, 3, 16, 16) * 2 - 1
    references = torch.rand(3, 3, 24, 20) * 2 - 1  # of any size
    assert isinstance(munit.method, TranslatesLike)
    nets = munit.nets
    expected = nets.decoder_a(nets.content_b(images), nets.style_a(references))
    each = munit.translate(images, "b", reference=references, batch=2)
    assert torch.allclose(each, expected, atol=1e-5)
    one = munit.translate(images, "b", reference=references[0])
    assert torch.allclose(one[0], expected[0], atol=1e-5)
    assert torch.allclose(one[1], munit.translate(images[1:2], "b", reference=references[:1])[0], atol=1e-5)
    assert not torch.allclose(one[1], expected[1], atol=1e-3)


def test_a_model_that_takes_nothing_from_a_reference_says_so() -> None:
    cycle = model(CycleGAN(blocks=1, generator_width=4, critic_width=4, halvings=1))
    with pytest.raises(CapabilityError, match="does not use a reference image"):
        cycle.translate(torch.zeros(1, 3, 16, 16), "a", reference=torch.zeros(3, 16, 16))


@pytest.mark.parametrize(
    ("settings", "side", "words"),
    [
        ({}, 8, "use --resolution 64"),
        ({"content_halvings": 5}, 80, "32 divides, of 64 pixels or more, not 80"),
        ({}, 32, "of 64 pixels or more, not 32"),
        ({"scales": 0}, 64, "scales cannot be 0: it must be from 1 to 1,000"),
    ],
)
def test_what_does_not_go_together_is_refused(settings: dict[str, Any], side: int, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        MUNIT(**settings).networks(DataSpec.of((3, side, side)))

"""pix2pix: its losses by hand, what the critic sees, and what noise is left when it is used."""

import pytest
import torch
from drive import play
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.methods.base import Networks
from saddlepoint.methods.translation.pix2pix import Pix2Pix

TINY = {"generator_width": 4, "critic_width": 4, "halvings": 1, "shape": (3, 16, 16)}
SPEC = DataSpec.of((1, 8, 8))
SMALL = Pix2Pix(generator_width=4, critic_width=4, halvings=1)


class Pair:
    """Gives the same pair at every draw."""

    def __init__(self) -> None:
        torch.manual_seed(1)
        self.source, self.target = torch.rand(2, 4, 1, 8, 8) * 2 - 1

    def __call__(self) -> PairedBatch:
        return PairedBatch(self.source, self.target)


def made(method: Pix2Pix = SMALL) -> tuple[Networks, Pair]:
    torch.manual_seed(0)
    return method.networks(SPEC), Pair()


def score(nets: Networks, source: Tensor, image: Tensor) -> Tensor:
    return nets.critic(torch.cat((source, image), 1))


def test_the_critic_sees_source_and_image_and_its_loss_is_halved() -> None:
    nets, pair = made()
    torch.manual_seed(2)
    update = next(play(SMALL, nets, pair))
    torch.manual_seed(2)
    fake = nets.generator(pair.source)
    assert update.group == "critic"
    real, fake = score(nets, pair.source, pair.target), score(nets, pair.source, fake)
    assert update.losses["real"].item() == pytest.approx(F.softplus(-real).mean().item() / 2)
    assert update.losses["fake"].item() == pytest.approx(F.softplus(fake).mean().item() / 2)


def test_the_generator_is_told_the_target_a_hundredfold() -> None:
    nets, pair = made()
    torch.manual_seed(2)
    moves = play(SMALL, nets, pair)
    next(moves)
    update = next(moves)
    torch.manual_seed(2)
    fake = nets.generator(pair.source)
    assert update.losses["l1"].item() == pytest.approx(100 * (fake - pair.target).abs().mean().item())
    assert update.losses["fake"].item() == pytest.approx(F.softplus(-score(nets, pair.source, fake)).mean().item())


def test_the_same_seed_gives_the_same_translation_and_without_dropout_every_seed_does() -> None:
    nets, pair = made()
    nets.eval()
    first, again, other = (SMALL.translate(nets, pair.source, "source", seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    quiet = Pix2Pix(generator_width=4, critic_width=4, halvings=1, dropout_after=False)
    assert torch.equal(*(quiet.translate(nets, pair.source, "source", seed) for seed in (1, 2)))


@pytest.mark.parametrize(("side", "down"), [(8, 3), (32, 5), (24, 3), (256, 8)])
def test_the_side_is_halved_as_often_as_it_can_be(side: int, down: int) -> None:
    nets = Pix2Pix(generator_width=1, critic_width=1, halvings=1).networks(DataSpec.of((1, side, side)))
    assert len(nets.generator.down) == down


@pytest.mark.parametrize(("side", "depth"), [(30, None), (16, 5)])
def test_a_side_that_cannot_be_halved_so_often_is_refused_with_the_mend(side: int, depth: int | None) -> None:
    with pytest.raises(ConfigError, match="--resolution 32"):
        Pix2Pix(depth=depth).networks(DataSpec.of((3, side, side)))


def test_the_rate_stays_unless_told_to_fall() -> None:
    assert SMALL.optimisers()["critic"].lr.after == 1.0  # type: ignore[union-attr]


def test_grey_becomes_colour_and_other_sizes_are_refused() -> None:
    spec = {"source": Image(1, 8, 8), "target": Image(3, 8, 8)}
    nets = SMALL.networks(DataSpec(spec))
    pair = PairedBatch(torch.rand(2, 1, 8, 8), torch.rand(2, 3, 8, 8))
    assert SMALL.translate(nets, pair.source, "source").shape == (2, 3, 8, 8)
    assert nets.critic(torch.cat((pair.source, pair.target), 1)).shape[0] == 2
    with pytest.raises(ConfigError, match="pix2pix keeps the size of an image"):
        SMALL.networks(DataSpec({**spec, "source": Image(1, 4, 4)}))

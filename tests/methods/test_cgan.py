"""Conditional GAN: where the label goes in, the paper's layers to the number, projection by hand."""

import math

import pytest
import torch
from drive import count, play
from torch import Tensor

from saddlepoint.data.batches import DataSpec, LabelledBatch
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.methods.abilities import by_label, classes_of, in_turn
from saddlepoint.methods.gan.cgan import CGAN, PRESETS, projected
from saddlepoint.nn.backbones.labelled import with_label

TINY = {"latent": 8, "generator_width": 8, "critic_width": 8}
DIGITS = DataSpec.of((1, 8, 8), tuple("0123456789"))


class LabelledDraw:
    """Gives the same labelled images at every draw."""

    def __init__(self, image: Tensor, label: Tensor) -> None:
        self.batch, self.stream = LabelledBatch(image, label), torch.Generator().manual_seed(0)

    def __call__(self) -> LabelledBatch:
        return self.batch

    def noise(self, n: int, *shape: int) -> Tensor:
        return torch.randn(n, *shape, generator=self.stream)


def test_a_label_is_joined_as_constant_maps_or_as_numbers() -> None:
    label = torch.tensor([2, 0])
    joined = with_label(torch.full((2, 1, 2, 2), 5.0), label, 3)
    assert joined[0, :, 0, 0].tolist() == joined[0, :, 1, 1].tolist() == [5, 0, 0, 1]
    assert with_label(torch.full((2, 2), 5.0), label, 3).tolist() == [[5, 5, 0, 0, 1], [5, 5, 1, 0, 0]]


def test_projection_adds_the_verdict_of_the_class_at_hand() -> None:
    outputs = torch.tensor([[1.0, 10, 20, 30], [2.0, 10, 20, 30]])
    assert projected(outputs, torch.tensor([0, 2])).tolist() == [11, 32]


def test_the_papers_networks_have_the_parameters_of_their_layers() -> None:
    mnist = DataSpec.of((1, 28, 28), DIGITS.classes)
    assert PRESETS["paper"]["layers"] == "dense"
    nets = CGAN(layers="dense").networks(mnist)
    assert count(nets.generator) == 101 * 200 + 11 * 1000 + 1201 * 1200 + 1201 * 784
    assert count(nets.critic) == 785 * 240 * 5 + 11 * 50 * 5 + 291 * 240 * 4 + 241
    projection = CGAN(layers="dense", conditioning="projection").networks(mnist).critic
    assert count(projection) == 785 * 240 * 5 + 241 * 240 * 4 + 241 * 11


@pytest.mark.parametrize("conditioning", ["concat", "projection"])
@pytest.mark.parametrize(
    ("shape", "layers"), [((1, 8, 8), "convolutional"), ((3, 5, 7), "dense"), ((2,), "convolutional")]
)
def test_both_players_hear_the_label(shape: tuple[int, ...], layers: str, conditioning: str) -> None:
    torch.manual_seed(0)
    method = CGAN(layers=layers, conditioning=conditioning, **TINY)
    nets = method.networks(DataSpec.of(shape, ("a", "b", "c"))).eval()
    latent, label = torch.randn(1, 8).expand(3, 8), torch.arange(3)
    made = nets.generator(latent, label)
    assert made.shape == (3, *shape)
    assert not torch.allclose(made[0], made[1])
    verdicts = nets.critic(made[:1].expand(3, *shape), label)
    assert verdicts.shape == (3,)
    assert len(set(verdicts.tolist())) == 3


def test_fakes_are_shown_to_the_critic_with_the_labels_of_the_batch() -> None:
    method, seen = CGAN(**TINY), []
    nets = method.networks(DIGITS)
    nets.generator.register_forward_hook(lambda module, inputs, output: seen.append(("generator", inputs[1])))
    nets.critic.register_forward_hook(lambda module, inputs, output: seen.append(("critic", inputs[1])))
    label = torch.tensor([3, 1, 4, 1])
    list(play(method, nets, LabelledDraw(torch.zeros(4, 1, 8, 8), label)))
    assert [name for name, _ in seen] == ["generator", "critic", "critic", "generator", "critic"]
    assert all(torch.equal(given, label) for _, given in seen)


def test_a_critic_that_knows_nothing_loses_two_log_two() -> None:
    method = CGAN(conditioning="projection", **TINY)
    nets = method.networks(DIGITS)
    torch.nn.init.zeros_(nets.critic.network.output.weight)
    critic, generator = play(method, nets, LabelledDraw(torch.zeros(4, 1, 8, 8), torch.arange(4)))
    assert [loss.item() for loss in critic.losses.values()] == pytest.approx([math.log(2)] * 2)
    assert generator.losses["fake"].item() == pytest.approx(math.log(2))


def test_a_sample_needs_a_label_and_depends_on_it_and_its_latent_alone() -> None:
    method = CGAN(**TINY)
    nets = method.networks(DIGITS).eval()
    assert classes_of(method, nets) == 10
    assert in_turn(method, nets, 12)["label"].tolist() == [*range(10), 0, 1]
    latents, label = method.latents(nets, 12, seed=5), in_turn(method, nets, 12)["label"]
    images = method.generate(nets, latents, by_label(label))
    assert torch.allclose(images[3], method.generate(nets, latents[3:4], by_label(label[3:4]))[0], atol=1e-6)
    with pytest.raises(CapabilityError, match="give a label"):
        method.generate(nets, latents)


def test_a_side_that_does_not_halve_is_refused_with_both_mends() -> None:
    with pytest.raises(ConfigError, match="Use --resolution 16 or --layers dense"):
        CGAN().networks(DataSpec.of((1, 28, 28), ("a", "b")))

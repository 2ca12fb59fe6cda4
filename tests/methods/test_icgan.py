"""IcGAN: what its critic is taught, its two stages, and edits that change what is asked for."""

from typing import Any

import pytest
import torch
from drive import HandDraw
from torch import Tensor, nn

from saddlepoint.data.batches import AttributeBatch, DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.attributes import Attributes
from saddlepoint.kinds.image import Image
from saddlepoint.methods.base import Clock
from saddlepoint.methods.gan.icgan import IcGAN, as_trained, mismatched

TINY = {"latent": 3, "width": 2, "encoder_width": 2, "code_units": 4, "attribute_units": 4, "game_examples": 8,
        "shape": [3, 16, 16]}  # fmt: skip
SMALL = IcGAN(latent=3, width=2, encoder_width=2, code_units=4, attribute_units=4)
SPEC = DataSpec({"image": Image(3, 16, 16), "attributes": Attributes(("red", "large"))})


class Alike(nn.Module):
    """Says 1 where the first attribute holds, and -1 where not."""

    def forward(self, image: Tensor, signs: Tensor) -> Tensor:
        return signs[:, 0]


def moves(nets: Any, batch: AttributeBatch, stage: int) -> list[Any]:
    return list(SMALL.train_step(nets, HandDraw(batch), Clock(stage=stage)))


def test_a_real_image_with_the_attributes_of_another_is_half_a_fault_and_with_its_own_none() -> None:
    images, signs = torch.rand(3, 3, 16, 16), torch.tensor([[1.0, -1.0], [-1.0, -1.0], [-1.0, -1.0]])
    by_hand = nn.functional.softplus(torch.tensor([-1.0, 0.0, 1.0]))  # of rows 0 and 2, whose next ones differ
    assert mismatched(Alike(), images, signs).item() == pytest.approx((by_hand[0] + by_hand[2]).item() / 3)
    nets = SMALL.networks(SPEC)
    batch = AttributeBatch(images, (signs + 1) / 2)
    critic, _ = moves(nets, batch, 0)
    assert critic.losses["wrong"].item() == pytest.approx(mismatched(nets.critic, images, signs).item() / 2, rel=1e-4)


def test_encoders_learn_of_a_generator_that_stands_still() -> None:
    nets = SMALL.networks(SPEC)
    batch = AttributeBatch(torch.rand(4, 3, 16, 16), torch.tensor([[1.0, 0.0], [0.0, 1.0]] * 2))
    before = {name: value.clone() for name, value in nets.generator.state_dict().items()}
    ((code, attributes),) = moves(nets, batch, 1)
    assert (code.group, attributes.group) == ("code_encoder", "attribute_encoder")
    (code.losses["distance"] + attributes.losses["distance"]).backward()
    assert all(weight.grad is None for weight in nets.generator.parameters())
    assert all(torch.equal(before[name], value) for name, value in nets.generator.state_dict().items())
    assert nets.generator.training


def test_what_a_generator_makes_alone_does_not_depend_on_the_batch() -> None:
    nets = SMALL.networks(SPEC)
    latent, signs = torch.randn(4, 3), torch.ones(4, 2)
    whole = as_trained(nets.generator, latent, signs)
    assert torch.allclose(as_trained(nets.generator, latent[:1], signs[:1]), whole[:1], atol=1e-6)


def test_an_edit_with_the_attributes_of_an_image_is_its_reconstruction() -> None:
    nets, image = SMALL.networks(SPEC).eval(), torch.rand(2, 3, 16, 16)
    with torch.no_grad():
        holds = SMALL.attributes_of(nets, image)
        assert torch.equal(SMALL.edit(nets, image, holds), SMALL.reconstruct(nets, image))
        assert not torch.equal(SMALL.edit(nets, image, 1 - holds.round()), SMALL.reconstruct(nets, image))


def test_data_without_attributes_and_images_that_are_too_small_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"attributes\.csv"):
        SMALL.networks(DataSpec({"image": Image(3, 16, 16)}))
    with pytest.raises(ConfigError, match="resolution 16"):
        SMALL.networks(DataSpec({"image": Image(3, 8, 8), "attributes": Attributes(("red",))}))

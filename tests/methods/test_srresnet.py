"""SRResNet: the public networks answer alike, and training begins at interpolation."""

import pytest
import torch
from official_networks import Official
from torch.nn import functional as F

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.methods.restoration.srresnet import SRResNet
from saddlepoint.nn.backbones.rrdb import CompactSR, PlainSRResNet

TINY = {"shape": (1, 16, 16), "source_shape": (1, 8, 8), "width": 4, "blocks": 1}


def test_the_public_networks_answer_alike() -> None:
    official = Official("basicsr_esrgan")
    small = official.input("lr")
    official.check(official.into(PlainSRResNet(3, 3, 4, 8, 2), "msrresnet.")(small), "msrresnet_x4")
    official.check(official.into(CompactSR(3, 4, 8, 3), "srvgg.")(small), "srvgg_x4")


@pytest.mark.parametrize("form", ["plain", "batch", "compact"])
def test_each_form_makes_images_of_any_size_larger(form: str) -> None:
    method = SRResNet(form=form, width=4, blocks=1)
    nets = method.networks(DataSpec({"source": Image(3, 4, 4), "target": Image(3, 16, 16)})).eval()
    assert method.translate(nets, torch.zeros(1, 3, 5, 7), "source").shape == (1, 3, 20, 28)


def test_without_a_last_layer_it_is_interpolation() -> None:
    network, image = PlainSRResNet(3, 3, 4, 4, 1), torch.rand(2, 3, 6, 5)
    torch.nn.init.zeros_(network.last.weight)
    assert torch.allclose(network(image), F.interpolate(image, scale_factor=4, mode="bilinear"), atol=1e-6)


def test_sides_that_are_no_multiples_are_refused() -> None:
    with pytest.raises(ConfigError, match="lowres4"):
        SRResNet().networks(DataSpec({"source": Image(1, 8, 8), "target": Image(1, 12, 12)}))
    with pytest.raises(ConfigError, match="1, 2, 4 times"):
        SRResNet().networks(DataSpec({"source": Image(1, 8, 8), "target": Image(1, 24, 24)}))

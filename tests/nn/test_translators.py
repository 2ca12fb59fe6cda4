"""Networks that turn one image into another, and the critics of patches."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ports import PortLevel, Wrapped, port_critic, port_translator, tracked
from saddlepoint.checkpoint.convert import cyclegan as convert
from saddlepoint.errors import CheckpointError, ConfigError
from saddlepoint.nn.backbones.patchgan import PatchCritic, patch_side, patch_sizes
from saddlepoint.nn.backbones.resnet_translator import ResNetTranslator
from saddlepoint.nn.backbones.unet import UNet


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_networks_have_the_parameters_that_their_authors_state() -> None:
    assert count(UNet(3, 8, 64)) == 54_413_955
    assert count(PatchCritic(6, 64, 3, "batch")) == 2_768_705
    before_norms = 64 + 128 + 256 + 9 * 2 * 256 + 128 + 64  # biases of theirs that do nothing
    assert count(ResNetTranslator(3, 64, 9)) == 11_378_179 - before_norms


@pytest.mark.parametrize("network", [UNet(2, 4, 4), ResNetTranslator(2, 4, 1)])
@pytest.mark.parametrize("training", [True, False])
def test_an_image_keeps_its_shape_and_range(network: nn.Module, training: bool) -> None:
    images = network.train(training)(torch.randn(3, 2, 16, 16))
    assert images.shape == (3, 2, 16, 16)
    assert images.dtype == torch.float32
    assert images.abs().max() <= 1


def test_in_use_a_u_net_looks_at_each_image_alone_but_in_training_at_all() -> None:
    net, images = UNet(1, 3, 4), torch.randn(4, 1, 8, 8)
    torch.manual_seed(0)
    whole = net(images)
    torch.manual_seed(0)
    assert not torch.allclose(whole[:2], net(images[:2]), atol=1e-3)
    net.eval()
    assert torch.allclose(net(images, seed=1)[1:2], net(images[1:2], seed=1), atol=1e-5)


def test_a_u_nets_noise_is_its_dropout_and_a_function_of_the_seed() -> None:
    net, image = UNet(1, 4, 4).eval(), torch.randn(1, 1, 16, 16)
    assert torch.equal(net(image, seed=1), net(image, seed=1))
    assert not torch.equal(net(image, seed=1), net(image, seed=2))
    assert torch.equal(net(image), net(image))
    assert not torch.equal(net(image), net(image, seed=1))


def test_trained_statistics_can_be_used_instead() -> None:
    net = UNet(1, 3, 4, own_statistics=False)
    net(torch.randn(8, 1, 8, 8))
    image = torch.randn(1, 1, 8, 8)
    own = UNet(1, 3, 4)
    own.load_state_dict(net.state_dict())
    assert not torch.allclose(net.eval()(image), own.eval()(image))


@pytest.mark.parametrize("halvings", range(4))
def test_an_output_of_a_patch_critic_sees_a_square_of_the_stated_side(halvings: int) -> None:
    side = patch_side(halvings)
    critic = PatchCritic(1, 1, halvings, "batch").eval()  # in evaluation its norms look at no other pixel
    for parameter in critic.parameters():
        nn.init.constant_(parameter, 0.1)  # so that nothing cancels
    image = torch.zeros(1, 1, 3 * side + 16, 3 * side + 16, requires_grad=True)
    logits = critic(image)
    middle = logits.shape[2] // 2
    logits[0, 0, middle, middle].backward()
    assert image.grad is not None
    seen = image.grad[0, 0].nonzero()
    assert (seen.amax(0) - seen.amin(0) + 1).tolist() == [side, side]


def test_patches_have_the_sides_of_the_paper_and_its_grids() -> None:
    assert [patch_side(halvings) for halvings in range(6)] == [1, 16, 34, 70, 142, 286]
    grids = [PatchCritic(1, 1, halvings, "batch")(torch.zeros(1, 1, 256, 256)).shape[2] for halvings in range(1, 6)]
    assert grids == [126, 62, 30, 14, 6]


@pytest.mark.parametrize(("halvings", "side"), [(3, 16), (1, 4)])
def test_more_halvings_than_an_image_has_are_refused(halvings: int, side: int) -> None:
    with pytest.raises(ConfigError, match=f"of {4 << halvings} pixels or more, not {side}: use --resolution"):
        patch_sizes(halvings).check(side, side)


def agree(port: nn.Module, state: dict[str, Tensor], ours: nn.Module) -> None:
    port.train()(torch.randn(4, 3, 32, 32))  # moves running statistics away from their first values
    ours.load_state_dict(state)
    image = torch.randn(2, 3, 32, 32)
    assert torch.allclose(ours.eval()(image), port.eval()(image), atol=1e-5)


def test_weights_of_the_port_give_the_same_images() -> None:
    torch.manual_seed(0)
    for norm, word in ((nn.BatchNorm2d, "batch"), (nn.InstanceNorm2d, "instance")):
        port = port_translator(2, norm, dropout=norm is nn.BatchNorm2d)
        port.train()(torch.randn(4, 3, 32, 32))
        agree(port, convert.resnet_translator(port.state_dict()), ResNetTranslator(3, 4, 2, word))  # type: ignore[arg-type]
        whole = Wrapped()
        whole.model = PortLevel([3, 4, 8, 16, 32], norm)
        agree(whole, convert.unet(whole.state_dict()), UNet(3, 4, 4, norm=word, own_statistics=False))  # type: ignore[arg-type]
    for norm, word in ((nn.BatchNorm2d, "batch"), (nn.InstanceNorm2d, "instance")):
        port = port_critic(norm)
        port.train()(torch.randn(4, 3, 32, 32))
        agree(port, convert.patch_critic(port.state_dict()), PatchCritic(3, 4, 2, word))  # type: ignore[arg-type]


def test_statistics_that_instance_norm_kept_and_never_used_are_left_out() -> None:
    port = port_translator(1, tracked)
    assert "model.2.running_mean" in port.state_dict()
    ResNetTranslator(3, 4, 1).load_state_dict(convert.resnet_translator(port.state_dict()))
    whole = Wrapped()
    whole.model = PortLevel([3, 4, 8, 16], tracked)
    UNet(3, 3, 4, norm="instance").load_state_dict(convert.unet(whole.state_dict()))


@pytest.mark.parametrize("which", [convert.unet, convert.patch_critic, convert.resnet_translator])
def test_a_name_that_is_none_of_the_ports_is_refused(which) -> None:
    with pytest.raises(CheckpointError, match=r"stem\.weight is no part of a"):
        which({"stem.weight": torch.zeros(1), "model.11.weight": torch.zeros(1)})

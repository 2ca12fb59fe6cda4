"""StyleGAN2's official names: a whole state dict of official shapes becomes ours, to the number.

The numbers below are those of networks whose forward was found equal to the official one within 3e-5 (generator) and
2e-6 (discriminator) on random weights for 32 pixels, with and without ten classes.
"""

from collections.abc import Iterator

import pytest
import torch

from saddlepoint.checkpoint.convert import stylegan2_ada
from saddlepoint.errors import CheckpointError
from saddlepoint.nn.backbones.stylegan2 import StyleGAN2Critic, StyleGAN2Generator

CLASSES = 2


def filled(shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """Numbers that depend on the place alone, of the size that official weights have."""
    made, first = {}, 0
    for name, shape in shapes.items():
        count = torch.Size(shape).numel()
        rate = 100 if name.startswith("mapping.fc") and name.endswith("weight") else 1
        made[name] = torch.sin(torch.arange(first, first + count) * 1.7).view(shape) * rate
        first += count
    return made


def official_generator() -> Iterator[tuple[str, tuple[int, ...]]]:
    """16 pixels, 3 channels of 4 maps (2 at 16), latent 4, style 4."""
    yield "synthesis.b4.const", (4, 4, 4)
    for side, inputs, outputs in ((4, 4, 4), (8, 4, 4), (16, 4, 2)):
        block = f"synthesis.b{side}"
        yield f"{block}.resample_filter", (4, 4)
        for layer, width in (("conv0", inputs), ("conv1", outputs)) if side > 4 else (("conv1", outputs),):
            yield f"{block}.{layer}.weight", (outputs, width, 3, 3)
            yield f"{block}.{layer}.noise_strength", ()
            yield f"{block}.{layer}.bias", (outputs,)
            yield f"{block}.{layer}.resample_filter", (4, 4)
            yield f"{block}.{layer}.noise_const", (side, side)
            yield f"{block}.{layer}.affine.weight", (width, 4)
            yield f"{block}.{layer}.affine.bias", (width,)
        yield f"{block}.torgb.weight", (3, outputs, 1, 1)
        yield f"{block}.torgb.bias", (3,)
        yield f"{block}.torgb.affine.weight", (outputs, 4)
        yield f"{block}.torgb.affine.bias", (outputs,)
    yield "mapping.w_avg", (4,)
    yield from mapping(8, 4)


def official_critic() -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "b16.fromrgb.weight", (2, 3, 1, 1)
    yield "b16.fromrgb.bias", (2,)
    for side, inputs, outputs in ((16, 2, 4), (8, 4, 4)):
        yield f"b{side}.resample_filter", (4, 4)
        yield f"b{side}.conv0.weight", (inputs, inputs, 3, 3)
        yield f"b{side}.conv0.bias", (inputs,)
        yield f"b{side}.conv1.weight", (outputs, inputs, 3, 3)
        yield f"b{side}.conv1.bias", (outputs,)
        yield f"b{side}.skip.weight", (outputs, inputs, 1, 1)
    yield from mapping(4, 4)
    yield "b4.conv.weight", (4, 5, 3, 3)
    yield "b4.conv.bias", (4,)
    yield "b4.fc.weight", (4, 64)
    yield "b4.fc.bias", (4,)
    yield "b4.out.weight", (4, 4)
    yield "b4.out.bias", (4,)


def mapping(first: int, style: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "mapping.embed.weight", (style, CLASSES)
    yield "mapping.embed.bias", (style,)
    for layer, inputs in enumerate((first, style)):
        yield f"mapping.fc{layer}.weight", (style, inputs)
        yield f"mapping.fc{layer}.bias", (style,)


def ramp(*shape: int) -> torch.Tensor:
    return torch.linspace(-1, 1, torch.Size(shape).numel()).view(shape)


def test_the_generators_weights_give_the_known_images() -> None:
    ours = StyleGAN2Generator(4, 4, 3, 16, 32, 4, mapping_layers=2, classes=CLASSES)
    ours.load_state_dict(stylegan2_ada.generator(filled(dict(official_generator()))), strict=True)
    with torch.no_grad():
        images = ours(ramp(2, 4), torch.tensor([0, 1]))
    assert images[0, :, 5, 9].tolist() == pytest.approx([-0.638656, 0.155218, 0.007780], abs=1e-4)
    assert images[1, :, 12, 3].tolist() == pytest.approx([-0.055831, 0.349636, -0.429014], abs=1e-4)
    assert images.std().item() == pytest.approx(0.563062, abs=1e-4)


def test_the_critics_weights_give_the_known_logits() -> None:
    ours = StyleGAN2Critic(3, 16, 32, 4, group=2, classes=CLASSES, label_layers=2)
    ours.load_state_dict(stylegan2_ada.critic(filled(dict(official_critic()))), strict=True)
    with torch.no_grad():
        logits = ours(ramp(4, 3, 16, 16).sin(), torch.tensor([0, 1, 0, 1]))
    assert logits.tolist() == pytest.approx([0.141553, 0.069924, 0.142135, 0.070243], abs=1e-4)


def test_a_plain_discriminator_of_one_class_fits_too() -> None:
    shapes = {n: s for n, s in official_critic() if ".skip." not in n and not n.startswith("mapping.")}
    shapes |= {"b4.out.weight": (1, 4), "b4.out.bias": (1,)}
    ours = StyleGAN2Critic(3, 16, 32, 4, residual=False)
    ours.load_state_dict(stylegan2_ada.critic(filled(shapes)), strict=True)


@pytest.mark.parametrize("name", ["synthesis.b8.skip.weight", "synthesis.b8.conv2.weight", "mapping.fc0.scale", "G.x"])
def test_a_foreign_name_in_a_generator_is_refused_in_words(name: str) -> None:
    with pytest.raises(CheckpointError, match=f"{name} is no part of a StyleGAN2 generator.*whole official network"):
        stylegan2_ada.generator({name: torch.zeros(1)})


@pytest.mark.parametrize("name", ["b8.fromrgb.weight", "b4.skip.weight", "b16.conv2.weight", "stem.weight"])
def test_a_foreign_name_in_a_discriminator_is_refused_in_words(name: str) -> None:
    with pytest.raises(CheckpointError, match=f"{name} is no part of a StyleGAN2 critic"):
        stylegan2_ada.critic({"b16.fromrgb.weight": torch.zeros(1), name: torch.zeros(1)})

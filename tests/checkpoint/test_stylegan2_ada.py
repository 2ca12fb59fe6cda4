"""StyleGAN2's official names: a whole state dict of official shapes becomes ours, to the number.

The numbers below are those of networks whose forward was found equal to the official one within 3e-5 (generator) and
2e-6 (discriminator) on random weights for 32 pixels, with and without ten classes.
"""

import pytest
import torch

from ports import CLASSES, filled, official_critic, official_generator
from saddlepoint.checkpoint.convert import stylegan2_ada
from saddlepoint.errors import CheckpointError
from saddlepoint.nn.backbones.stylegan2 import StyleGAN2Critic, StyleGAN2Generator


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
    loaded = ours.load_state_dict(stylegan2_ada.critic(filled(shapes)), strict=False)
    assert (loaded.missing_keys, loaded.unexpected_keys) == ([], [])


@pytest.mark.parametrize(("classes", "method"), [(0, "stylegan2"), (CLASSES, "stylegan2_conditional")])
def test_a_generator_is_recognised_with_its_classes_and_the_length_of_its_noise(classes: int, method: str) -> None:
    found = stylegan2_ada.recognised(filled(dict(official_generator(classes))))
    assert found is not None
    assert (found.method, found.classes, found.shape) == (method, classes, (3, 16, 16))
    assert found.options == {"latent": 4, "style": 4, "base": 32, "most": 4, "mapping_layers": 2}
    assert ("of 2 classes" in found.what) == bool(classes)


@pytest.mark.parametrize("name", ["synthesis.b8.skip.weight", "synthesis.b8.conv2.weight", "mapping.fc0.scale", "G.x"])
def test_a_foreign_name_in_a_generator_is_refused_in_words(name: str) -> None:
    with pytest.raises(CheckpointError, match=f"{name} is no part of a StyleGAN2 generator.*whole official network"):
        stylegan2_ada.generator({name: torch.zeros(1)})


@pytest.mark.parametrize("name", ["b8.fromrgb.weight", "b4.skip.weight", "b16.conv2.weight", "stem.weight"])
def test_a_foreign_name_in_a_discriminator_is_refused_in_words(name: str) -> None:
    with pytest.raises(CheckpointError, match=f"{name} is no part of a StyleGAN2 critic"):
        stylegan2_ada.critic({"b16.fromrgb.weight": torch.zeros(1), name: torch.zeros(1)})

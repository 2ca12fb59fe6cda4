"""CUT: the official networks and contrast, what a contrast can be, and mirrored inputs."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drive import HandDraw
from torch import nn

from saddlepoint.data.batches import DataSpec, UnpairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.losses.contrastive import patch_contrast
from saddlepoint.methods.translation.cut import CUT, Heads
from saddlepoint.nn.backbones.blurred_translator import BlurredPatchCritic, BlurredTranslator

TINY = {
    "blocks": 1, "generator_width": 2, "critic_width": 2, "halvings": 1, "head_width": 4, "places": 6,
    "shape": (3, 12, 12),
}  # fmt: skip
PARITY = Path(__file__).parents[1] / "parity" / "cut.npz"


def copy(file: Any, prefix: str, network: nn.Module) -> None:
    """Weights by order; a bias before an instance norm does nothing, and ours have none."""
    names = [name.removesuffix(".weight") for name in file.files if name.startswith(prefix) and name.endswith("weight")]
    modules = [each for each in network.modules() if isinstance(each, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)]
    for name, module in zip(names, modules, strict=True):
        for key, value in module.state_dict().items():
            value.copy_(torch.from_numpy(file[f"{name}.{key}"]))


@torch.no_grad()
def test_networks_and_contrast_equal_the_official_ones() -> None:
    file = np.load(PARITY)
    generator, critic = BlurredTranslator(3, 6, 6), BlurredPatchCritic(3, 6, 3, "instance")
    heads = Heads(generator.features, 16)
    copy(file, "sd.G.", generator), copy(file, "sd.D.", critic), copy(file, "sd.F.", heads)
    image = torch.from_numpy(file["in.x"])
    fake = generator(image)
    assert np.abs(fake.numpy() - file["out.fake"]).max() < 1e-4
    # Convolutions without a bias: what comes before a norm differs by the official bias, which a norm takes away.
    assert np.abs(critic(image).numpy() - file["out.D"]).max() < 1e-4
    for number, layer in ((3, 12), (4, 16)):  # residual blocks, whose maps come after norms
        places = torch.from_numpy(file[f"in.ids_{layer}"]).expand(2, -1)
        query, key = (heads(number, generator.encode(each)[number].flatten(2), places) for each in (fake, image))
        assert patch_contrast(query, key).item() == pytest.approx(file[f"out.nce_{layer}_own"].mean(), abs=1e-4)


def test_a_contrast_is_least_where_places_are_at_right_angles_and_log_p_where_all_are_alike() -> None:
    rows = torch.eye(5)[None]
    assert patch_contrast(rows, rows, 0.5).item() == pytest.approx(math.log(1 + 4 * math.exp(-2)), rel=1e-5)
    alike = torch.ones(1, 5, 1)
    assert patch_contrast(alike, alike).item() == pytest.approx(math.log(5), rel=1e-5)


def test_maps_of_a_mirrored_image_are_compared_mirrored_back() -> None:
    torch.manual_seed(0)
    settings: dict[str, Any] = {key: value for key, value in TINY.items() if key != "shape"}
    method = CUT(**settings, mirrored=True, identity=False)
    nets = method.networks(DataSpec.of((3, 12, 12)))
    batch = UnpairedBatch(*torch.rand(2, 3, 3, 12, 12))
    nets.generator.decode = lambda maps: batch.a  # type: ignore[assignment]

    class Turned(HandDraw):
        def uniform(self, n: int, *shape: int) -> torch.Tensor:
            return torch.zeros(n, *shape) if shape == (1, 1, 1) else super().uniform(n, *shape)

    images: list[torch.Tensor] = []
    nets.generator.register_forward_hook(lambda _, given, made: images.append(given[0]))
    method.constraint(nets, batch, batch.a, Turned(batch))
    assert torch.equal(images[0], batch.a.flip(3))


def test_an_image_too_small_for_the_critic_is_refused_with_the_mend() -> None:
    with pytest.raises(ConfigError, match="--resolution 24, or fewer --halvings"):
        CUT().networks(DataSpec.of((3, 16, 16)))

"""SPADE: the official generator, what a flat layout leaves of it, styles, and a segmenter that reads layouts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from saddlepoint.data.batches import DataSpec
from saddlepoint.data.world.forms import in_both_forms
from saddlepoint.data.world.labels import _label_map
from saddlepoint.data.world.light import lit_by_shape
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.methods.translation.spade import SPADE
from saddlepoint.metrics.proofs.layouts import Segmenter
from saddlepoint.nn.backbones.layout_generator import LayoutBlock, LayoutGenerator

TINY = {
    "width": 2, "hidden": 3, "doublings": 2, "critic_width": 2, "critic_layers": 1, "classes": 3, "style": 2,
    "norm": "instance", "shape": (3, 8, 8),
}  # fmt: skip
PARITY = Path(__file__).parents[1] / "parity" / "spade.npz"


@torch.no_grad()
def test_the_generator_equals_the_official_one() -> None:
    file = np.load(PARITY)

    def weight(name: str, conv: nn.Module) -> None:
        """Divided by what it stretches, as they do with the vectors that they have kept."""
        if f"{name}.weight" in file:
            value = torch.from_numpy(file[f"{name}.weight"])
        else:
            value, u, v = (torch.from_numpy(file[f"{name}.weight_{part}"]) for part in ("orig", "u", "v"))
            value = value / (u @ value.flatten(1) @ v)
        conv.weight.copy_(value)  # type: ignore[operator, union-attr]
        if f"{name}.bias" in file:
            conv.bias.copy_(torch.from_numpy(file[f"{name}.bias"]))  # type: ignore[operator, union-attr]

    network = LayoutGenerator(5, 3, 1, 5, 0, 128, spectral=False).eval()
    weight("sd.G.fc", network.first), weight("sd.G.conv_img", network.last)
    names = ("head_0", "G_middle_0", "G_middle_1", "up_0", "up_1", "up_2", "up_3")
    for name, block in zip(names, (network.head, *network.middle, *network.up), strict=True):
        assert isinstance(block, LayoutBlock)
        for own, part in (("first", "0"), ("second", "1"), ("skip", "s")):
            if getattr(block, own) is None:
                continue
            weight(f"sd.G.{name}.conv_{part}", getattr(block, own))
            norm, prefix = getattr(block, f"{own}_norm"), f"sd.G.{name}.norm_{part}"
            weight(f"{prefix}.mlp_shared.0", norm.shared)
            weight(f"{prefix}.mlp_gamma", norm.gain), weight(f"{prefix}.mlp_beta", norm.shift)
            norm.norm.running_mean.copy_(torch.from_numpy(file[f"{prefix}.param_free_norm.running_mean"]))
            norm.norm.running_var.copy_(torch.from_numpy(file[f"{prefix}.param_free_norm.running_var"]))
    image = network(torch.from_numpy(file["in.seg"]).float())
    assert np.abs(image.numpy() - file["out.fake"]).max() < 1e-4


@torch.no_grad()
def test_a_flat_layout_is_forgotten_by_plain_norms_and_told_again_here() -> None:
    torch.manual_seed(0)
    flat = torch.zeros(2, 3, 16, 16)
    flat[0, 0] = flat[1, 2] = 1  # one class everywhere: another in each
    plain = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"), nn.InstanceNorm2d(4))(flat)
    assert torch.allclose(plain[0], plain[1], atol=1e-2)
    here = LayoutGenerator(3, 3, 2, 2, 0, 4, "instance").eval()(flat)
    assert (here[0] - here[1]).abs().mean() > 1e-3


def nets(**settings: Any) -> tuple[SPADE, Any]:
    torch.manual_seed(0)
    method = SPADE(**({key: value for key, value in TINY.items() if key != "shape"} | settings))
    return method, method.networks(DataSpec({"source": Image(3, 8, 8), "target": Image(3, 8, 8)})).eval()


@torch.no_grad()
def test_a_seed_draws_a_style_a_reference_gives_its_own_and_a_model_without_styles_says_so() -> None:
    method, networks = nets()
    layout, like = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 12, 8)
    one, other = (method.translate(networks, layout, "source", seed) for seed in (1, 2))
    assert not torch.allclose(one, other, atol=1e-4)
    guided = method.translate_like(networks, layout, like, "source")
    assert torch.allclose(guided[:1], method.translate_like(networks, layout[:1], like[:1], "source"), atol=1e-5)
    method, networks = nets(style=0)
    with pytest.raises(CapabilityError, match="without styles"):
        method.translate_like(networks, layout, like, "source")


def test_a_segmenter_reads_true_images_well_and_the_source_badly() -> None:
    forms = in_both_forms(_label_map, lit_by_shape, np.arange(120), 32)
    segmenter = Segmenter(forms[:80, 0], forms[:80, 1])
    classes = segmenter.classes(forms[80:, 0])
    assert (segmenter(forms[80:, 1]) == classes).mean() > 0.85
    assert len(segmenter.colours) == 7


def test_a_side_that_cannot_be_halved_so_often_is_refused_with_the_mend() -> None:
    with pytest.raises(ConfigError, match="--resolution 64, or fewer --doublings"):
        SPADE().networks(DataSpec({"source": Image(3, 48, 48), "target": Image(3, 48, 48)}))

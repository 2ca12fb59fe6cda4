"""StyleGAN3: filters as scipy has them, images that move with the canvas, and the official generators."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import signal

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Clock
from saddlepoint.methods.gan.stylegan3 import StyleGAN3, blurred
from saddlepoint.metrics.formulas.equivariance import rotation, translation
from saddlepoint.nn.backbones.stylegan3 import StyleGAN3Generator, lowpass, plan

TINY = {"latent": 4, "style": 4, "layers": 3, "critical": 1, "margin": 2, "base": 32, "most": 4, "shape": [1, 16, 16]}
PARITY = Path(__file__).parents[1] / "parity"


def test_filters_are_firwins_and_round_ones_are_even_in_all_directions() -> None:
    assert np.allclose(lowpass(12, 4.0, 2.0, 32.0), signal.firwin(12, 4.0, width=4.0, fs=32.0), atol=1e-7)
    kernel = lowpass(12, 4.0, 2.0, 32.0, radial=True)
    assert torch.allclose(kernel, kernel.rot90())
    assert kernel.sum().item() == pytest.approx(1, abs=1e-6)
    assert torch.equal(lowpass(1, 4.0, 2.0, 32.0), torch.ones(1))


def test_the_bands_of_the_paper_at_256() -> None:
    bands = plan(256, 14, 2, 10, 32_768, 512, 3)
    assert (bands[0].cutoff, bands[-1].cutoff, bands[-1].size, bands[0].size) == (2.0, 128.0, 256, 36)
    assert [band.rate for band in bands][-4:] == [256] * 4


@pytest.mark.parametrize("moves", ["translation", "rotation"])
def test_untrained_images_move_with_the_canvas(moves: Any) -> None:
    torch.manual_seed(0)
    method = StyleGAN3(moves=moves, latent=8, style=8, layers=6, margin=8, base=256, most=16)
    nets = method.networks(DataSpec.of((1, 32, 32))).eval()
    latents = method.latents(nets, 4, 0)
    with torch.no_grad():
        sticks = method.moved(nets, latents, torch.eye(3))
        moved, turned = (
            measure(lambda transform: method.moved(nets, latents, transform))
            for measure in (lambda render: translation(render, 6), rotation)
        )
    assert moved > translation(lambda _: sticks, 6) + 15
    assert moved > 30
    if moves == "rotation":
        assert turned > rotation(lambda _: sticks) + 15


def test_the_blur_is_gone_after_its_images_and_keeps_the_mean() -> None:
    method = StyleGAN3(moves="rotation", latent=4, style=4, layers=3, margin=2, base=32, most=4)
    nets = method.networks(DataSpec.of((1, 16, 16)))
    for examples, deviation in ((0, 10.0), (100_000, 5.0), (300_000, 0.0)):
        method.set_phase(nets, Clock(examples=examples))
        assert nets.blur.value.item() == deviation
    image = torch.zeros(1, 1, 31, 31)
    image[0, 0, 15, 15] = 1
    assert blurred(image, 2.0).sum().item() == pytest.approx(1, abs=1e-5)
    assert torch.equal(blurred(image, 0.0), image)


def test_layers_that_are_all_critical_and_tiny_images_are_refused() -> None:
    with pytest.raises(ConfigError, match="--critical 2"):
        StyleGAN3(layers=3, critical=3)
    with pytest.raises(ConfigError, match="--resolution 16"):
        StyleGAN3().networks(DataSpec.of((1, 8, 8)))


@pytest.mark.parametrize("config", ["T", "R"])
def test_the_generator_equals_the_official_one(config: str) -> None:
    file = np.load(PARITY / f"stylegan3_{config}_32.npz")
    sizes = (6, 2, 6, 256, 12, 3) if config == "T" else (7, 2, 4, 512, 16, 3)
    classes, kernel = (3, 3) if config == "T" else (0, 1)
    generator = StyleGAN3Generator(16, 16, plan(32, *sizes), kernel=kernel, classes=classes).eval()
    state: dict[str, Any] = {}
    for key in file.files:
        if key.startswith("sd.synthesis.L") and "filter" not in key:
            name, rest = key.removeprefix("sd.synthesis.").split(".", 1)
            number = int(name.split("_")[0][1:])
            state[f"synthesis.layers.{number}.{rest.replace('magnitude_ema', 'power')}"] = file[key]
        elif key.startswith("sd.synthesis.L"):
            name, rest = key.removeprefix("sd.synthesis.").split(".")
            own = getattr(generator.synthesis.layers[int(name.split("_")[0][1:])], rest.replace("filter", "taps"))
            assert np.abs(own.numpy() - file[key]).max() < 1e-6
        elif key.startswith("sd."):
            name = key[3:].replace("w_avg", "average").replace("mapping.fc", "mapping.layers.")
            state[name] = file[key]
    generator.load_state_dict({key: torch.from_numpy(np.asarray(value)) for key, value in state.items()})
    z = torch.from_numpy(file["in.z"])
    label = torch.from_numpy(file["in.c"]).argmax(1) if classes else None
    synthesis = generator.synthesis
    with torch.no_grad():
        style = generator.mapping(z, label)
        styles = style[:, None].expand(-1, synthesis.styles, -1)
        pulled = styles.clone()
        pulled[:, :4] = torch.lerp(generator.mapping.average, pulled[:, :4], 0.7)
        waves = synthesis.input(style)
        pairs = {
            "ws": styles,
            "fourier": waves[:1],
            "L0": synthesis.layers[0](waves, style)[:1],
            "img": synthesis(styles),
            "img_psi07_cut4": synthesis(pulled)[:1],
        }
        synthesis.input.transform.copy_(torch.from_numpy(file["in.transform"]))
        pairs["img_transform"] = synthesis(styles)[:1]
    for name, ours in pairs.items():
        assert np.abs(ours.numpy() - file[f"out.{name}"]).max() < 1e-4, name

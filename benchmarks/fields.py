"""Fields: which frequencies each network of places learns first, and one image compressed, denoised and enlarged.

    python benchmarks/fields.py [--steps 2000] [--use-steps 500]

The first part is the experiment of Rahaman et al. 2019, arXiv:1806.08734, section 3: a sum of waves of equal height is
learnt from 200 places, and the height of each wave in what the network has learnt is read off by a Fourier transform.
"""

from __future__ import annotations

import argparse
import io
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from PIL import Image
from record import record
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.data.world.picture import picture
from saddlepoint.nn.backbones.coordinate_mlp import CoordinateMLP, Form
from saddlepoint.report.tables import print_table

WAVES = range(5, 51, 5)
PLACES = 200
MARKS = (50, 200, 800, 2000)
FORMS: dict[Form, float] = {"raw": 0, "frequencies": 7, "fourier": 10.0, "siren": 30.0}
SIDE, SEEDS = 64, (0, 1, 2)
NOISE = 25.0  # levels of 255


def heights(form: Form, detail: float, steps: int, seed: int) -> Iterator[tuple[int, list[float]]]:
    """The height of each wave after some steps of full batches, 1 where it is learnt."""
    torch.manual_seed(seed)
    place = torch.arange(PLACES) / PLACES
    phase = torch.rand(len(WAVES)) * 2 * math.pi
    truth = sum(torch.sin(2 * math.pi * k * place + phase[at]) for at, k in enumerate(WAVES))
    network = CoordinateMLP(1, 1, 128, 4, form, detail, 128)
    adam = torch.optim.Adam(network.parameters(), lr=1e-4 if form == "siren" else 1e-3)
    for step in range(1, steps + 1):
        adam.zero_grad()
        shown = network((place * 2 - 1)[:, None])[:, 0]
        F.mse_loss(shown, truth).backward()  # type: ignore[arg-type]
        adam.step()
        if step in MARKS or step == steps:
            waves = torch.fft.rfft(shown.detach()).abs() * 2 / PLACES
            yield step, [float(waves[k]) for k in WAVES]


def fitted(
    image: Tensor, width: int, depth: int, omega: float, steps: int, watch: Callable[[int, CoordinateMLP], None]
) -> CoordinateMLP:
    """A SIREN that has learnt an image [3, H, W] in [-1, 1] by whole-image steps; `watch` is called after each."""
    torch.manual_seed(0)
    network = CoordinateMLP(2, 3, width, depth, "siren", omega, 0)
    adam = torch.optim.Adam(network.parameters(), lr=1e-3)
    place, truth = places(image.shape[1]), image.flatten(1).T
    for step in range(1, steps + 1):
        adam.zero_grad()
        F.mse_loss(network(place), truth).backward()
        adam.step()
        watch(step, network)
    return network


def places(side: int) -> Tensor:
    """The middles of pixels, [side * side, 2]."""
    line = (torch.arange(side) + 0.5) * (2 / side) - 1
    return torch.stack(torch.meshgrid(line, line, indexing="ij")[::-1], -1).view(-1, 2)


@torch.no_grad()
def drawn(network: CoordinateMLP, side: int) -> np.ndarray:
    """[3, side, side] in levels of 0 to 255."""
    values = network(places(side)).clamp(-1, 1).T.view(3, side, side)
    levels: np.ndarray = ((values + 1) * 127.5).numpy()
    return levels


def psnr(image: np.ndarray, truth: np.ndarray) -> float:
    """In decibels, of levels of 0 to 255."""
    return 10 * math.log10(255**2 / max(float(((np.rint(image) - truth) ** 2).mean()), 1e-9))


def nothing(step: int, network: CoordinateMLP) -> None:
    """Watches nothing."""


def compressed(truth: np.ndarray, steps: int) -> list[dict[str, Any]]:
    """Fields of several sizes, their numbers kept in 16 bits, and JPEG of several qualities."""
    rows = []
    image = torch.from_numpy(truth / 127.5 - 1).float()
    for width in (12, 20, 32):
        network = fitted(image, width, 3, 30.0, steps, nothing)
        numbers = sum(each.numel() for each in network.parameters())
        with torch.no_grad():
            for each in network.parameters():
                each.copy_(each.half().float())
        bits = 16 * numbers / SIDE**2
        rows.append(
            {"kept as": f"SIREN 3 x {width}", "bits a pixel": bits, "PSNR dB": psnr(drawn(network, SIDE), truth)}
        )
    for quality in (5, 15, 40):
        content = io.BytesIO()
        Image.fromarray(truth.astype(np.uint8).transpose(1, 2, 0)).save(content, "JPEG", quality=quality)
        shown = np.asarray(Image.open(content)).transpose(2, 0, 1).astype(float)
        bits = 8 * len(content.getvalue()) / SIDE**2
        rows.append({"kept as": f"JPEG quality {quality}", "bits a pixel": bits, "PSNR dB": psnr(shown, truth)})
    return rows


def denoised(truth: np.ndarray, steps: int) -> list[dict[str, Any]]:
    """A field that learns a noisy image, by how long it has learnt, beside filters."""
    noisy = np.clip(truth + NOISE * np.random.default_rng(0).standard_normal(truth.shape), 0, 255)
    rows = [{"image": "as it is", "PSNR dB": psnr(noisy, truth)}]
    marks = [mark for mark in (25, 50, 100, 200, 400) if mark <= steps]

    def watch(step: int, network: CoordinateMLP) -> None:
        if step in marks:
            rows.append({"image": f"SIREN after {step} steps", "PSNR dB": psnr(drawn(network, SIDE), truth)})

    fitted(torch.from_numpy(noisy / 127.5 - 1).float(), 128, 3, 15.0, marks[-1], watch)
    rows.append({"image": "median of 3x3", "PSNR dB": psnr(ndimage.median_filter(noisy, (1, 3, 3)), truth)})
    rows.append({"image": "Gaussian of .7 px", "PSNR dB": psnr(ndimage.gaussian_filter(noisy, (0, 0.7, 0.7)), truth)})
    return rows


def enlarged(truth: np.ndarray, steps: int) -> list[dict[str, Any]]:
    """A field that learns an image of half the side and is read at all of it, beside interpolation."""
    small = truth.reshape(3, SIDE // 2, 2, SIDE // 2, 2).mean((2, 4))
    rows = []
    for omega in (10.0, 20.0, 30.0):
        network = fitted(torch.from_numpy(small / 127.5 - 1).float(), 128, 3, omega, steps, nothing)
        rows.append({"enlarged by": f"SIREN, omega {omega:g}", "PSNR dB": psnr(drawn(network, SIDE), truth)})
    for mode in ("nearest", "bilinear", "bicubic"):
        more = {} if mode == "nearest" else {"align_corners": False}
        shown = F.interpolate(torch.from_numpy(small)[None], (SIDE, SIDE), mode=mode, **more)[0].numpy()
        rows.append({"enlarged by": mode, "PSNR dB": psnr(np.clip(shown, 0, 255), truth)})
    return rows


def main() -> None:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=2000, help="of each network on the waves")
    parser.add_argument("--use-steps", type=int, default=500, help="of each field of an image")
    options = parser.parse_args()
    torch.set_num_threads(1)
    waves = []
    for form, detail in FORMS.items():
        seeds = [list(heights(form, detail, options.steps, seed)) for seed in SEEDS]
        for at, (step, _) in enumerate(seeds[0]):
            mean = np.mean([seed[at][1] for seed in seeds], 0)
            waves.append({"network": form, "step": step, **{f"{k} turns": float(h) for k, h in zip(WAVES, mean)}})
    print_table(waves)
    truth = np.rint(picture(SIDE) * 255)
    tables = {
        "Height of each wave that has been learnt, 1 is all of it (mean of three seeds)": waves,
        "Compression": compressed(truth, options.use_steps),
        f"Denoising, noise of {NOISE:g} levels": denoised(truth, options.use_steps),
        "Enlargement to twice the side": enlarged(truth, options.use_steps),
    }
    for rows in list(tables.values())[1:]:
        print_table(rows)
    path = record(
        "fields",
        "Fields: frequencies that are learnt first, and what one image's field is good for",
        f"Waves: ten of equal height at {PLACES} places, networks of 4 x 128, Adam at 1e-3 (SIREN 1e-4), whole batches."
        f" Images: world:picture at {SIDE}x{SIDE} pixels, SIREN by {options.use_steps} whole-image steps at 1e-3;"
        " levels of 0 to 255. The image is synthetic, with sharp edges and checks, which says little of photographs.",
        tables,
        notes=[
            "ReLU layers on the coordinate learn the waves one after the other, low ones first; encodings and sines"
            " learn all of them within the same few hundred steps.",
            "A field that learns noisy pixels is best when it is stopped early: later it learns the noise.",
        ],
    )
    print(path)


if __name__ == "__main__":
    main()

"""Images/s of the inception-2015 extractor, folded and channels last, against the same network as others run it.

    python benchmarks/features.py [--weights PATH] [--images 64] [--rounds 5] [--reference plain|torch-fidelity]

Ways take turns in one process; medians count. Without --weights the network is random, which exaggerates differences of
features: then only the speed is worth quoting. `plain` keeps batch norm apart and channels first; `torch-fidelity` is
that library's own network, where it is installed. The last lines give the effect of bfloat16 on the Fréchet distance.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from saddlepoint.metrics.extractors.inception import Inception
from saddlepoint.metrics.extractors.resize import resized
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.statistics import gaussian
from saddlepoint.metrics.images import Bytes
from saddlepoint.nn.backbones import inception
from saddlepoint.nn.backbones.weights import load_weights

Way = Callable[[Bytes], np.ndarray]


def random_weights() -> dict[str, Tensor]:
    """Weights in the published layout that keep the size of what passes through."""
    draw = torch.Generator().manual_seed(0)
    made = {}
    for name, tensor in inception.Inception().state_dict().items():
        base, _, kind = name.rpartition(".")
        if base == "fc":
            made[name] = 0.02 * torch.randn(tensor.shape, generator=draw)
        elif kind == "weight":
            made[f"{base}.conv.weight"] = torch.randn(tensor.shape, generator=draw) * (2 / tensor[0].numel()) ** 0.5
            for part, middle in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
                made[f"{base}.bn.{part}"] = middle + 0.1 * torch.randn(len(tensor), generator=draw).clamp(-3, 3)
            made[f"{base}.bn.num_batches_tracked"] = torch.tensor(0)
    return made


def plain(weights: Mapping[str, Tensor]) -> Way:
    """The network with each convolution, batch norm and ReLU by itself, channels first."""
    network = inception.Inception()
    for name, unit in list(network.named_modules()):
        if isinstance(unit, inception.Unit):
            its: Any = unit
            apart = nn.Conv2d(its.in_channels, its.out_channels, its.kernel_size, its.stride, its.padding, bias=False)
            norm = nn.BatchNorm2d(unit.out_channels, eps=1e-3)
            apart.weight.data = weights[f"{name}.conv.weight"]
            norm.load_state_dict({key: weights[f"{name}.bn.{key}"] for key in norm.state_dict()})
            network.set_submodule(name, nn.Sequential(apart, norm, nn.ReLU(inplace=True)))
    network.eval()

    def run(images: Bytes) -> np.ndarray:
        with torch.inference_mode():
            values: np.ndarray = network(resized(images, "tensorflow", inception.SIDE)).numpy()
            return values

    return run


def torch_fidelity(weights: Mapping[str, Tensor]) -> Way:
    """That library's own network with the same weights."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.pth"
        torch.save(dict(weights), path)
        network = FeatureExtractorInceptionV3("reference", ["2048"], feature_extractor_weights_path=str(path))

    def run(images: Bytes) -> np.ndarray:
        with torch.inference_mode():
            values: np.ndarray = network(torch.from_numpy(images))[0].numpy()
            return values

    return run


def main() -> None:
    """Times the ways in turn and prints a table, then what bfloat16 does to a distance."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--weights", type=Path, help="the published file; without it the network is random")
    parser.add_argument("--images", type=int, default=64, help="images in a run, in batches of 32")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each way; the median counts")
    parser.add_argument("--reference", choices=("plain", "torch-fidelity"), default="plain")
    asked = parser.parse_args()
    weights = load_weights(inception.PUBLISHED, asked.weights) if asked.weights else random_weights()
    reference = plain(weights) if asked.reference == "plain" else torch_fidelity(weights)
    exact, fast = Inception(weights), Inception(weights, precision="bfloat16")
    ways: dict[str, Way] = {asked.reference: reference, "float32": exact.batch, "bfloat16": fast.batch}
    draw = np.random.default_rng(0)
    small = draw.integers(0, 256, (2 * asked.images, 3, 8, 8)).astype(np.uint8)
    images = small.repeat(8, axis=2).repeat(8, axis=3)  # 64 x 64, blocks of colour
    images[asked.images :] = images[asked.images :] // 2 + 64  # the second set has less contrast
    rates: dict[str, list[float]] = {name: [] for name in ways}
    made: dict[str, np.ndarray] = {}
    for turn in range(asked.rounds + 1):
        for name, way in ways.items():
            started = time.perf_counter()
            first = [way(images[i : i + 32]) for i in range(0, asked.images, 32)]
            if turn:  # the first turn warms up
                rates[name].append(asked.images / (time.perf_counter() - started))
            made[name] = np.concatenate(first)
    base = statistics.median(rates[asked.reference])
    size = np.linalg.norm(made[asked.reference])
    print(f"{torch.get_num_threads()} threads, batches of 32 of 64 x 64, median of {asked.rounds} turns")
    print(f"{'way':<16}{'images/s':>10}{'ratio':>8}{'relative difference':>22}")
    for name, rate in rates.items():
        apart = np.linalg.norm(made[name] - made[asked.reference]) / size
        print(f"{name:<16}{statistics.median(rate):>10.1f}{statistics.median(rate) / base:>8.2f}{apart:>22.1e}")
    for name in ("float32", "bfloat16"):
        second = [ways[name](images[i : i + 32]) for i in range(asked.images, len(images), 32)]
        distance = frechet_distance(gaussian(made[name]), gaussian(np.concatenate(second)))
        print(f"Fréchet distance of two sets of {asked.images} in {name}: {distance:.4f}")


if __name__ == "__main__":
    main()

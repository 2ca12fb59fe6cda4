"""Arrays made from a formula, the same on every machine; reference libraries gave the figures that the tests quote."""

import numpy as np
import torch

from saddlepoint.keyed import hashed_uniform


def made_features(n: int, d: int, name: str, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """Nearly normal numbers (the sum of four uniform ones), neighbours a little correlated.  [n, d] float32"""
    draws = hashed_uniform(np.arange(4 * n * d), "features", name).reshape(4, n, d).sum(0) * np.sqrt(3) - 2 * np.sqrt(3)
    mixed = draws + 0.5 * np.roll(draws, 1, axis=1)
    return (mixed * scale + shift).astype(np.float32)


def made_images(n: int, channels: int, height: int, width: int, name: str) -> np.ndarray:
    """Waves of several lengths, different in each image and channel.  [n, channels, height, width] uint8"""
    y, x = np.mgrid[:height, :width]
    draw = hashed_uniform(np.arange(n * channels * 5), "images", name).reshape(n, channels, 5, 1, 1)
    waves = np.sin(x * (0.05 + 0.4 * draw[:, :, 0]) + 6 * draw[:, :, 1]) + np.sin(
        y * (0.05 + 0.4 * draw[:, :, 2]) + x * 0.3 * draw[:, :, 3] + 6 * draw[:, :, 4]
    )
    return np.rint(127.5 + 60 * waves).clip(0, 255).astype(np.uint8)


def noisy(images: np.ndarray, most: int) -> np.ndarray:
    """The images with noise of up to `most` levels either way.  uint8"""
    noise = hashed_uniform(np.arange(images.size), "noise").reshape(images.shape) * (2 * most + 1) - most - 0.5
    return np.rint(images + noise).clip(0, 255).astype(np.uint8)


def made_weights(shapes: dict[str, tuple[int, ...]], seed: int) -> dict[str, torch.Tensor]:
    """Random tensors by name: kernels keep the size of what passes, batch norms stay near the identity."""
    draw = torch.Generator().manual_seed(seed)
    made = {}
    for name, shape in shapes.items():
        noise = torch.randn(shape, generator=draw)
        if name.endswith(("running_var", "bn.weight")):
            made[name] = 1 + 0.1 * noise.clamp(-3, 3)
        elif len(shape) > 1:
            made[name] = noise * (2 / np.prod(shape[1:])) ** 0.5
        else:
            made[name] = 0.1 * noise
    return made


def published_layout(network: torch.nn.Module) -> dict[str, tuple[int, ...]]:
    """Shapes of the published Inception file: each convolution of the folded network with the batch norm it had."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, tensor in network.state_dict().items():
        base, _, part = name.rpartition(".")
        if base == "fc":
            shapes[name] = tuple(tensor.shape)
        elif part == "weight":
            shapes[f"{base}.conv.weight"] = tuple(tensor.shape)
            for kept in ("weight", "bias", "running_mean", "running_var"):
                shapes[f"{base}.bn.{kept}"] = (len(tensor),)
    return shapes

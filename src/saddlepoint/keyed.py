"""Keyed randomness: every random number is a function of a written key, never of what was drawn before.

So a run that is interrupted, a run on more ranks and a run with one more hook in it draw the same numbers.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

_ROWS = 64  # rows drawn under one key by `normal_rows`; part of the meaning of a seed, so never to be changed


def key(*parts: object) -> int:
    """A 63-bit integer from any printable parts, the same on every machine: `key(seed, "order", epoch)`."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def generator(*parts: object, device: str | torch.device = "cpu") -> torch.Generator:
    """A torch generator on `device` whose stream depends on `parts` alone."""
    import torch

    return torch.Generator(device=device).manual_seed(key(*parts))


def numpy_generator(*parts: object) -> np.random.Generator:
    """A numpy generator whose stream depends on `parts` alone."""
    return np.random.Generator(np.random.Philox(key=key(*parts)))


def normal_rows(n: int, width: int, seed: int, *, uniform: bool = False, first: int = 0) -> torch.Tensor:
    """`n` latents of `width` numbers on the CPU, float32, where row i depends on (seed, i, width) alone.

    N(0, 1), or U[-1, 1) with `uniform`. first: the row to begin with; those before it cost nothing.  [n, width]
    """
    import torch

    blocks = []
    begin = first // _ROWS
    for block in range(begin, -(-(first + n) // _ROWS)):
        stream = generator(seed, "latent", block)
        shape = (_ROWS, width)
        blocks.append(torch.rand(shape, generator=stream) * 2 - 1 if uniform else torch.randn(shape, generator=stream))
    skipped = first - begin * _ROWS
    return torch.cat(blocks)[skipped : skipped + n] if n else torch.empty(0, width)


def hashed_uniform(index: np.ndarray, *parts: object) -> np.ndarray:
    """One number in [0, 1) for each integer of `index`, a function of (parts, index): for flips and crops.

    index: integers, any shape. Returns float64 of that shape. (splitmix64 over the index, offset by the key.)
    """
    with np.errstate(over="ignore"):
        z = index.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(key(*parts))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    result: np.ndarray = (z >> np.uint64(11)) * (1.0 / (1 << 53))
    return result

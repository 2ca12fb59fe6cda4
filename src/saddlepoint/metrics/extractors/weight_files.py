"""Weight files that a user names: which of them holds the weights of which published network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from saddlepoint.nn.backbones.weights import WeightFile


def named(published: WeightFile, paths: Sequence[Path]) -> Path | None:
    """The given file with a published file's name, here or at its publisher, in a given folder or by itself.

    None where there is none, so that the cache and the network are asked.
    """
    names = (published.name, published.url.rsplit("/", 1)[-1])
    files = [path / name for path in paths if path.is_dir() for name in names]
    files += [path for path in paths if path.name in names]
    return next((path for path in files if path.is_file()), None)


def of_any_name(published: WeightFile, paths: Sequence[Path], others: Sequence[WeightFile]) -> Path | None:
    """The same, or else the only given file that is named as none of `others`: a user's own copy of the weights."""
    own = [path for path in paths if not path.is_dir() and all(named(other, [path]) is None for other in others)]
    return named(published, paths) or (own[0] if len(own) == 1 else None)

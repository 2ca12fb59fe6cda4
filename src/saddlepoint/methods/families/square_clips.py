"""Clips of square frames that can be halved to 4 pixels: what the games of clips ask of their data."""

from __future__ import annotations

from saddlepoint.data.batches import ClipBatch, DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.clip import Clip


def square_clip(data: DataSpec, name: str) -> Clip:
    """The measures of the clips. Raises ConfigError for what is none, or has sides that do not halve to 4."""
    clip = data.main
    if not isinstance(clip, Clip):
        raise ConfigError(f"{name} makes clips; the data has {clip}. {ClipBatch.given_by}")
    side = clip.height
    if side != clip.width or side < 16 or side & (side - 1):
        mend = max(16, 1 << (min(side, clip.width).bit_length() - 1))
        raise ConfigError(
            f"{name} halves and doubles square frames of 16, 32, 64 pixels and so on, not {clip.width}x{side}: use"
            f" --resolution {mend}."
        )
    return clip

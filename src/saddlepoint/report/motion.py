"""Moving pictures: a GIF by Pillow, or an MP4 (H.264) by PyAV, of frames that come one after another."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from saddlepoint.errors import ConfigError
from saddlepoint.kinds.moving import av_library, gif, mp4
from saddlepoint.storage.whole import replace

__all__ = ["MOVING", "check_motion", "gif", "save_motion"]

MOVING = (".gif", ".mp4")


def save_motion(frames: Iterable[Image.Image], path: Path, rate: int, caption: str = "") -> None:
    """Write frames of one size as what the path's ending says: .gif, which repeats for ever, or .mp4.

    rate: frames a second, 1 to 60. A GIF counts in hundredths of a second, so its rate is the nearest such: 50, 33, 25,
    20 and so on. An MP4 needs even sides, so an odd one is widened by its last row or column. caption: kept as the
    file's comment. The file is written in one piece.
    Raises ConfigError for another ending or rate, DataError for no frames, MissingExtra without PyAV, RunError when it
    cannot be written.
    """
    check_motion(path, rate)
    content = (gif if path.suffix.lower() == ".gif" else mp4)(frames, rate, caption)
    replace(path, content)


def check_motion(path: Path, rate: int) -> None:
    """What `save_motion` would refuse before any frame is made. Raises ConfigError or MissingExtra."""
    if path.suffix.lower() not in MOVING:
        raise ConfigError(f"{path.name} cannot be written: the name of a moving picture must end with .gif or .mp4.")
    if not 1 <= rate <= 60:
        raise ConfigError(f"the rate cannot be {rate}: 1 to 60 frames a second are shown.")
    if path.suffix.lower() == ".mp4":
        av_library()

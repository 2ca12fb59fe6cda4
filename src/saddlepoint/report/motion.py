"""Moving pictures: a GIF by Pillow, or an MP4 (H.264) by PyAV, of frames that come one after another."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from saddlepoint.errors import ConfigError, DataError, MissingExtra
from saddlepoint.storage.whole import replace

MOVING = (".gif", ".mp4")
_QUALITY = "18"  # libx264's constant rate factor: to the eye as good as the frames


def save_motion(frames: Iterable[Image.Image], path: Path, rate: int, caption: str = "") -> None:
    """Write frames of one size as what the path's ending says: .gif, which repeats for ever, or .mp4.

    rate: frames a second, 1 to 60. A GIF counts in hundredths of a second, so its rate is the nearest such: 50, 33, 25,
    20 and so on. An MP4 needs even sides, so an odd one is widened by its last row or column. caption: kept as the
    file's comment. The file is written in one piece.
    Raises ConfigError for another ending or rate, DataError for no frames, MissingExtra without PyAV, RunError when it
    cannot be written.
    """
    check_motion(path, rate)
    content = (gif if path.suffix.lower() == ".gif" else _mp4)(frames, rate, caption)
    replace(path, content)


def check_motion(path: Path, rate: int) -> None:
    """What `save_motion` would refuse before any frame is made. Raises ConfigError or MissingExtra."""
    if path.suffix.lower() not in MOVING:
        raise ConfigError(f"{path.name} cannot be written: the name of a moving picture must end with .gif or .mp4.")
    if not 1 <= rate <= 60:
        raise ConfigError(f"the rate cannot be {rate}: 1 to 60 frames a second are shown.")
    if path.suffix.lower() == ".mp4":
        _av()


def gif(frames: Iterable[Image.Image], rate: int, caption: str = "") -> bytes:
    """The bytes of a GIF of frames of one size, as `save_motion` writes it. Raises DataError for no frames."""
    waiting = iter(frames)
    first = _first(next(waiting, None))
    content = io.BytesIO()
    first.save(
        content,
        "GIF",
        save_all=True,
        append_images=(frame.convert("RGB") for frame in waiting),
        duration=10 * max(2, round(100 / rate)),
        loop=0,
        comment=caption.encode(),
    )
    return content.getvalue()


def _mp4(frames: Iterable[Image.Image], rate: int, caption: str) -> bytes:
    av = _av()
    waiting = iter(frames)
    frame: Image.Image | None = _first(next(waiting, None))
    assert frame is not None
    content = io.BytesIO()
    with av.open(content, "w", format="mp4") as container:
        container.metadata["comment"] = caption
        stream = container.add_stream("libx264" if "libx264" in av.codecs_available else "mpeg4", rate=rate)
        stream.width, stream.height = (side + side % 2 for side in frame.size)
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": _QUALITY}
        while frame is not None:
            array = np.asarray(frame)
            array = np.pad(array, ((0, array.shape[0] % 2), (0, array.shape[1] % 2), (0, 0)), mode="edge")
            container.mux(stream.encode(av.VideoFrame.from_ndarray(array, format="rgb24")))
            following = next(waiting, None)
            frame = None if following is None else following.convert("RGB")
        container.mux(stream.encode())
    return content.getvalue()


def _first(frame: Image.Image | None) -> Image.Image:
    if frame is None:
        raise DataError("a moving picture needs a frame, and there is none.")
    return frame.convert("RGB")


def _av() -> Any:
    try:
        import av
    except ImportError as error:
        raise MissingExtra(
            "an MP4 is written by PyAV, which is not installed: pip install 'saddlepoint[video]', or write a .gif."
        ) from error
    return av

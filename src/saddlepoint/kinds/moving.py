"""Moving pictures as bytes: a GIF by Pillow, or an MP4 (H.264) by PyAV, of frames that come one after another."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
from PIL import Image, ImageSequence

from saddlepoint.errors import ConfigError, DataError, MissingExtra

_QUALITY = "18"  # libx264's constant rate factor: to the eye as good as the frames


def gif(frames: Iterable[Image.Image], rate: float, caption: str = "") -> bytes:
    """The bytes of a GIF of frames of one size, which repeats for ever. Raises DataError for no frames.

    rate: frames a second. A GIF counts in hundredths of a second, so its rate is the nearest such: 50, 33, 25, 20 and
    so on. caption: kept as the file's comment.
    """
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


def mp4(frames: Iterable[Image.Image], rate: int, caption: str = "") -> bytes:
    """The bytes of an MP4 of frames of one size; an odd side is widened by its last row or column.

    Raises DataError for no frames, MissingExtra without PyAV.
    """
    av = av_library()
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


def first_frames(path: str, most: int) -> list[Image.Image]:
    """At most so many frames from the beginning of a GIF, or of a film that PyAV reads, such as an MP4; one or more.

    Raises ConfigError for a file that is neither, MissingExtra for a film without PyAV.
    """
    wrong = f"{path} cannot be read as a moving picture: give the path of a GIF or MP4."
    frames: list[Image.Image]
    try:
        if path.lower().endswith((".gif", ".png", ".webp")):
            with Image.open(path) as opened:
                frames = [frame.copy() for frame in itertools.islice(ImageSequence.Iterator(opened), most)]
        else:
            frames = _film(path, most, wrong)
    except (OSError, ValueError, SyntaxError, IndexError, Image.DecompressionBombError) as error:
        raise ConfigError(wrong) from error
    if not frames:
        raise ConfigError(wrong)
    return frames


def _film(path: str, most: int, wrong: str) -> list[Image.Image]:
    av = av_library()
    try:
        with av.open(path) as container:
            return [frame.to_image() for frame in itertools.islice(container.decode(video=0), most)]
    except av.FFmpegError as error:
        raise ConfigError(wrong) from error


def _first(frame: Image.Image | None) -> Image.Image:
    if frame is None:
        raise DataError("a moving picture needs a frame, and there is none.")
    return frame.convert("RGB")


def av_library() -> Any:
    """PyAV. Raises MissingExtra where it is not installed."""
    try:
        import av
    except ImportError as error:
        raise MissingExtra(
            "an MP4 needs PyAV, which is not installed: pip install 'saddlepoint[video]', or write a .gif."
        ) from error
    return av

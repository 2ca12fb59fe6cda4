"""Clips from films (.mp4 and others through PyAV, .gif through Pillow) and from folders of frames; in windows."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, final

import numpy as np
from PIL import Image, ImageSequence

from saddlepoint.data.pack import Say
from saddlepoint.data.pack_rows import Account, Cuttings, Rows, why
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.decode import MOST_PIXELS, decode
from saddlepoint.data.sources.fit import fitted_to, natural_side
from saddlepoint.data.sources.names import in_order
from saddlepoint.data.sources.numpy_files import UnusableFile
from saddlepoint.data.sources.pictures import FilePictures, as_pixels
from saddlepoint.data.sources.reader import in_channels
from saddlepoint.data.sources.remarks import Remark, sentences
from saddlepoint.data.sources.tree import Tree
from saddlepoint.errors import DataError
from saddlepoint.kinds.clip import Clip
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.moving import av_library
from saddlepoint.text import counted

FILMS = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".gif")
WINDOW = 16
_MOST_FILE = 2**31
_ALIKE = 3
"""grey levels that the channels of a frame may differ by and be grey"""


@dataclass(frozen=True)
class _Head:
    """What the first frame of a film says. rate: frames a second, 0 where it does not say."""

    width: int
    height: int
    grey: bool
    rate: float


@final
class Films(Cuttings):
    """Films, or folders of frames, of which clips are cut one after another.

    tree: holds them. frames: of each folder of frames the names in order; None for films.
    """

    thing = "film"

    def __init__(
        self, held: FilePictures, tree: Tree, frames: Sequence[Sequence[str]] | None, settings: DataSettings
    ) -> None:
        self.held, self._tree, self._frames, self._settings = held, tree, frames, settings
        self._length = settings.window or WINDOW
        self._kind: Clip | None = None

    @property
    def form(self) -> str:
        """See Cuttings."""
        settings = self._settings
        return f"clips {self._length} {settings.resolution} {settings.resize} {settings.channels}"

    def kinds(self) -> Mapping[str, Kind]:
        """A clip."""
        assert self._kind is not None
        return {"clip": self._kind}

    def look(self, index: int) -> _Head:
        """The first frame of a film."""
        for image, rate in self._pictures(index):
            pixels = np.asarray(image.convert("RGB"), np.int16)
            grey = image.mode == "L" or bool((pixels.max(2) - pixels.min(2) <= _ALIKE).all())
            return _Head(image.width, image.height, grey, rate)
        raise UnusableFile("holds no frame")

    def rows(self, account: Account, say: Say) -> Iterator[tuple[int | None, Rows]]:
        """Looks at the first frame of every film, then decodes each once, a clip at a time."""
        heads: dict[int, _Head] = dict(self.each(account, say, "looking at"))
        if not heads:
            return
        sizes = Counter((head.width, head.height) for head in heads.values())
        settings = self._settings
        if settings.size is None and len(sizes) > 1:
            shown = ", ".join(f"{width}x{height}" for (width, height), _ in sizes.most_common(3))
            raise DataError(
                f"the films of {self.held.source} differ in size ({shown}{', ...' if len(sizes) > 3 else ''}): say"
                " --resolution N to bring them all to N pixels."
            )
        size = settings.size or (natural_side(*next(iter(sizes)), settings.resize),) * 2
        channels = settings.channels or (1 if all(head.grey for head in heads.values()) else 3)
        rate = Counter(round(head.rate, 3) for head in heads.values()).most_common(1)[0][0]
        self._kind = Clip(self._length, channels, size[1], size[0], rate)
        remarks, short = Counter[Remark](), 0
        for index in heads:
            clips = 0
            try:
                for clip, clip_remarks in self._clips(index, size, channels):
                    clips += 1
                    remarks.update(clip_remarks)
                    yield index, {"clip": clip[None]}
            except DataError as error:
                account.skipped.append((self.held.name(index), _after(clips, why(error))))
            except Exception as error:  # whatever is wrong with one film concerns that film alone
                account.skipped.append((self.held.name(index), _after(clips, f"could not be decoded: {why(error)}")))
            else:
                if not clips:
                    account.skipped.append((self.held.name(index), f"has fewer than {self._length} frames"))
                short += bool(clips)
        account.notes += [text.replace("image", "clip", 1) for text in sentences(remarks)]
        length = f"clips of {self._length} frames; what is left at the end of each is left out"
        account.notes.append(f"{counted(short, 'film')} cut into {length}")

    def _clips(self, index: int, size: tuple[int, int], channels: int) -> Iterator[tuple[np.ndarray, set[Remark]]]:
        """Clips [T, C, H, W] of bytes, one after another, and what was done to their frames."""
        frames: list[np.ndarray] = []
        remarks: set[Remark] = set()
        for image, _ in self._pictures(index):
            shown, changed = in_channels(image, channels)
            fitted, moved = fitted_to(shown, size, self._settings.resize)
            frames.append(as_pixels(fitted))
            remarks |= moved if self._settings.channels is None else changed | moved
            if len(frames) == self._length:
                yield np.stack(frames), remarks
                frames, remarks = [], set()

    def _pictures(self, index: int) -> Iterator[tuple[Image.Image, float]]:
        """Frames as mode "L" or "RGB", with the frames a second."""
        name = self.held.name(index)
        if self._frames is not None:
            for frame in self._frames[index]:
                with self._tree.opened(frame) as stream:
                    yield decode(stream)[0], 0.0
            return
        if self._tree.size(name) > _MOST_FILE:
            raise UnusableFile(f"has {self._tree.size(name) // 2**20:,} MB, more than {_MOST_FILE // 2**20:,}")
        with self.held.stream(index) as stream:
            yield from _of_file(name, stream)


def film_frames(path: Path) -> Iterator[tuple[Image.Image, float]]:
    """The frames of a film as mode "L" or "RGB", one decoded at a time, each with the frames a second of all.

    Raises UnusableFile for what is no film, MissingExtra without PyAV.
    """
    with path.open("rb") as stream:
        yield from _of_file(path.name, stream)


def is_film(path: Path) -> bool:
    """Whether a path ends like that of a moving picture; a GIF may be a still one."""
    return path.suffix.lower() in FILMS


def _of_file(name: str, stream: BinaryIO) -> Iterator[tuple[Image.Image, float]]:
    return _of_gif(stream) if PurePosixPath(name).suffix.lower() == ".gif" else _of_film(stream)


def _after(clips: int, words: str) -> str:
    return f"{words}, after {counted(clips, 'clip')}" if clips else words


def _of_gif(stream: BinaryIO) -> Iterator[tuple[Image.Image, float]]:
    try:
        opened = Image.open(stream, formats=("GIF",))
    except Image.DecompressionBombError as error:
        raise UnusableFile(f"has frames of more than {MOST_PIXELS // 1_000_000} megapixels") from error
    except Exception as error:  # a malformed file makes Pillow raise nearly anything
        raise UnusableFile("is not a GIF") from error
    if opened.width * opened.height > MOST_PIXELS:
        raise UnusableFile(f"has frames of more than {MOST_PIXELS // 1_000_000} megapixels")
    with opened:
        rate = 1000 / (opened.info.get("duration") or 100)
        for frame in ImageSequence.Iterator(opened):
            yield frame.convert("RGB"), rate


def _of_film(stream: BinaryIO) -> Iterator[tuple[Image.Image, float]]:
    av: Any = av_library()
    content = stream if stream.seekable() else io.BytesIO(stream.read(_MOST_FILE))
    try:
        container = av.open(content, "r")
    except (av.FFmpegError, ValueError, OSError) as error:
        raise UnusableFile("is no film that can be read") from error
    with container:
        if not container.streams.video:
            raise UnusableFile("holds no pictures")
        video = container.streams.video[0]
        if video.codec_context.width * video.codec_context.height > MOST_PIXELS:
            raise UnusableFile(f"has frames of more than {MOST_PIXELS // 1_000_000} megapixels")
        rate = float(video.average_rate or 0)
        try:
            for frame in container.decode(video):
                yield frame.to_image(), rate
        except (av.FFmpegError, ValueError) as error:
            raise UnusableFile(f"is damaged: {getattr(error, 'strerror', None) or error}") from error


def folders_of_frames(images: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Folders that hold images, in order, each with its images in order of the numbers in their names."""
    groups: dict[str, list[str]] = {}
    for name in images:
        groups.setdefault(name.rpartition("/")[0], []).append(name)
    return [(folder or ".", in_order(groups[folder])) for folder in in_order(groups)]

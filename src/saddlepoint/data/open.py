"""Opening data: a word, a path or an address becomes a data set of one shape."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from saddlepoint.config import nearest
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.pack import pack
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.archive import zip_pictures
from saddlepoint.data.sources.cifar import cifar_pictures, find_cifar, is_cifar
from saddlepoint.data.sources.folder import folder_pictures
from saddlepoint.data.sources.hub import hub_pictures
from saddlepoint.data.sources.idx import find_idx, idx_pictures, is_idx
from saddlepoint.data.sources.named import NAMED, digits_pictures, named_pictures
from saddlepoint.data.sources.pictures import Pictures
from saddlepoint.data.sources.world import WORLDS, world_dataset
from saddlepoint.errors import ConfigError, DataError

_WORDS = ("digits", *NAMED, *(f"world:{name}" for name in WORLDS))


def open_data(settings: DataSettings, *, say: Callable[[str], None] = lambda text: None) -> Dataset:
    """The images that `settings.data` names, brought to one shape, with notes on what was done to them.

    A word comes before a path: a folder that is called like a word is opened as ./digits.
    say: is told in a sentence, at most once a second, how far a long work is.
    Raises ConfigError for a word or path that is not there (with the nearest right one) or settings that do not go
    together; DataError, and OfflineError of its kind, for images that cannot be used or had.
    """
    word = settings.data
    if settings.data_path is not None and word not in NAMED:
        raise ConfigError(f"--data-path goes with {', '.join(NAMED)}; {word} does not need it.")
    if word.startswith("world:"):
        return world_dataset(settings, say)
    if word == "digits":
        return pack(digits_pictures(), settings, say)
    if word in NAMED:
        return pack(named_pictures(word, settings.data_path, settings.cache, say), settings, say)
    if word.startswith("hub:"):
        return pack(hub_pictures(word), settings, say)
    try:
        pictures = _at_path(Path(word).expanduser(), word)
    except OSError as error:
        raise DataError(f"{word} cannot be read: {error.strerror or error}.") from error
    return pack(pictures, settings, say)


def _at_path(path: Path, source: str) -> Pictures:
    if not source or not path.exists():
        beside = os.listdir(path.parent) if path.parent.is_dir() else []
        near = nearest(source, _WORDS) or nearest(path.name, beside)
        raise ConfigError(
            f"nothing is called {source!r}{near or '.'} Give a folder, a zip, or one of: {', '.join(_WORDS)}."
        )
    if path.is_dir():
        return _in_folder(path, source)
    if path.suffix.lower() == ".zip":
        return zip_pictures(path, source)
    if is_cifar(path):
        return cifar_pictures(path, source)
    if is_idx(path):
        return idx_pictures(path, source)
    raise DataError(f"{source} is no folder, zip, IDX file or CIFAR-10 batch: give the folder that holds the images.")


def _in_folder(path: Path, source: str) -> Pictures:
    idx = find_idx(path, levels=1)
    if idx is not None:
        return idx_pictures(idx, source)
    cifar = find_cifar(path)
    return cifar_pictures(cifar, source) if cifar is not None else folder_pictures(path, source)

"""Opening texts, series and clips: a file, a folder or a zip, of which examples of one length are cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.pack_rows import Cuttings, pack_rows
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources import films, series_files, texts
from saddlepoint.data.sources.archive import zip_tree
from saddlepoint.data.sources.folder import file_tree, folder_tree
from saddlepoint.data.sources.layout import folder_classes, training_part
from saddlepoint.data.sources.names import in_order, is_image, of_system
from saddlepoint.data.sources.pictures import FilePictures
from saddlepoint.data.sources.tree import Tree
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.storage.home import expanded
from saddlepoint.text import counted

ENDINGS = {
    "text": texts.ENDINGS,
    "lines": texts.ENDINGS,
    "textpairs": texts.TABLES,
    "series": series_files.ENDINGS,
    "clips": films.FILMS,
}
"""the words, and the endings of their files"""
_TEXTS = ("text", "lines", "textpairs")


def open_cut(kind: str, rest: str, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
    """The data set that `settings.data` names, as KIND:PATH. Errors as in `open_data`."""
    word = settings.data
    _check(kind, settings)
    path = expanded(rest)
    try:
        if path.suffix.lower() == ".zip" and path.is_file():
            tree = zip_tree(path, word)
        elif path.is_dir():
            tree = folder_tree(path, word)
        elif path.is_file():
            tree = file_tree(path, word)
        else:
            raise ConfigError(f"nothing is called {str(path)!r}: {word} must name a file, a folder or a zip.")
        return pack_rows(_cuttings(kind, tree, settings), settings.cache, say)
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else str(error)
        raise DataError(f"{word} cannot be read: {words or error}.") from error


def _check(kind: str, settings: DataSettings) -> None:
    if kind != "clips" and (settings.resolution is not None or settings.channels is not None):
        raise ConfigError(f"{settings.data} holds {kind}, not images: leave out --resolution and --channels.")
    if settings.window is not None and settings.window > texts.MOST_LENGTH and kind in _TEXTS:
        raise ConfigError(f"window cannot be {settings.window:,}: texts have at most {texts.MOST_LENGTH:,} pieces.")
    if kind not in _TEXTS and (settings.tokens != "characters" or settings.vocabulary is not None):
        raise ConfigError(f"{settings.data} holds no text: leave out --tokens and --vocabulary.")


def _cuttings(kind: str, tree: Tree, settings: DataSettings) -> Cuttings:
    endings = ENDINGS[kind]
    names = sorted(name for name in tree.names if name.lower().endswith(endings) and not of_system(name))
    frames: dict[str, list[str]] | None = None
    if kind == "clips" and not names:
        frames = dict(films.folders_of_frames([name for name in tree.names if is_image(name)]))
        names = list(frames)
    if not names:
        known = ", ".join(ending[1:] for ending in endings)
        more = ", or folders of frames" if kind == "clips" else ""
        raise DataError(f"{tree.source} holds no file of a kind that is read ({known}{more}).")
    held = _held(tree, names, classes=kind not in _TEXTS)
    if kind in _TEXTS:
        sizes = {name: tree.size(name) for name in held.names}
        return texts.Texts(held, sizes, cast(texts.Form, kind), settings.window, settings.tokens, settings.vocabulary)
    if kind == "series":
        return series_files.SeriesFiles(held, {name: tree.size(name) for name in held.names}, settings.window)
    if frames is None:
        return films.Films(held, tree, None, settings)
    chosen = [frames[name] for name in held.names]
    held = replace(held, listing=tree.stamp([frame for each in chosen for frame in each]))
    return films.Films(held, tree, chosen, settings)


def _held(tree: Tree, names: list[str], *, classes: bool) -> FilePictures:
    """The files of the training part, with the classes of their folders where there may be some."""
    notes = list(tree.notes)
    training = training_part(names, tree.source, notes)
    labels, known = None, tuple[str, ...]()
    if classes:
        labels, known = folder_classes(training, tree.source, tree.folders, notes)
    files = set(tree.names)
    left = len(files - {*names})
    if left and names[0] in files:
        notes.insert(0, f"{counted(left, 'other file')} left out")
    kept = in_order(training.names)
    if labels is not None:
        place = {name: number for number, name in enumerate(training.names)}
        labels = labels[[place[name] for name in kept]]
    return FilePictures(
        source=tree.source,
        listing=tree.stamp([name for name in kept if name in files]),
        labels=labels,
        classes=known,
        notes=tuple(notes),
        skipped=tree.skipped,
        names=kept,
        stream=lambda index: tree.opened(kept[index]),
    )

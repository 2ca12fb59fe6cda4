"""Opening data: a word, a path or an address becomes a data set of one shape."""

from __future__ import annotations

import csv
import os
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from saddlepoint.config import from_json, nearest, to_json
from saddlepoint.data import degrade
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.open_cut import ENDINGS as _CUT
from saddlepoint.data.open_cut import open_cut
from saddlepoint.data.pack import pack
from saddlepoint.data.pack_arrays import pack_arrays
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources import arrays, parted, patches, shapes, surfaces, volumes
from saddlepoint.data.sources.archive import zip_pictures, zip_tree
from saddlepoint.data.sources.boxes import box_pictures
from saddlepoint.data.sources.captions import caption_pictures
from saddlepoint.data.sources.cifar import cifar_pictures, find_cifar, is_cifar
from saddlepoint.data.sources.files import pictures_of
from saddlepoint.data.sources.folder import folder_pictures, folder_tree
from saddlepoint.data.sources.hub import hub_pictures
from saddlepoint.data.sources.idx import find_idx, idx_pictures, is_idx
from saddlepoint.data.sources.many_scenes import joined
from saddlepoint.data.sources.named import NAMED, digits_pictures, named_pictures
from saddlepoint.data.sources.names import of_system
from saddlepoint.data.sources.paired import of_one_scene, same_names, side_by_side
from saddlepoint.data.sources.pictures import FilePictures, Pictures
from saddlepoint.data.sources.records import open_table
from saddlepoint.data.sources.scenes import scene_pictures
from saddlepoint.data.sources.shape_sets import published_set
from saddlepoint.data.sources.tree import Tree
from saddlepoint.data.sources.unpaired import domain_folders, two_domains
from saddlepoint.data.world import names as world_names
from saddlepoint.data.world import world
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.storage.home import expanded
from saddlepoint.text import counted

MOST_POINTS = 1_000_000
"""points of a shape"""
DISTANCES, MOST_DISTANCES = 32, 128
"""places a side at which signed distances are measured: usually, and at most"""
_WORDS = ("digits", *NAMED, *(f"world:{name}" for name in world_names()))


def open_data(
    settings: DataSettings | object, *, say: Callable[[str], None] = lambda text: None, **more: Any
) -> Dataset:
    """The images that `settings.data` names, brought to one shape, with notes on what was done to them.

    From Python shorter: `open_data("photos/", resolution=64)`, or an array, tensor or set in the place of the path.
    A word comes before a path: a folder that is called like a word is opened as ./digits.
    say: is told in a sentence, at most once a second, how far a long work is.
    Raises ConfigError for a word or path that is not there (with the nearest right one) or settings that do not go
    together; DataError, and OfflineError of its kind, for images that cannot be used or had.
    """
    if not isinstance(settings, DataSettings):
        cache = from_json(DataSettings, {name: more[name] for name in ("cache",) if name in more}).cache
        settings = from_json(DataSettings, {"data": arrays.word_of(settings, cache), **more})
    elif more:
        settings = from_json(DataSettings, {**to_json(settings), **more})
    degradation = degrade.split(settings.data)
    if degradation is not None:
        name, amount, rest = degradation
        return degrade.pairs(open_data(replace(settings, data=rest), say=say), name, amount, settings.data)
    cut = patches.split(settings.data)
    if cut is not None:
        side, rest = cut
        return patches.patch_data(open_pictures(replace(settings, data=rest), say=say), side, settings, say)
    if settings.data.startswith("world:"):
        return world(settings.data.removeprefix("world:")).dataset(_with_path_only_where_it_goes(settings), say)
    if settings.data.startswith(arrays.PREFIX):
        return _from_python(settings, say)
    kind, _, rest = settings.data.partition(":")
    if kind == "scenes" and rest:
        return _scenes(expanded(rest), settings, say)
    if kind == "table" and rest:
        return _table(rest, _with_path_only_where_it_goes(settings))
    if kind in _CUT and rest:
        return open_cut(kind, rest, _with_path_only_where_it_goes(settings), say)
    if kind in _SHAPES and rest:
        return _of_shapes(kind, rest, _with_path_only_where_it_goes(settings), say)
    return pack(open_pictures(settings, say=say), settings, say)


def anchored(settings: DataSettings) -> DataSettings:
    """The same settings with whole paths, which mean the same in any folder."""
    degradation = degrade.split(settings.data)
    if degradation is not None:
        whole = anchored(replace(settings, data=degradation[2]))
        return replace(whole, data=f"{settings.data.removesuffix(degradation[2])}{whole.data}")
    cut = patches.split(settings.data)
    if cut is not None:
        whole = anchored(replace(settings, data=cut[1]))
        return replace(whole, data=f"patches{cut[0]}:{whole.data}")
    kind, mark, rest = settings.data.partition(":")
    if kind in (*_FORMS, *_SHAPES, *_CUT, "scene", "scenes", *_DESCRIBED, "table") and rest:
        paths = [str(expanded(path).absolute()) for path in places(rest, settings.data)]
        if any("," in path for path in paths) and len(paths) > 1:
            paths = ['"' + path.replace('"', '""') + '"' for path in paths]
        word = f"{kind}{mark}{','.join(paths)}"
    elif settings.data in ("digits", *NAMED) or (kind in ("world", "hub", "array") and mark):
        word = settings.data
    else:
        word = str(expanded(settings.data).absolute())
    folders: dict[str, Any] = {
        name: expanded(path).absolute()
        for name in ("data_path", "cache")
        if (path := getattr(settings, name)) is not None
    }
    return replace(settings, data=word, **folders)


def _from_python(settings: DataSettings, say: Callable[[str], None]) -> Dataset:
    """What Python has handed over, brought to the size that is asked for where it is images."""
    dataset = arrays.stored(settings.data, settings.cache)
    pictures = arrays.pictures_of(dataset)
    if pictures is not None:
        return pack(pictures, settings, say)
    if settings.resolution is not None or settings.channels is not None:
        raise ConfigError(f"{settings.data} is used as it is: leave out --resolution and --channels.")
    return dataset


def of_pictures(settings: DataSettings) -> bool:
    """Whether `open_pictures` opens what `settings.data` names: neither made, degraded, cut up nor of another kind.

    Raises ConfigError for arrays from Python that are gone.
    """
    word = settings.data
    if degrade.split(word) is not None or patches.split(word) is not None:
        return False
    if word.startswith(arrays.PREFIX):
        return arrays.pictures_of(arrays.stored(word, settings.cache)) is not None
    kind, _, rest = word.partition(":")
    return not (rest and kind in ("world", *_NO_PICTURES))


def open_pictures(settings: DataSettings, *, say: Callable[[str], None] = lambda text: None) -> Pictures:
    """The images that `settings.data` names as they are, none of them decoded; refuses the made worlds.

    say and errors: as in `open_data`.
    """
    word = _with_path_only_where_it_goes(settings).data
    if word.startswith("world:"):
        raise ConfigError(f"{word} is a synthetic world and has no files to open.")
    if word.startswith(arrays.PREFIX):
        pictures = arrays.pictures_of(arrays.stored(word, settings.cache))
        if pictures is None:
            raise ConfigError(f"{word} holds data that are not images.")
        return pictures
    if word == "digits":
        return digits_pictures()
    if word in NAMED:
        return named_pictures(word, settings.data_path, settings.cache, say)
    if word.startswith("hub:"):
        return hub_pictures(word)
    kind, _, rest = word.partition(":")
    if kind in _FORMS and rest:
        return _of_two(kind, rest, word)
    if kind in _DESCRIBED and rest:
        return _described(kind, expanded(rest), word)
    if kind == "scene" and rest:
        return _scene(expanded(rest), word)
    if kind in _NO_PICTURES and rest:
        raise ConfigError(f"{word} holds {kind}, not images.")
    return _at_path(expanded(word), word)


def _of_two(kind: str, rest: str, word: str) -> Pictures:
    """Pairs or domains: `paired:`, `halves:`, `unpaired:` or `sensors:` with folders, for which zips may stand."""
    paths = places(rest, word)
    if kind == "sensors":
        return _of_sensors(paths, word)
    if len(paths) == 1 and kind != "halves" and (inside := domain_folders(expanded(paths[0]))):
        paths = [str(folder) for folder in inside]
    if len(paths) == 1:
        alone = _at_path(expanded(paths[0]), paths[0])
        if kind in ("paired", "halves"):
            return side_by_side(alone, word, any_shape=kind == "halves")
        if kind == "unpaired" and alone.labels is not None and len(alone.classes) == 2:
            return replace(alone, source=word)
    if len(paths) != 2 or kind == "halves":
        raise ConfigError(f"{word} must name {_FORMS[kind]}.")
    first, second = (_at_path(expanded(path), path) for path in paths)
    alike = [f"{word} names one place twice"] if os.path.samefile(*map(expanded, paths)) else []
    if kind == "unpaired":
        joined = two_domains(first, second, word)
        return replace(joined, notes=(*joined.notes, *alike))
    first = replace(first, notes=(*first.notes, *alike))
    fields = ("image", "mask") if kind == "masked" else ("source", "target")
    if not (isinstance(first, FilePictures) and isinstance(second, FilePictures)):
        raise DataError(f"{word} must name folders or zips of images: a pair has the same file name in both.")
    return same_names(first, second, word, fields)


def _of_sensors(paths: list[str], word: str) -> Pictures:
    """Several images of one scene as the source of another one of it, each kind in a folder or zip of its own."""
    if len(paths) < 3:
        raise ConfigError(f"{word} must name {_FORMS['sensors']}.")
    parts = [_at_path(expanded(path), path) for path in paths]
    held = tuple(part for part in parts if isinstance(part, FilePictures))
    if len(held) < len(parts):
        raise DataError(f"{word} must name folders or zips of images: images of one scene have the same file name.")
    return of_one_scene(held, word)


_FORMS = {
    "paired": "two folders, with a comma between: paired:FOLDER,FOLDER; or one of pairs side by side",
    "halves": "one folder: halves:FOLDER",
    "masked": "two folders, with a comma between: masked:FOLDER,FOLDER, of images and of masks with the same names",
    "sensors": "three folders or more, with commas between: sensors:OPTICAL,RADAR,TARGET; the last is what is made",
    "unpaired": "two folders, with a comma between: unpaired:FOLDER,FOLDER; or one that holds just two",
}
"""what stands behind each word"""


def places(text: str, word: str) -> list[str]:
    """The folders that a text parts by commas. A comma may be part of a name: what exists on disk decides, or quotes.

    Raises ConfigError where there are several ways to read it, or where quotes do not close.
    """
    if not text or _there(text):
        return [text]
    if '"' in text:
        try:
            return next(csv.reader([text], strict=True, skipinitialspace=True))
        except csv.Error as error:
            raise ConfigError(f"the quotes of {word} cannot be read ({error}): put each folder into a pair.") from error
    cells = text.split(",")
    ways = [(",".join(cells[:cut]), ",".join(cells[cut:])) for cut in range(1, len(cells))]
    existing = [way for way in ways if all(map(_there, way))]
    if len(existing) > 1:
        raise ConfigError(f'{word} can be read in several ways: put the folders into quotes, "FOLDER","FOLDER".')
    return list(existing[0]) if existing else cells


def _there(path: str) -> bool:
    try:
        return bool(path) and expanded(path).exists()
    except (OSError, ValueError):  # too long a name, a zero byte
        return False


_SHAPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "volumes": ("volume", volumes.ENDINGS),
    "clouds": ("cloud", shapes.ENDINGS),
    "meshes": ("cloud", shapes.MESHES),
    "parts": ("cloud", parted.ENDINGS),
    "surfaces": ("mesh", shapes.MESHES),
    "distances": ("distances", (*shapes.MESHES, ".npy", ".npz")),
}
"""what is no image: the field that it fills, and the endings of its files"""
_NO_PICTURES = (*_SHAPES, *_CUT, "scenes", "table")
"""words before files that are no pictures, or not one by one"""


def _of_shapes(kind: str, rest: str, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
    """A folder or zip of volumes, of clouds and meshes, of which points are drawn, or of meshes to measure."""
    side = settings.resolution or DISTANCES if kind == "distances" else None
    if side is not None and not (isinstance(side, int) and 8 <= side <= MOST_DISTANCES):
        raise ConfigError(f"{settings.data} is measured at 8 to {MOST_DISTANCES} places a side, not {side}.")
    if (settings.resolution is not None and side is None) or settings.channels is not None:
        raise ConfigError(f"{settings.data} holds {kind}, not images: leave out --resolution and --channels.")
    field, endings = _SHAPES[kind]
    if not 1 <= settings.shape_points <= MOST_POINTS:
        raise ConfigError(f"shape_points cannot be {settings.shape_points}: a shape has 1 to {MOST_POINTS:,}.")
    path = expanded(rest)
    try:
        tree = zip_tree(path, settings.data) if path.suffix.lower() == ".zip" else _folder_at(path, settings.data)
    except OSError as error:
        raise DataError(f"{settings.data} cannot be read: {error.strerror or error}.") from error
    files = published_set(tree, endings) or pictures_of(
        tree,
        lambda name: name.lower().endswith(endings) and not of_system(name),
        "file of a kind that is read",
        ", ".join(ending[1:] for ending in endings),
    )

    def read(index: int) -> np.ndarray:
        name = files.names[index]
        with files.stream(index) as stream:
            if side is not None:
                return shapes.read_distances(name, stream, tree.size(name), side)
            if kind == "volumes":
                return volumes.read_volume(name, stream, tree.size(name))
            if kind == "surfaces":
                return surfaces.read_table(name, stream, tree.size(name), surfaces.room(settings.mesh_faces))
            if kind == "parts":
                return parted.read_parted(name, stream, tree.size(name), settings.shape_points)
            return shapes.read_shape(name, stream, tree.size(name), settings.shape_points, faces=kind == "meshes")

    if field == "cloud":
        note = f"{counted(settings.shape_points, 'point')} drawn of each, centred, the longest side from -1 to 1"
        files = replace(files, notes=(*files.notes, note))
    if side is not None:
        note = f"signed distances at {side} places a side, each mesh centred, its longest side from -.9 to .9"
        files = replace(files, notes=(*files.notes, note))
    if kind == "surfaces":
        dataset = pack_arrays(files, read, field, f"surfaces {settings.mesh_faces}", settings.cache, say)
        return replace(dataset, kinds={"mesh": surfaces.room(settings.mesh_faces)})
    packed = pack_arrays(files, read, field, f"{kind} {side or settings.shape_points}", settings.cache, say)
    return parted.split(packed) if kind == "parts" else packed


def _table(rest: str, settings: DataSettings) -> Dataset:
    if settings.resolution is not None or settings.channels is not None:
        raise ConfigError(f"{settings.data} is a table, not images: leave out --resolution and --channels.")
    return open_table(expanded(rest), settings.data)


def _folder_at(path: Path, word: str) -> Tree:
    if not path.is_dir():
        raise ConfigError(f"there is no {str(path)!r}: {word} must name a folder or a zip.")
    return folder_tree(path, word)


def _described(kind: str, path: Path, word: str) -> Pictures:
    try:
        is_zip = path.suffix.lower() == ".zip" and path.is_file()
        return _DESCRIBED[kind](zip_tree(path, word) if is_zip else _folder_at(path, word))
    except OSError as error:
        raise DataError(f"{word} cannot be read: {error.strerror or error}.") from error


def _scenes(path: Path, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
    """The scenes of the folders in a folder, each as `scene:` reads one; what is none is left out and named."""
    if not path.is_dir():
        raise ConfigError(f"{settings.data}: there is no folder {path}.")
    scenes: list[Dataset] = []
    skipped: list[tuple[str, str]] = []
    for folder in sorted(place for place in path.iterdir() if place.is_dir() and not place.name.startswith(".")):
        try:
            scenes.append(open_data(replace(settings, data=f"scene:{folder}"), say=say))
        except DataError as error:
            skipped.append((folder.name, str(error)))
    return joined(scenes, settings.data, skipped)


_DESCRIBED: dict[str, Callable[[Tree], Pictures]] = {"boxes": box_pictures, "captions": caption_pictures}
"""what stands behind each word, for images of which something is said in files beside them"""


def _scene(path: Path, word: str) -> Pictures:
    described = path.suffix == ".json" and path.is_file()
    if not path.is_dir() and not described:
        raise ConfigError(
            f"there is no {str(path)!r}: {word} must name the folder of a scene, or one of its transforms_....json."
        )
    try:
        return scene_pictures(path.parent if described else path, word, path.name if described else None)
    except OSError as error:
        raise DataError(f"{word} cannot be read: {error.strerror or error}.") from error


def _with_path_only_where_it_goes(settings: DataSettings) -> DataSettings:
    if settings.data_path is not None and settings.data not in NAMED:
        raise ConfigError(
            f"--data-path goes with sets by name, such as mnist or celeba; {settings.data} does not need it."
        )
    return settings


def _at_path(path: Path, source: str) -> Pictures:
    try:
        return _of_its_kind(path, source)
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror or error}.") from error


def _of_its_kind(path: Path, source: str) -> Pictures:
    if not source or not path.exists():
        beside = os.listdir(path.parent) if path.parent.is_dir() else []
        near = min(nearest(source, _WORDS), nearest(path.name, beside), key=lambda text: text == ".")
        raise ConfigError(
            f"no data set, file or folder is called {source!r}{near} Give a folder, a zip, a name such as digits or"
            " mnist, or a made world such as world:shapes; docs/explain/data.md lists all."
        )
    if path.is_dir():
        return _in_folder(path, source)
    if path.suffix.lower() == ".zip":
        return zip_pictures(path, source)
    if is_cifar(path):
        return cifar_pictures(path, source)
    if is_idx(path):
        return idx_pictures(path, source)
    if zipfile.is_zipfile(path):
        return zip_pictures(path, source)
    mend = "unpack it, and give the folder" if tarfile.is_tarfile(path) else "give the folder that holds the images"
    raise DataError(f"{source} is no folder, zip, IDX file or CIFAR-10 batch: {mend}.")


def _in_folder(path: Path, source: str) -> Pictures:
    if (path / "run.json").is_file():
        raise DataError(f"{source} is the folder of a run, whose images are samples and figures: give those it learnt.")
    idx = find_idx(path, levels=1)
    if idx is not None:
        return idx_pictures(idx, source)
    cifar = find_cifar(path)
    return cifar_pictures(cifar, source) if cifar is not None else folder_pictures(path, source)

"""Published sets of shapes as they lie on disk: which file of each model is read, and the class that it is of.

ShapeNetCore  SYNSET/MODEL/models/model_normalized.obj (v2) or SYNSET/MODEL/model.obj (v1); names of synsets from
              taxonomy.json beside them. Chang et al. 2015, arXiv:1512.03012
3D-FUTURE     MODEL/normalized_model.obj, the furniture of 3D-FRONT; classes from model_info.json. Fu et al. 2021,
              arXiv:2011.09127
Objaverse     glbs/000-123/UID.glb as its loader keeps them; classes from lvis-annotations.json, if it is there. Deitke
              et al. 2023, arXiv:2212.08051 and 2307.05663 (XL)
3D-FRONT      UID.json, a house each: what is built in it, without its furniture. Fu et al. 2021, arXiv:2011.09127
ScanNet       scans/SCENE/SCENE_vh_clean_2.ply, the reduced mesh of each room. Dai et al. 2017, arXiv:1702.04405
Each has terms that are agreed to with those who made it, so nothing is downloaded here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from saddlepoint.data.sources.pictures import FilePictures
from saddlepoint.data.sources.shapes import HOUSE, MESHES
from saddlepoint.data.sources.tree import Tree
from saddlepoint.errors import DataError
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit
from saddlepoint.text import counted, printable

_SHAPENET = re.compile(r"(?:.*/)?(\d{8})/([^/]+)/(?:models/)?(model_normalized|model)\.(obj|solid\.binvox)")
_FUTURE = re.compile(r"(?:.*/)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/normalized_model\.obj")
_OBJAVERSE = re.compile(r"(?:.*/)?glbs/\d{3}-\d{3}/([0-9a-f]{32})\.glb")
_FRONT = re.compile(r"(?:.*/)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.json")
_SCANNET = re.compile(r"(?:.*/)?(scene\d{4}_\d{2})/\1_vh_clean_2\.ply")


def published_set(tree: Tree, endings: tuple[str, ...]) -> FilePictures | None:
    """The models of a set that is laid out as one of those above; None for any other tree.

    endings: of the files that are wanted. Models without a class are left out where others have one, and named. Raises
    DataError for a table of classes that cannot be read.
    """
    sets: dict[str, tuple[re.Pattern[str], Callable[[Tree, Mapping[str, str]], dict[str, str]]]] = {
        "ShapeNet": (_SHAPENET, _synsets),
        "3D-FUTURE": (_FUTURE, _furniture),
        "Objaverse": (_OBJAVERSE, _annotated),
        "ScanNet": (_SCANNET, lambda tree, keys: {}),
        "3D-FRONT": (_FRONT, lambda tree, keys: {}),
    }
    for title, (form, classes_of) in sets.items():
        keys = {name: match[1] for name in sorted(tree.names) if (match := form.fullmatch(name))}
        wanted = (*endings, HOUSE) if form is _FRONT and MESHES[0] in endings else endings
        keys = {name: key for name, key in keys.items() if name.lower().endswith(wanted)}
        if keys:
            return _files(tree, title, keys, classes_of(tree, keys))
    return None


def _files(tree: Tree, title: str, keys: Mapping[str, str], classes: Mapping[str, str]) -> FilePictures:
    names = [name for name in keys if not classes or name in classes]
    if not names:
        raise DataError(f"{tree.source} looks like {title}, but its table of classes names none of its models.")
    skipped = [(name, "has no class in the table beside it") for name in keys if classes and name not in classes]
    known = tuple(sorted({*classes.values()}))
    labels = np.array([known.index(classes[name]) for name in names]) if classes else None
    of = f", {counted(len(known), 'class')}" if known else ""
    return FilePictures(
        source=tree.source,
        listing=tree.stamp(names),
        labels=labels,
        classes=tuple(map(printable, known)),
        attributes=None,
        attribute_names=(),
        notes=(*tree.notes, f"laid out as {title}: {counted(len(names), 'model')}{of}"),
        skipped=(*tree.skipped, *skipped),
        names=names,
        stream=lambda index: tree.opened(names[index]),
    )


def _synsets(tree: Tree, keys: Mapping[str, str]) -> dict[str, str]:
    """The class of each file: the first word of its synset, or its number where no taxonomy says more."""
    words: dict[str, str] = {}
    for entry in _table(tree, "taxonomy.json", list):
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            words[str(entry.get("synsetId"))] = entry["name"].split(",")[0].strip()
    return {name: words.get(synset) or synset for name, synset in keys.items()}


def _furniture(tree: Tree, keys: Mapping[str, str]) -> dict[str, str]:
    """The class of each file: its super-category of model_info.json; nothing without that file."""
    words: dict[str, str] = {}
    for entry in _table(tree, "model_info.json", list):
        if isinstance(entry, dict) and isinstance(entry.get("super-category"), str):
            words[str(entry.get("model_id"))] = entry["super-category"]
    return {name: words[model] for name, model in keys.items() if model in words}


def _annotated(tree: Tree, keys: Mapping[str, str]) -> dict[str, str]:
    """The class of each file that lvis-annotations.json names; nothing without that file."""
    words: dict[str, str] = {}
    for category, models in _table(tree, "lvis-annotations.json", dict).items():
        if isinstance(models, list):
            words |= {str(model): category for model in models}
    return {name: words[model] for name, model in keys.items() if model in words}


def _table(tree: Tree, file: str, kind: type[Any]) -> Any:
    """The JSON of a table anywhere in the tree, the one nearest to its top; an empty one where there is none."""
    places = sorted((name for name in tree.names if PurePosixPath(name).name == file), key=lambda name: name.count("/"))
    if not places:
        return kind()
    try:
        value = documents.parsed(tree.read(places[0]), places[0])
    except Unfit as error:
        raise DataError(f"the classes of {tree.source} cannot be read: {error}.") from error
    if not isinstance(value, kind):
        what = "a list of models" if kind is list else "an object of classes"
        raise DataError(f"the classes of {tree.source} cannot be read: {places[0]} holds no {what}.")
    return value

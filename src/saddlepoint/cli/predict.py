"""predict: predict classes, masks, depth or parts of images and shapes, and show what a class rests on."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import tyro
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.checkpoint.model import Model, load
from saddlepoint.cli.arguments import parsed
from saddlepoint.config import Count
from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.deploy.destination import Destination
from saddlepoint.deploy.label import disclosed, write, write_example
from saddlepoint.deploy.originals import originals
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.errors import CapabilityError, ConfigError, DataError
from saddlepoint.kinds.boxes import Boxes
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.latent.load_example import endings, load_example
from saddlepoint.metrics.maps.heat import Map, class_output, heat
from saddlepoint.metrics.maps.rollout import rollout_map
from saddlepoint.report.captioned import captioned
from saddlepoint.report.heat import overlaid
from saddlepoint.storage.whole import replace
from saddlepoint.text import printable

_MOST = 10_000  # images of one call
_AT_ONCE = 64


@dataclass(frozen=True, kw_only=True)
class Predict:
    """Say what images or shapes show. Classes come as probabilities, of shapes with a picture of each; boxes as a list
    with a picture of each image; masks, depths, parts and their kind as a file for each, parts in colours."""

    run: tyro.conf.Positional[Path]
    """folder of a run, RUN/best, of one of its checkpoints or of a saved model, hub:OWNER/NAME or zoo:NAME"""
    images: tyro.conf.Positional[Path]
    """an image, or a folder of images; for a model of clouds, grids of voxels or meshes a file of such, or a folder"""
    out: Path | None = None
    """CSV or JSON table to write, which must be new; by default a new one under RUN/predicted"""
    map: Map | Literal["rollout"] | None = None
    """also a picture of each image with what the class rests on, in red: occlusion, by how much its probability falls
    where a grey window hides a place; gradient; deconvnet or guided, of networks with ReLU alone; rollout: where
    attention comes from, of networks that have it"""
    map_class: str | None = None
    """class that the map asks about, by name or number; by default the likeliest of each image"""
    map_window: Count | None = None
    """side in pixels of the window that hides; by default a quarter of the image's"""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1 or mps"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle predict RUN IMAGES`."""
    options = parsed(Predict, "saddle predict", arguments)
    model = load(options.run, device=TorchMachine(options.device).device)
    task = model.task("predict")
    if task is None:
        raise CapabilityError(f"{model.name} predicts nothing of a given example; it {_does(model)}.")
    out = options.out or model.home / "predicted" / f"{options.images.resolve().stem}.csv"
    if out.suffix.lower() not in (".csv", ".json"):
        raise ConfigError(f"{out.name} cannot be written: a table's name must end with .csv or .json.")
    paths = [options.images]
    if options.images.is_dir():
        paths = _inputs(model, options.images)
    if len(paths) > _MOST:
        raise ConfigError(f"{options.images} has {len(paths):,} images; at most {_MOST:,} are read in one call.")
    (word,) = task.takes
    if options.map is None and (options.map_class is not None or options.map_window is not None):
        raise ConfigError("--map-class and --map-window belong to a map: say which, as --map occlusion.")
    if options.map == "rollout" and (options.map_class is not None or options.map_window is not None):
        raise ConfigError("attention is the same whatever the class: leave out --map-class and --map-window.")
    if options.map is not None and not isinstance(model.spec.main, Image):
        raise ConfigError(f"maps are of images; {model.name} is about {model.spec.main.word}: leave out --map.")
    maps = None if options.map is None else _Maps(model, options)
    rows: list[dict[str, Any]] = []
    files: list[tuple[Kind, Tensor, str]] = []
    pictures: list[tuple[Pillow.Image, str]] = []
    stems = _stems(paths, options.images)
    for start in range(0, len(paths), _AT_ONCE):
        part = paths[start : start + _AT_ONCE]
        given = _given(model, part, single=not options.images.is_dir())
        if not given:
            continue
        part, images = list(given), torch.stack(list(given.values()))
        outputs = model.do("predict", {word: images})
        warm: Tensor | list[Tensor] = [] if maps is None else maps.of(images)
        for number, path in enumerate(part):
            row: dict[str, Any] = {_heading(model): _name(path, options.images)}
            stem = stems[path]
            for name, kind in task.gives.items():
                row |= _entry(name, kind, outputs[name][number])
                if isinstance(kind, Boxes):
                    pixels = Image(*images.shape[1:])
                    row |= _boxes(name, kind, outputs[name][number], pixels, table=out.suffix.lower() == ".csv")
                    row["picture"] = f"{stem}-{name}.png"
                    pictures.append((kind.over(pixels.drawing(images[number]), outputs[name][number]), row["picture"]))
                elif kind.shape and not isinstance(kind, Probabilities):
                    row[name] = f"{stem}-{name}{kind.endings[0]}"
                    files.append((kind, outputs[name][number], row[name]))
                if not isinstance(model.spec.main, Image):
                    shown = _shown(model.spec.main, images[number], kind, outputs[name][number])
                    pictures.append((shown, f"{stem}-{name}.png"))
            if maps is not None:
                row["map"] = f"{stem}-{options.map}.png"
                pictures.append((overlaid(images[number], warm[number]), row["map"]))
            rows.append(row)
    if not rows:
        raise DataError(f"no file of {options.images} can be used; the reasons stand above.")
    beside = out.with_name(f"{out.stem}-files")
    target = Destination(out, named=options.out is not None, inputs=paths)
    with target as (path,):
        replace(path, _table(rows, out.suffix.lower()))
        if files or pictures:
            with Destination(beside, named=False, folders=True) as (folder,):
                for kind, value, name in files:
                    write_example(kind, value, folder / name, disclosed(model, "modified", {"prediction": name}))
                for picture, name in pictures:
                    write(picture, folder / name, disclosed(model, "modified", {"prediction": name}))
    for row in rows[:20]:
        print("  ".join(str(value) for value in row.values()))
    print(target.path)
    return 0


def _inputs(model: Model, folder: Path) -> list[Path]:
    """The files of a folder that the model can read, without results of earlier calls. Raises DataError for none."""
    known = endings(model)
    if not known:
        return originals(folder, None, lambda disclosure: "prediction" in disclosure.settings)
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() in known)
    if not paths:
        raise DataError(f"{folder} holds no file of {model.spec.main.word}: {', '.join(known)}.")
    return paths


def _given(model: Model, paths: list[Path], *, single: bool) -> dict[Path, Tensor]:
    """Files as examples. Of a folder those that cannot be used are left out and said with their reason; a single one
    raises UnusableImage."""
    examples: dict[Path, Tensor] = {}
    for path in paths:
        try:
            examples[path] = load_example(model, path)
        except UnusableImage as error:
            if single:
                raise
            print(f"left out: {printable(str(error))}", file=sys.stderr)
    return examples


def _name(path: Path, given: Path) -> str:
    """Of a file as the table says it: with the folders that it lies in under the one that was given."""
    return path.relative_to(given).as_posix() if given.is_dir() else path.name


def _stems(paths: list[Path], given: Path) -> dict[Path, str]:
    """What the names of results of each file begin with: its name without ending, with folders and ending where that
    alone would be the name of two."""
    names = {path: Path(_name(path, given)) for path in paths}
    times = Counter(name.stem for name in names.values())
    return {
        path: name.stem if times[name.stem] == 1 else "-".join((*name.parts[:-1], name.stem, name.suffix[1:]))
        for path, name in names.items()
    }


def _heading(model: Model) -> str:
    """Of the column that names the files."""
    return "image" if isinstance(model.spec.main, Image) else "file"


def _shown(main: Kind, value: Tensor, kind: Kind, output: Tensor) -> Pillow.Image:
    """A picture of a shape with its likeliest class over it, or of what is said of it."""
    if not isinstance(kind, Probabilities):
        return kind.drawing(output)
    best = int(output.argmax())
    picture = main.drawing(value).convert("RGB")
    tile = torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 127.5 - 1
    return captioned([tile], [""], [f"{kind.names[best]} {float(output[best]):.0%}"])


class _Maps:
    """What the classes of images rest on, as the options ask. Raises CapabilityError for a model without classes."""

    def __init__(self, model: Model, options: Predict) -> None:
        self.model, self.options = model, options
        names = class_output(model)[1].names
        self.target = None if options.map_class is None else Label(names).parse(options.map_class)

    def of(self, images: Tensor) -> Tensor:
        """Of images [n, C, H, W], [n, H, W]."""
        assert self.options.map is not None
        if self.options.map == "rollout":
            return rollout_map(self.model, images)
        targets = None if self.target is None else self.target.expand(len(images))
        return heat(self.model, images, self.options.map, targets, self.options.map_window)


def _entry(name: str, kind: Kind, value: Tensor) -> dict[str, Any]:
    """The columns of one prediction: the likeliest class and all probabilities, or a number."""
    if isinstance(kind, Probabilities):
        best = int(value.argmax())
        shares = {f"p({own})": round(float(p), 6) for own, p in zip(kind.names, value)}
        return {name: kind.names[best], "probability": round(float(value[best]), 6), **shares}
    return {} if kind.shape else {name: float(value)}


def _boxes(name: str, kind: Boxes, value: Tensor, pixels: Image, *, table: bool) -> dict[str, Any]:
    """The boxes of one image in pixels of what the model sees; in a table how many there are, and all in one cell."""
    boxes = kind.listing(value, (pixels.width, pixels.height))
    if not table:
        return {name: boxes}
    cells = [
        f"{box['class']} {box['score']} {box['left']} {box['top']} {box['right']} {box['bottom']}" for box in boxes
    ]
    return {"count": len(boxes), name: "; ".join(cells)}


def _table(rows: list[dict[str, Any]], ending: str) -> bytes:
    if ending == ".json":
        return json.dumps(rows, indent=1, ensure_ascii=False).encode()
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]) if rows else ["image"])
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode()


def _does(model: Model) -> str:
    return ", ".join(task.does for task in model.tasks) or "only trains"

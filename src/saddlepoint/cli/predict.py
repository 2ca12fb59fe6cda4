"""predict: predict classes, masks or depth of images with a trained model, as a table and as pictures."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import tyro
from torch import Tensor

from saddlepoint.checkpoint.model import Model, load
from saddlepoint.deploy.destination import Destination
from saddlepoint.deploy.label import disclosed, write_example
from saddlepoint.deploy.originals import originals
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.latent.load_image import load_image
from saddlepoint.storage.whole import replace

_MOST = 10_000  # images of one call
_AT_ONCE = 64


@dataclass(frozen=True, kw_only=True)
class Predict:
    """Say what images show. Classes come as probabilities; masks, depths and their kind as a file for each image."""

    run: tyro.conf.Positional[Path]
    """folder of a run, of one of its checkpoints or of a saved model, or hub:OWNER/NAME"""
    images: tyro.conf.Positional[Path]
    """an image, or a folder of images"""
    out: Path | None = None
    """CSV or JSON table to write, which must be new; by default a new one under RUN/predicted"""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1 or mps"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle predict RUN IMAGES`."""
    options = tyro.cli(Predict, prog="saddle predict", args=arguments)
    model = load(options.run, device=TorchMachine(options.device).device)
    task = model.task("predict")
    if task is None:
        raise CapabilityError(f"{model.name} predicts nothing of an image; it {_does(model)}.")
    out = options.out or model.home / "predicted" / f"{options.images.resolve().stem}.csv"
    if out.suffix.lower() not in (".csv", ".json"):
        raise ConfigError(f"{out.name} cannot be written: a table's name must end with .csv or .json.")
    paths = [options.images]
    if options.images.is_dir():
        paths = originals(options.images, None, lambda disclosure: "prediction" in disclosure.settings)
    if len(paths) > _MOST:
        raise ConfigError(f"{options.images} has {len(paths):,} images; at most {_MOST:,} are read in one call.")
    (word,) = task.takes
    rows: list[dict[str, Any]] = []
    files: list[tuple[Kind, Tensor, str]] = []
    for start in range(0, len(paths), _AT_ONCE):
        part = paths[start : start + _AT_ONCE]
        images = torch.stack([load_image(model, path)[0] for path in part])
        outputs = model.do("predict", {word: images})
        for number, path in enumerate(part):
            row: dict[str, Any] = {"image": path.name}
            for name, kind in task.gives.items():
                row |= _entry(name, kind, outputs[name][number])
                if kind.shape and not isinstance(kind, Probabilities):
                    row[name] = f"{path.stem}-{name}{kind.endings[0]}"
                    files.append((kind, outputs[name][number], row[name]))
            rows.append(row)
    beside = out.with_name(f"{out.stem}-files")
    target = Destination(out, named=options.out is not None, inputs=paths)
    with target as (path,):
        replace(path, _table(rows, out.suffix.lower()))
        if files:
            with Destination(beside, named=False, folders=True) as (folder,):
                for kind, value, name in files:
                    write_example(kind, value, folder / name, disclosed(model, "modified", {"prediction": name}))
    for row in rows[:20]:
        print("  ".join(str(value) for value in row.values()))
    print(target.path)
    return 0


def _entry(name: str, kind: Kind, value: Tensor) -> dict[str, Any]:
    """The columns of one prediction: the likeliest class and all probabilities, or a number."""
    if isinstance(kind, Probabilities):
        best = int(value.argmax())
        shares = {f"p({own})": round(float(p), 6) for own, p in zip(kind.names, value)}
        return {name: kind.names[best], "probability": round(float(value[best]), 6), **shares}
    return {} if kind.shape else {name: float(value)}


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

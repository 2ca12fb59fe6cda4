"""drift: note how the images look that a model is made for, or say whether others still look like them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro
from PIL import Image

from saddlepoint.cli.arguments import parsed
from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.data.sources.names import is_image
from saddlepoint.data.sources.reader import read_image
from saddlepoint.deploy.destination import Destination
from saddlepoint.engine.distributed import DEVICE
from saddlepoint.errors import CapabilityError, ConfigError, DataError
from saddlepoint.report.tables import print_table

_BATCH = 16


@dataclass(frozen=True, kw_only=True)
class Drift:
    """Say whether images have drifted away from those that a model was made for: in light, colour and sharpness.

    First `--save` notes numbers of the training images, and with --run of what the model makes. Then `--against` says
    of other images which numbers have moved beyond chance, and how far all have together; it ends with 1 where they
    have. `saddle serve --baseline` looks at uploads and answers in the same way.
    """

    images: tyro.conf.Positional[Path]
    """folder of images"""
    save: Path | None = None
    """baseline to write, in JSON, which must be new"""
    run: Path | None = None
    """with --save: a run or a saved model whose outputs are noted too: translations of these images, or samples"""
    against: Path | None = None
    """baseline to compare with"""
    side: Literal["inputs", "outputs"] = "inputs"
    """with --against: what the images are of the model"""
    level: float = 0.01
    """share of folders without drift that are called drifted all the same"""
    most: int = 2000
    """images that are looked at, evenly over the folder"""
    device: str = DEVICE
    """auto (the best that the machine has), cpu, cuda, cuda:1 or mps"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle drift FOLDER`."""
    options = parsed(Drift, "saddle drift", arguments)
    if (options.save is None) == (options.against is None):
        raise ConfigError("say --save BASELINE to note how these images look, or --against BASELINE to compare them.")
    if options.most < 1:
        raise ConfigError("--most must be 1 or more.")
    return _save(options) if options.against is None else _compare(options)


def _save(options: Drift) -> int:
    from saddlepoint.deploy.drift import MOST, Baseline, Reference, Side
    from saddlepoint.deploy.traits import rows_of

    assert options.save is not None
    target = Destination(options.save, named=True)
    paths = _paths(options.images, min(options.most, MOST))
    sides: dict[Side, Reference] = {}
    version = ""
    if options.run is None:
        sides["inputs"] = Reference(rows_of(_pictures(paths)))
    else:
        from saddlepoint.checkpoint.model import load

        model = load(options.run, device=options.device)
        version = model.version
        translates = any(task.name.startswith("translate-") for task in model.tasks)
        sides["inputs"] = Reference(rows_of(_pictures(paths)))
        sides["outputs"] = Reference(rows_of(_outputs(model, paths, translates=translates)))
    with target as (file,):
        Baseline(sides, version).write(file)
    print(target.path)
    return 0


def _compare(options: Drift) -> int:
    from saddlepoint.deploy.drift import Baseline
    from saddlepoint.deploy.traits import rows_of

    assert options.against is not None
    baseline = Baseline.read(options.against, options.level)
    if options.side not in baseline.sides:
        raise DataError(f"{options.against} says nothing of {options.side}: save it with --run.")
    look = baseline.sides[options.side].look(rows_of(_pictures(_paths(options.images, options.most))))
    rows = [
        {"trait": name, "stability index": round(index, 3), "": "moved" if name in look.moved else ""}
        for name, index in look.stability.items()
    ]
    print_table(rows, title=f"{look.count} images beside {options.against.name}")
    print(f"  Fréchet distance {look.distance:.3f}; without drift {look.band[0]:.3f} to {look.band[1]:.3f}")
    print("drifted" if look.drifted else "no drift")
    return int(look.drifted)


def _paths(folder: Path, most: int) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}.")
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and is_image(path.name))
    if not paths:
        raise DataError(f"{folder} holds no image.")
    return [paths[place * len(paths) // most] for place in range(most)] if len(paths) > most else paths


def _pictures(paths: list[Path]) -> Iterator[Image.Image]:
    for path in paths:
        try:
            yield read_image(path)[0]
        except UnusableImage:
            continue


def _outputs(model: object, paths: list[Path], *, translates: bool) -> Iterator[Image.Image]:
    """What the model makes of the images, or as many samples as there are images."""
    from saddlepoint.checkpoint.model import Model
    from saddlepoint.data.sources.pictures import as_picture
    from saddlepoint.deploy.work_on_file import Translation, translate_files
    from saddlepoint.kinds.image import Image as ImageKind
    from saddlepoint.kinds.pixels import to_uint8

    assert isinstance(model, Model)
    if not isinstance(model.spec.main, ImageKind):
        raise CapabilityError(f"{model} makes {model.spec.main.word}, not images: leave out --run.")
    if translates:
        how = Translation(model=model, resize=True)
        for first in range(0, len(paths), _BATCH):
            for result in translate_files(paths[first : first + _BATCH], how):
                if result.picture is not None:
                    yield result.picture
        return
    for first in range(0, len(paths), _BATCH):
        count = min(_BATCH, len(paths) - first)
        samples = to_uint8(model.sample(count, seed=first))
        for pixels in samples:
            yield as_picture(pixels[: 3 if len(pixels) >= 3 else 1].numpy())

"""guide: edit an image by painting on it: colours under strokes, the look of a region, where it may change."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import torch
import tyro
from PIL import Image
from torch import Tensor

from saddlepoint.checkpoint.model import Model, load
from saddlepoint.cli.arguments import parsed
from saddlepoint.cli.edit.progress import StderrProgress, keeping
from saddlepoint.data.sources.pictures import as_picture
from saddlepoint.deploy.classes import class_number
from saddlepoint.deploy.destination import Destination
from saddlepoint.deploy.label import disclosed, labelled
from saddlepoint.engine.distributed import DEVICE
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.latent.addresses import latents_of, parse
from saddlepoint.latent.codes import Code, Space, decode, load_code, save_code
from saddlepoint.latent.constraints import Constraint, Sort, opened, painted, region
from saddlepoint.latent.guide import Guidance, Guided, guide
from saddlepoint.methods.tasks import knows
from saddlepoint.report.captioned import captioned
from saddlepoint.report.wording import duration
from saddlepoint.text import counted

T = TypeVar("T")
_CANVAS = 512  # pixels that the picture to paint on has at least


@dataclass(frozen=True, kw_only=True)
class Guide:
    """Edit an image by painting on it. The model finds an image of its own near by that shows what was painted.

    Without --brush and --paste it writes the image to paint on: paint on a transparent layer over it, in any program,
    and save that layer alone as a PNG.
    """

    run: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
    """folder of a run, RUN/best, or of one of its checkpoints"""
    image: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="IMAGE")] = "0"
    """image to start from: 1:5 is image 5 of `saddle sample RUN --seed 1`, 3 alone is 3:0, photo.safetensors is a
    result of `saddle edit project`"""
    brush: Path | None = None
    """PNG of brush strokes on a transparent background: the result takes their colours there"""
    paste: Path | None = None
    """PNG of a part of another image on a transparent background: the result takes its content there"""
    mask: Path | None = None
    """PNG of the area that may change (opaque or white); by default everywhere"""
    space: Space | None = None
    """latent space: z (the latent), w (one style for all layers) or w+ (one style per layer, follows the paint most
    closely); by default w+ where the model has styles, else z"""
    steps: int = 150
    """optimisation steps"""
    lr: float = 0.1
    """highest learning rate, in standard deviations of a latent coordinate"""
    pull: float = 0.05
    """weight of the distance to the starting latent: higher changes less and follows the paint less closely"""
    keep: float = 2.0
    """weight of the area outside the mask, which must stay as it is"""
    label: str | None = None
    """class of the starting image, by name or number, for a conditional model"""
    out: Path | None = None
    """folder to write into; by default RUN/guided"""
    device: str = DEVICE
    """auto (the best that the machine has), cpu, cuda, cuda:1 or mps"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle edit guide RUN IMAGE --brush STROKES`."""
    options = parsed(Guide, "saddle edit guide", arguments)
    settings = Guidance(steps=options.steps, lr=options.lr, pull=options.pull, keep=options.keep)
    model = load(options.run, device=options.device)
    start = _start(model, options)
    folder = options.out or model.home / "guided"
    stem = re.sub(r"[^A-Za-z0-9.+-]+", "_", options.image.removesuffix(".safetensors").rpartition("/")[2])
    if options.brush is None and options.paste is None:
        return _canvas(model, start, Destination(folder / f"{stem}-to-paint-on.png", named=False))
    drawings: tuple[tuple[Path | None, Sort], ...] = ((options.brush, "colour"), (options.paste, "look"))
    spec, device = model.spec, model.device
    constraints = [
        _read(path, partial(painted, spec=spec, sort=sort, device=device))
        for path, sort in drawings
        if path is not None
    ]
    free = None if options.mask is None else _read(options.mask, partial(region, spec=spec, device=device))
    target = Destination(
        *(folder / f"{stem}{ending}" for ending in (".png", "-strip.png", ".safetensors")), named=False
    )
    with keeping() as stop:
        result = guide(
            model, start, constraints, free=free, space=options.space, settings=settings,
            progress=StderrProgress("steps", options.steps), stop=stop,
        )  # fmt: skip
    _write(model, options, constraints, result, target)
    return 0


def _start(model: Model, options: Guide) -> Code:
    """The code of the image to start from, as `saddle sample` makes it: with noise of its own."""
    addresses = parse(options.image)
    if len(addresses) != 1:
        raise ConfigError(f"{options.image!r} names several images; name one to start from, such as 1:5.")
    if addresses[0].file is not None:
        return load_code(addresses[0].file, model.device)
    code = latents_of(model, addresses, class_number(model, options.label, _say))
    method: Any = model.method
    noise = method.noise_of(model.nets, code.values) if knows(method, "styles") else None
    return Code("z", code.values, noise, code.label)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _canvas(model: Model, start: Code, target: Destination) -> int:
    """Write the start, enlarged, to paint on."""
    with torch.no_grad():
        picture = _picture(decode(model, start)[0])
    by = max(1, _CANVAS // picture.width)
    picture = picture.resize((by * picture.width, by * picture.height), Image.Resampling.NEAREST)
    with target as (file,):
        file.write_bytes(labelled(picture, disclosed(model, "generated", {"edit": "guide"})))
    print(target.path)
    print("paint over it on a transparent layer, save that layer alone as a PNG, and give it to --brush.")
    return 0


def _read(path: Path, use: Callable[[Image.Image], T]) -> T:
    """What `use` makes of a picture with its transparency; every refusal names the file."""
    try:
        with path.open("rb") as stream:
            return use(opened(stream))
    except FileNotFoundError as error:
        raise DataError(f"there is no {path}.") from error
    except (OSError, DataError) as error:
        raise DataError(f"{path}: {getattr(error, 'strerror', None) or error}") from error


def _write(model: Model, options: Guide, constraints: list[Constraint], result: Guided, target: Destination) -> None:
    """The edited image and its code, a strip of start, paint and result, and what the edit did in words."""
    settings = {"edit": "guide", "image": options.image, "space": result.code.space, "pull": options.pull}
    disclosure = disclosed(model, "modified" if options.image.endswith(".safetensors") else "generated", settings)
    shown = result.start[0]
    for constraint in constraints:
        shown = torch.lerp(shown, constraint.image.cpu(), constraint.mask.cpu())
    start, last = result.start[0], result.images[0]
    strip = captioned([start, shown, last], [""], ["start", "painted", "result"])
    with target as (image_file, strip_file, code_file):
        image_file.write_bytes(labelled(_picture(last), disclosure))
        strip_file.write_bytes(labelled(strip, disclosure))
        save_code(result.code, code_file, {"method": model.name, "version": model.version, "by": "guide"})
    early = ", stopped early" if result.stopped else ""
    print(f"where it was painted: error {float(result.before):.3f} before, {float(result.after):.3f} after")
    where = "elsewhere" if options.mask is None else "outside the mask"
    print(f"{where}: changed by {float(result.outside):.3f} (root mean square; pixels go from -1 to 1)")
    print(f"in {result.code.space}, {counted(result.steps, 'step')}, {duration(result.seconds)}{early}")
    print(*target.paths, sep="\n")


def _picture(image: Tensor) -> Image.Image:
    return as_picture(to_uint8(image[None].clamp(-1, 1))[0].numpy())

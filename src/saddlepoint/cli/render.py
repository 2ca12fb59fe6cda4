"""render: draw a trained scene, or one made of given photographs, from any camera: as a film or single views."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import tyro
from torch import Tensor

from saddlepoint.checkpoint.model import Model, load
from saddlepoint.cli.arguments import parsed
from saddlepoint.config import Count, Range, Share
from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.deploy.destination import Destination
from saddlepoint.deploy.film import film_frame
from saddlepoint.deploy.label import disclosed, write, write_example
from saddlepoint.deploy.orbit import displaced
from saddlepoint.deploy.photographs import photograph, scene_fields
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.errors import CapabilityError, ConfigError, DataError
from saddlepoint.kinds.camera import read_cameras
from saddlepoint.kinds.expression import Expression
from saddlepoint.kinds.views import Views
from saddlepoint.latent.load_image import load_picture
from saddlepoint.methods.tasks import Task
from saddlepoint.nn.render.normals import normals
from saddlepoint.report.motion import MOVING, check_motion, save_motion
from saddlepoint.runs.held_out_views import held_out_views

_SOLID = 0.5  # opacity of a pixel from where on its depth is that of a surface
_TOGETHER = 20  # views of a scene of photographs, which is made once for all of them


@dataclass(frozen=True, kw_only=True)
class Render:
    """Draw a trained scene from cameras once around it, from a file of cameras, or from those of the held-out views."""

    run: tyro.conf.Positional[Path]
    """folder of a run, RUN/best, of one of its checkpoints or of a saved model, hub:OWNER/NAME or zoo:NAME"""
    orbit: Count = 60
    """views once around the scene"""
    lift: Annotated[float, Range(least=-80, most=80)] = 0.0
    """degrees above the orbit's own height, or below it"""
    nearer: Annotated[float, Range(least=0.25, most=4)] = 1.0
    """how many times nearer to the centre of the scene than the orbit stands by itself"""
    path: Path | None = None
    """JSON file with a list of cameras to use instead: each with camera_to_world (4x4, OpenCV's axes), fx, fy, cx, cy,
    width and height in pixels"""
    image: tuple[Path, ...] = ()
    """photographs to make the scene of, for a model that was trained on many scenes: taken once around the thing at
    equal turns unless --cameras says otherwise, before a background as in training"""
    cameras: Path | None = None
    """JSON file with the cameras of --image, in their order, as in --path; the scene stands in their frame"""
    expression: str | None = None
    """what a face shall do, as numbers with commas between, for a model that takes one; by default all are 0"""
    test: bool = False
    """use the cameras of the scene's transforms_test.json, or else of the run's held-out views, and write the true view
    beside each; `saddle evaluate` measures these"""
    time: Share | None = None
    """moment from 0 to 1 of a scene that moves; by default the views go from the first moment to the last"""
    with_depth: bool = False
    """also write depth maps (numpy, and a picture of each), opacity, and pictures of the normals of what is seen"""
    rate: Annotated[int, tyro.conf.arg(aliases=["--fps"])] = 24
    """pictures a second of a film"""
    out: Path | None = None
    """GIF or MP4 for a film, or a folder for single views; by default a new film under RUN/rendered. With --image also
    the scene itself: splats (.ply, .splat, .spz) or a mesh (.glb, .obj, .ply), by what the model makes"""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1 or mps"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle render RUN`."""
    options = parsed(Render, "saddle render", arguments)
    if options.test and options.path is not None:
        raise ConfigError("--test and --path both name cameras: give one of them.")
    if (options.lift or options.nearer != 1) and (options.test or options.path is not None):
        raise ConfigError("--lift and --nearer move the orbit; leave them out with --test and --path.")
    model = load(options.run, device=TorchMachine(options.device).device)
    task = model.task("render")
    if task is None:
        raise CapabilityError(f"{model.name} draws no views from cameras; `saddle sample` makes what it makes.")
    _check_images(model, task, options)
    if options.image and options.out is not None and options.out.suffix.lower() in _scene_endings(model):
        return _write_scene(model, task, options)
    fields, truth = _fields(model, task, options)
    views = fields["camera"]
    off = "".join(f"-{name}{value:g}" for name, value, usual in
                  (("lift", options.lift, 0), ("nearer", options.nearer, 1)) if value != usual)  # fmt: skip
    off += "" if options.time is None else f"-time{options.time:g}"
    off += "".join(f"-{path.stem}" for path in options.image[:1])
    stem = "test" if options.test else "path" if options.path else f"orbit-{options.orbit}{off}"
    single = options.test or options.with_depth
    out = options.out or model.home / "rendered" / (stem if single else f"{stem}.mp4")
    film = out.suffix.lower() in MOVING
    if film and single:
        raise ConfigError("--test and --with-depth write single views: give --out a folder.")
    if film:
        check_motion(out, options.rate)
    inputs = [path for path in (options.path, options.cameras, *options.image) if path]
    target = Destination(out, named=options.out is not None, folders=not film, inputs=inputs)
    with target as (place,):
        views_rendered = model.do("render", fields, batch=_TOGETHER if options.image else 1)
        if film:
            words = disclosed(model, "generated", {"views": len(views)}).words
            save_motion(
                (film_frame(task.gives["image"], view) for view in views_rendered["image"]),
                place,
                options.rate,
                words,
            )
        else:
            _write(model, task, views_rendered, truth, place, views if options.with_depth else None)
    print(target.path)
    return 0


def _fields(model: Model, task: Task, options: Render) -> tuple[dict[str, Tensor], np.ndarray | None]:
    """What to draw, cameras [n, 22] and moments [n] where the scene moves, and the true views of held-out ones."""
    if options.time is not None and (options.test or "time" not in task.takes):
        why = "--test has the moments of its views" if options.test else f"{model.name} does not move"
        raise ConfigError(f"{why}: leave out --time.")
    if options.test:
        held_out = held_out_views(model)
        print(f"compared with {held_out.rule}", file=sys.stderr)
        return held_out.fields, held_out.image
    cameras = None if options.path is None else read_cameras(options.path)
    fields = task.examples(model.nets, options.orbit if cameras is None else len(cameras), 0)
    fields |= {name: values.expand(len(fields["camera"]), *values.shape[1:]) for name, values in
               (_given(model, task, options) if options.image else {}).items()}  # fmt: skip
    if cameras is not None:
        fields["camera"] = cameras
    else:
        fields["camera"] = displaced(task, model.nets, fields["camera"], options.lift, options.nearer)
    if options.time is not None:
        fields["time"] = torch.full_like(fields["time"], options.time)
    return fields, None


def _check_images(model: Model, task: Task, options: Render) -> None:
    """Raises ConfigError where photographs are given to a model that takes none, or are missing or too many."""
    if options.expression is not None and not any(isinstance(kind, Expression) for kind in task.takes.values()):
        raise ConfigError(f"{model.name} takes no expression: leave out --expression.")
    if "views" not in task.takes:
        if options.image or options.cameras is not None:
            raise ConfigError(f"{model.name} draws the scene that it was trained on: leave out --image and --cameras.")
        return
    count = task.takes["views"].shape[0]
    if options.test:
        if options.image:
            raise ConfigError("--test takes the views of held-out scenes: leave out --image.")
    elif len(options.image) != count:
        given = f"{len(options.image)} were given" if options.image else "none was given"
        raise ConfigError(
            f"{model.name} makes a scene of {count} photograph{'s' * (count > 1)}, and {given}: name as many with"
            " --image, or use --test for scenes that were held out."
        )


def _given(model: Model, task: Task, options: Render) -> dict[str, Tensor]:
    """The photographs with their cameras, and the first example of whatever else is asked for.  [1, ...] each"""
    kind = task.takes["views"]
    assert isinstance(kind, Views)
    views = torch.stack([_photograph(model, kind, path) for path in options.image])
    fields = scene_fields(model, task, views, options.expression)
    if options.cameras is not None:
        rig = read_cameras(options.cameras)
        if len(rig) != kind.count:
            raise ConfigError(f"{options.cameras} has {len(rig)} cameras for {kind.count} photographs: name one each.")
        fields["rig"] = rig[None]
    return fields


def _photograph(model: Model, kind: Views, path: Path) -> Tensor:
    """A photograph of any size, brought to that of the views that the model was trained on as they were.  [3, H, W]"""
    try:
        picture, _ = load_picture(path, kind.channels)
    except UnusableImage as error:
        raise DataError(f"{path} cannot be used: {error}.") from error
    return photograph(model, kind, picture)


def _scene_endings(model: Model) -> tuple[str, ...]:
    """Of files that hold a scene of photographs as the model makes it."""
    rebuild = model.task("rebuild")
    return () if rebuild is None else next(iter(rebuild.gives.values())).endings


def _write_scene(model: Model, task: Task, options: Render) -> int:
    """The scene itself, as splats or a mesh."""
    rebuild = model.task("rebuild")
    assert rebuild is not None
    assert options.out is not None
    ((word, kind),) = rebuild.gives.items()
    given = _given(model, task, options)
    inputs = [path for path in (options.cameras, *options.image) if path]
    with (target := Destination(options.out, named=True, inputs=inputs)) as (place,):
        value = model.do("rebuild", given)[word][0]
        write_example(kind, value, place, disclosed(model, "generated", {"file": options.out.suffix}))
    print(target.path)
    return 0


def _write(
    model: Model,
    task: Task,
    rendered: dict[str, Tensor],
    truth: np.ndarray | None,
    folder: Path,
    cameras: Tensor | None,
) -> None:
    for row, image in enumerate(rendered["image"]):
        facts = disclosed(model, "generated", {"view": row})
        if truth is not None:
            true = torch.from_numpy(truth[row].copy()).float() / 127.5 - 1
            write(task.gives["image"].picture(torch.stack((image, true))), folder / f"{row:05d}.png", facts)
        else:
            write_example(task.gives["image"], image, folder / f"{row:05d}.png", facts)
        if cameras is not None:
            for name in ("depth", "opacity"):
                kind = task.gives[name]
                write_example(kind, rendered[name][row], folder / f"{row:05d}-{name}{kind.endings[0]}", facts)
            depth, opacity = rendered["depth"][row], rendered["opacity"][row]
            solid = torch.where(opacity > _SOLID, depth, torch.zeros_like(depth))
            write(task.gives["depth"].picture(solid[None]), folder / f"{row:05d}-depth.png", facts)
            upright = normals(solid, cameras[row].to(solid.device))
            write_example(task.gives["image"], upright, folder / f"{row:05d}-normals.png", facts)

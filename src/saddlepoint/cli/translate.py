"""translate: translate an image, or each image of a folder, at its own size and under its own name."""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any

import tyro
from PIL import Image

from saddlepoint.checkpoint.model import Model, load
from saddlepoint.cli.arguments import parsed
from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.data.sources.films import FILMS, is_film
from saddlepoint.data.sources.names import is_image
from saddlepoint.data.sources.remarks import Remark, sentences
from saddlepoint.deploy.destination import Destination, same_file
from saddlepoint.deploy.finish import Finish
from saddlepoint.deploy.label import disclosed
from saddlepoint.deploy.originals import originals
from saddlepoint.deploy.translate_film import makes_films, open_film, translate_clips, translate_frames
from saddlepoint.deploy.work_on_file import Translation, reference_for, translate_files, write_result
from saddlepoint.engine.distributed import DEVICE
from saddlepoint.errors import CapabilityError, ConfigError, DataError
from saddlepoint.report.motion import MOVING, check_motion, save_motion
from saddlepoint.report.pace import paced
from saddlepoint.text import counted, printable

_WRITTEN = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})
"""endings that a file keeps; others get .png added"""
_FOR_IMAGES = ("like", "resize", "window", "overlap")
"""options that say how a model of images works on a picture"""


@dataclass(frozen=True, kw_only=True)
class Translate:
    """Make each image into another one with a trained model.

    An image larger than those trained on is worked on in windows that overlap and are blended, a smaller one is padded
    with its edge first; both keep their size. Up to 100 megapixels an image is decoded whole; larger ones are read and
    written in rows by libvips (pip install 'saddlepoint[large]'), with memory for two rows of windows. A model that
    fills holes fills what is transparent in a PNG. All but small TIFF files and BMP say in their metadata that a model
    changed them.

    A film (.mp4, .gif and others) becomes a film without sound, OUT.mp4 or OUT.gif: frame by frame with a model of
    images, which may flicker, or as a whole with a model of clips.
    """

    run: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
    """the folder of a run, RUN/best, of one of its checkpoints or of a saved model, hub:OWNER/NAME or zoo:NAME"""
    images: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="IN")]
    """image, or folder of images to search through; or a film"""
    out: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="OUT")]
    """file to write, or folder, where each image keeps its own name"""
    origin: Annotated[str | None, tyro.conf.arg(name="from")] = None
    """kind of the input images, for a model that translates both ways: a or b"""
    seed: int = 0
    """random seed for models that can give several answers; others ignore it"""
    like: Path | None = None
    """reference image of the target kind, whose style the result takes; otherwise the style is drawn at random"""
    beside: tuple[Path, ...] = ()
    """further images of the same scene, in the order of training, for a model of several sensors; folders where IN is
    one, with the same names"""
    resize: bool = False
    """resize each image to the trained side, as training images were, instead of working in windows"""
    window: int | None = None
    """side of a window in pixels; by default the trained side"""
    overlap: int | None = None
    """pixels shared by neighbouring windows; by default an eighth of the side"""
    batch: int = 16
    """files of a folder that are held at once; those of one window each go through the model together"""
    finish: Annotated[Finish, tyro.conf.arg(name="")] = field(default_factory=Finish)
    """what is done before and after"""
    device: str = DEVICE
    """auto (the best that the machine has), cpu, cuda, cuda:1 or mps"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle translate RUN IN OUT`."""
    options = parsed(Translate, "saddle translate", arguments)
    model = load(options.run, device=options.device)
    model.origin(options.origin)
    if options.batch < 1:
        raise ConfigError("--batch must be 1 or more.")
    if makes_films(model, options.origin) or _moves(options):
        return _film(options, model)
    if len(model.spec.shape) != 3:
        raise CapabilityError(f"{model} makes {model.spec.main.word}, not images.")
    jobs = list(_jobs(options, model))
    how = _how(options, model, {source: _beside(options, source) for source, _ in jobs} if options.beside else {})
    skipped, written = [], []
    remarks: Counter[Remark] = Counter()
    groups = (jobs[first : first + options.batch] for first in range(0, len(jobs), options.batch))
    for group in paced(groups, len(jobs), "images"):
        targets = dict(group)
        for result in translate_files(list(targets), how):
            target = targets[result.source]
            try:
                with target as (file,):
                    remarks.update(write_result(result, file, how))
                written.append(target.path)
            except UnusableImage as error:
                skipped.append(f"{result.source}: {error}")
                if len(jobs) > 1:
                    _say(f"skipped {skipped[-1]}")
    if not written:
        raise DataError(f"nothing was written; {skipped[0]}.")
    for sentence in sentences(remarks):
        _say(sentence)
    left_out = f", {len(skipped):,} skipped" if skipped else ""
    print(
        printable(str(written[0] if len(jobs) == 1 else f"{counted(len(written), 'image')} in {options.out}{left_out}"))
    )
    return 0


def _how(options: Translate, model: Model, beside: Mapping[Path, tuple[Path, ...]]) -> Translation:
    return Translation(
        model=model,
        origin=options.origin,
        seed=options.seed,
        reference=None if options.like is None else reference_for(model, options.like),
        reference_name=None if options.like is None else options.like.name,
        resize=options.resize,
        window=options.window,
        overlap=options.overlap,
        beside=beside,
        finish=options.finish,
    )


def _moves(options: Translate) -> bool:
    """Whether IN is a film. A GIF is taken for one image where OUT is none that moves."""
    still = options.images.suffix.lower() == ".gif" and options.out.suffix.lower() not in MOVING
    return is_film(options.images) and not options.images.is_dir() and not still


def _film(options: Translate, model: Model) -> int:
    """One film into another. Raises ConfigError or CapabilityError for what films do not go with."""
    whole = makes_films(model, options.origin)
    if not options.images.exists():
        raise DataError(f"there is no {options.images}: name a film.")
    if not is_film(options.images) or options.images.is_dir():
        raise CapabilityError(f"{model.name} makes films of films: name one, {', '.join(FILMS)}, not {options.images}.")
    if options.beside:
        raise ConfigError("--beside names images of one scene: leave it out with a film.")
    plain = {field.name: field.default for field in fields(options) if field.name in _FOR_IMAGES}
    changed = [name for name, usual in plain.items() if getattr(options, name) != usual]
    if whole and (changed or options.finish.settings):
        names = ", ".join(f"--{name.replace('_', '-')}" for name in (*changed, *options.finish.settings))
        raise CapabilityError(f"{model.name} works on whole films: leave out {names}.")
    into = options.out.is_dir() or not options.out.suffix
    target = options.out / f"{options.images.stem}.mp4" if into else options.out
    destination = Destination(target, named=not into, inputs=[options.images], option="OUT")
    film = open_film(options.images)
    check_motion(target, film.rate)
    parts: Iterator[list[Image.Image]]
    settings: Mapping[str, Any] = {"from": options.origin, "seed": options.seed}
    if whole:
        parts = translate_clips(film.frames(), model, options.origin, options.seed)
    else:
        how = _how(options, model, {})
        parts, settings = translate_frames(film.frames(), how, options.batch), how.settings()
    with destination as (file,):
        frames = itertools.chain.from_iterable(paced(parts, film.count, "frames"))
        save_motion(frames, file, film.rate, disclosed(model, "modified", settings).words)
    print(printable(f"{destination.path}, {counted(film.count, 'frame')}"))
    return 0


def _say(text: str) -> None:
    print(printable(text), file=sys.stderr)


def _jobs(options: Translate, model: Model) -> Iterator[tuple[Path, Destination]]:
    """Each image to read with the file to write. Raises ConfigError, or DataError where there is no image."""
    if options.images.is_dir():
        if same_file(options.images, options.out):
            raise ConfigError(f"the images of {options.out} would be written over: choose another OUT.")
        if options.out.is_file():
            raise ConfigError(f"{options.out} is a file, and {options.images} is a folder: choose another OUT.")
        origin = model.origin(options.origin)
        sources = originals(
            options.images,
            options.out,
            lambda disclosure: (
                disclosure.version == model.version and model.origin(disclosure.settings.get("from")) == origin
            ),
            _say,
        )
        for source in sources:
            name = _name(source.relative_to(options.images))
            yield source, Destination(options.out / name, named=False, option="OUT")
    elif options.images.is_file():
        into = options.out.is_dir() or not is_image(f"x{options.out.suffix}")
        path = options.out / _name(Path(options.images.name)) if into else _name(options.out)
        yield options.images, Destination(path, named=not into, inputs=[options.images], option="OUT")
    else:
        raise DataError(f"there is no {options.images}: name an image, or a folder of images.")


def _beside(options: Translate, source: Path) -> tuple[Path, ...]:
    """The further images of the scene of one file. Raises ConfigError, DataError where there is none."""
    if not options.images.is_dir():
        return options.beside
    partners = []
    for folder in options.beside:
        if not folder.is_dir():
            raise ConfigError(f"{options.images} is a folder, so --beside must name folders too; {folder} is none.")
        path = folder / source.relative_to(options.images)
        alike = (
            [path]
            if path.is_file()
            else sorted(one for one in path.parent.glob(f"{path.stem}.*") if is_image(one.name))
        )
        if not alike:
            raise DataError(f"{folder} holds no partner of {source}: images of one scene have the same name.")
        partners.append(alike[0])
    return tuple(partners)


def _name(path: Path) -> Path:
    return path if path.suffix.lower() in _WRITTEN else path.with_name(f"{path.name}.png")

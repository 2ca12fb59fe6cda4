"""sample: make images with a trained model: a grid, single files, or a walk from one to the next."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import torch
import tyro
from PIL import Image as Picture

from saddlepoint.checkpoint.model import Model, load
from saddlepoint.cli.arguments import parsed
from saddlepoint.data.sources.pictures import as_picture
from saddlepoint.deploy.classes import as_stem, class_name, class_number
from saddlepoint.deploy.destination import Destination
from saddlepoint.deploy.film import film_frame
from saddlepoint.deploy.label import disclosed, write, write_example, write_examples
from saddlepoint.deploy.walk import check_walk, save_walk
from saddlepoint.engine.distributed import DEVICE
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.latent.addresses import Address, latents_of
from saddlepoint.latent.codes import Code, spaces
from saddlepoint.latent.paths import Along, through
from saddlepoint.methods.abilities import TruncateBy
from saddlepoint.report.motion import MOVING, check_motion, save_motion
from saddlepoint.report.pace import paced

_STEPS, _RATE = 8, 12  # images from one to the next, and how many a second
_AROUND = 24  # views once around a thing


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Make images, or what else the model makes. Number i depends on the seed and i alone: more of them change none.

    That holds to rounding: in batches of another size values differ by some millionths.

    Files say in their metadata that a model made them. They carry no watermark, so that their pixels are those of the
    model; the service adds one to images of 256x256 pixels and more.
    """

    run: tyro.conf.Positional[Path]
    """folder of a run, RUN/best, of one of its checkpoints or of a saved model, hub:OWNER/NAME or zoo:NAME"""
    n: Annotated[int | None, tyro.conf.arg(aliases=["-n"])] = None
    """number of images; by default 64, 5 with --interpolate, and 24 with --given camera=orbit"""
    seed: int = 0
    """random seed: another seed gives other images"""
    label: str | None = None
    """class to make, by name or number, for a conditional model; by default all in turn"""
    given: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """NAME=VALUE, once for each condition of the model: label=3, attributes=red,large, image=PATH of a picture,
    camera=PATH of a JSON file, or for things in space camera=TURN,HEIGHT in degrees, or camera=orbit: one thing once
    around, as a film if --out ends with .gif or .mp4; those left out come in turn. To complete an image: image=PATH
    with transparent pixels where it is unknown, or mask=PATH (white is known), or mask=upper, lower, left or right, the
    half that is known. To go on from the first half of a clip: clip=PATH of a GIF or MP4"""
    prompt: str | None = None
    """of language models: a text to go on from, the same as --given prompt=TEXT; a single text unless -n says more,
    which is printed as it is written"""
    temperature: Annotated[float, tyro.conf.arg(metavar="T")] = 1.0
    """of models that draw from a distribution that they state: less than 1 is nearer to its peak"""
    top_k: int = 0
    """of texts and other tokens: draw each among the so many likeliest; 0 for all"""
    top_p: float = 1.0
    """of texts and other tokens: draw each among the fewest likeliest that together have this probability"""
    truncation: float = 1.0
    """below 1, images are nearer to the average: safer and less varied"""
    truncate_by: TruncateBy = "resample"
    """how latents of models without styles are truncated: resample (values beyond 2 x truncation standard deviations
    are drawn again, as in BigGAN) or scale (all values are multiplied)"""
    single: bool = False
    """write each to a file of its own (images as PNG, volumes as .npz, signed distances as .glb, clouds as .ply, texts
    as .txt, clips as .gif) instead of one grid"""
    form: str | None = None
    """ending of the files of --single, such as .glb, .obj or .ply for the surface of a volume; by default the usual
    one of what the model makes"""
    interpolate: Literal["line", "great-circle"] | None = None
    """walk through the latents from each image to the next: one row each, or a film if --out ends with .gif or .mp4;
    `saddle edit interpolate` has more options"""
    out: Path | None = None
    """file to write, or with --single the folder, which must be new; by default a new name under RUN/sampled: a PNG, of
    texts a .txt, which is printed too. Texts can go into a .jsonl, clips into a .gif or .mp4, and shapes too, which
    turn once around there"""
    device: str = DEVICE
    """auto (the best that the machine has), cpu, cuda, cuda:1 or mps"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle sample RUN`."""
    options = parsed(Sample, "saddle sample", arguments)
    walks = options.interpolate is not None
    if options.n is not None and options.n < 1 + walks:
        raise ConfigError(f"-n cannot be {options.n}: it must be {1 + walks} or more.")
    if not 0 <= options.temperature < float("inf"):
        raise ConfigError(f"--temperature cannot be {options.temperature}: it must be 0 or more.")
    if options.top_k < 0 or not 0 < options.top_p <= 1:
        raise ConfigError("--top-k must be 0 or more, and --top-p more than 0 and at most 1.")
    if walks and options.single:
        raise ConfigError("--interpolate makes one picture of a walk: leave out --single.")
    if options.form is not None and not options.single:
        raise ConfigError("--form is the ending of single files: add --single, or give --out a name with an ending.")
    model = load(options.run, device=options.device)
    form = "." + (options.form or model.spec.main.ending).lower().removeprefix(".")
    if form not in model.spec.main.endings:
        raise model.spec.main.unknown_ending(Path(f"00000{form}"))
    texts = _texts(options.given)
    around = model.shows_one_thing(texts)
    usual = 5 if walks else _AROUND if around else 64 if options.prompt is None else 1
    n = usual if options.n is None else options.n
    if options.prompt is not None:
        if "prompt" in texts:
            raise ConfigError("--prompt and --given prompt= say the same: leave out one of them.")
        texts["prompt"] = options.prompt
    if options.label is not None and "label" in texts:
        raise ConfigError("--label and --given label= say the same: leave out one of them.")
    label = class_number(model, texts.pop("label", options.label), lambda text: print(text, file=sys.stderr))
    if walks and texts:
        raise ConfigError("--interpolate walks with a label alone: leave out what else --given names.")
    name = class_name(model, label)
    stem = f"seed-{options.seed}" + ("" if name is None else f"-label-{as_stem(name)}")
    words = {condition: Path(text).name for condition, text in texts.items()}  # of a file not where it lies
    stem += "".join(f"-{condition}-{as_stem(text)[:60]}" for condition, text in words.items())
    stem = f"{stem}-{options.interpolate}" if walks else stem
    out = options.out or model.home / "sampled" / (stem if options.single else f"{stem}{model.spec.main.sheets[0]}")
    film = around and out.suffix.lower() in MOVING and not options.single
    if walks:
        check_walk(out, _RATE, _STEPS)
    elif film:
        check_motion(out, _RATE)
    target = Destination(out, named=options.out is not None, folders=options.single)
    with target as (path,):
        if options.interpolate is not None:
            _walk(model, n, options.interpolate, path, options, label)
        elif n == 1 and options.prompt is not None and isinstance(model.spec.main, Tokens):
            _write(_streamed(model, options, texts), path, options, model, label, words, form, printed=True)
        else:
            parts = model.stream(
                n,
                seed=options.seed,
                label=label,
                given=_with_mask(texts),
                truncation=options.truncation,
                truncate_by=options.truncate_by,
                temperature=options.temperature,
                top_k=options.top_k,
                top_p=options.top_p,
            )
            images = torch.cat(list(paced(parts, n, "images")))
            if film:
                caption = disclosed(model, "generated", {"seed": options.seed, **texts, "views": n}).words
                save_motion((film_frame(model.spec.main, image) for image in images), path, _RATE, caption)
            else:
                _write(images, path, options, model, label, words, form)
    print(target.path)
    return 0


def _texts(entries: Sequence[str]) -> dict[str, str]:
    """Conditions by name. Raises ConfigError for what is not NAME=VALUE, or is there twice."""
    texts: dict[str, str] = {}
    for entry in entries:
        name, equals, text = entry.partition("=")
        if not (name and equals):
            raise ConfigError(f"--given {entry!r} names no condition: write NAME=VALUE, such as label=3.")
        if name in texts:
            raise ConfigError(f"--given names {name} twice: leave out one of them.")
        texts[name] = text
    return texts


def _streamed(model: Model, options: Sample, texts: Mapping[str, str]) -> torch.Tensor:
    """One text, [1, L], printed piece by piece as it is written."""
    kind = model.spec.main
    assert isinstance(kind, Tokens)
    tokens, printed = torch.zeros(kind.shape, dtype=torch.long), ""
    writing = model.write(
        seed=options.seed,
        given=texts,
        temperature=options.temperature,
        top_k=options.top_k,
        top_p=options.top_p,
    )
    for place, token in enumerate(writing):
        tokens[place] = token[0]
        text = kind.text(tokens if kind.way != "numbers" else tokens[: place + 1])
        whole = text.rstrip("\ufffd") if kind.way == "bpe" else text  # a letter of several bytes that is not yet there
        print(whole[len(printed) :], end="", flush=True)
        printed = whole
    text = kind.text(tokens)
    print(text[len(printed) :])
    return tokens[None]


def _with_mask(texts: Mapping[str, str]) -> Mapping[str, str]:
    """The same; a picture with transparent pixels is the mask of itself, unless there is one."""
    if "image" not in texts or "mask" in texts:
        return texts
    try:
        with Picture.open(texts["image"]) as opened:
            return {**texts, "mask": texts["image"]} if opened.has_transparency_data else texts
    except OSError:
        return texts  # the kind of the image says what is wrong with it


def _walk(model: Model, n: int, along: Along, out: Path, options: Sample, chosen: int | None) -> None:
    spaces(model)  # refuses a model that makes no images from latents
    points = latents_of(model, [Address(options.seed, row) for row in range(n)], chosen)
    label = None if points.label is None else points.label[:1].expand((n - 1) * _STEPS + 1)
    way = Code("z", through(points.values, _STEPS, along), None, label)
    words = [f"{options.seed}:{row}" for row in range(n)]
    title = f"walk through images 0 to {n - 1} of seed {options.seed}: {along} in latents"
    title += "" if chosen is None else f", label {class_name(model, chosen)}"
    title += f", truncation {options.truncation:g}" if options.truncation != 1 else ""
    caption = f"generated by {model.title}: {title}"
    disclosure = disclosed(model, "generated", {"walk": title})
    save_walk(
        model,
        way,
        words,
        _STEPS,
        out,
        title,
        disclosure,
        caption,
        rate=_RATE,
        truncation=options.truncation,
        truncate_by=options.truncate_by,
    )


def _write(
    images: torch.Tensor,
    out: Path,
    options: Sample,
    model: Model,
    label: int | None,
    conditions: Mapping[str, str],
    form: str,
    *,
    printed: bool = False,
) -> None:
    """printed: whether the texts are on the screen already."""
    words = f"generated by {model.title}, seed {options.seed}"
    words += "" if label is None else f", label {class_name(model, label)}"
    words += "".join(f", {name} {text}" for name, text in conditions.items())
    settings = {
        "seed": options.seed,
        **_of_class(model, label),
        **conditions,
        "temperature": options.temperature if options.temperature != 1 else None,
        "top_k": options.top_k or None,
        "top_p": options.top_p if options.top_p != 1 else None,
        "truncation": options.truncation,
        "truncate_by": options.truncate_by if options.truncation != 1 and options.truncate_by != "resample" else None,
    }
    kind = model.spec.main
    if not options.single and out.suffix != ".png" and out.suffix in kind.sheets:
        write_examples(kind, images, out, disclosed(model, "generated", {**settings, "images": len(images)}), words)
        print("" if printed else kind.document(images) or "", end="")
        return
    if not options.single:
        write(kind.picture(images), out, disclosed(model, "generated", {**settings, "images": len(images)}), words)
        return
    if not isinstance(kind, Image) or form != ".png":
        for row, value in enumerate(images):
            disclosure = disclosed(model, "generated", {**settings, "row": row})
            write_example(kind, value, out / f"{row:05d}{form}", disclosure, f"{words}, number {row}")
        return
    shown = to_uint8(images[:, : 3 if images.shape[1] >= 3 else 1]).numpy()
    for row, image in enumerate(shown):
        disclosure = disclosed(model, "generated", {**settings, "row": row})
        write(as_picture(image), out / f"{row:05d}.png", disclosure, f"{words}, image {row}")


def _of_class(model: Model, label: int | None) -> dict[str, int | str | None]:
    """The number of a class, and its name where that says more, for a disclosure."""
    name = class_name(model, label)
    return {"label": label, "class": None if name == str(label) else name}

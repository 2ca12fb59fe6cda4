"""encode: train an encoder, which names the latent or the styles of a given image at once."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from saddlepoint.checkpoint.model import Model, load
from saddlepoint.cli.arguments import parsed
from saddlepoint.cli.edit.options import check_ending
from saddlepoint.cli.edit.progress import StderrProgress, keeping
from saddlepoint.deploy.destination import Destination, check_new
from saddlepoint.deploy.label import disclosed, labelled
from saddlepoint.engine.distributed import DEVICE
from saddlepoint.latent.codes import Space, check_space, spaces
from saddlepoint.latent.decode_codes import images_of
from saddlepoint.latent.encoder import Encoder, Training, default_path, encode, save_encoder, train_encoder
from saddlepoint.latent.perceptual import Kind
from saddlepoint.latent.prior import random_codes
from saddlepoint.report.captioned import captioned
from saddlepoint.report.wording import duration, number
from saddlepoint.storage.whole import replace

_SHOWN = 8  # samples in the picture


@dataclass(frozen=True, kw_only=True)
class Encode:
    """Train an encoder for `saddle edit project`. It learns from the model's own samples, so it needs no images.

    Ctrl-C ends the training early and keeps the encoder.
    """

    run: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
    """folder of a run, RUN/best, or of one of its checkpoints"""
    space: Space | None = None
    """latent space: z (the latent), w (one style for all layers) or w+ (one style per layer); by default w+ where the
    model has styles, else z"""
    images: int = 60_000
    """training length of the encoder, in samples seen"""
    minutes: float | None = None
    """stop after this many minutes, if that comes first"""
    batch: int = 32
    """samples in one training step"""
    lr: float = 1e-3
    """learning rate at the start; it falls to 0"""
    width: int = 32
    """channels of the first layer; more for large or difficult images"""
    distance: Kind = "auto"
    """perceptual distance to minimise: lpips, or pyramid, which needs no weights; auto takes lpips from 64 pixels up if
    its weights are in the cache"""
    seed: int = 0
    """random seed of the weights and samples"""
    out: Path | None = None
    """file to write; by default RUN/encoders/SPACE.safetensors, where `saddle edit project` looks for it"""
    device: str = DEVICE
    """auto (the best that the machine has), cpu, cuda, cuda:1 or mps"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle edit encode RUN`."""
    options = parsed(Encode, "saddle edit encode", arguments)
    if options.out is not None:
        check_ending(options.out, (".safetensors",))
        check_new(options.out)
    seconds = None if options.minutes is None else 60 * options.minutes
    settings = Training(
        images=options.images,
        seconds=seconds,
        batch=options.batch,
        lr=options.lr,
        width=options.width,
        seed=options.seed,
    )
    model = load(options.run, device=options.device)
    space = check_space(model, options.space or spaces(model)[-1])
    target = _target(options, default_path(model, space))
    progress = StderrProgress("samples", options.images)
    with keeping() as stop:
        encoder = train_encoder(
            model, space=space, settings=settings, kind=options.distance, progress=progress, stop=stop
        )
    with target as (file, drawn):
        save_encoder(encoder, file)
        _picture(model, encoder, options, drawn)
    path, picture = target.paths
    for earlier in target.earlier[:1]:
        print(f"the encoder that was there is now {earlier}", file=sys.stderr)
    facts = encoder.facts
    print(f"an encoder into {space}, {facts['images']:,} samples in {duration(facts['seconds'])}; on 256 others:")
    print(f"  pixel error       {number(facts['error'])} (root mean square; pixels go from -1 to 1)")
    print(f"  perceptual error  {number(facts['perceptual'])} ({facts['distance']})")
    print(f"  code error        {number(facts['code_error'])} of a deviation; naming the mean each time would give 1")
    print(f"  picture           {picture}")
    print(path)
    return 0


def _target(options: Encode, default: Path) -> Destination:
    """The file of the encoder and its picture. The newest encoder has the default name; an earlier one is set aside."""
    path = options.out or default
    return Destination(path, path.with_suffix(".png"), named=True, aside=options.out is None)


def _picture(model: Model, encoder: Encoder, options: Encode, path: Path) -> None:
    """Samples that it has not seen, over what its codes make."""
    samples = images_of(model, random_codes(model, _SHOWN, "z", seed=options.seed + 1))
    rebuilt = encode(model, encoder, samples, kind=options.distance).images
    title = f"an encoder into {encoder.space}: samples, and what its codes for them make"
    picture = captioned([*samples, *rebuilt], ["sample", "made again"], [""] * _SHOWN, title)
    replace(path, labelled(picture, disclosed(model, "generated", {"edit": "encode", "space": encoder.space})))

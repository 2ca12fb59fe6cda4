"""directions: find what can be turned up and down in all images, with labels or without, and keep it in a file."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model, load
from saddlepoint.checkpoint.trained_on import data_of
from saddlepoint.cli.arguments import parsed
from saddlepoint.cli.edit.apply import chosen, signed, strip
from saddlepoint.cli.edit.options import EditOptions, made_by, under
from saddlepoint.deploy.destination import Destination
from saddlepoint.deploy.label import disclosed, write
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.latent.addresses import Address, codes_of
from saddlepoint.latent.attribute_table import Scores, of_classes, read_scores
from saddlepoint.latent.boundaries import boundaries
from saddlepoint.latent.codes import Code
from saddlepoint.latent.components import components
from saddlepoint.latent.decode_codes import stream
from saddlepoint.latent.directions import Directions, described, directions_of, pool
from saddlepoint.latent.factorisation import factorise
from saddlepoint.latent.mixing import layers_named, sides_of
from saddlepoint.metrics.extractors.classifier import train_classifier
from saddlepoint.report.captioned import captioned
from saddlepoint.report.pace import paced
from saddlepoint.report.tables import print_table
from saddlepoint.text import counted

_STRENGTHS = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]


@dataclass(frozen=True, kw_only=True)
class FindDirections(EditOptions):
    """Find directions in a model's styles, or in its latents where it has none; choose one of three ways.

    Labels give a direction for each class or attribute, with how well it parts held-out images. Factorisation and main
    axes need none, and say nothing of what they change: look at the picture that is written beside the file.
    """

    endings: ClassVar[tuple[str, ...]] = (".safetensors",)

    from_labels: str | None = None
    """source of labels: `data` (a classifier trained now on the labelled images of the run), the folder of a run that
    classifies, or a .csv of `image,NAME,...` about the images of `saddle sample RUN --single --seed S`, with the same
    --label if any"""
    factorise: bool = False
    """compute directions from the first weights of the generator; takes seconds, needs no labels"""
    pca: bool = False
    """compute the principal components of many latents; needs no labels"""
    count: int = 8
    """number of directions to compute without labels"""
    samples: int = 4000
    """number of images to label, or to compute components from"""
    share: float = 0.2
    """for scores: share of the highest and of the lowest images to use"""
    layers: str | None = None
    """style layers whose weights are factorised: coarse, middle, fine, or numbers such as 0-3; by default all"""
    seed: int = 0
    """random seed of the samples, as in `saddle sample`"""
    label: str | None = None
    """class of the samples, by name or number, for a conditional model: finds what varies within that class; by default
    all classes"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle edit directions RUN --factorise`."""
    options = parsed(FindDirections, "saddle edit directions", arguments)
    _check(options)
    model = options.open()
    if options.from_labels is not None:
        directions, how = _labelled(model, options, options.from_labels), "labels"
    elif options.factorise:
        layers = None if options.layers is None else layers_named(options.layers, sides_of(model))
        directions, how = factorise(model, options.count, layers=layers, label=options.class_of(model)), "factors"
    else:
        directions = components(
            model, options.count, samples=options.samples, seed=options.seed, label=options.class_of(model)
        )
        how = "components"
    of = "" if options.label is None else f"label-{options.label}"
    path = options.out or under(model, "directions", how, options.layers or "", of, suffix=".safetensors")
    target = Destination(path, path.with_suffix(".png"), named=options.out is not None)
    with target as (file, drawn):
        directions.save(file)
        _show(model, directions, drawn, options.class_of(model))
    path, picture = target.paths
    print_table(
        _rows(directions),
        f"{counted(len(directions), 'direction')} in {'latents' if directions.space == 'z' else 'styles'}",
    )
    print(f"{path}\n{picture}\ntry  saddle edit apply {options.run} --directions {path} --name {directions.names[0]}")
    return 0


def _check(options: FindDirections) -> None:
    ways = [options.from_labels is not None, options.factorise, options.pca]
    if sum(ways) != 1:
        raise ConfigError("choose one way: --from-labels data (or a .csv, or a run), --factorise, or --pca.")
    if options.count < 1 or options.samples < 100 or not 0 < options.share <= 0.5:
        raise ConfigError("--count must be 1 or more, --samples 100 or more, and --share over 0 and at most 0.5.")
    if options.layers is not None and not options.factorise:
        raise ConfigError("--layers chooses whose weights are factorised: it goes with --factorise alone.")


def _labelled(model: Model, options: FindDirections, source: str) -> Directions:
    """Boundaries of what the source says of the samples. Raises DataError where none can be found."""
    table = read_scores(Path(source)) if source.endswith(".csv") else None
    count = options.samples if table is None else len(next(iter(table.values())))
    space, code = pool(model, count, options.seed, options.class_of(model))
    scores = table or _named(model, code, source)
    parted, failed = boundaries(code.values.flatten(1), scores, share=options.share)
    for name, reason in failed.items():
        print(f"no direction for {name}: {reason}", file=sys.stderr)
    if not parted:
        raise DataError(f"no direction was found in {counted(count, 'image')}: take more --samples, or other labels.")
    facts = {
        **described(model),
        "how": f"linear boundaries between {counted(count, 'image')}, labelled by {Path(source).name},"
        f" seed {options.seed}",
        "held_out_accuracy": {name: each.accuracy for name, each in parted.items()},
        "held_out": {name: each.held_out for name, each in parted.items()},
    }
    vectors = torch.stack([each.vector for each in parted.values()])
    return directions_of(space, vectors, list(parted), code.values.flatten(1), facts)


def _named(model: Model, code: Code, source: str) -> Scores:
    """What a classifier says of the images of a code: the run `source`, or one trained on the run's own images."""
    parts = paced(stream(model, code), len(code), "images")
    if source != "data":
        judge = load(source, device=model.device)
        if judge.spec.shape != model.spec.shape:
            raise DataError(f"{judge} looks at images of another shape than {model} makes.")
        return of_classes(torch.cat([judge.classify(part) for part in parts]), judge.spec.classes)
    data, _ = data_of(model, lambda text: print(text, file=sys.stderr))
    if data.labels is None:
        raise DataError(
            f"{data.source} has no labels to learn from: give a .csv of labels, the run of a model that classifies,"
            " or find directions without labels by --factorise or --pca."
        )
    classifier = train_classifier(np.asarray(data.images), np.asarray(data.labels))
    right = f"{classifier.accuracy:.1%} of {classifier.held_out:,} held-out images"
    print(f"the classifier is right on {right}", file=sys.stderr)
    features = np.concatenate([classifier.batch(to_uint8(part).numpy()) for part in parts])
    return of_classes(torch.from_numpy(classifier.probabilities(features)), data.classes)


def _rows(directions: Directions) -> list[dict[str, object]]:
    """A line for each direction: what is known of it."""
    known = {"share_of_variance": "share of variance", "eigenvalues": "eigenvalue"}
    rows: list[dict[str, object]] = []
    for place, name in enumerate(directions.names):
        row: dict[str, object] = {"name": name}
        if "held_out_accuracy" in directions.facts:
            row["held-out images parted"] = f"{directions.facts['held_out_accuracy'][name]:.1%}"
            row["of"] = directions.facts["held_out"][name]
        row |= {heading: directions.facts[key][place] for key, heading in known.items() if key in directions.facts}
        rows.append({**row, "spread": float(directions.spread[place])})
    return rows


def _show(model: Model, directions: Directions, path: Path, label: int | None) -> None:
    """A strip for each direction, of one image."""
    code = codes_of(model, [Address()], label=label)
    layers, of = chosen(directions, model, None)
    strips = torch.cat([strip(model, code, directions, name, _STRENGTHS, layers) for name in directions.names])
    title = f"image 0:0 along each direction{of}; strength in deviations. Found as {directions.facts['how']}"
    picture = captioned(list(strips), directions.names, signed(_STRENGTHS), title)
    write(picture, path, disclosed(model, "generated", {"edit": title}), made_by(model, title, ()))

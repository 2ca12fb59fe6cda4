"""compress: shrink a model (int8, pruning, distillation); saved only if its quality stays within your limit."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import tyro
from safetensors.torch import save

from saddlepoint.checkpoint.model import Model, load
from saddlepoint.checkpoint.pretrained import stored
from saddlepoint.checkpoint.trained_on import data_of
from saddlepoint.cli.arguments import parsed
from saddlepoint.data.dataset import Dataset
from saddlepoint.deploy.compress.distil import distil
from saddlepoint.deploy.compress.feed import Feed, makes_images
from saddlepoint.deploy.compress.judge import Judge, Limits, Verdict
from saddlepoint.deploy.compress.prune import SHARES, pruned
from saddlepoint.deploy.compress.quantise import VARIANTS, quantised
from saddlepoint.deploy.destination import Destination
from saddlepoint.deploy.export import Exported, exported
from saddlepoint.deploy.latency import latencies
from saddlepoint.deploy.parity import by_session, fed, session_of
from saddlepoint.deploy.parts import Part
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.metrics.extractors.selection import ExtractorName, extractor_for
from saddlepoint.report.tables import print_table
from saddlepoint.storage.whole import replace, write_json

TIMED = (1, 16)
"""batch sizes that a call is timed with"""
ORIGINAL = "as it is"


@dataclass(frozen=True, kw_only=True)
class Compress:
    """Make a trained model smaller or faster, and say what that costs.

    int8: ONNX files in whole numbers of 8 bits, a quarter of the size; convolutions get faster on processors that have
    instructions for them, transposed convolutions do not. prune: weights that matter least become zero and are not
    stored; no call gets faster. distil: a smaller model of the same method learns to make the same images; smaller and
    faster. Each is judged on the images that the model was trained on, beside the original.
    """

    run: tyro.conf.Positional[Path]
    """folder of a run, RUN/best, or of one of its checkpoints; the images that it was trained on must still be there"""
    by: Literal["int8", "prune", "distil"]
    """kind of compression"""
    worst: float = 1.1
    """largest accepted Fréchet distance to real images, as a multiple of the original's, for a model that makes images
    from noise; above it nothing is saved"""
    worst_levels: float = 4.0
    """largest accepted mean absolute change of a translator's output, in grey levels (0 to 255); above it nothing is
    saved"""
    student: tuple[str, ...] = ()
    """distil: settings that make the method's network smaller, such as generator_width=32"""
    share: float | None = None
    """prune: share of the weights to remove; by default as many as the limit allows"""
    steps: int = 1000
    """training steps: of distil, and of each round of prune"""
    batch: int = 32
    """examples in one of these training steps"""
    lr: float = 1e-3
    """learning rate at the start (Adam); it falls to 0"""
    extractor: ExtractorName = "auto"
    """network whose features are compared; auto: a classifier trained on small labelled images, else Inception"""
    weights: Path | None = None
    """weight file of inception-2015, instead of downloading it"""
    out: Path | None = None
    """folder to write; by default a new one under RUN/compressed"""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A smaller model: files by part for int8, else a model; with its verdict."""

    name: str
    verdict: Verdict
    size: int
    contents: Mapping[str, bytes]
    model: Model | None = None


@dataclass(frozen=True, eq=False)
class Outcome:
    """The table with the original in its first row, how its figures were made, and what was tried."""

    table: list[dict[str, Any]]
    protocol: str
    tried: list[Candidate]


def main(arguments: list[str]) -> int:
    """The command line: `saddle compress RUN --by int8|prune|distil`."""
    options = parsed(Compress, "saddle compress", arguments)
    _check(options)
    model = load(options.run)
    folder = options.out or model.home / "compressed" / f"{options.by}-{model.version}"
    target = Destination(folder, named=options.out is not None, folders=True)
    outcome = compress(model, options)
    print_table(outcome.table, title=f"{model.name} {model.version} by {options.by}")
    print(outcome.protocol)
    good = [candidate for candidate in outcome.tried if candidate.verdict.fine]
    if not good:
        raise CapabilityError(f"{_worse(outcome.tried[-1], options)}: nothing is written. {_mend(options)}")
    with target as (path,):
        _write(good[-1], path, outcome.table, options)
    print(f"{good[-1].name}: {target.path}")
    return 0


def compress(model: Model, options: Compress) -> Outcome:
    """Everything that is tried, judged and timed; nothing is written."""
    dataset, held_out = _data(model)
    originals = list(exported(model, "onnx", say, makes_images))
    feed = Feed.of(model, dataset, held_out)
    train, _ = dataset.split(held_out)
    judge = Judge(
        [one.part for one in originals],
        feed,
        dataset.images[train],
        lambda: extractor_for(
            dataset, options.extractor, weights=() if options.weights is None else (options.weights,)
        ),
        Limits(options.worst, options.worst_levels),
    )
    size = sum(len(one.content) for one in originals) if options.by == "int8" else _stored(model)
    whole = Candidate(ORIGINAL, judge.itself(), size, {one.part.name: one.content for one in originals}, model)
    tried = list(_candidates(options, model, originals, feed, judge))
    protocol = f"{judge.protocol} Milliseconds of one thread in ONNX Runtime, batches of 1 and 16."
    return Outcome(_table([whole, *tried], originals[0].part), protocol, tried)


def say(text: str) -> None:
    """Progress, beside what is printed for good."""
    print(text, file=sys.stderr, flush=True)


def _check(options: Compress) -> None:
    if (options.by == "distil") != bool(options.student):
        raise ConfigError("--by distil needs --student NAME=VALUE ..., and nothing else takes it.")
    if options.share is not None and (options.by != "prune" or not 0 < options.share < 1):
        raise ConfigError("--share is for --by prune: more than 0 and less than 1.")
    for name in ("steps", "batch", "lr", "worst", "worst_levels"):
        if not getattr(options, name) > 0:
            raise ConfigError(f"--{name.replace('_', '-')} must be more than 0.")


def _data(model: Model) -> tuple[Dataset, float | None]:
    """The images that the model was trained on, and the share that was held out."""
    if len(model.spec.shape) != 3:
        raise CapabilityError(f"{model} makes points; its networks are too small to gain from this.")
    dataset, settings = data_of(model, say)
    return dataset, settings.held_out


def _candidates(
    options: Compress, model: Model, originals: list[Exported], feed: Feed, judge: Judge
) -> Iterator[Candidate]:
    """What is tried, in order; the last that is fine is kept."""
    training: dict[str, Any] = {"steps": options.steps, "batch": options.batch, "lr": options.lr, "say": say}
    if options.by == "int8":
        for name, whole_layers in VARIANTS.items():
            say(f"{name}: ranges are measured")
            contents = {one.part.name: quantised(one.part, one.content, feed, whole_layers) for one in originals}
            runs = {one.part.name: by_session(one.part, session_of(contents[one.part.name])) for one in originals}
            candidate = Candidate(name, judge.verdict(runs), sum(map(len, contents.values())), contents)
            yield candidate
            if candidate.verdict.fine:
                return
    elif options.by == "prune":
        small = model
        for share in SHARES if options.share is None else (options.share,):
            say(f"{share:.0%} of the weights go; the rest learns to make up for them")
            small = pruned(small, share, model, feed, **training)
            candidate = _of_model(f"{share:.0%} pruned", small, originals, judge)
            yield candidate
            if not candidate.verdict.fine:
                return
    else:
        student = distil(model, options.student, feed, **training)
        yield _of_model(" ".join(options.student), student, originals, judge)


def _of_model(name: str, small: Model, originals: list[Exported], judge: Judge) -> Candidate:
    parts = list(exported(small, "onnx", say, makes_images))
    runs = {one.part.name: by_session(one.part, session_of(one.content)) for one in parts}
    contents = {one.part.name: one.content for one in parts}
    return Candidate(name, judge.verdict(runs), _stored(small), contents, small)


def _stored(model: Model) -> int:
    """Bytes of the weights as a saved model holds them."""
    return len(save(stored(model.needed.state_dict())))


def _table(candidates: list[Candidate], part: Part) -> list[dict[str, Any]]:
    """A row for each; all are timed in turn."""
    times: dict[int, Mapping[str, float]] = {}
    for n in TIMED:
        inputs = fed(part, part.random_inputs(n, 0))
        sessions = {one.name: session_of(one.contents[part.name]) for one in candidates}
        times[n] = latencies({name: partial(session.run, None, inputs) for name, session in sessions.items()})
    return [
        {
            "name": one.name,
            "kB": one.size / 1000,
            **{f"ms, batch {n}": times[n][one.name] for n in TIMED},
            **one.verdict.row(),
            "kept": "" if one.name == ORIGINAL else one.verdict.fine,
        }
        for one in candidates
    ]


def _worse(last: Candidate, options: Compress) -> str:
    verdict = last.verdict
    if verdict.ratio is not None and verdict.ratio > options.worst:
        return (
            f"{last.name} is {verdict.ratio:.2f} times as far from real images as the original, over {options.worst:g}"
        )
    return f"{last.name} changes what it makes by {verdict.levels:.2f} levels, over {options.worst_levels:g}"


def _mend(options: Compress) -> str:
    words = {
        "int8": "Raise the limit, or use --by distil.",
        "prune": "Raise the limit or --steps, or take a smaller --share.",
        "distil": "Raise the limit or --steps, or make the student larger.",
    }
    return words[options.by]


def _write(candidate: Candidate, folder: Path, table: list[dict[str, Any]], options: Compress) -> None:
    if options.by == "int8":
        for name, content in candidate.contents.items():
            replace(folder / f"{name}.onnx", content)
    elif candidate.model is not None:
        candidate.model.save_pretrained(folder)
    write_json(folder / "compressed.json", {"by": options.by, "kept": candidate.name, "table": table})

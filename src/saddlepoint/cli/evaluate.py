"""evaluate: measure a trained model, or one folder of images against another, with everything a figure depends on."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tyro

from saddlepoint.checkpoint.bundle import Model, load
from saddlepoint.checkpoint.files import write_json
from saddlepoint.cli.plan import Plan
from saddlepoint.cli.scoring import ExtractorName, extractor_for
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.open import open_data
from saddlepoint.data.pixels import to_uint8
from saddlepoint.data.settings import DataSettings
from saddlepoint.engine.run import Folder
from saddlepoint.errors import CapabilityError, CheckpointError, ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.metrics.bands import band
from saddlepoint.metrics.cache import cached_features
from saddlepoint.metrics.classifier import Classifier
from saddlepoint.metrics.estimate import mean_of
from saddlepoint.metrics.features import Extractor, Features, features
from saddlepoint.metrics.images import Bytes
from saddlepoint.metrics.measure import Metric, measure, real_against_real
from saddlepoint.metrics.resize import Resize
from saddlepoint.metrics.score import Protocol, Score, sentence
from saddlepoint.report.page import write_report
from saddlepoint.report.tables import print_table

EVALUATION = "evaluation.json"
"""the file of a run that `compare` reads"""
MOST_REAL, MOST_FAKE = 50_000, 10_000
_BATCH = 256


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Measure a model against real images. Prints a table with real against real beside it, and writes JSON."""

    run: tyro.conf.Positional[Path | None] = None
    """the folder of a run or of one of its checkpoints; left out with --fake"""
    metrics: tuple[Metric, ...] = ("fid", "kid", "precision", "recall")
    """what to measure; docs/metrics.md says what each means"""
    extractor: ExtractorName = "auto"
    """the network whose features are compared; auto: a classifier trained on small labelled images, else Inception"""
    weights: Path | None = None
    """the weight file of inception-2015, instead of downloading it"""
    resize: Resize = "tensorflow"
    """how images come to Inception's 299 pixels: tensorflow is the published protocol"""
    precision: Literal["float32", "bfloat16"] = "float32"
    """of Inception's arithmetic; bfloat16 is about twice as fast and another protocol"""
    n: Annotated[int | None, tyro.conf.arg(aliases=["-n"])] = None
    """how many images to generate; by default as many as there are real ones, at most 10,000"""
    seeds: int = 1
    """sample seeds to average over; the spread over them is what a comparison needs"""
    reference: Literal["train", "held-out"] = "train"
    """the real images to compare with: those trained on, or those held out"""
    truncation: float = 1.0
    """of the latents; a figure with less than 1 is another protocol"""
    real: Path | None = None
    """a folder, zip or word of real images, with --fake"""
    fake: Path | None = None
    """a folder or zip of images to measure instead of a model's"""
    resolution: int | None = None
    """side that the images of --real and --fake are brought to; by default their own"""
    device: str = "cpu"
    """where the model runs"""
    out: Path | None = None
    """the JSON file to write; by default evaluation.json in the run's folder, or in the current one"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle evaluate RUN`, or `saddle evaluate --real DIR --fake DIR`."""
    found = tyro.cli(Evaluate, prog="saddle evaluate", args=arguments)
    if found.seeds < 1 or (found.n is not None and found.n < 2):
        raise ConfigError("--seeds must be 1 or more and -n 2 or more.")
    if (found.run is None) == (found.fake is None) or (found.fake is None) != (found.real is None):
        raise ConfigError("give the folder of a run, or --real DIR and --fake DIR.")
    scores, floor, notes = _folders(found) if found.run is None else _model(found, found.run)
    _show(scores, floor, notes)
    return 0


def _folders(found: Evaluate) -> tuple[list[Score], list[Score], list[str]]:
    real, fake = (
        open_data(DataSettings(data=str(path), resolution=found.resolution)) for path in (found.real, found.fake)
    )
    extractor = _extractor(found, real)
    rows = np.arange(len(real))
    made = Protocol("", 0, 0, reference="given", data=real.fingerprint)
    known = _known(real, rows, "given", extractor)
    scores = measure(found.metrics, extractor, known, features(extractor, fake.images), made)
    floor = real_against_real(found.metrics, extractor, known, made)
    notes = _notes(extractor) + [f"real: {note}" for note in real.notes] + [f"generated: {note}" for note in fake.notes]
    _write(found.out or Path(EVALUATION), scores, floor, notes)
    return scores, floor, notes


def _model(found: Evaluate, path: Path) -> tuple[list[Score], list[Score], list[str]]:
    model = load(path, device=found.device)
    root = model.path.parent.parent
    plan = Plan.read(model.facts)
    dataset = open_data(plan.data)
    if dataset.fingerprint != model.facts["dataset"]["fingerprint"]:
        raise CheckpointError(f"the images of {plan.data.data} are not those that {root} was trained on.")
    if dataset.images.ndim != 4:
        raise CapabilityError(f"{model} makes points; `saddle prove` measures those.")
    train, held_out = dataset.split(plan.data.held_out)
    rows = train if found.reference == "train" else held_out
    if len(rows) < 4:
        raise ConfigError("nothing was held out of this run; use --reference train.")
    rows = np.sort(numpy_generator("evaluated", len(rows)).permutation(rows)[:MOST_REAL])
    extractor = _extractor(found, dataset)
    known = _known(dataset, rows, found.reference, extractor)
    made = Protocol("", 0, 0, reference=found.reference, data=dataset.fingerprint, truncation=found.truncation)
    count = found.n or min(len(rows), MOST_FAKE)
    by_seed = []
    for seed in range(found.seeds):
        fake = _generated(model, count, seed, found.truncation, extractor)
        by_seed.append(measure(found.metrics, extractor, known, fake, made, seed))
    scores = [_mean(same) for same in zip(*by_seed)]
    floor = real_against_real(found.metrics, extractor, known, made)
    notes = _notes(extractor)
    _write(found.out or root / EVALUATION, scores, floor, notes)
    _report(root, scores, floor, model)
    return scores, floor, notes


def _extractor(found: Evaluate, dataset: Dataset) -> Extractor:
    return extractor_for(
        dataset, found.extractor, weights=found.weights, resize=found.resize, precision=found.precision
    )


def _mean(scores: tuple[Score, ...]) -> Score:
    """One score from those of several sample seeds."""
    if len(scores) == 1:
        return scores[0]
    found = mean_of([score.value for score in scores], f"{len(scores)} sample seeds")
    return dataclasses.replace(scores[0], value=found.value, spread=found.spread, over=found.over, seed=None)


def _notes(extractor: Extractor) -> list[str]:
    if not isinstance(extractor, Classifier):
        return []
    return [f"the classifier names {extractor.accuracy:.1%} of {extractor.held_out} held-out images rightly"]


def _known(dataset: Dataset, rows: np.ndarray, reference: str, extractor: Extractor) -> Features:
    """Features of real images, measured once for each extractor."""

    def batches() -> Iterator[Bytes]:
        for start in range(0, len(rows), _BATCH):
            yield np.ascontiguousarray(dataset.images[rows[start : start + _BATCH]])

    return cached_features(f"{dataset.fingerprint}/{reference}/{len(rows)}", extractor, batches)


def _generated(model: Model, count: int, seed: int, truncation: float, extractor: Extractor) -> Features:
    def batches() -> Iterator[Bytes]:
        for part in model.stream(count, seed=seed, truncation=truncation, batch=_BATCH):
            yield to_uint8(part).numpy()

    return features(extractor, batches())


def _write(path: Path, scores: list[Score], floor: list[Score], notes: list[str]) -> None:
    write_json(
        path,
        {
            "scores": [score.json() for score in scores],
            "real against real": [score.json() for score in floor],
            "sentence": sentence(scores),
            "notes": notes,
        },
    )


def read(path: Path) -> list[Score]:
    """The scores of an evaluation file. Raises CheckpointError when there is none."""
    if not path.exists():
        raise CheckpointError(f"{path} is not there; run `saddle evaluate {path.parent}` first.")
    return [Score.read(json.dumps(score)) for score in json.loads(path.read_text(encoding="utf-8"))["scores"]]


def _rows(scores: list[Score], floor: list[Score]) -> list[dict[str, Any]]:
    return [
        {
            "figure": score.protocol.metric,
            "generated": score.value,
            "spread": score.spread,
            "over": score.over,
            "real against real": other.value,
            "in words": band(score) or "",
        }
        for score, other in zip(scores, floor)
    ]


def _show(scores: list[Score], floor: list[Score], notes: list[str]) -> None:
    rows = [{name: value for name, value in row.items() if value not in ("", None)} for row in _rows(scores, floor)]
    print_table(rows)
    for note in notes:
        print(f"  {note}")
    for text in dict.fromkeys(text for score in scores for text in score.warnings()):
        print(f"  beware: {text}")
    print(f"  for a paper: {sentence(scores)}")


def _report(root: Path, scores: list[Score], floor: list[Score], model: Model) -> None:
    rows = [
        {"name": model.name, **{score.protocol.metric: score.value for score in scores}},
        {"name": "real against real", **{score.protocol.metric: score.value for score in floor}},
    ]
    told = sentence(scores).split("; ", 1)[1]
    notes = list(dict.fromkeys(text for score in scores for text in score.warnings()))
    write_json(root / "scores.json", {"protocol": told, "rows": rows, "notes": notes})
    if Folder(root).facts.exists():
        write_report(root)

"""Measures a model, or two folders of images: what `saddlepoint.evaluate` and the command line call."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model, load
from saddlepoint.checkpoint.trained_on import data_of
from saddlepoint.config import from_json, refuse_unknown
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.deploy.destination import Destination, check_new
from saddlepoint.engine.distributed import DEVICE, Machine, TorchMachine
from saddlepoint.errors import CapabilityError, ConfigError, SaddlepointError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.clip import Clip
from saddlepoint.kinds.points import Points
from saddlepoint.kinds.record import Record
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.metrics.extractors.features import Extractor
from saddlepoint.metrics.extractors.own_network import OwnNetwork
from saddlepoint.metrics.extractors.resize import Resize
from saddlepoint.metrics.extractors.selection import ExtractorName, extractor_for
from saddlepoint.metrics.formulas.estimate import mean_of
from saddlepoint.metrics.proofs import measure
from saddlepoint.metrics.scores import metric as metric_named
from saddlepoint.metrics.scores import names
from saddlepoint.metrics.scores.base import Figures, ModelMetric, TrainedModel
from saddlepoint.metrics.scores.by_group import coverage_by_group, groups_of
from saddlepoint.metrics.scores.measure_pairs import comparison, measure_pairs
from saddlepoint.metrics.scores.own_networks import of_pairs as own_of_pairs
from saddlepoint.metrics.scores.own_networks import of_sets as own_of_sets
from saddlepoint.metrics.scores.own_networks import own_networks
from saddlepoint.metrics.scores.paired_folders import pairs
from saddlepoint.metrics.scores.reference import Metric, Reference, among
from saddlepoint.metrics.scores.score import Protocol, Score
from saddlepoint.metrics.sets import Generated, Indices, Rows
from saddlepoint.report.grids import save_png
from saddlepoint.runs.evaluation import EVALUATION, Evaluation
from saddlepoint.runs.held_out_classes import evaluate_classes, names_classes
from saddlepoint.runs.held_out_clips import evaluate_clips
from saddlepoint.runs.held_out_pairs import evaluate_pairs, learnt_from_pairs
from saddlepoint.runs.held_out_records import evaluate_records
from saddlepoint.runs.held_out_texts import evaluate_texts
from saddlepoint.runs.held_out_translations import evaluate_translations
from saddlepoint.runs.held_out_views import evaluate_views
from saddlepoint.storage.whole import write_json
from saddlepoint.text import counted

MOST_REAL, MOST_FAKE = 50_000, 10_000


_LEAST = 4
"""real images that figures can be had from"""


@dataclass(frozen=True, kw_only=True)
class Measuring:
    """What to measure, and how."""

    run: Path | None = None
    """folder of a run, RUN/best, or of one of its checkpoints; leave out with --fake"""
    metrics: tuple[Metric, ...] = ("fid", "kid", "precision", "recall")
    """metrics to compute; docs/metrics.md explains each. Of a model of texts: perplexity, or where it makes one text of
    another, bleu, rouge-l and meteor, all that fit unless some are named. psnr, ssim, ms-ssim, lpips and mae compare
    the images of --real and --fake that have the same name; a model of a scene is compared with its held-out views,
    and one that learnt from pairs with its held-out targets, by psnr, ssim and, where its weights are, lpips"""
    extractor: ExtractorName = "auto"
    """network whose features are compared; auto: a classifier trained on small labelled images, else Inception"""
    weights: tuple[Path, ...] = ()
    """weight files of Inception and LPIPS, or folders that hold them, instead of downloading them"""
    resize: Resize = "tensorflow"
    """how images are resized to Inception's 299 pixels: tensorflow is the published protocol"""
    precision: Literal["float32", "bfloat16"] = "float32"
    """number format for Inception; bfloat16 is about twice as fast, but its scores are not comparable with float32"""
    layer: Literal[64, 192, 768, 2048] = 2048
    """features of Inception that are compared: 2048 is the published layer; 64 and 192 see edges and textures, 768
    parts. Figures of different layers are not comparable"""
    own: tuple[str, ...] = ()
    """networks of your own, in ONNX or TorchScript, as KIND=FILE: detector, identity, quality (of faces) or markers
    (diagnostic ones); docs/metrics.md says what each gives"""
    groups: tuple[str, ...] = ()
    """attributes, or the word class, by which quality is told apart: whose images are missed or worse"""
    n: int | None = None
    """number of images to generate; by default as many as there are real ones, at most 10,000"""
    seeds: int = 1
    """number of sample seeds to average over, from 0; the spread over them is what a comparison needs"""
    reference: Literal["train", "held-out"] = "train"
    """real images to compare with: training or held-out images"""
    truncation: float = 1.0
    """truncation of the latents; scores below 1 are not comparable with scores at 1"""
    real: Path | None = None
    """folder, zip or built-in name of real images, with --fake"""
    fake: Path | None = None
    """folder or zip of images to measure, instead of images of a model"""
    resolution: int | None = None
    """side in pixels to which the images of --real and --fake are resized; by default their own"""
    device: str = DEVICE
    """device of the model and of Inception"""
    out: Path | None = None
    """JSON file to write; by default evaluation.json in the folder of the run, or in the current one"""


def evaluate(
    run: str | Path | None = None, *, metrics: Sequence[str] = ("fid", "kid", "precision", "recall"), **settings: Any
) -> dict[str, Any]:
    """Measure a trained model, or two folders of images, and return the figures as plain data.

    run: the folder of a run, RUN/best, of one of its checkpoints or of a saved model; None with `real` and `fake`.
    metrics, settings: as `saddle evaluate --help` has them, such as n=1000, seeds=3, reference="held-out".
    Writes evaluation.json as `saddle evaluate` does, and returns what it holds: "scores", each with "value" and its
    protocol, "real against real", "warnings" and sentences "for a paper". Of a model of points, "rows" with its modes.
    Raises SaddlepointError for what cannot be measured.
    """
    refuse_unknown(settings, [field.name for field in dataclasses.fields(Measuring)])
    several = [*metrics] if isinstance(metrics, Collection) and not isinstance(metrics, str) else metrics
    values = {name: _path_or_as_it_is(value) for name, value in {"run": run, "metrics": several, **settings}.items()}
    result = measured(from_json(Measuring, values))
    if isinstance(result, Evaluation):
        if result.failure is not None:
            raise result.failure
        return result.json()
    return result


def _path_or_as_it_is(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_path_or_as_it_is(each) for each in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def measured(options: Measuring) -> Evaluation | dict[str, Any]:
    """The figures, written where they belong; of a model of points, its table of modes.

    In a run of several processes those of the first one are whole.
    """
    if options.seeds < 1 or (options.n is not None and options.n < 2):
        raise ConfigError("--seeds must be 1 or more and -n 2 or more.")
    if (options.run is None) == (options.fake is None) or (options.fake is None) != (options.real is None):
        raise ConfigError("give the folder of a run, or --real DIR and --fake DIR.")
    if options.out is not None:
        check_new(options.out)
    machine = TorchMachine(options.device, "float32")
    try:
        model = None if options.run is None else load(options.run, device=machine.device)
        if model is not None and isinstance(model.spec.main, Points):
            return _modes(model, write=machine.rank == 0)
        home: Path | None
        result: Evaluation
        if model is not None and model.task("render") is not None and model.task("generate") is None:
            home, result = model.home, _views(options, model)
        elif model is not None and isinstance(model.spec.main, Tokens):
            usual = options.metrics == Measuring().metrics
            home, result = model.home, evaluate_texts(model, None if usual else options.metrics, options.n)
        elif model is not None and model.task("generate") is None and names_classes(model):
            home, result = model.home, evaluate_classes(model, options.groups)
        elif model is not None and _unpaired(model):
            home, result = model.home, _translations(options, model)
        elif model is not None and learnt_from_pairs(model):
            home, result = model.home, evaluate_pairs(model, _of_pairs(options, "translations"), options.weights)
        elif model is not None and isinstance(model.spec.main, Clip) and model.task("generate") is not None:
            home, result = model.home, evaluate_clips(model, _count(options, model))
        elif model is not None and isinstance(model.spec.main, Record):
            home, result = model.home, evaluate_records(model, _count(options, model))
        else:
            trained = None if model is None else _Trained(options, model, machine)
            home = None if trained is None else trained.model.home
            result = _folders(options, machine) if trained is None else trained.evaluation()
    finally:
        machine.close()
    if machine.rank == 0:
        path = options.out or (home or Path()) / EVALUATION
        target = Destination(path, named=True, aside=options.out is None)
        with target as (file,):
            result.write(file)
        for earlier in target.earlier:
            print(f"the figures that were there are now in {earlier}", file=sys.stderr)
        if home is not None:
            result.report(home)
    return result


def _views(options: Measuring, model: Model) -> Evaluation:
    """How near the views of a scene come to true ones; of metrics, those that compare pairs of images."""
    return evaluate_views(model, _of_pairs(options, "views of a scene"), options.weights)


def _of_pairs(options: Measuring, what: str) -> tuple[Metric, ...] | None:
    """The metrics that were named, each of pairs of images; None for the usual ones."""
    if options.metrics == Measuring().metrics:
        return None
    for metric in options.metrics:
        if metric not in names("PairMetric"):
            raise ConfigError(
                f"{metric} compares sets of images; {what} are compared one by one: name"
                f" {', '.join(names('PairMetric'))}."
            )
    return options.metrics


def _unpaired(model: Model) -> bool:
    """Whether it translates between kinds of images that come without pairs, and does nothing else."""
    translates = any(task.name.startswith("translate-a") for task in model.tasks)
    return translates and model.task("generate") is None and model.task("predict") is None


def _count(options: Measuring, model: Model) -> int | None:
    """How many examples are generated of what is measured in one way. Raises ConfigError for metrics of images."""
    if options.metrics != Measuring().metrics:
        raise ConfigError(f"{options.metrics[0]} is of images; {model.spec.main.word} are measured without --metrics.")
    return options.n


def _translations(options: Measuring, model: Model) -> Evaluation:
    """What can be said of translations whose truth nobody knows."""
    if options.metrics != Measuring().metrics:
        raise ConfigError(
            f"{options.metrics[0]} compares sets of images; a translator is measured by its held-out images without"
            " --metrics, or translate a folder and give --real DIR and --fake DIR."
        )
    return evaluate_translations(model)


def _modes(model: Model, *, write: bool) -> dict[str, Any]:
    """How many modes a model of points reaches, beside real points and one wide Gaussian."""
    dataset, _ = data_of(model)
    table = measure("mixture")(model, dataset, 0)
    facts = {"protocol": table.protocol, "rows": table.printed(), "notes": []}
    if write:
        write_json(model.home / "scores.json", facts)
    return facts


def _folders(options: Measuring, machine: Machine) -> Evaluation:
    for metric in among(options.metrics, "ModelMetric"):
        raise ConfigError(f"{metric} needs a model: give the folder of a run.")
    for metric in among(options.metrics, "TextMetric"):
        raise ConfigError(f"{metric} compares texts: give the folder of a run that makes one text of another.")
    if options.groups:
        raise ConfigError("--groups needs the data that a model was trained on: give the folder of a run.")
    own = own_networks(options.own)
    of_pairs = among(options.metrics, "PairMetric")
    comparisons = [comparison(metric, options.weights) for metric in of_pairs]
    whole = Evaluation(str(options.fake), [], [], [])
    if len(of_pairs) < len(options.metrics) or not options.metrics:
        whole = _sets(options, machine, {} if of_pairs else own)
    if of_pairs and machine.rank == 0 and options.real is not None and options.fake is not None:
        protocol = Protocol("", 0, 0, reference="given")
        try:
            whole.scores.extend(measure_pairs(of_pairs, pairs(options.real, options.fake), protocol, comparisons))
            whole.scores.extend(own_of_pairs(own, pairs(options.real, options.fake), protocol))
        except SaddlepointError as error:
            if not whole.scores:
                raise
            whole.failure = error
    return whole


def _sets(options: Measuring, machine: Machine, own: Mapping[str, OwnNetwork]) -> Evaluation:
    real, fake = _opened(options)
    reference = Reference(
        options.metrics,
        Rows(real.images),
        real.fingerprint,
        Protocol("", 0, 0, reference="given", data=real.fingerprint),
        lambda: _extractor(options, real, machine.device),
    )
    reference.prepare()
    scores = reference.scores(Rows(fake.images), None)
    if machine.rank:
        return Evaluation(str(options.fake), [], [], [])
    notes = [f"{word}: {note}" for word, data in (("real", real), ("generated", fake)) for note in data.notes]
    matched, floor = reference.at_equal_counts()
    own_scores, own_floor = own_of_sets(own, Rows(real.images), Rows(fake.images), reference.protocol, None)
    return Evaluation(str(options.fake), scores + own_scores, floor + own_floor, reference.notes() + notes, matched)


def _opened(options: Measuring) -> tuple[Dataset, Dataset]:
    """Both folders in one form: where one is grey and one in colour, the grey one gets three equal channels."""
    words = (str(options.real), str(options.fake))
    real, fake = (open_data(DataSettings(data=word, resolution=options.resolution)) for word in words)
    if real.images.ndim != 4 or fake.images.ndim != 4:
        raise CapabilityError("--real and --fake are images, not points.")
    if real.images.shape[1] != fake.images.shape[1]:
        real, fake = (open_data(DataSettings(data=word, resolution=options.resolution, channels=3)) for word in words)
    sizes = [f"{data.images.shape[3]}x{data.images.shape[2]}" for data in (real, fake)]
    if sizes[0] != sizes[1]:
        raise ConfigError(f"the real images are {sizes[0]} and the others {sizes[1]}; bring both to one --resolution.")
    return real, fake


class _Trained:
    """A model beside the images that it was trained on."""

    def __init__(self, options: Measuring, model: Model, machine: Machine) -> None:
        self.options, self.machine, self.model = options, machine, model
        for metric in among(options.metrics, "PairMetric"):
            raise ConfigError(f"{metric} compares pairs of images: give --real DIR and --fake DIR with the same names.")
        for metric in among(options.metrics, "TextMetric"):
            raise ConfigError(f"{metric} compares texts, and {model.name} makes {model.spec.main.word}.")
        self.dataset, self.train, self.held_out = _trained_on(self.model)
        rows = self.train if options.reference == "train" else self.held_out
        if len(rows) < _LEAST:
            part = "trained on" if options.reference == "train" else "held out of this run"
            verb = "was" if len(rows) == 1 else "were"
            mend = "" if options.reference == "train" else "; use --reference train, or train with a larger --held-out"
            raise ConfigError(f"{counted(len(rows), 'image')} {verb} {part}, and {_LEAST} are needed{mend}.")
        rows = np.sort(numpy_generator("evaluated", len(rows)).permutation(rows)[:MOST_REAL])
        self.count = options.n or min(len(rows), MOST_FAKE)
        self.protocol = Protocol(
            "", 0, 0, reference=options.reference, data=self.dataset.fingerprint, truncation=options.truncation
        )
        self.reference = Reference(
            options.metrics,
            Rows(self.dataset.images, rows),
            self.dataset.fingerprint,
            self.protocol,
            lambda: _extractor(options, self.dataset, machine.device),
        )
        self.reference.prepare()
        self.trained = TrainedModel(
            model=self.model,
            dataset=self.dataset,
            train=self.train,
            held_out=self.held_out,
            compared=self.train if options.reference == "train" else self.held_out,
            protocol=self.protocol,
            extractor=lambda: self.reference.extractor,
            by_pixels=options.extractor == "pixels",
            weights=options.weights,
        )
        self.of_model = [cast(ModelMetric, metric_named(name)) for name in among(options.metrics, "ModelMetric")]
        self.prepared = [metric.prepare(self.trained) for metric in self.of_model if machine.rank == 0]
        self.own = own_networks(options.own)
        self.members = groups_of(self.dataset, options.groups, self.reference.real.rows)
        self.groups: list[dict[str, Any]] = []
        self.floor: list[Score] = []
        self.notes: list[str] = []
        self.pictures: list[str] = []

    def evaluation(self) -> Evaluation:
        """The figures of all sample seeds; of the first process alone."""
        name = f"{self.model.name} after {self.model.clock.examples:,} images"
        by_seed: list[list[Score]] = []
        failure = None
        for seed in range(self.options.seeds):
            own: list[Score] = []
            try:
                self._measure(seed, own)
            except SaddlepointError as error:
                failure = error
                by_seed += [own] if own and not by_seed else []
                break
            by_seed.append(own)
        if failure is not None and not by_seed:
            raise failure
        if self.machine.rank:
            return Evaluation(name, [], [], [])
        scores = [_mean(same) for same in zip(*by_seed)]
        matched, floor = self.reference.at_equal_counts()
        return Evaluation(
            *(name, scores, floor + self.floor, self.reference.notes() + self.notes),
            *(matched, failure, self.pictures, self.groups),
        )

    def _measure(self, seed: int, scores: list[Score]) -> None:
        """Adds the figures of a sample seed to `scores`, each as soon as it is there."""
        fake = Generated(
            self.model.method,
            self.model.nets,
            self.count,
            seed,
            device=self.machine.device,
            truncation=self.options.truncation,
        )
        scores += self.reference.scores(fake, seed)
        if self.machine.rank == 0:
            own_scores, own_floor = own_of_sets(self.own, self.reference.real, fake, self.protocol, seed)
            scores += own_scores
            if seed == 0:
                self.floor += own_floor
                self._by_group(fake)
            for metric, prepared in zip(self.of_model, self.prepared):
                figures = metric.figures(self.trained, fake, seed, prepared)
                scores += figures.scores
                if seed == 0:  # what real images get is the same for every sample seed
                    self._beside(figures)

    def _by_group(self, fake: Generated) -> None:
        """The table of groups, from the features of all real and of these generated images."""
        if not self.members:
            return
        labels = fake.labels
        of_class = {} if labels is None else {n: labels == k for k, n in enumerate(self.dataset.classes)}
        features = self.reference.features(fake)
        self.groups, notes = coverage_by_group(self.members, *features, of_class)
        self.notes += notes

    def _beside(self, figures: Figures) -> None:
        """What real images get, and pictures."""
        self.floor += figures.floor
        if figures.picture is not None:
            path = self.model.home / figures.file
            self.notes.append(f"{figures.what}: {path}")
            self.pictures.append(figures.file)
            with Destination(path, named=True, aside=True) as (file,):
                save_png(figures.picture, file, figures.caption)


def _trained_on(model: Model) -> tuple[Dataset, Indices, Indices]:
    """The model's data set with the rows trained on and held out."""
    dataset, settings = data_of(model)
    if dataset.images.ndim != 4:
        raise CapabilityError(f"{model} makes {model.spec.main.word}; `saddle prove` measures those.")
    return dataset, *dataset.split(settings.held_out)


def _extractor(options: Measuring, dataset: Dataset, device: torch.device) -> Extractor:
    return extractor_for(
        dataset,
        options.extractor,
        weights=options.weights,
        resize=options.resize,
        precision=options.precision,
        layer=options.layer,
        device=device,
    )


def _mean(scores: tuple[Score, ...]) -> Score:
    """One score from those of several sample seeds."""
    if len(scores) == 1:
        return scores[0]
    mean = mean_of([score.value for score in scores], f"{len(scores)} sample seeds")
    return dataclasses.replace(scores[0], value=mean.value, spread=mean.spread, over=mean.over)

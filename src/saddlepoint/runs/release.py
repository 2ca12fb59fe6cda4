"""A synthetic set to be released in the place of a private one, with what is known of its worth and its dangers.

What makes a release private is a guarantee of the training (differential privacy). Without one, the attacks here can
show that something leaks, and cannot show that nothing does; the card says so.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from saddlepoint.checkpoint.card import TO_FILL_IN
from saddlepoint.checkpoint.model import Model
from saddlepoint.checkpoint.trained_on import data_of
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.sources.pictures import as_picture
from saddlepoint.deploy.classes import as_stem
from saddlepoint.deploy.label import disclosed, write
from saddlepoint.engine.run import Folder
from saddlepoint.errors import CapabilityError, ConfigError, OfflineError, SaddlepointError
from saddlepoint.keyed import numpy_generator
from saddlepoint.metrics.extractors.features import Extractor, Features, Pixels, features
from saddlepoint.metrics.extractors.selection import extractor_for
from saddlepoint.metrics.formulas.membership import ACCUSED, Attack, by_distance
from saddlepoint.metrics.formulas.memorisation import copying, nearest
from saddlepoint.metrics.images import Bytes
from saddlepoint.metrics.scores.measure import at_equal_counts, measure
from saddlepoint.metrics.scores.score import Protocol, Score
from saddlepoint.metrics.scores.task import train_on_synthetic
from saddlepoint.metrics.sets import Generated, Indices, Rows
from saddlepoint.report.history import table
from saddlepoint.storage.whole import replace, write_json
from saddlepoint.text import counted, printable
from saddlepoint.version import __version__

CARD, FIGURES, LICENCE, TABLE = "README.md", "release.json", "LICENSE.txt", "metadata.csv"
METRICS = ("fid", "kid", "precision", "recall", "coverage")
NEAR = 0.01
"""quantile of the distances of held-out images to those trained on, under which a generated image is left out"""
LEAKS = 0.55
"""area under the ROC curve from which an attack counts as a leak, with the lower end of its interval above .5"""
_SIDE = 32
_MOST_MEASURED, _MOST_ATTACKED = 10_000, 2_000
_TRIES = 3
"""times as many images that are drawn at most to make up for those left out"""


@dataclass
class Release:
    """What is released and what was measured of it.

    images: uint8 [n, C, H, W]. labels: [n], or None. rows: of the seed, of each image. near: images left out as too
    near to one trained on. scores, floor: fidelity, of generated and of real images in their place. task: accuracies
    on real held-out images of classifiers trained on the release and on the private images. copies: of the released
    images, and of held-out ones in their place. attacks: by what is compared. epsilon, delta: of differential privacy.
    """

    images: Bytes
    labels: np.ndarray | None
    rows: Indices
    near: int
    scores: list[Score] = field(default_factory=list)
    floor: list[Score] = field(default_factory=list)
    task: dict[str, float] = field(default_factory=dict)
    copies: dict[str, float] = field(default_factory=dict)
    attacks: dict[str, Attack] = field(default_factory=dict)
    epsilon: float | None = None
    delta: float | None = None
    notes: list[str] = field(default_factory=list)

    def warnings(self) -> list[str]:
        """What speaks against releasing."""
        lines = []
        for name, result in self.attacks.items():
            if result.area >= LEAKS and result.interval[0] > 0.5:
                lines.append(
                    f"membership leaks by {name}: the attack is right in {result.area:.0%} of pairs, and catches"
                    f" {result.caught:.1%} of those trained on while accusing {ACCUSED:.0%} of others"
                )
        if self.copies and self.copies["share"] > 3 * NEAR and self.copies["share"] > 2 * self.copies["share_of_real"]:
            lines.append(
                f"{self.copies['share']:.1%} of the images are nearer to one trained on than 99% of new ones are"
            )
        if self.epsilon is None:
            lines.append(
                "the model was not trained with differential privacy: nothing guarantees that nobody is exposed"
            )
        return lines

    def json(self) -> dict[str, Any]:
        """All figures, as plain values."""
        return {
            "images": len(self.images),
            "left out as near copies": self.near,
            "fidelity": [score.json() for score in self.scores],
            "real against real": [score.json() for score in self.floor],
            "usefulness": self.task,
            "memorisation": self.copies,
            "membership": {name: dataclasses.asdict(attack) for name, attack in self.attacks.items()},
            "epsilon": self.epsilon,
            "delta": self.delta,
            "warnings": self.warnings(),
            "notes": self.notes,
        }


def make_release(
    model: Model, n: int, *, seed: int = 0, keep_near: bool = False, say: Callable[[str], None] = lambda text: None
) -> Release:
    """Generate `n` images and measure what they are worth and what they give away.

    keep_near: keep those that are nearer to an image trained on than 99 of 100 held-out ones are.
    Raises CapabilityError for a model of something else than images, ConfigError where too few were held out.
    """
    dataset, settings = data_of(model)
    if dataset.images.ndim != 4 or model.task("generate") is None:
        raise CapabilityError(f"{model.name} makes no images from latents: nothing can be released.")
    train, held_out = dataset.split(settings.held_out)
    if len(held_out) < 20:
        raise ConfigError(
            f"{counted(len(held_out), 'image')} held out of training, and 20 are needed to tell copies and attacks"
            " apart from chance: train with a larger --held-out."
        )
    pixels = Pixels(_SIDE)
    known = features(pixels, Rows(dataset.images, train).stream())
    unseen = features(pixels, Rows(dataset.images, held_out).stream())
    fresh = nearest(known, unseen)
    bound = float(np.quantile(fresh.distance, NEAR))
    say(f"generating {n:,} images")
    release, own = _generated(model, n, seed, pixels, known, None if keep_near else bound)
    distances = nearest(known, own)
    halves = copying(fresh.part(slice(0, None, 2)), fresh.part(slice(1, None, 2)))
    figures = copying(fresh, distances)
    release.copies = {"ratio": figures.ratio, "share": figures.share}
    release.copies |= {"ratio_of_real": halves.ratio, "share_of_real": halves.share}
    draw = numpy_generator(0, "members").permutation(len(train))
    members = np.sort(draw[: min(len(held_out), _MOST_ATTACKED)])
    others = np.sort(numpy_generator(0, "others").permutation(len(held_out))[:_MOST_ATTACKED])
    release.attacks["distance of pixels"] = by_distance(own, known[members], unseen[others])
    say("measuring")
    extractor = _extractor(dataset, release)
    rows = np.sort(numpy_generator(0, "released").permutation(len(train))[:_MOST_MEASURED])
    real = features(extractor, Rows(dataset.images, train[rows]).stream())
    fake = features(extractor, Rows(release.images[:_MOST_MEASURED]).stream())
    _fidelity(release, extractor, real, fake, dataset, seed)
    chosen = [features(extractor, Rows(dataset.images, each).stream()) for each in (train[members], held_out[others])]
    release.attacks["distance of features"] = by_distance(fake, *chosen)
    _usefulness(release, dataset, train, held_out)
    release.epsilon, release.delta = _guarantee(model)
    return release


def write_release(release: Release, model: Model, folder: Path, *, seed: int, title: str) -> None:
    """The images with their table, the card, all figures, and a licence to be filled in."""
    names = model.spec.classes
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["file_name", *(["label"] if release.labels is not None else [])])
    for number, image in enumerate(release.images):
        label = None if release.labels is None else names[int(release.labels[number])]
        place = Path("images", *([as_stem(label)] if label is not None else []), f"{number:06d}.png")
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        disclosure = disclosed(model, "generated", {"seed": seed, "row": int(release.rows[number])})
        write(as_picture(image[: 3 if len(image) >= 3 else 1]), folder / place, disclosure)
        writer.writerow([place.as_posix(), *([label] if label is not None else [])])
    replace(folder / TABLE, table.getvalue().encode())
    write_json(folder / FIGURES, release.json())
    replace(folder / LICENCE, _LICENCE.encode())
    replace(folder / CARD, printable(_card(release, model, seed, title), lines=True).encode())


def _generated(
    model: Model, n: int, seed: int, pixels: Pixels, known: Features, bound: float | None
) -> tuple[Release, Features]:
    """`n` images without those nearer to one of `known` than `bound`; and their pixels as features."""
    most = n if bound is None else _TRIES * n
    source = Generated(model.method, model.nets, most, seed, device=model.device)
    parts, rows, own, near = list[Bytes](), list[int](), list[Features](), 0
    start = 0
    while len(rows) < n and start < most:
        places = np.arange(start, min(start + 256, most))
        start = int(places[-1]) + 1
        images = source.at(places)
        described = features(pixels, [images])
        new = np.ones(len(images), bool) if bound is None else nearest(known, described).distance >= bound
        kept = np.flatnonzero(new)[: n - len(rows)]
        end = int(kept[-1]) + 1 if len(rows) + len(kept) == n else len(images)
        near += int((~new[:end]).sum())
        parts.append(images[kept])
        own.append(described[kept])
        rows += places[kept].tolist()
    if len(rows) < n:
        raise SaddlepointError(
            f"of {most:,} images only {len(rows):,} are no near copies of images trained on: the model has learnt them"
            " by heart, and nothing of it should be released. Train on more images, or for less long."
        )
    labels = source.labels
    chosen = np.array(rows)
    release = Release(np.concatenate(parts), None if labels is None else labels[chosen], chosen, near)
    return release, np.concatenate(own)


def _extractor(dataset: Dataset, release: Release) -> Extractor:
    try:
        return extractor_for(dataset)
    except (OfflineError, ConfigError) as error:
        release.notes.append(f"compared by pixels, since no network could be had: {error}")
        return Pixels()


def _fidelity(
    release: Release, extractor: Extractor, real: Features, fake: Features, dataset: Dataset, seed: int
) -> None:
    protocol = Protocol("", 0, 0, reference="train", data=dataset.fingerprint)
    release.scores = measure(METRICS, extractor, real, fake, protocol, seed)
    _, release.floor = at_equal_counts(METRICS, extractor, real, fake, protocol)


def _usefulness(release: Release, dataset: Dataset, train: Indices, held_out: Indices) -> None:
    labels = dataset.labels
    if release.labels is None or labels is None:
        release.notes.append("usefulness was not measured: the images have no classes that a task could be made of")
        return
    rows = train[np.linspace(0, len(train) - 1, min(len(train), _MOST_MEASURED)).astype(np.int64)]
    try:
        result = train_on_synthetic(
            (release.images[:_MOST_MEASURED], release.labels[:_MOST_MEASURED]),
            (dataset.images[rows], labels[rows]),
            (dataset.images[held_out], labels[held_out]),
        )
    except SaddlepointError as error:
        release.notes.append(f"usefulness was not measured: {error}")
        return
    release.task = {"trained on the release": result.synthetic, "trained on the private images": result.real}
    release.task["real images that both are tested on"] = float(len(held_out))


def _guarantee(model: Model) -> tuple[float | None, float | None]:
    """Epsilon and delta of a training with differential privacy, as its log has them; None where there is none."""
    spent = table(Folder(model.home).log).get("generator/epsilon", np.array([]))
    spent = spent[np.isfinite(spent)]
    if not len(spent) or spent.max() >= np.finfo(np.float32).max:
        return None, None
    return float(spent.max()), float(getattr(model.method, "delta", np.nan))


def _card(release: Release, model: Model, seed: int, title: str) -> str:
    data = model.facts.get("dataset", {})
    shape = " x ".join(map(str, release.images.shape[2:][::-1]))
    counts = f"{counted(len(release.images), 'image')} of {shape} pixels"
    if release.labels is not None:
        counts += f", {counted(len(model.spec.classes), 'class')}: {', '.join(model.spec.classes)}"
    head = ["---", f"pretty_name: {title}", "license: other", "tags:", "- synthetic", "- saddlepoint", "---"]
    parts = [
        "\n".join(head),
        f"# {title}",
        f"{counts}. **All of it is synthetic**: made by `{model.name}` (version `{model.version}`, seed {seed}), which"
        f" was trained with Saddlepoint {__version__} on {model.spec.examples:,} private images"
        f" (fingerprint `{data.get('fingerprint')}`). Each file says so in its metadata.",
        "## How like the private images it is",
        _table(release.scores, release.floor),
        "## What it is worth for a task",
        _task_words(release),
        "## What it may give away",
        _privacy_words(release),
        "## Warnings",
        _listing(release.warnings()),
        *(["## Notes", _listing(release.notes)] if release.notes else []),
        "## To be filled in",
        _listing(
            [
                f"{TO_FILL_IN} where the private images come from, on what legal ground they were used, who agreed.",
                f"{TO_FILL_IN} what the set is for, what it must not be used for, and who was asked (ethics, experts).",
                f"{TO_FILL_IN} the licence, in {LICENCE}.",
                f"{TO_FILL_IN} whom to write to when somebody believes to be recognised in it.",
            ]
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _table(scores: Sequence[Score], floor: Sequence[Score]) -> str:
    usual = {score.protocol.metric: score.value for score in floor}
    lines = ["| figure | this set | real against real |", "| --- | ---: | ---: |"]
    for score in scores:
        real = usual.get(score.protocol.metric)
        lines.append(f"| {score.protocol.metric} | {score.value:.4g} | {'-' if real is None else f'{real:.4g}'} |")
    by = scores[0].protocol.extractor if scores else None
    return "\n".join(lines) + (f"\n\nFeatures of {by}." if by else "")


def _task_words(release: Release) -> str:
    if not release.task:
        return "Not measured."
    own, real = release.task["trained on the release"], release.task["trained on the private images"]
    count = int(release.task["real images that both are tested on"])
    return (
        f"A small classifier trained on this set alone names {own:.1%} of {count:,} real held-out images rightly;"
        f" trained on the private images, equally long, {real:.1%}."
    )


def _privacy_words(release: Release) -> str:
    copies = release.copies
    lines = [
        f"- near copies: {counted(release.near, 'image')} left out that came nearer to an image trained on than 99 of"
        f" 100 held-out ones do. Of those released {copies['share']:.1%} do (of held-out images"
        f" {copies['share_of_real']:.1%}); the median distance is {copies['ratio']:.2f} times that of held-out images"
        f" ({copies['ratio_of_real']:.2f})."
    ]
    for name, result in release.attacks.items():
        low, high = result.interval
        lines.append(
            f"- membership by {name}: {result.area:.3f} of pairs are told apart rightly (95 % interval {low:.3f} to"
            f" {high:.3f}; .5 is guessing), and {result.caught:.1%} of {result.members:,} trained on are caught while"
            f" {ACCUSED:.0%} of {result.others:,} others are accused."
        )
    guarantee = "none: it was not trained with differential privacy, and an attack that fails proves nothing"
    if release.epsilon is not None:
        guarantee = f"differential privacy of each image, epsilon {release.epsilon:.3g} at delta {release.delta:g}"
    lines.append(f"- guarantee: {guarantee}.")
    return "\n".join(lines)


def _listing(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or "None."


_LICENCE = """To be filled in by whoever releases this set. Nothing is granted until then.

The images were made by a program. In many places nobody has a copyright in them; the selection and the data base may be
protected, and the persons behind the private images keep their rights.

Licence:        (for example CDLA-Permissive-2.0, CC0-1.0, or a licence of research use)
Released by:
Date:
Contact:

Whoever uses the set agrees
  - not to try to recognise persons in it, nor to find out who was trained on;
  - to say that the images are synthetic wherever they are shown;
  - (further terms)
"""

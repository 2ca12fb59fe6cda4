"""A census of a data set: what would be used of it, and what in it a model would learn that nobody asked for.

Counts are of all images; sizes, tones and duplicates are of those that were opened. Nothing is packed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from PIL import Image

from saddlepoint.config import nearest
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.open import of_pictures, open_data, open_pictures
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.data.sources.pictures import Pictures
from saddlepoint.data.sources.reader import reason
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.keyed import numpy_generator
from saddlepoint.runs.advice import COPIES, ENOUGH_IN_A_CLASS, UNEVEN
from saddlepoint.runs.survey import SAME
from saddlepoint.text import counted

SIDE = 16
"""pixels a side at which images are compared"""
TOGETHER = 0.5
"""correlation (phi) from which two attributes go together, or tone gives the class away (share of its variance)"""
RARE = 0.05
"""share of the images under which an attribute, or its absence, is rare"""
MOST_GROUPING = 3
_BLOCK = 1_000


@dataclass(frozen=True)
class Census:
    """What was found.

    noun: what one example is called. count: how many there are. opened: how many were opened. training, held_out: how
    these would be divided. sizes: sentences. classes: name, images, share, mean brightness from 0 to 1. attributes:
    name, images that have it, share. groups: combinations asked for, with images and share. duplicates: names of images
    that are near-duplicates of one another, a list each. notes, skipped: as in a data set. warnings: sentences.
    """

    source: str
    noun: str
    count: int
    opened: int
    training: int
    held_out: int
    sizes: tuple[str, ...] = ()
    classes: tuple[dict[str, Any], ...] = ()
    attributes: tuple[dict[str, Any], ...] = ()
    groups: tuple[dict[str, Any], ...] = ()
    duplicates: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Opened:
    """Images that could be opened. rows: their numbers. small: [n, 3 SIDE SIDE], 0 to 1. sizes: width and height."""

    rows: np.ndarray
    small: np.ndarray
    sizes: tuple[tuple[int, int], ...]
    grey: int
    skipped: tuple[tuple[str, str], ...]


def census(
    settings: DataSettings,
    *,
    groups: Sequence[str] = (),
    most: int = 5_000,
    say: Callable[[str], None] = lambda text: None,
) -> Census:
    """Looks at what `settings.data` names.

    groups: attributes whose combinations are counted. most: images that are opened. Raises ConfigError for attributes
    that the data does not have, and what `open_data` raises.
    """
    if not of_pictures(settings):
        return _of_dataset(open_data(settings, say=say), groups)
    pictures = open_pictures(settings, say=say)
    opened = _open(pictures, _chosen(len(pictures), most))
    if not len(opened.rows):
        name, why = opened.skipped[0]
        raise DataError(f"{pictures.source} holds no usable image: {name} {why}.")
    alike_groups = _duplicates(opened.small)
    training, held_out, split = _split(len(pictures), pictures.labels, opened)
    warnings = _of_labels(pictures, opened) + _of_duplicates(pictures, opened, alike_groups, split)
    warnings += _of_attributes(pictures)
    return Census(
        source=pictures.source,
        noun="pair" if pictures.panels == 2 else "image",
        count=len(pictures),
        opened=len(opened.rows) + len(opened.skipped),
        training=training,
        held_out=held_out,
        sizes=_sizes(opened),
        classes=_classes(pictures.labels, pictures.classes, opened),
        attributes=_shares(pictures.attributes, pictures.attribute_names),
        groups=_groups(pictures.labels, pictures.classes, pictures.attributes, pictures.attribute_names, groups),
        duplicates=tuple(tuple(pictures.name(int(opened.rows[row])) for row in group) for group in alike_groups),
        notes=pictures.notes,
        skipped=(*pictures.skipped, *opened.skipped),
        warnings=tuple(warnings),
    )


def _of_dataset(dataset: Dataset, groups: Sequence[str]) -> Census:
    """Of what is no images, or of a made world, what a data set says of itself."""
    training, held_out = dataset.split()
    attributes = dataset.fields.get("attributes")
    values = None if attributes is None else (attributes > 0).astype(np.uint8)
    kinds = ", ".join(f"{name}: {kind.word}" for name, kind in dataset.kinds.items())
    return Census(
        source=dataset.source,
        noun=dataset.main.word.removesuffix("s"),
        count=len(dataset),
        opened=len(dataset),
        training=len(training),
        held_out=len(held_out),
        sizes=(f"fields: {kinds}",),
        classes=_classes(dataset.labels, dataset.classes, None),
        attributes=_shares(values, dataset.attributes),
        groups=_groups(dataset.labels, dataset.classes, values, dataset.attributes, groups),
        notes=dataset.notes,
        skipped=dataset.skipped,
        warnings=tuple(_uneven(dataset.labels, dataset.classes) + _together(values, dataset.attributes)),
    )


def _chosen(count: int, most: int) -> np.ndarray:
    return np.sort(numpy_generator("survey", count).permutation(count)[:most])


def _open(pictures: Pictures, rows: np.ndarray) -> _Opened:
    def one(index: int) -> tuple[np.ndarray, tuple[int, int], bool] | str:
        try:
            header = pictures.headers(index)[-1]
            image = pictures.images(index, SIDE, False)[0][-1]  # of a pair, the target
            small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
            return np.asarray(small, np.float32).ravel() / 255, (header.width, header.height), header.grey
        except (UnusableImage, OSError, ValueError, MemoryError) as error:
            return reason(error)

    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(one, rows.tolist()))
    good = [place for place, each in enumerate(read) if not isinstance(each, str)]
    usable = [each for each in read if not isinstance(each, str)]
    return _Opened(
        rows=rows[good],
        small=np.stack([each[0] for each in usable]) if usable else np.zeros((0, 3 * SIDE * SIDE), np.float32),
        sizes=tuple(each[1] for each in usable),
        grey=sum(each[2] for each in usable),
        skipped=tuple((pictures.name(int(row)), each) for row, each in zip(rows, read) if isinstance(each, str)),
    )


def _duplicates(small: np.ndarray) -> list[list[int]]:
    """Rows of [n, numbers] in [0, 1] that differ by less than `SAME`, in groups; each is in one group at most."""
    squares = np.square(small).sum(1)
    bound = SAME**2 * small.shape[1]
    parent = list(range(len(small)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for start in range(0, len(small), _BLOCK):
        block = small[start : start + _BLOCK]
        distance = squares[start : start + _BLOCK, None] + squares[None] - 2 * block @ small.T
        for one, other in np.argwhere(distance < bound):
            if one + start < other:
                parent[root(int(other))] = root(int(one) + start)
    groups: dict[int, list[int]] = {}
    for row in range(len(small)):
        groups.setdefault(root(row), []).append(row)
    return sorted((group for group in groups.values() if len(group) > 1), key=lambda group: (-len(group), group[0]))


def _split(count: int, labels: np.ndarray | None, opened: _Opened) -> tuple[int, int, np.ndarray | None]:
    """How many to train on and to hold out; and which of the opened rows are held out, where all were opened."""
    whole = count == len(opened.rows) + len(opened.skipped)
    rows = opened.rows if whole else np.arange(count)
    fields = {"image": np.zeros((len(rows), 1, 1, 1), np.uint8)}
    known = () if labels is None else tuple(str(number) for number in range(int(labels.max(initial=0)) + 1))
    fields |= {} if labels is None else {"label": labels[rows].astype(np.int64)}
    training, held_out = Dataset(fields=fields, fingerprint="", source="", classes=known).split()
    return len(training), len(held_out), np.isin(np.arange(len(rows)), held_out) if whole else None


def _sizes(opened: _Opened) -> tuple[str, ...]:
    short = np.array([min(size) for size in opened.sizes])
    counts = Counter(opened.sizes)
    lines = [f"shorter side: {short.min()} to {short.max()} pixels, half of them {int(np.median(short))} or less"]
    common = [f"{width}x{height} ({number:,})" for (width, height), number in counts.most_common(4)]
    lines.append(f"sizes: {', '.join(common)}" + (f" and {len(counts) - 4} others" if len(counts) > 4 else ""))
    ratios = np.array([width / height for width, height in opened.sizes])
    if ratios.max() > 1.1 * ratios.min():
        lines.append(f"width by height: {ratios.min():.2f} to {ratios.max():.2f}; --resize says what becomes of it")
    lines.append(f"{opened.grey:,} grey, {len(opened.rows) - opened.grey:,} in colour")
    return tuple(lines)


def _classes(labels: np.ndarray | None, names: Sequence[str], opened: _Opened | None) -> tuple[dict[str, Any], ...]:
    if labels is None:
        return ()
    counts = np.bincount(labels, minlength=len(names))
    rows = []
    for number, name in enumerate(names):
        row: dict[str, Any] = {
            "name": name,
            "images": int(counts[number]),
            "share": counts[number] / max(len(labels), 1),
        }
        if opened is not None:
            tones = opened.small[labels[opened.rows] == number]
            row["brightness"] = float(tones.mean()) if len(tones) else None
        rows.append(row)
    return tuple(rows)


def _shares(values: np.ndarray | None, names: Sequence[str]) -> tuple[dict[str, Any], ...]:
    if values is None:
        return ()
    return tuple(
        {"name": name, "images": int(column.sum()), "share": float(column.mean())}
        for name, column in zip(names, values.T)
    )


def _groups(
    labels: np.ndarray | None,
    classes: Sequence[str],
    values: np.ndarray | None,
    names: Sequence[str],
    chosen: Sequence[str],
) -> tuple[dict[str, Any], ...]:
    if not chosen:
        return ()
    if values is None:
        raise ConfigError("the data has no attributes to make groups of: put attributes.csv beside the images.")
    if len(chosen) > MOST_GROUPING:
        raise ConfigError(f"--groups takes up to {MOST_GROUPING} attributes, not {len(chosen)}.")
    for name in chosen:
        if name not in names:
            raise ConfigError(f"no attribute is called {name!r}{nearest(name, names)} There are: {', '.join(names)}.")
    columns = [values[:, list(names).index(name)] for name in chosen]
    if labels is not None:
        columns.append(labels)
    shapes = [2] * len(chosen) + ([len(classes)] if labels is not None else [])
    counts = np.bincount(np.ravel_multi_index(columns, shapes), minlength=int(np.prod(shapes)))
    rows = []
    for place, number in enumerate(counts.tolist()):
        cells = np.unravel_index(place, shapes)
        words = [name if yes else f"not {name}" for name, yes in zip(chosen, cells)]
        words += [classes[int(cells[-1])]] if labels is not None else []
        rows.append({"name": ", ".join(words), "images": number, "share": number / max(len(values), 1)})
    return tuple(rows)


def _uneven(labels: np.ndarray | None, names: Sequence[str]) -> list[str]:
    if labels is None or len(names) < 2:
        return []
    counts = np.bincount(labels, minlength=len(names))
    shares = counts[counts > 0] / counts.sum()
    warnings = []
    if counts.max() >= UNEVEN * max(counts.min(), 1) or not counts.all():
        even = float(np.exp(-(shares * np.log(shares)).sum()))
        warnings.append(
            f"the classes are uneven: {names[int(counts.argmax())]} has {counts.max():,} and"
            f" {names[int(counts.argmin())]} {counts.min():,}, as diverse as {even:.1f} even classes of {len(names)};"
            " --balanced shows all equally often"
        )
    few = int((counts < ENOUGH_IN_A_CLASS).sum())
    if few:
        warnings.append(f"{counted(few, 'class')} with fewer than {ENOUGH_IN_A_CLASS} images: too few to be asked for")
    return warnings


def _of_labels(pictures: Pictures, opened: _Opened) -> list[str]:
    warnings = _uneven(pictures.labels, pictures.classes)
    if pictures.labels is None or len(pictures.classes) < 2 or len(opened.rows) < 2:
        return warnings
    tones, labels = opened.small.mean(1), pictures.labels[opened.rows]
    means = {number: tones[labels == number].mean() for number in np.unique(labels)}
    between = np.array([means[number] for number in labels]).var()
    if tones.var() > 0 and between / tones.var() >= TOGETHER:
        warnings.append(
            f"brightness alone explains {between / tones.var():.0%} of what sets the classes apart: were they"
            " photographed differently?"
        )
    return warnings


def _of_duplicates(
    pictures: Pictures, opened: _Opened, groups: Sequence[Sequence[int]], held_out: np.ndarray | None
) -> list[str]:
    warnings = []
    alike = sum(map(len, groups))
    if alike >= COPIES * len(opened.rows) and alike:
        warnings.append(f"{alike / len(opened.rows):.0%} of the images have a near-duplicate: remove copies first")

    def names(group: Sequence[int]) -> str:
        return " and ".join(pictures.name(int(opened.rows[row])) for row in group[:2])

    if pictures.labels is not None and len(pictures.classes) > 1:
        mixed = [group for group in groups if len({int(pictures.labels[opened.rows[row]]) for row in group}) > 1]
        if mixed:
            warnings.append(
                f"{counted(len(mixed), 'group')} of near-duplicates in several classes, such as {names(mixed[0])}: one"
                " of their labels may be wrong"
            )
    if held_out is not None:
        leaks = [group for group in groups if 0 < sum(bool(held_out[row]) for row in group) < len(group)]
        if leaks:
            warnings.append(
                f"{counted(len(leaks), 'group')} of near-duplicates lie both in the part to train on and in the one"
                f" held out, such as {names(leaks[0])}: figures on held-out images will be too good"
            )
    return warnings


def _of_attributes(pictures: Pictures) -> list[str]:
    warnings = _together(pictures.attributes, pictures.attribute_names)
    if pictures.attributes is None or pictures.labels is None or len(pictures.classes) < 2:
        return warnings
    labels, rows = pictures.labels, []
    for name, column in zip(pictures.attribute_names, pictures.attributes.T.astype(float)):
        counts = np.bincount(labels, minlength=len(pictures.classes))
        means = (np.bincount(labels, column, len(pictures.classes)) / np.maximum(counts, 1))[labels]
        if column.var() > 0 and (tie := float(np.sqrt(means.var() / column.var()))) >= TOGETHER:
            rows.append((tie, name))
    return warnings + [f"{name} depends on the class (Cramér's V {tie:.2f})" for tie, name in sorted(rows)[::-1][:5]]


def _together(values: np.ndarray | None, names: Sequence[str]) -> list[str]:
    """Attributes that are rare, and pairs that go together."""
    if values is None:
        return []
    shares: Mapping[str, float] = dict(zip(names, values.mean(0).tolist()))
    rare = [name for name, share in shares.items() if min(share, 1 - share) < RARE]
    warnings = [f"nearly all or nearly none have: {', '.join(rare)}"] if rare else []
    centred = values.astype(np.float64) - values.mean(0)
    deviations = np.sqrt(np.square(centred).mean(0))
    ties = []
    for one, other in combinations(range(len(names)), 2):
        if deviations[one] > 0 and deviations[other] > 0:
            phi = float((centred[:, one] * centred[:, other]).mean() / (deviations[one] * deviations[other]))
            if abs(phi) >= TOGETHER:
                ties.append((abs(phi), phi, names[one], names[other]))
    for _, phi, one_name, other_name in sorted(ties, reverse=True)[:5]:
        how = "go together" if phi > 0 else "exclude each other"
        warnings.append(f"{one_name} and {other_name} {how} (phi {phi:.2f}): a model learns them as one")
    return warnings

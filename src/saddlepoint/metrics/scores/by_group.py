"""Quality by group: whom the generated images miss, and whose are worse.

For each group (a class, or images with and without an attribute) stands the share of its real images that have a
generated one nearby (coverage: Naeem et al. 2020, arXiv:2002.09797), beside what other real images reach in the place
of the generated ones, since groups differ in how widely they scatter. Where the model makes chosen classes, also the
kernel distance of each class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from saddlepoint.config import nearest
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.metrics.extractors.features import Features
from saddlepoint.metrics.formulas.kernel import kid
from saddlepoint.metrics.formulas.manifold import covered
from saddlepoint.metrics.sets import Indices

LEAST = 20
"""images that a group needs in each half before anything is said of it"""
FOUR_FIFTHS = 0.8
"""of the best group's relative coverage, under which a group counts as worse off"""
_MOST = 5_000


def groups_of(dataset: Dataset, names: Sequence[str], rows: Indices) -> dict[str, np.ndarray]:
    """By group, which of `rows` belong to it: a class each for the word class, with and without for an attribute.

    Raises ConfigError for a name that the data does not know.
    """
    groups: dict[str, np.ndarray] = {}
    for name in names:
        if name == "class" and dataset.labels is not None:
            labels = np.asarray(dataset.labels)[rows]
            groups |= {each: labels == number for number, each in enumerate(dataset.classes)}
        elif name in dataset.attributes:
            values = np.asarray(dataset.fields["attributes"])[rows, dataset.attributes.index(name)] > 0.5
            groups |= {name: values, f"not {name}": ~values}
        else:
            known = [*(["class"] if dataset.labels is not None else []), *dataset.attributes]
            mend = f"{nearest(name, known)} There are: {', '.join(known)}." if known else ": the data names none."
            raise ConfigError(f"there are no groups by {name!r}{mend}")
    return groups


def coverage_by_group(
    groups: Mapping[str, np.ndarray], real: Features, fake: Features, fake_labels: Mapping[str, np.ndarray]
) -> tuple[list[dict[str, Any]], list[str]]:
    """A row for each group, and sentences on those that are worse off.

    groups: which rows of `real` belong to each. fake_labels: by class, which rows of `fake` were made as it.
    """
    order = numpy_generator(0, "groups").permutation(len(real))
    half = min(len(real) // 2, len(fake), _MOST)
    reference, other = np.sort(order[:half]), np.sort(order[-half:])
    chosen = np.sort(numpy_generator(0, "generated for groups").permutation(len(fake))[:half])
    reached, usual = (covered(real[reference], rows) for rows in (fake[chosen], real[other]))
    rows: list[dict[str, Any]] = []
    small: list[str] = []
    for name, members in groups.items():
        own = members[reference]
        if own.sum() < LEAST or members[other].sum() < LEAST:
            small.append(name)
            continue
        coverage, floor = float(reached[own].mean()), float(usual[own].mean())
        row: dict[str, Any] = {"name": name, "real_images": int(members.sum()), "coverage": coverage}
        row |= {"real": floor, "relative": coverage / floor if floor else None}
        if name in fake_labels and fake_labels[name].sum() >= LEAST:
            row["kid"] = kid(real[members], fake[fake_labels[name]]).value
            row["kid_of_real"] = kid(real[reference][own], real[other][members[other]]).value
        rows.append(row)
    notes = [f"groups of fewer than {2 * LEAST} images are left out: {', '.join(small)}"] if small else []
    return rows, notes + _worse_off(rows)


def _worse_off(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    known = [row for row in rows if row.get("relative") is not None]
    if len(known) < 2:
        return []
    best = max(known, key=lambda row: row["relative"])
    return [
        f"{row['name']} is worse off: {row['relative']:.0%} of what real images reach, where {best['name']} has"
        f" {best['relative']:.0%}"
        for row in known
        if row["relative"] < FOUR_FIFTHS * best["relative"]
    ]

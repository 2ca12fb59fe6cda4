"""Average precision of boxes: the area under precision against recall, mean over classes.

Source: Everingham et al. 2010 (PASCAL VOC), doi:10.1007/s11263-009-0275-4, section 4.2, over all points.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from saddlepoint.losses.boxes import overlaps


def average_precision(guesses: Sequence[Tensor], truths: Sequence[Tensor], least: float = 0.5) -> dict[int, float]:
    """The average precision of each class that has a true box, by its number.

    guesses, truths: of each image, [boxes, 6] of `kinds.boxes`; rows of class -1 are no box. least: intersection over
    union from which on a guess finds a true box of its class. Of the guesses in order of their scores each takes the
    true box that it overlaps most, and is wrong where that is taken already.
    """
    labels = torch.cat([truth[:, 0] for truth in truths])
    figures = {}
    for label in sorted({int(value) for value in labels.tolist() if value >= 0}):
        scores, right, count = list[float](), list[bool](), 0
        for guess, truth in zip(guesses, truths):
            own, true = (rows[rows[:, 0] == label] for rows in (guess, truth))
            count += len(true)
            own = own[own[:, 1].argsort(descending=True, stable=True)]
            scores += own[:, 1].tolist()
            shares = overlaps(own[:, 2:], true[:, 2:])[0].numpy() if len(true) else np.zeros((len(own), 0))
            taken = np.zeros(len(true), bool)
            for row in shares:
                best = int(row.argmax()) if len(row) else -1
                hit = best >= 0 and row[best] >= least and not taken[best]
                right.append(hit)
                if hit:
                    taken[best] = True
        figures[label] = area(np.array(scores), np.array(right, bool), count)
    return figures


def area(scores: np.ndarray, right: np.ndarray, count: int) -> float:
    """The area under the precision, which never rises with the recall, of guesses by their scores.

    right: bool, of each guess. count: of what there is to find, 1 or more.
    """
    order = np.argsort(-scores, kind="stable")
    hits = right[order].cumsum()
    precision = hits / np.arange(1, len(hits) + 1)
    highest = np.maximum.accumulate(precision[::-1])[::-1]
    recall = np.concatenate(([0.0], hits / count))
    return float((np.diff(recall) * highest).sum())

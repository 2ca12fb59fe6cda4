"""METEOR without synonyms, from 0 to 1: words that are the same or share their stem, less where their order is broken.
By nltk. Banerjee & Lavie 2005, aclanthology.org/W05-0909.

Synonyms would need the data of WordNet, which is no part of the package; figures with them are higher.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import final

from saddlepoint.metrics.formulas.estimate import Estimate
from saddlepoint.metrics.scores.base import TextMetric, of_package, over_pairs


@final
class _NoSynonyms:
    """Stands for WordNet where a word is asked for."""

    def synsets(self, word: str) -> list[object]:
        """None."""
        return []


def _figure(answers: Sequence[str], truths: Sequence[str]) -> Estimate:
    library, nothing = of_package("nltk", "nltk.translate.meteor_score"), _NoSynonyms()
    return over_pairs(
        [
            float(library.single_meteor_score(_words(truth), _words(answer), wordnet=nothing))
            for answer, truth in zip(answers, truths)
        ]
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+|[^\w\s]", text)


METRIC = TextMetric(_figure, "more", "nltk")

"""ROUGE-L, from 0 to 1: the longest common subsequence of words of each pair of texts, as an F-measure, by rouge-score.
Lin 2004, aclanthology.org/W04-1013.

Words are runs of a to z and digits there: of texts in other scripts it says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from saddlepoint.metrics.formulas.estimate import Estimate
from saddlepoint.metrics.scores.base import TextMetric, of_package, over_pairs


def _figure(answers: Sequence[str], truths: Sequence[str]) -> Estimate:
    library = of_package("rouge-score", "rouge_score.rouge_scorer")
    scorer = library.RougeScorer(["rougeL"])
    return over_pairs([scorer.score(truth, answer)["rougeL"].fmeasure for answer, truth in zip(answers, truths)])


METRIC = TextMetric(_figure, "more", "rouge-score")

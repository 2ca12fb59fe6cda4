"""BLEU of a set of texts, from 0 to 100: shared runs of one to four words, by sacrebleu with its own tokens (13a).
Papineni et al. 2002, doi:10.3115/1073083.1073135; Post 2018, arXiv:1804.08771.
"""

from __future__ import annotations

from collections.abc import Sequence

from saddlepoint.metrics.formulas.estimate import Estimate
from saddlepoint.metrics.scores.base import TextMetric, of_package, plain


def _figure(answers: Sequence[str], truths: Sequence[str]) -> Estimate:
    library = of_package("sacrebleu", "sacrebleu.metrics")
    return plain(float(library.BLEU().corpus_score(list(answers), [list(truths)]).score))


METRIC = TextMetric(_figure, "more", "sacrebleu")

"""How many held-out texts a model turns into the right one, to the letter."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.neighbors import NearestNeighbors

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.abilities import Sampling
from saddlepoint.metrics.proofs.base import Measure, Table

_MOST = 1000


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Share of held-out sources whose likeliest answer is right in every letter. The baseline answers as it was said of
    the training source that is most alike."""
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    rows = held_out[:: max(1, len(held_out) // _MOST)]
    sources, truth = (_rows(dataset, name, rows) for name in ("source", "target"))
    latents = torch.zeros(truth.shape)
    answers = model.do("generate", {"latents": latents, "source": sources}, how=Sampling(temperature=0.0))
    own = next(iter(answers.values())).long()
    kinds = dataset.kinds["source"], dataset.kinds["target"]
    assert isinstance(kinds[0], Tokens)
    assert isinstance(kinds[1], Tokens)
    questions, known = ([kinds[0].text(row) for row in each] for each in (sources, _rows(dataset, "source", train)))
    nearest = _rows(dataset, "target", train[_most_alike(questions, known)])
    written = [[kinds[1].text(row) for row in each] for each in (own, nearest, truth)]
    figures = [_figures(each, written[2]) for each in written[:2]]
    return Table(
        rows=(
            {"kind": "generated", "name": model.name, **figures[0]},
            {"kind": "baseline", "name": "naive: the answer to the most alike source", **figures[1]},
        ),
        protocol=(
            f"Shares, more is better: of {len(rows):,} held-out texts, how many are answered right in every letter, and"
            " of how many letters each stands where it should; the model's likeliest letter at each step. The most"
            f" alike of the {len(train):,} training texts shares the most runs of one to three letters."
        ),
    )


def _rows(dataset: Dataset, name: str, rows: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.asarray(dataset.fields[name][rows], np.int64))


def _most_alike(questions: list[str], known: list[str]) -> np.ndarray:
    """For each text, the number of the known one nearest by the angle between counts of runs of letters."""
    counter = CountVectorizer(analyzer="char", ngram_range=(1, 3))
    finder = NearestNeighbors(n_neighbors=1, metric="cosine").fit(counter.fit_transform(known))
    nearest: np.ndarray = finder.kneighbors(counter.transform(questions), return_distance=False)[:, 0]
    return nearest


def _figures(answers: list[str], truth: list[str]) -> dict[str, float]:
    exact = float(np.mean([answer == right for answer, right in zip(answers, truth)]))
    letters = [sum(a == b for a, b in zip(answer, right)) / max(len(right), 1) for answer, right in zip(answers, truth)]
    return {"exact": exact, "letters": float(np.mean(letters))}


MEASURE = Measure(compare, {"exact": "more", "letters": "more"}, fields={"source": Tokens, "target": Tokens})

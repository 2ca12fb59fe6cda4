"""A model of texts on those that it was not trained on: their perplexity, or how near its answers come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.checkpoint.trained_on import data_of
from saddlepoint.errors import CapabilityError, ConfigError, MissingExtra
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.abilities import Sampling
from saddlepoint.metrics.scores import metric as metric_named
from saddlepoint.metrics.scores import names
from saddlepoint.metrics.scores.base import ModelMetric, TrainedModel
from saddlepoint.metrics.scores.measure_texts import measure_texts
from saddlepoint.metrics.scores.score import Protocol, Score
from saddlepoint.runs.evaluation import Evaluation
from saddlepoint.text import counted

_MOST = 1000
_OF_MODELS = ("perplexity",)


def evaluate_texts(model: Model, metrics: Sequence[str] | None, n: int | None) -> Evaluation:
    """The figures of a model of texts on held-out ones.

    metrics: None for all that fit it and whose packages are installed. n: texts at most. Raises ConfigError for a
    metric that does not fit, and where no text was held out.
    """
    translates = {"source", "target"} <= model.spec.fields.keys()
    fitting = names("TextMetric") if translates else _OF_MODELS
    unfit = [name for name in metrics or () if name not in fitting]
    if unfit:
        raise ConfigError(f"{unfit[0]} is no figure of {model.name}, which is measured by {', '.join(fitting)}.")
    dataset, settings = data_of(model)
    train, held_out = dataset.split(settings.held_out)
    if len(held_out) < 2:
        raise ConfigError("fewer than two texts were held out of this run: train with a larger --held-out.")
    rows = held_out[: n or _MOST]
    protocol = Protocol("", 0, 0, reference="held-out", data=dataset.fingerprint, things="texts")
    scores: list[Score] = []
    notes = [f"of {counted(len(rows), 'text')}, drawn once at random and held out of training (--held-out)"]
    if translates:
        kinds = [model.spec.fields[name] for name in ("source", "target")]
        stored = [torch.from_numpy(np.asarray(dataset.fields[name][rows], np.int64)) for name in ("source", "target")]
        written = model.do(
            "generate",
            {"latents": torch.zeros(stored[1].shape), "source": stored[0]},
            how=Sampling(temperature=0.0),
        )
        assert isinstance(kinds[1], Tokens)
        answers, truths = ([kinds[1].text(row) for row in each] for each in (next(iter(written.values())), stored[1]))
        for name in metrics or fitting:
            try:
                scores += measure_texts([name], answers, truths, protocol)
            except MissingExtra as error:
                if metrics is not None:
                    raise
                notes.append(f"{name} was left out: {error}")
        notes.append("answers are the likeliest token at each step (--temperature 0)")
    else:
        trained = TrainedModel(
            model=model,
            dataset=dataset,
            train=train,
            held_out=rows,
            compared=train,
            protocol=protocol,
            extractor=_no_extractor,
            by_pixels=False,
            weights=(),
        )
        for name in metrics or fitting:
            metric = metric_named(name)
            assert isinstance(metric, ModelMetric)
            scores += metric.figures(trained, None, 0, None).scores  # type: ignore[arg-type]
    return Evaluation(f"{model.name} after {model.clock.examples:,} texts", scores, [], notes)


def _no_extractor() -> Any:
    raise CapabilityError("texts have no features.")

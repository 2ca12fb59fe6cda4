"""How well hidden words of a made language are guessed, and whether sentences are known to belong together."""

from __future__ import annotations

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world import agreement
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.abilities import GuessesHidden, Predicts
from saddlepoint.metrics.proofs.base import Measure, Table

_HIDDEN = 0.15


@torch.no_grad()
def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Nats of a hidden word, above what the world's own law leaves open, and the share of pairs that are told right.

    The baseline knows how often each word is, and guesses pairs by a coin.
    """
    method = model.method
    if not isinstance(method, GuessesHidden) or not isinstance(method, Predicts):
        raise ConfigError(f"{model.name} guesses no hidden words.")
    if dataset.source != "world:agreement":
        raise ConfigError(f"nobody knows the law of {dataset.source}; that of world:agreement is known.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    texts = np.asarray(dataset.fields["text"], np.int64)
    shown, half = texts[held_out], agreement.WORDS
    draw = numpy_generator(seed, "masked words")
    hidden = draw.random(shown.shape) < _HIDDEN
    tokens = torch.from_numpy(shown).to(model.device)
    logs = method.hidden_words(model.nets, tokens, torch.from_numpy(hidden).to(model.device)).cpu()
    own = -logs.gather(2, tokens.cpu()[..., None])[..., 0].numpy()[hidden].mean()
    true = np.take_along_axis(agreement.hidden_words(shown, ~hidden), shown[..., None], 2)[..., 0]
    floor = -np.log(true[hidden]).mean()
    counts = np.bincount(texts[train].reshape(-1), minlength=len(agreement.pieces())) + 1.0
    often = -np.log(counts / counts.sum())[shown[hidden]].mean()
    follows = np.arange(len(shown)) % 2 == 0
    second = np.where(follows[:, None], shown[:, half:], np.roll(shown[:, half:], 1, 0))
    pairs = np.concatenate((shown[:, :half], second), 1)
    said = method.predict(model.nets, torch.from_numpy(pairs).to(model.device))["next"][:, 1].cpu().numpy() > 0.5
    best = agreement.goes_on(shown[:, :half], second) > 0.5
    rows = (
        ("generated", model.name, own, said),
        ("baseline", "naive: how often each word is; a coin", often, None),
        ("real", "the world's own law", floor, best),
    )
    return Table(
        rows=[
            {
                "kind": kind,
                "name": name,
                "nats": float(nats),
                "gap": float(nats - floor),
                "next": 0.5 if verdict is None else float((verdict == follows).mean()),
            }
            for kind, name, nats, verdict in rows
        ],
        protocol=(
            f"nats: minus the log-probability of each of {int(hidden.sum()):,} hidden words of {len(shown):,} held-out"
            f" texts, {_HIDDEN:.0%} hidden at once, less is better; gap: the same above the law of the texts."
            " next: of as many pairs of sentences, half of which are of one text, the share told right."
        ),
    )


MEASURE = Measure(compare, {"nats": "less", "gap": "less", "next": "more"}, fields={"text": Tokens})

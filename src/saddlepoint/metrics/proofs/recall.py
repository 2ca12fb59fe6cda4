"""How often a model says the right token at the end of a text that began with it."""

from __future__ import annotations

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world import recall
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.metrics.proofs.base import Measure, Table

_MOST = 200


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Share of held-out texts whose last token is the likeliest of the symbols. The baseline says the most frequent."""
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    texts = torch.from_numpy(np.asarray(dataset.fields["text"], np.int64))
    shown = texts[held_out[:_MOST]]
    ends = []
    for symbol in range(recall.SYMBOLS):
        ended = shown.clone()
        ended[:, -1] = symbol
        ends.append(model.log_likelihood(ended))
    logs = torch.stack(ends, 1).log_softmax(1)  # what comes before the end is the same for all
    own = (logs.argmax(1) == shown[:, -1]).float().mean().item()
    most = texts[train, -1].mode().values
    naive = (shown[:, -1] == most).float().mean().item()
    nats = -logs.gather(1, shown[:, -1:]).mean().item()
    return Table(
        rows=(
            {"kind": "generated", "name": model.name, "recalled": own, "nats": nats},
            {"kind": "baseline", "name": "naive: the most frequent symbol", "recalled": naive, "nats": np.log(8.0)},
        ),
        protocol=(
            f"Of {len(shown)} held-out texts of {shown.shape[1]} tokens, the share whose last token is the likeliest of"
            f" the {recall.SYMBOLS} symbols, more is better; and minus the log-probability of the right one among"
            " them, in nats."
        ),
    )


MEASURE = Measure(compare, {"recalled": "more", "nats": "less"}, fields={"text": Tokens})

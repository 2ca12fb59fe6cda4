"""Whether captions are told from the same ones with a single wrong word, and hidden words named from the image."""

from __future__ import annotations

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world import captions
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import pixels
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.abilities import MatchesCaptions
from saddlepoint.metrics.proofs.base import Measure, Table

_CHANGED = ("colour", "shape", "ground")  # what every caption says
_MOST = 900


@torch.no_grad()
def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """The share of images of which the right one of two captions is found likelier, and of hidden words named rightly.

    The baseline is a coin, and the most frequent word of its sort.
    """
    method, text = model.method, dataset.kinds["text"]
    if not isinstance(method, MatchesCaptions) or not isinstance(text, Tokens):
        raise ConfigError(f"{model.name} says of no caption whether it is that of an image.")
    if dataset.source != "world:captions":
        raise ConfigError(f"nobody knows what a wrong word is in {dataset.source}; in world:captions it is known.")
    _, held_out = dataset.split(model.facts["data"]["held_out"])
    rows = held_out[:_MOST]
    shown = pixels(torch.from_numpy(np.asarray(dataset.images[rows]))).to(model.device)
    tokens = torch.from_numpy(np.asarray(dataset.fields["text"][rows], np.int64))
    draw = numpy_generator(seed, "one wrong word")
    wrong, hidden = tokens.clone(), torch.zeros_like(tokens, dtype=torch.bool)
    sorts = np.arange(len(rows)) % len(_CHANGED)
    for row, sort in enumerate(sorts):
        words = captions.WORDS[_CHANGED[sort]]
        known = {number for number, piece in enumerate(text.pieces) if piece.strip() in words}
        place = next(at for at, number in enumerate(tokens[row].tolist()) if number in known)
        right = text.pieces[int(tokens[row, place])]
        space = right[: len(right) - len(right.strip())]
        others = [space + word for word in words if word != right.strip() and space + word in text.pieces]
        wrong[row, place] = text.pieces.index(others[int(draw.integers(len(others)))])
        hidden[row, place] = True
    tokens, wrong, hidden = (each.to(model.device) for each in (tokens, wrong, hidden))
    fits, foil = (method.matches(model.nets, shown, each).cpu().numpy() for each in (tokens, wrong))
    logs = method.words_of(model.nets, shown, tokens, hidden)
    named = (logs.argmax(2) == tokens)[hidden].cpu().numpy()
    chance = {sort: 1 / len(captions.WORDS[sort]) for sort in _CHANGED}
    better = fits > foil
    own = {f"{name}": float(named[sorts == number].mean()) for number, name in enumerate(_CHANGED)}
    foils = {f"foil_{name}": float(better[sorts == number].mean()) for number, name in enumerate(_CHANGED)}
    return Table(
        rows=(
            {"kind": "generated", "name": model.name, "foil": float(better.mean()), **own, **foils},
            {
                "kind": "baseline",
                "name": "naive: a coin; any word of the sort",
                "foil": 0.5,
                **chance,
                **dict.fromkeys(foils, 0.5),
            },
        ),
        protocol=(
            f"foil: of {len(rows)} held-out images, each with its caption and the same with one wrong colour, shape or"
            " ground, the share of which the right one is found likelier, and the same for each of the three. colour,"
            " shape, ground: the share of such words that is named rightly when it alone is hidden. More is better."
        ),
    )


MEASURE = Measure(
    compare,
    {"foil": "more", **dict.fromkeys(_CHANGED, "more")},
    fields={"image": Image, "text": Tokens},
)

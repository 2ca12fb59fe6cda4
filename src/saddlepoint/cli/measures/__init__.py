"""The measures that proofs name: what is compared, against which naive baseline, and what else is printed beside it."""

from __future__ import annotations

from functools import partial

from saddlepoint.cli.measures.answers import answers
from saddlepoint.cli.measures.conditional import conditional
from saddlepoint.cli.measures.frechet import frechet
from saddlepoint.cli.measures.held_out_bound import held_out_bound
from saddlepoint.cli.measures.measured import Measure, Measured
from saddlepoint.cli.measures.modes import mixture_modes
from saddlepoint.cli.measures.semi_supervised import semi_supervised
from saddlepoint.cli.measures.translation import translation
from saddlepoint.config import nearest
from saddlepoint.errors import ConfigError

__all__ = ["Measure", "Measured", "measure"]


def measure(name: str) -> Measure:
    """A measure by its name. Raises ConfigError for an unknown one."""
    known: dict[str, Measure] = {
        "frechet": frechet,
        "conditional": conditional,
        "mixture": partial(mixture_modes, n=10_000, radius=3.0, least=1),
        "grid": partial(mixture_modes, n=5_000, radius=4.0, least=20),
        "held-out-bound": held_out_bound,
        "translation": translation,
        "answers": answers,
        "semi-supervised": semi_supervised,
    }
    if name not in known:
        raise ConfigError(f"no measure is called {name!r}{nearest(name, known)}")
    return known[name]

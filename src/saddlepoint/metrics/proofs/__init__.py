"""The measures that proofs name: what is compared, against which naive baseline, and what else is printed beside it."""

from __future__ import annotations

from functools import partial

from saddlepoint.config import nearest
from saddlepoint.errors import ConfigError
from saddlepoint.metrics.proofs.answers import answers
from saddlepoint.metrics.proofs.conditional import conditional
from saddlepoint.metrics.proofs.frechet import frechet
from saddlepoint.metrics.proofs.held_out_bound import held_out_bound
from saddlepoint.metrics.proofs.measured import Measure, Measured
from saddlepoint.metrics.proofs.modes import mixture_modes
from saddlepoint.metrics.proofs.semi_supervised import semi_supervised
from saddlepoint.metrics.proofs.translation import translation

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

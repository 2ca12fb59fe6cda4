"""A register of subscribers, 10,000 rows of mixed columns that hang together: town and tariff, age, minutes and bill.

Small towns have few rows. The tariff depends on the town, the minutes on tariff and age, and have two peaks; the bill
is minutes times the tariff's price, give or take.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.record import Record

ROWS = 10_000
TOWNS, SHARES = ("Ayr", "Bath", "Crewe", "Deal", "Ely"), (0.5, 0.25, 0.15, 0.07, 0.03)
TARIFFS = ("basic", "family", "office")
_TARIFF = ((0.7, 0.2, 0.1), (0.2, 0.7, 0.1), (0.1, 0.2, 0.7), (0.05, 0.9, 0.05), (0.05, 0.05, 0.9))
_MINUTES, _PRICE = (60.0, 200.0, 420.0), (0.12, 0.08, 0.05)


def rows(n: int, seed: int = SEED) -> np.ndarray:
    """`n` rows, float32 [n, 5]; town and tariff by their places."""
    draw = numpy_generator(seed, "register", n)
    town = draw.choice(len(TOWNS), n, p=SHARES)
    tariff = np.array([draw.choice(len(TARIFFS), p=_TARIFF[each]) for each in town])
    young = draw.random(n) < 0.4
    age = np.where(young, draw.normal(27, 3, n), draw.normal(58, 6, n)).clip(18, 90)
    minutes = (np.array(_MINUTES)[tariff] * (1.3 - age / 120) + draw.normal(0, 12, n)).clip(0, 600)
    bill = minutes * np.array(_PRICE)[tariff] + draw.normal(0, 0.4, n)
    return np.stack([town, tariff, age.round(), minutes.round(1), bill.round(2)], 1).astype(np.float32)


@final
class Register(World):
    """10,000 rows with two columns of words and three of numbers."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. A table has no resolution and no channels."""
        if settings.resolution is not None or settings.channels is not None:
            raise ConfigError(f"{settings.data} is a table, not images: leave out --resolution and --channels.")
        table = rows(ROWS)
        low, high = table.min(0).tolist(), table.max(0).tolist()
        low[:2], high[:2] = [0.0, 0.0], [len(TOWNS) - 1.0, len(TARIFFS) - 1.0]
        kind = Record(
            ("town", "tariff", "age", "minutes", "bill"),
            (len(TOWNS), len(TARIFFS), 0, 0, 0),
            (*TOWNS, *TARIFFS),
            tuple(low),
            tuple(high),
            (0, 0, 0, 1, 2),
        )
        return Dataset({"record": table}, fingerprint(table, None), settings.data, kinds={"record": kind})


WORLD = Register()

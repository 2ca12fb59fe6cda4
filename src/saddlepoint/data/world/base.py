"""What every world is: a data set that is made from its settings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings

SEED = 0
"""of every world as a data set"""


class World(ABC):
    """Data with a known truth."""

    @abstractmethod
    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """The data set; `settings.data` is its word. say: is told how far a long work is.

        Raises ConfigError for settings that do not go with this world.
        """

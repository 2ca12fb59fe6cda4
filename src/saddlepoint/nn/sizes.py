"""Which images a network takes. A network says it once, as its `sizes`; whoever gives it images asks here."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

from saddlepoint.errors import ConfigError


@dataclass(frozen=True)
class Sizes:
    """Images whose sides are each a multiple of `multiple` and `least` pixels or more."""

    multiple: int = 1
    least: int = 1

    def takes(self, *sides: int) -> bool:
        """Whether all these sides are among them."""
        return all(side >= self.least and side % self.multiple == 0 for side in sides)

    def near(self, side: int) -> int:
        """The side nearest below that is among them, or the least of all."""
        least = -(-self.least // self.multiple) * self.multiple
        return max(side // self.multiple * self.multiple, least)

    def check(self, height: int, width: int, option: str = "--resolution", instead: str = "") -> None:
        """Raises ConfigError for another size. option: what sets it. instead: another mend."""
        if self.takes(height, width):
            return
        sides = [str(self.near(side)) for side in ((width,) if height == width else (width, height))]
        size = f"{width}" if height == width else f"{width}x{height}"
        raise ConfigError(
            f"these networks take sides that {self.multiple} divides, of {self.near(1)} pixels or more, not {size}: use"
            f" {option} {'x'.join(sides)}{instead}."
        )

    def __and__(self, other: Sizes) -> Sizes:
        """What both take."""
        return Sizes(math.lcm(self.multiple, other.multiple), max(self.least, other.least))


def sizes_of(networks: Iterable[nn.Module]) -> Sizes:
    """What all of these networks take, and the parts of them."""
    sizes = Sizes()
    for network in networks:
        for module in network.modules():
            own = getattr(module, "sizes", None)
            sizes &= own if isinstance(own, Sizes) else Sizes()
    return sizes

"""Networks that grow with their images: which side when, and how far the newest one is faded in.

Karras et al. 2018, arXiv:1710.10196, section 2 and appendix A.1. Stage 0 trains the first side; then each side has two:
one in which it is faded in, and one in which it is trained. Moments start anew with each, as in the authors' code.
"""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Clock, Method, Stage
from saddlepoint.nn.backbones.progressive import doubled, faded


@dataclass(frozen=True, kw_only=True)
class Growing(Method, ABC):
    """A method whose networks `generator` and `critic` have a `wake(level, alpha)`."""

    first_side: int = 8
    """side of the images that training begins with: 4, 8, 16 and so on"""
    last_side: int = 32
    """side of the images that it ends with, which is that of the data"""
    fade_images: int = 600_000
    """images in which a new side is faded in"""
    steady_images: int = 600_000
    """images for which it is then trained, before the next side"""
    batches: tuple[int, ...] = ()
    """images in a step at each side from the first on; none for the run's own batch throughout"""
    rising_rate: bool = True
    """learning rates are 1.5 times as high at 128 pixels, 2 at 256 and 3 at 512 and more"""

    def __post_init__(self) -> None:
        sides = (self.first_side, self.last_side)
        if any(side < 4 or side & (side - 1) for side in sides) or self.first_side > self.last_side:
            raise ConfigError(f"first_side and last_side must be 4, 8, 16 and so on, in this order, not {sides}.")
        if self.batches and len(self.batches) != len(self._sides()):
            raise ConfigError(
                f"batches needs {len(self._sides())} numbers, for the sides {self._sides()}, not {len(self.batches)}."
            )

    def check_side(self, data: DataSpec) -> int:
        """The side of the data. Raises ConfigError where training would not end there."""
        if data.resolution != self.last_side:
            raise ConfigError(
                f"the data has {data.resolution} pixels a side and training would end at {self.last_side}: give"
                f" --last-side {data.resolution} or --resolution {self.last_side}."
            )
        return self.last_side

    def stages(self) -> tuple[Stage, ...]:
        found: list[Stage] = []
        for index, side in enumerate(self._sides()):
            batch = self.batches[index] if self.batches else None
            scale = next((rate for above, rate in ((512, 3.0), (256, 2.0), (128, 1.5)) if side >= above), 1.0)
            for images in (self.fade_images, self.steady_images)[index == 0 :]:
                found.append(
                    Stage(
                        images=images,
                        resolution=side,
                        batch=batch,
                        lr_scale=scale if self.rising_rate else 1.0,
                        fresh=("generator", "critic") if found else (),
                    )
                )
        return tuple(found)

    def wake(self, nets: nn.Module, clock: Clock) -> None:
        level, alpha = self.growth(clock)
        for name in ("generator", "critic"):
            if hasattr(nets, name):
                nets.get_submodule(name).wake(level, alpha)  # type: ignore[operator]

    def growth(self, clock: Clock) -> tuple[int, float]:
        """Level (0 for 4x4) and alpha at a time."""
        level = self.first_side.bit_length() - 3 + (clock.stage + 1) // 2
        fading = clock.stage % 2 == 1
        return level, min(clock.stage_images / self.fade_images, 1.0) if fading else 1.0

    def faded_reals(self, image: Tensor, clock: Clock) -> Tensor:
        """Real images as sharp as the generator's can be: blended with their halved and doubled selves by alpha."""
        _, alpha = self.growth(clock)
        return image if alpha == 1 else faded(doubled(F.avg_pool2d(image, 2)), image, alpha)

    def at_last_side(self, images: Tensor) -> Tensor:
        """Images of an earlier stage, doubled until they have the side of the data."""
        while images.shape[-1] < self.last_side:
            images = doubled(images)
        return images

    def _sides(self) -> list[int]:
        return [1 << power for power in range(self.first_side.bit_length() - 1, self.last_side.bit_length())]

"""Networks that grow with their images: which side when, and how far the newest one is faded in.

Karras et al. 2018, arXiv:1710.10196, section 2 and appendix A.1. Stage 0 trains the first side; then each side has two:
one in which it is faded in, and one in which it is trained. Moments start anew with each, as in the authors' code.

`newest_rate` and `late_rate` are no part of ProGAN or StyleGAN: there new layers learn at the rate of the old ones,
which is constant at a side. More momentum for new layers, taught with the first, has no setting: Adam's first beta
is 0 in both methods.
"""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated

from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Positive, Range, Share
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Clock, Linear, Method, Part, Schedule, Stage
from saddlepoint.nn.backbones.progressive import doubled, faded


@dataclass(frozen=True, kw_only=True)
class Growing(Method, ABC):
    """A method whose networks `generator` and `critic` have a `wake(level, alpha)`."""

    first_side: Annotated[int, Range(least=4)] = 8
    """side of the images that training begins with: 4, 8, 16 and so on"""
    last_side: Annotated[int, Range(least=4)] = 32
    """side of the images that it ends with, which is that of the data"""
    fade_images: Count = 600_000
    """images in which a new side is faded in"""
    steady_images: Count = 600_000
    """images for which it is then trained, before the next side"""
    batches: tuple[Count, ...] = ()
    """images in a step at each side from the first on; none for the run's own batch throughout"""
    rising_rate: bool = True
    """learning rates are 1.5 times as high at 128 pixels, 2 at 256 and 3 at 512 and more"""
    newest_rate: Positive = 1.0
    """how many times as fast as the rest a new side's layers learn when their fading in begins; this falls in a line to
    1 at its end. ProGAN and StyleGAN have 1 throughout"""
    late_rate: Share = 1.0
    """share of the learning rates that is left at the end of each side: they are constant for its first half and then
    fall in a line. ProGAN and StyleGAN have 1: no fall"""

    def __post_init__(self) -> None:
        super().__post_init__()
        sides = (self.first_side, self.last_side)
        if any(side < 4 or side & (side - 1) for side in sides) or self.first_side > self.last_side:
            raise ConfigError(f"first_side and last_side must be 4, 8, 16 and so on, in this order, not {sides}.")
        if self.batches and len(self.batches) != len(self._sides()):
            raise ConfigError(
                f"batches needs {len(self._sides())} numbers, for the sides {self._sides()}, not {len(self.batches)}."
            )

    def check_side(self, data: DataSpec) -> int:
        """The side of the data. Raises ConfigError where training would not end there."""
        if data.size != (self.last_side, self.last_side):
            height, width = data.size
            raise ConfigError(
                f"training makes square images and would end at {self.last_side} pixels; the data is {width}x{height}:"
                f" give {self._other_end(data.size)}--resolution {self.last_side}."
            )
        return self.last_side

    def _other_end(self, size: tuple[int, int]) -> str:
        """The setting with which training would end at this size, where there is one."""
        try:
            replace(self, last_side=size[0])
        except ConfigError:
            return ""
        return f"--last-side {size[0]} or " if size[0] == size[1] else ""

    def stages(self) -> tuple[Stage, ...]:
        stages: list[Stage] = []
        for index, side in enumerate(self._sides()):
            batch = self.batches[index] if self.batches else None
            scale = next((rate for above, rate in ((512, 3.0), (256, 2.0), (128, 1.5)) if side >= above), 1.0)
            for images in (self.fade_images, self.steady_images)[index == 0 :]:
                stages.append(
                    Stage(
                        examples=images,
                        resolution=side,
                        batch=batch,
                        lr_scale=scale if self.rising_rate else 1.0,
                        fresh=("generator", "critic") if stages else (),
                    )
                )
        return tuple(stages)

    def set_phase(self, nets: nn.Module, clock: Clock) -> None:
        level, alpha = self.growth(clock)
        for name in ("generator", "critic"):
            if hasattr(nets, name):
                nets.get_submodule(name).wake(level, alpha)  # type: ignore[operator]

    def growth(self, clock: Clock) -> tuple[int, float]:
        """Level (0 for 4x4) and alpha at a time."""
        level = self.first_side.bit_length() - 3 + (clock.stage + 1) // 2
        fading = clock.stage % 2 == 1
        return level, min(clock.stage_examples / self.fade_images, 1.0) if fading else 1.0

    def falling(self, lr: float) -> float | Schedule:
        """The learning rate `lr` as `late_rate` has it."""
        if self.late_rate == 1:
            return lr
        return partial(self._at_side, Linear(lr, lr * self.late_rate, after=0.5))

    def _at_side(self, value: Schedule, clock: Clock) -> float:
        """A schedule over the whole run, as if the present side were all of it."""
        steady = clock.stage and clock.stage % 2 == 0
        examples = clock.stage_examples + (self.fade_images if steady else 0)
        total = self.steady_images + (self.fade_images if clock.stage else 0)
        if (clock.stage + 1) // 2 == len(self._sides()) - 1:  # which lasts until the run ends
            total = clock.total - clock.examples + examples
        return value(replace(clock, examples=examples, total=total))

    def newest(self, network: str) -> tuple[Part, ...]:
        """The layers of each side that is faded in, which learn as `newest_rate` has it."""
        if self.newest_rate == 1:
            return ()
        levels = range(self.first_side.bit_length() - 2, self.last_side.bit_length() - 2)
        return tuple(
            Part(paths=self.layers_of(network, level), rate=partial(self._rate_while_new, level)) for level in levels
        )

    def layers_of(self, network: str, level: int) -> tuple[str, ...]:
        """Where a network has the layers that come with a level."""
        return f"{network}.blocks.{level - 1}", f"{network}.images.{level}"

    def _rate_while_new(self, level: int, clock: Clock) -> float:
        newest, alpha = self.growth(clock)
        return alpha + self.newest_rate * (1 - alpha) if newest == level else 1.0

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

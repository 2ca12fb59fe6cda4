"""Sample grids through a run, always of the same latents, so that what changes is the generator alone.

Twenty pictures tell more about a run than its losses do: grids are made at the start, at steps 50 and 200, then each
time the run has doubled, and at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import numpy as np
import torch
from torch import Tensor

from saddlepoint.data.pictures import channels_shown, grid
from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.methods.abilities import Samples
from saddlepoint.nn.modes import evaluating
from saddlepoint.report.grids import limits_of, plot, save_png

POINTS = 1000  # in a plot of a point world, real and fake each


@final
class SampleGrids(Hook):
    """Writes samples/step-N.png, from the averaged networks where there are any.

    real: the data set's examples. Points [N, D] are drawn beside the fakes, by their first two numbers; images
        [N, C, H, W] are not looked at.
    A method that makes nothing from latents, and a run with `samples` 0, get no grids.
    """

    def __init__(self, real: np.ndarray) -> None:
        self.real = torch.from_numpy(np.array(real[:POINTS, :2], np.float32)) if real.ndim == 2 else None
        self._newest = -1

    def begin(self, run: Run) -> None:
        """The networks as they were made; a resumed run has that grid already."""
        if run.clock.step == 0:
            self._write(run)

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """A grid where one is due."""
        if is_due(run.clock.step):
            self._write(run)

    def end(self, run: Run, error: BaseException | None) -> None:
        """What came out; nothing after an error."""
        if error is None and run.clock.step != self._newest:
            self._write(run)

    def _write(self, run: Run) -> None:
        if not (run.main and run.settings.samples and isinstance(run.method, Samples)):
            return
        self._newest = run.clock.step
        nets = run.nets if run.average is None else run.average
        count = run.settings.samples if self.real is None else POINTS
        with torch.no_grad(), evaluating(nets):
            latents = run.method.latents(nets, count, run.settings.seed).to(run.machine.device)
            made = run.method.generate(nets, latents, noise="constant")
        caption = f"{run.clock.images:,} images shown."
        if self.real is None:
            picture = grid(made)
            caption = f"{caption} {channels_shown(made.shape[1])}".rstrip()
        else:
            picture = plot(self.real, made[:, :2], limits_of(self.real))
        save_png(picture, run.folder / "samples" / f"step-{run.clock.step:08d}.png", caption)


def is_due(step: int) -> bool:
    """True at steps 50, 200, 400, 800, 1600, ..."""
    return step == 50 or (step >= 200 and step % 200 == 0 and (step // 200).bit_count() == 1)

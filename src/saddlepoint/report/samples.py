"""Sample grids through a run, always of the same latents, so that what changes is the generator alone.

Twenty pictures tell more about a run than its losses do: grids are made at the start, at steps 50 and 200, then each
time the run has doubled, and at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from saddlepoint.data.batches import Batch
from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.kinds.pictures import channels_shown, grid
from saddlepoint.methods.abilities import Samples, Sampling, Translates, TranslatesLike, in_turn
from saddlepoint.methods.base import Networks
from saddlepoint.nn.modes import evaluating
from saddlepoint.report.grids import limits_of, plot, save_png

POINTS = 1000  # in a plot of a point world, real and fake each
ANSWERS = 3  # of an image that has several, by the seeds 0, 1 and 2


@final
class SampleGrids(Hook):
    """Writes samples/step-N.png, from the averaged networks where there are any.

    real: the data set's examples. Points [N, D] are drawn beside the fakes, by their first two numbers; images
        [N, C, H, W] are not looked at.
    given: images to translate, for a method that does; each is shown beside what becomes of it, and its truth if known.
    A method that makes nothing from latents or images, and a run with `grid_size` 0, get no grids.
    """

    def __init__(self, real: np.ndarray, given: Batch | None = None) -> None:
        self.real = torch.from_numpy(np.array(real[:POINTS, :2], np.float32)) if real.ndim == 2 else None
        self.given = given
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
        if not (run.main and run.settings.grid_size):
            return
        nets = run.nets if run.average is None else run.average
        caption = f"{run.clock.examples:,} {run.unit} shown."
        if isinstance(run.method, Samples):
            picture, caption = self._sampled(run, run.method, nets, caption)
        elif isinstance(run.method, Translates) and self.given is not None:
            with torch.no_grad(), evaluating(nets):
                picture, told = translated(run.method, nets, self.given, run.settings.grid_size)
            caption = f"{caption} {told}"
        else:
            return
        self._newest = run.clock.step
        save_png(picture, run.folder / "samples" / f"step-{run.clock.step:08d}.png", caption)

    def _sampled(self, run: Run, method: Samples, nets: Networks, caption: str) -> tuple[Image.Image, str]:
        count = run.settings.grid_size if self.real is None else POINTS
        with torch.no_grad(), evaluating(nets):
            how = Sampling(in_turn(method, nets, count), noise="constant").to(run.machine.device)
            latents = method.latents(nets, count, run.settings.seed).to(run.machine.device)
            made = method.generate(nets, latents, how)
        if self.real is not None:
            return plot(self.real, made[:, :2], limits_of(self.real)), caption
        return grid(made, columns=columns_of(how.label)), f"{caption} {channels_shown(made.shape[1])}".rstrip()


def translated(method: Translates, nets: Networks, given: Batch, most: int) -> tuple[Image.Image, str]:
    """At most `most` images, each kind in columns of its own: what is given, what becomes of it, what it should be.

    The truth is shown of pairs, whose fields are as long as one another and have one direction. A method that could
    take what an image leaves open from another one shows `ANSWERS` of each. Returns the picture and the sentence that
    says what its columns are.
    """
    fields, ways = given.tensors(), method.directions()
    paired = len(ways) == 1 and all(end in fields for end in ways.values())
    answers = ANSWERS if isinstance(method, TranslatesLike) else 1
    rows = min(min(map(len, fields.values())), max(1, most // ((1 + answers) * len(ways) + paired)))
    columns, words = [], []
    for start, end in ways.items():
        images = fields[start][:rows]
        columns += [images, *(method.translate(nets, images, start, seed).to(images) for seed in range(answers))]
        words += [start, f"{end} made of it" + f" by {answers} seeds" * (answers > 1)]
    if paired:
        columns.append(fields[end][:rows])
        words.append(f"true {end}")
    beside = 1 if rows <= 4 else 2  # how many rows stand in one
    shown = torch.stack(columns, 1)[: rows - rows % beside].flatten(0, 1)
    return grid(shown, columns=beside * len(columns)), f"Columns: {', '.join(words)}{', and again' * (beside - 1)}."


def columns_of(label: Tensor | None) -> int | None:
    """A column for each class where labels come in turn and there are at most 20 classes; None for a square."""
    classes = 0 if label is None else int(label.max()) + 1
    return classes if 0 < classes <= 20 else None


def is_due(step: int) -> bool:
    """True at steps 50, 200, 400, 800, 1600, ..."""
    return step == 50 or (step >= 200 and step % 200 == 0 and (step // 200).bit_count() == 1)

"""Sample grids through a run, always of the same latents, so that what changes is the generator alone.

Twenty pictures tell more about a run than its losses do: grids are made at the start, at steps 50 and 200, then each
time the run has doubled, and at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
import torch
from PIL import Image as Picture
from torch import Tensor
from torch.nn import functional

from saddlepoint.data.batches import Batch, main_field
from saddlepoint.data.dataset import Dataset
from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.kind import PLAIN, Kind
from saddlepoint.kinds.latent import Latent
from saddlepoint.kinds.pictures import channels_shown, grid
from saddlepoint.kinds.points import Points
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.abilities import (
    AS_TRAINED,
    Sampling,
    in_turn,
)
from saddlepoint.methods.base import Networks
from saddlepoint.methods.tasks import knows, task_named, tasks
from saddlepoint.nn.modes import evaluating
from saddlepoint.report.attention import across, between, heat_row, weights_of
from saddlepoint.report.captioned import captioned
from saddlepoint.report.grids import limits_of, plot, save_png
from saddlepoint.text import counted

PAIRS = 16
"""texts that are shown with what is made of each"""
POINTS = 1000  # in a plot of a point world, real and fake each
PATTERNS = 400  # of a dictionary, at most
BAND = 16  # examples side by side, with what becomes of each below
SCENES = 8  # by a few views each
NAMED = 8  # examples side by side, each with its class over it
ANSWERS = 3  # of an image that has several, by the seeds 0, 1 and 2


@final
class SampleGrids(Hook):
    """Writes samples/step-N.png, from the averaged networks where there are any.

    data: points are drawn beside the fakes, by their first two numbers; examples that a method makes others from, such
        as texts to translate, are shown above what it makes of them; others are not looked at.
    inputs: examples for a method that makes nothing from latents: each is shown beside what becomes of it, and its
        truth if known.
    A method that only trains, and a run with `grid_size` 0, get no grids.
    """

    def __init__(self, data: Dataset, inputs: Batch | None = None) -> None:
        self.spec, self.inputs = data.spec(), inputs
        self.real: Tensor | None = None
        if isinstance(data.main, Points):
            self.real = torch.from_numpy(np.array(data.examples[:POINTS, :2], np.float32))
        self._newest = -1
        rows = np.linspace(0, len(data) - 1, PAIRS).round().astype(np.int64)
        self._asked = {
            name: kind.shown(torch.from_numpy(np.array(data.fields[name][rows])), PLAIN)
            for name, kind in self.spec.fields.items()
            if isinstance(kind, Tokens)
        }

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
        caption = f"{counted(run.clock.examples, run.unit.removesuffix('s'))} shown."
        method: Any = run.method
        if knows(method, "generate"):
            picture, caption = self._sampled(run, method, nets, caption)
        elif self._shows_translations(method):
            assert self.inputs is not None
            with torch.no_grad(), evaluating(nets):
                picture, words = translated(method, nets, self.inputs, run.settings.grid_size)
            caption = f"{caption} {words}"
        elif knows(method, "rebuild"):
            if self.inputs is None:
                return
            picture, words = self._rebuilt(run, nets, self.inputs)
            caption = f"{caption} {words}"
        elif knows(method, "patterns"):
            patterns = method.patterns(nets)[:PATTERNS].cpu()
            picture = self.spec.main.picture(patterns)
            caption = f"{caption} The patterns that it describes {run.unit} by."
        else:
            drawn = self._other(run, nets)
            if drawn is None:
                return
            picture, words = drawn
            caption = f"{caption} {words}"
        self._newest = run.clock.step
        save_png(picture, run.folder / "samples" / f"step-{run.clock.step:08d}.png", caption)

    def _shows_translations(self, method: Any) -> bool:
        """Whether the inputs are images of the kinds that it translates; of a classifier that does they may not be."""
        if not knows(method, "translate") or self.inputs is None or not isinstance(self.spec.main, Image):
            return False
        ways: Mapping[str, str] = method.directions()
        return ways.keys() <= self.inputs.tensors().keys()

    def _sampled(self, run: Run, method: Any, nets: Networks, caption: str) -> tuple[Picture.Image, str]:
        count = run.settings.grid_size if self.real is None else POINTS
        with torch.no_grad(), evaluating(nets):
            wanted = {name: self._asked[name] for name in method.conditions(nets).keys() & self._asked.keys()}
            count = min(count, PAIRS) if wanted else count
            conditions = in_turn(method, nets, count) | {name: rows[:count] for name, rows in wanted.items()}
            how = Sampling(conditions, noise="constant").to(run.machine.device)
            latents = method.latents(nets, count, run.settings.seed).to(run.machine.device)
            with weights_of(nets) as attention:
                examples = method.generate(nets, latents, how)
        if self.real is not None:
            return plot(self.real, examples[:, :2], limits_of(self.real)), caption
        kind = self.spec.main
        if wanted:
            fields = [(self.spec.fields[name], rows) for name, rows in wanted.items()]
            pairs = [
                part for row in range(count) for part in (*((k, v[row]) for k, v in fields), (kind, examples[row]))
            ]
            caption = f"{caption} From above: {', '.join(wanted)}, and what is made of it."
            pictures = [part.picture(value[None]) for part, value in pairs]
            if (table := _alignment(fields, kind, examples, attention)) is not None:
                pictures.append(table)
                caption += " Below: where each word of the first one looked, in the last layer."
            return below(pictures), caption
        words = channels_shown(examples.shape[1]) if isinstance(kind, Image) else ""
        return kind.picture(examples, columns_of(how.label)), f"{caption} {words}".rstrip()

    def _rebuilt(self, run: Run, nets: Networks, inputs: Batch) -> tuple[Picture.Image, str]:
        """Scenes by their first views: the first of these, what the last one's camera sees of it, and the last one."""
        with torch.no_grad(), evaluating(nets):
            task = task_named(run.method, nets, self.spec, "render")
            assert task is not None
            most, count = min(run.settings.grid_size, SCENES, len(inputs)), task.takes["rig"].shape[0]
            rows = {name: values[:most] for name, values in inputs.tensors().items()}
            views, rig = rows["views"], rows["rig"]
            fields = {**rows, "views": views[:, :count], "rig": rig[:, :count], "camera": rig[:, -1]}
            fields |= {name: rows[f"{name}s"][:, -1] for name in task.takes.keys() - fields.keys()}
            drawn = task.call(nets, {name: fields[name] for name in task.takes}, AS_TRAINED)["image"]
        kind = task.gives["image"]
        pictures = [kind.picture(each, most) for each in (views[:, 0], drawn, views[:, -1])]
        return below(pictures), "From above: a view that is given, what is drawn from another side, and the truth."

    def _other(self, run: Run, nets: Networks) -> tuple[Picture.Image, str] | None:
        """The first task whose inputs the given examples have: inputs, outputs and truth below one another.

        What gives codes alone comes last: an image that is made again shows more.
        """
        fields = {} if self.inputs is None else dict(self.inputs.tensors())
        if (main := main_field(self.spec.fields)) in fields:
            fields.setdefault(self.spec.main.word, fields[main])  # tasks call it by the word of its kind
        with torch.no_grad(), evaluating(nets):
            known = tasks(run.method, nets, self.spec)
            for task in sorted(known, key=lambda task: all(isinstance(kind, Latent) for kind in task.gives.values())):
                if task.takes and task.takes.keys() <= fields.keys():
                    most = min(run.settings.grid_size, *(len(fields[name]) for name in task.takes))
                    rows = {name: fields[name][spread(len(fields[name]), most)] for name in fields}
                    gives = task.call(nets, {name: rows[name] for name in task.takes}, AS_TRAINED)
                    shown = [(name, kind, rows[name]) for name, kind in task.takes.items() if not kind.condition]
                    shown += [(name, kind, gives[name]) for name, kind in task.gives.items()]
                    shown += [
                        (f"true {name}", kind, rows[name])
                        for name, kind in task.gives.items()
                        if name in rows.keys() - task.takes.keys()
                    ]
                    bands = [slice(start, start + BAND) for start in range(0, most, BAND)]
                    last = shown[-1][1]
                    if len(shown) == 2 and isinstance(last, Probabilities):
                        (_, inputs, examples), (word, _, shares) = shown
                        pictures = [named(inputs, examples, last, shares, rows.get("label"))]
                        words = f"{word} of each, and the true one where that is another"
                    else:
                        pictures = [kind.picture(v[band], min(BAND, most)) for band in bands for _, kind, v in shown]
                        words = ", ".join(name for name, _, _ in shown)
                    pixels = next((rows[name] for name, kind in task.takes.items() if isinstance(kind, Image)), None)
                    if pixels is not None and knows(run.method, "attend"):
                        method: Any = run.method
                        heat = method.attended(nets, pixels)
                        pictures += [heat_row(pixels[band], heat[band]) for band in bands]
                        words += ", attention over all layers"
                    elif any(isinstance(kind, Tokens) for kind in task.takes.values()):
                        with weights_of(nets) as kept:
                            task.call(nets, {name: rows[name][:1] for name in task.takes}, AS_TRAINED)
                        if kept:
                            pictures.append(between([*kept.values()][-1][-1].mean(1)[0], (), ()))
                            words += ", which place of the first text looks at which in the last layer"
                    return below(pictures), f"From above: {words}."
        return None


def _alignment(
    fields: Sequence[tuple[Kind, Tensor]], kind: Kind, examples: Tensor, attention: dict[str, list[Tensor]]
) -> Picture.Image | None:
    """Where the words of the first answer looked in its question; None without such attention, or without texts."""
    source, given = fields[0]
    if len(fields) != 1 or not isinstance(source, Tokens) or not isinstance(kind, Tokens):
        return None
    shares = across(attention, given.shape[1])
    if shares is None:
        return None
    rows, columns = (
        [part.text(token[None]) or "." for token in row] for part, row in ((kind, examples[0]), (source, given[0]))
    )
    ends = [
        next((n for n, number in enumerate(row.tolist()) if not number), len(row)) for row in (examples[0], given[0])
    ]
    return between(shares[0], rows[: min(ends[0], shares.shape[1])], columns[: ends[1]])


def translated(method: Any, nets: Networks, batch: Batch, most: int) -> tuple[Picture.Image, str]:
    """At most `most` images, each kind in columns of its own: what is given, what becomes of it, what it should be.

    The truth is shown of pairs, whose fields are as long as one another and have one direction. A method that could
    take what an image leaves open from another one shows `ANSWERS` of each. Returns the picture and the sentence that
    says what its columns are.
    """
    fields, ways = batch.tensors(), method.directions()
    paired = len(ways) == 1 and all(end in fields for end in ways.values())
    answers = ANSWERS if knows(method, "translate-like") else 1
    rows = min(min(map(len, fields.values())), max(1, most // ((1 + answers) * len(ways) + paired)))
    columns: list[Tensor] = []
    words: list[str] = []
    for start, end in ways.items():
        images = fields[start][spread(len(fields[start]), rows)]
        if knows(method, "corrupt") and not torch.equal(spoilt := method.corrupt(images, 0), images):
            columns, words, images = [*columns, images], [*words, f"{start} before it is spoilt"], spoilt
        results = [method.translate(nets, images, start, seed).to(images) for seed in range(answers)]
        if all(torch.equal(each, results[0]) for each in results):  # trained without styles
            results = results[:1]
        columns += [images, *results]
        words += [start, f"{end} made of it" + f" by {len(results)} seeds" * (len(results) > 1)]
    if paired:
        columns.append(fields[end][spread(len(fields[end]), rows)])
        words.append(f"true {end}")
    beside = 1 if rows <= 4 else 2  # how many rows stand in one
    height, width = (max(column.shape[axis] for column in columns) for axis in (2, 3))
    columns = [functional.interpolate(column, (height, width)) for column in columns]  # small ones in larger pixels
    colour = max(column.shape[1] for column in columns) >= 3
    columns = [_alike(column, colour) for column in columns]
    shown = torch.stack(columns, 1)[: rows - rows % beside].flatten(0, 1)
    return grid(shown, columns=beside * len(columns)), f"Columns: {', '.join(words)}{', and again' * (beside - 1)}."


def named(main: Kind, examples: Tensor, classes: Probabilities, shares: Tensor, truth: Tensor | None) -> Picture.Image:
    """Examples with the likeliest of their classes over each, and the true one where that is another.

    shares: [n, classes], the probabilities. truth: [n] int64.
    """
    tiles, words = [], []
    for number, (example, share) in enumerate(zip(examples, shares)):
        pixels = np.array(main.picture(example[None], 1).convert("RGB"))
        tiles.append(torch.from_numpy(pixels).permute(2, 0, 1).float() / 127.5 - 1)
        best = int(share.argmax())
        true = best if truth is None else int(truth[number])
        known = true != best and 0 <= true < len(classes.names)
        words.append(
            f"{classes.names[best]} {float(share[best]):.0%}" + (f", is {classes.names[true]}" if known else "")
        )
    starts = range(0, len(tiles), NAMED)
    return below([captioned(tiles[k : k + NAMED], [""], words[k : k + NAMED]) for k in starts])


def _alike(images: Tensor, colour: bool) -> Tensor:
    """Images of any channels as one or three: of more the first three, of fewer the first one."""
    few = images[:, : 3 if images.shape[1] >= 3 else 1]
    return few.expand(-1, 3, -1, -1) if colour else few


def spread(length: int, rows: int) -> Tensor:
    """So many places of a batch, from its first to its last: examples come class by class, and all should be seen."""
    return torch.linspace(0, length - 1, rows).round().long()


def below(pictures: Sequence[Picture.Image]) -> Picture.Image:
    """Pictures of any size one below another, on grey."""
    canvas = Picture.new("RGB", (max(p.width for p in pictures), sum(p.height for p in pictures)), (64, 64, 64))
    top = 0
    for picture in pictures:
        canvas.paste(picture.convert("RGB"), (0, top))
        top += picture.height
    return canvas


def columns_of(label: Tensor | None) -> int | None:
    """A column for each class where labels come in turn and there are at most 20 classes; None for a square."""
    classes = 0 if label is None else int(label.max()) + 1
    return classes if 0 < classes <= 20 else None


def is_due(step: int) -> bool:
    """True at steps 50, 200, 400, 800, 1600, ..."""
    return step == 50 or (step >= 200 and step % 200 == 0 and (step // 200).bit_count() == 1)

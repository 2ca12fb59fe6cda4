"""What `--dry-run` shows: everything that a run would be, and what the networks would see, without training."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from saddlepoint import config
from saddlepoint.engine.cost import step_seconds
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.memory import Memory, estimate
from saddlepoint.engine.plan import Plan
from saddlepoint.engine.run import Folder
from saddlepoint.kinds.pictures import grid
from saddlepoint.kinds.points import Points
from saddlepoint.report.first_step import LONG, cost
from saddlepoint.report.grids import limits_of, plot, save_png
from saddlepoint.report.samples import below
from saddlepoint.report.wording import duration, number
from saddlepoint.runs.assemble import AssembledRun, assemble, lower_cost
from saddlepoint.text import counted

_NAMES = {"cpu": "processor", "cuda": "GPU"}
_ROW = 12
"""images a class in data.png"""


def dry_run(plan: Plan, *, out: Path | None = None) -> None:
    """Print configuration, networks and memory; write data.png into `out` or the current folder."""
    machine = TorchMachine(plan.run.device, plan.run.precision)
    with tempfile.TemporaryDirectory() as nowhere:
        parts = assemble(plan, Folder(Path(nowhere)), machine)
        print(_configuration(plan))
        print(_networks(parts))
        memory = estimate(parts.trainer)
        print(_memory(memory, plan))
    epoch = len(parts.trainer.data.rows)
    steps = -(-plan.run.examples // plan.run.batch)
    shown, unit = plan.run.examples, parts.trainer.unit.removesuffix("s")
    times = f"{number(shown / epoch)} times each of {counted(epoch, unit)}"
    print(f"{counted(shown, unit)}: {counted(steps, 'step')}, {times}")
    print(_time(parts) if memory.fits else "time: a step needs more memory than is free here, so it was not measured")
    path = (out or Path()) / "data.png"
    save_png(_seen(parts), path, "what the networks will see")
    print(f"what the networks will see: {path}")


def _configuration(plan: Plan) -> str:
    lines = []
    for title, part in (("run", plan.run), ("data", plan.data), (plan.name, plan.method)):
        lines.append(f"\n[{title}]")
        defaults = config.to_json(type(part)())
        for name, value in config.to_json(part).items():
            mark = " " if value == defaults[name] else "*"
            lines.append(f"{mark} {name:<20} {value if value is not None else '-'}")
    return "\n".join([*lines, "\n* differs from the default"])


def _networks(parts: AssembledRun) -> str:
    lines = ["\nnetworks"]
    for name, network in parts.trainer.nets.named_children():
        lines.append(f"  {name:<12} {_count(network):>12,} parameters  {type(network).__name__}")
        for path, module in network.named_modules():
            own = sum(p.numel() for p in module.parameters(recurse=False))
            if own:
                shapes = " ".join("x".join(map(str, p.shape)) for p in module.parameters(recurse=False))
                lines.append(f"    {path:<14} {own:>10,}  {type(module).__name__:<16} {shapes}")
    return "\n".join(lines)


def _count(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def _memory(memory: Memory, plan: Plan) -> str:
    micro = plan.run.batch // plan.run.accumulate
    rows = [
        ("weights", memory.weights),
        ("gradients", memory.gradients),
        ("optimiser", memory.moments),
        ("averages", memory.averages),
        (f"held for backward, {counted(micro, 'image')}", memory.activations),
        ("together, before torch's own", memory.total),
    ]
    title = "\nmemory (estimate)" if memory.whole else "\nmemory (at least: what is free here ends before a step does)"
    return "\n".join([title, *(f"  {name:<30} {size / 2**20:>9,.1f} MiB" for name, size in rows), ""])


def _time(parts: AssembledRun) -> str:
    plan, seconds, kind = parts.plan, step_seconds(parts.trainer), parts.machine.device.type
    step = f"{1000 * seconds:,.0f} ms" if seconds < 10 else duration(seconds)
    text = f"time (estimate): a step takes about {step} on this {_NAMES.get(kind, kind)}"
    text += f"; {cost(plan.run.examples, plan.run.batch, seconds)}, without measuring and saving"
    return f"{text}; {lower_cost(plan)}" if seconds >= LONG else text


def _seen(parts: AssembledRun) -> Image.Image:
    """The first batch as the critic gets it; with labels, a row of each class with its count."""
    dataset, rows = parts.dataset, parts.trainer.data.rows
    if isinstance(dataset.main, Points):
        points = torch.from_numpy(np.asarray(dataset.images[rows[:1000], :2]))
        return plot(points, points[:0], limits_of(points))
    if not any(kind.word == "images" for kind in dataset.kinds.values()):
        examples = parts.trainer.data.look(rows[:16]).tensors()
        return below([dataset.kinds[name].picture(values) for name, values in examples.items() if len(values)])
    if dataset.labels is None:
        return grid(_shown(parts, rows[:64]))
    labels = dataset.labels[rows]
    strips = []
    for index, name in enumerate(dataset.classes[:40]):
        own = rows[labels == index]
        strips.append(_strip(f"{name}  {len(own):,}", _shown(parts, own[:_ROW])))
    picture = Image.new("RGB", (max(s.width for s in strips), sum(s.height for s in strips)), "white")
    top = 0
    for strip in strips:
        picture.paste(strip, (0, top))
        top += strip.height
    return picture


def _shown(parts: AssembledRun, rows: np.ndarray) -> torch.Tensor:
    """All images of these rows; both of a pair side by side."""
    fields = [field for field in parts.trainer.data.look(rows).tensors().values() if field.dim() == 4 and len(field)]
    return torch.stack(fields, 1).flatten(0, 1)


def _strip(text: str, images: torch.Tensor) -> Image.Image:
    left = 140
    tiles = grid(images, columns=_ROW) if len(images) else None
    height = tiles.height if tiles else 24
    strip = Image.new("RGB", (left + (tiles.width if tiles else 0), height), "white")
    ImageDraw.Draw(strip).text((8, height // 2 - 6), text[:22], fill="black")
    if tiles:
        strip.paste(tiles, (left, 0))
    return strip

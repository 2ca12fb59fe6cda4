"""What training holds at once, by method, at the paper's size: weights, moments, averages, and what backward needs.

    python benchmarks/memory_budgets.py [ROW ...]

The figures are those of `saddle train ... --dry-run`: counted on two images (one where a batch has no more), times the
batch. Nothing is trained, and a GPU is not needed. Rows that are named alone are joined to those that are recorded.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from record import FOLDER, record

from saddlepoint import methods
from saddlepoint.data.batches import ImageBatch, LabelledBatch, PairedBatch, UnpairedBatch
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.loader import Loader
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.memory import estimate
from saddlepoint.engine.run import RunSettings
from saddlepoint.engine.trainer import Trainer
from saddlepoint.report.tables import print_table

NAME = "memory_budgets"
ROWS: Mapping[str, tuple[str, int, int, Mapping[str, Any]]] = {
    "dcgan, 64 px": ("dcgan", 64, 128, {}),
    "wgan_gp, 64 px": ("wgan_gp", 64, 64, {}),
    "fastgan, 256 px": ("fastgan", 256, 8, {}),
    "stylegan2, 256 px": ("stylegan2", 256, 16, {}),
    "biggan, 128 px": ("biggan", 128, 64, {}),
    "pix2pix, 256 px": ("pix2pix", 256, 1, {}),
    "pix2pix, 256 px, batch of 16": ("pix2pix", 256, 16, {}),
    "cut, 256 px": ("cut", 256, 1, {}),
    "cycle_gan, 256 px": ("cycle_gan", 256, 1, {}),
    "cycle_gan, 256 px, --recompute": ("cycle_gan", 256, 1, {"recompute": True}),
    "cycle_gan, 256 px, batch of 4": ("cycle_gan", 256, 4, {}),
    "cycle_gan, 256 px, batch of 4, --recompute": ("cycle_gan", 256, 4, {"recompute": True}),
}
"""a row's method, side, batch, and settings of its run"""


def examples(takes: type, side: int, count: int) -> Dataset:
    """Even noise of the sort that a method takes."""
    image = np.random.default_rng(0).integers(0, 256, (count, 3, side, side), dtype=np.uint8)
    classes, label = ("a", "b"), np.arange(count) % 2
    if takes is PairedBatch:
        return Dataset({"source": image, "target": image[::-1].copy()}, NAME, NAME)
    if takes in (LabelledBatch, UnpairedBatch):
        return Dataset({"image": image, "label": label}, NAME, NAME, classes)
    assert takes is ImageBatch, takes
    return Dataset({"image": image}, NAME, NAME)


def measured(row: str) -> dict[str, Any]:
    """The megabytes of one row."""
    name, side, batch, more = ROWS[row]
    method = methods.load(name)()
    dataset = examples(method.takes, side, 2 * max(batch, 2))
    loader = Loader(dataset, method.takes, np.arange(len(dataset)), seed=0)
    torch.manual_seed(0)
    nets = method.networks(loader.spec)
    settings = RunSettings(batch=batch, examples=10 * batch, device="cpu", precision="float32", **more)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(method, nets, loader, settings, TorchMachine("cpu", "float32"), Path(folder))
        memory = estimate(trainer)
    parts = ("weights", "gradients", "moments", "averages", "activations", "total")
    return {"method": row, "batch": batch, **{f"{part} MB": getattr(memory, part) / 2**20 for part in parts}}


def main() -> int:
    """Estimate each row, print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("rows", nargs="*", help="by default all")
    chosen = parser.parse_args().rows or list(ROWS)
    torch.set_num_threads(1)
    path = FOLDER / f"{NAME}.json"
    before = json.loads(path.read_text(encoding="utf-8"))["tables"][0]["rows"] if path.exists() else []
    rows = {row["method"]: row for row in before if row["method"] in ROWS}
    for row in chosen:
        rows[row] = measured(row)
        print(f"{row}: {rows[row]['total MB']:,.0f} MB", flush=True)
        record(
            NAME,
            "What training holds in memory",
            "The defaults of each method, which are its paper's, in float32. weights: all networks and their "
            "buffers. gradients: of the player with the most. moments: of its optimisers. averages: of the "
            "sampled networks. activations: what autograd keeps for backward at the fullest moment of a step, "
            "counted on two images (one where the batch is one) and multiplied to the batch. The kernels' own "
            "workspace and torch itself come on top, about 0.5 to 1.5 GB on a GPU. --recompute computes "
            "activations of the named blocks again in backward, for about a third more time; --accumulate divides "
            "the activations by its micro-batches, and bf16 nearly halves them.",
            {"": [rows[each] for each in ROWS if each in rows]},
            command="python benchmarks/memory_budgets.py",
        )
    print_table(list(rows.values()), title="memory in training")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

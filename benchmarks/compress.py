"""What int8, pruning and distillation make of one trained model: size, latency and quality, each beside the original.

    saddle prove dcgan
    python benchmarks/compress.py --run runs/prove-dcgan-seed-0 [--steps 1000] [--student generator_width=32]

The tables are those of `saddle compress`; nothing is written but the evidence.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from record import record

from saddlepoint.checkpoint.model import load
from saddlepoint.cli.compress import Compress, compress
from saddlepoint.report.tables import print_table


def main() -> None:
    """Compresses in the three ways, prints the tables and keeps them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--run", type=Path, required=True, help="a trained run whose data is there")
    parser.add_argument(
        "--steps", type=int, default=1000, help="of training, for each round of pruning and the student"
    )
    parser.add_argument("--student", nargs="+", default=["generator_width=32"], help="what makes the student smaller")
    asked = parser.parse_args()
    model = load(asked.run)
    ways: dict[Any, dict[str, Any]] = {"int8": {}, "prune": {}, "distil": {"student": tuple(asked.student)}}
    tables, protocols = {}, []
    for by, more in ways.items():
        outcome = compress(model, Compress(run=asked.run, by=by, steps=asked.steps, **more))
        tables[f"By {by}"] = outcome.table
        protocols.append(outcome.protocol)
        print_table(outcome.table, title=by)
    record(
        "compress",
        f"Smaller models: {model.name} on {model.facts['dataset']['source']}",
        f"{protocols[0]} A model is kept up to 1.1 times the original's distance, the default of `saddle compress`."
        f" Sizes: ONNX files for int8, stored weights for the others. {asked.steps:,} steps of training for each round"
        f" of pruning and for the student, which has {' '.join(asked.student)} where the original has"
        f" {_of_original(model.facts['options'], asked.student)}.",
        tables,
        notes=[
            f"The model was shown {model.clock.examples:,} images.",
            "Pruning makes no call faster, and int8 makes transposed convolutions slower: ONNX Runtime has no"
            " whole-number form of them on the processor.",
        ],
        command=f"python benchmarks/compress.py --run runs/{asked.run.name} --steps {asked.steps}"
        f" --student {' '.join(asked.student)}",
    )


def _of_original(options: dict[str, Any], student: list[str]) -> str:
    return ", ".join(str(options[change.split("=")[0]]) for change in student)


if __name__ == "__main__":
    main()

"""score: say how likely a trained model finds the images of a folder, and which of them are outliers."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from dataclasses import dataclass
from pathlib import Path

import tyro

from saddlepoint.checkpoint.model import load
from saddlepoint.cli.arguments import parsed
from saddlepoint.deploy.destination import Destination
from saddlepoint.engine.distributed import DEVICE, TorchMachine
from saddlepoint.errors import ConfigError
from saddlepoint.report.tables import print_table
from saddlepoint.runs.scoring import Scores, score_folder
from saddlepoint.storage.whole import replace

_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Score:
    """Score images by their log-likelihood under a model that states one, as a table.

    Beside it stand bits per dimension, what a compressor needs (complexity), the difference of the two (corrected: high
    is strange), the rank by it, and whether the image lies outside of what held-out images reach. A density may find
    simple images likelier than its own kind, so a low likelihood alone misses some outliers.
    """

    run: tyro.conf.Positional[Path]
    """folder of a run, RUN/best, of one of its checkpoints or of a saved model, hub:OWNER/NAME or zoo:NAME"""
    images: tyro.conf.Positional[Path]
    """an image, or a folder of images; its subfolders are labels"""
    usual: tuple[str, ...] = ()
    """subfolders with images of the kind that the model was trained on; the others are compared with these, by default
    with held-out images"""
    tail: float = 0.01
    """share of held-out images at either end that would count as outliers"""
    samples: int | None = None
    """random samples for each likelihood; by default 1 where it is exact, 100 of a bound, and 10,000 distributions of
    annealed importance sampling where a partition function is estimated"""
    seed: int = 0
    """of what is drawn by chance: pixels made black or white, places in bins, samples of a bound"""
    out: Path | None = None
    """CSV or JSON table to write, which must be new; by default a new one under RUN/scored"""
    device: str = DEVICE
    """auto, cpu, cuda, cuda:1 or mps"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle score RUN FOLDER`."""
    options = parsed(Score, "saddle score", arguments)
    if not 0 < options.tail < 0.5:
        raise ConfigError(f"--tail {options.tail:g} is no share at either end: use one between 0 and 0.5.")
    if options.samples is not None and options.samples < 1:
        raise ConfigError("--samples must be 1 or more.")
    model = load(options.run, device=TorchMachine(options.device).device)
    out = options.out or model.home / "scored" / f"{options.images.resolve().stem}.csv"
    if out.suffix.lower() not in (".csv", ".json"):
        raise ConfigError(f"{out.name} is no name for a table: end it with .csv or .json.")
    scores = score_folder(
        model,
        options.images,
        usual=options.usual,
        tail=options.tail,
        samples=options.samples,
        seed=options.seed,
    )
    target = Destination(out, named=options.out is not None, inputs=[options.images])
    with target as (path,):
        replace(path, _table(scores, out.suffix.lower()))
    print_table(sorted(scores.rows, key=lambda row: row["rank"])[:_SHOWN], title="the strangest first")
    if scores.compared:
        print_table(scores.compared)
    print(f"  log-likelihoods in {scores.protocol}")
    for note in scores.notes:
        print(f"  {note}")
    print(target.path)
    return 0


def _table(scores: Scores, ending: str) -> bytes:
    if ending == ".json":
        return json.dumps(dataclasses.asdict(scores), indent=1, ensure_ascii=False).encode()
    text = io.StringIO()
    table = csv.DictWriter(text, list(scores.rows[0]))
    table.writeheader()
    table.writerows(scores.rows)
    return text.getvalue().encode()

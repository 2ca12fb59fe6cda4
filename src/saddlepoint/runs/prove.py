"""The proof of a method, run: train, measure, compare with a naive baseline, keep the figures as evidence."""

from __future__ import annotations

import os
import platform
import shutil
import time
from pathlib import Path

import torch

from saddlepoint import methods
from saddlepoint.checkpoint.commit import commit
from saddlepoint.data.open import open_data
from saddlepoint.engine import plan as plans
from saddlepoint.errors import MethodError
from saddlepoint.metrics.proofs import measure
from saddlepoint.metrics.proofs.base import Table
from saddlepoint.metrics.proofs.verdict import Verdict, check_ratio, judge, thin
from saddlepoint.report.page import write_report
from saddlepoint.report.tables import print_table
from saddlepoint.runs import evidence
from saddlepoint.runs.code import Code
from saddlepoint.runs.train import train_plan
from saddlepoint.storage.whole import write_json

SEEDS = (0, 1, 2)


def prove(name: str, seed: int, *, out: Path, precision: str = "float32", code: Code | None = None) -> bool:
    """One proof with one seed: trains in OUT/runs, prints the table, adds to OUT/evidence. Returns whether it passed.

    code: the files that the fingerprint is read from, where several proofs are run.
    """
    proof = methods.proof(name)
    measuring = measure(proof.measure)
    check_ratio(proof, measuring)
    plan = plans.make(name, {**proof.settings, "data": proof.data, "seed": seed, "precision": precision})
    command = f"saddle prove {name} --seed {seed}" + ("" if precision == "float32" else f" --precision {precision}")
    print_of_code = evidence.code_of(name, proof, code or Code())
    folder = out / "runs" / f"prove-{name}-seed-{seed}"
    if folder.exists():
        shutil.rmtree(folder)
    start, spent = time.monotonic(), time.process_time()
    trained = train_plan(plan, out=folder, command=command)
    if trained.ended != "done":
        raise MethodError(f"the proof of {name} was {trained.ended}; nothing was measured.")
    seconds, processor = time.monotonic() - start, time.process_time() - spent
    table = measuring(trained.model(), open_data(plan.data), seed)
    verdicts = judge(proof, measuring, table)
    sentences = [verdict.text for verdict in verdicts] + thin(verdicts)
    write_json(folder / "scores.json", {"protocol": table.protocol, "rows": table.printed(), "notes": sentences})
    write_report(folder)
    _show(f"{name}, seed {seed}, {seconds:.0f} s of training", table, verdicts)
    run = {
        "seed": seed,
        "precision": precision,
        "command": command,
        "figure": measuring.key,
        "seconds": round(seconds, 1),
        "processor_seconds": round(processor, 1),  # does not grow with other work on the machine
        "protocol": table.protocol,
        "rows": [dict(row) for row in table.rows],
        "code": print_of_code,
        "commit": commit(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads",
        "torch": torch.__version__,
    }
    evidence.add(out / "evidence" / f"{name}.json", proof, run)
    passed = all(verdict.passed for verdict in verdicts)
    grids = sorted((folder / "samples").glob("*.png"))
    if passed and seed == 0 and grids:
        shutil.copyfile(grids[-1], out / "evidence" / f"{name}.png")
    print(trained.summary())
    return passed


def _show(title: str, table: Table, verdicts: list[Verdict]) -> None:
    print_table(table.printed(), title=title)
    print(table.protocol)
    for verdict in verdicts:
        print(f"  {'passed' if verdict.passed else 'FAILED'}  {verdict.text}")
    for text in thin(verdicts):
        print(f"  {text}")

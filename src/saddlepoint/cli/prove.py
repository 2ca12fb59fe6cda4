"""prove: run the proof of a method: train, measure, compare with a naive baseline, keep the evidence."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import platform
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import tyro

from saddlepoint import methods
from saddlepoint.checkpoint.commit import commit
from saddlepoint.data.open import open_data
from saddlepoint.engine import plan as plans
from saddlepoint.errors import ConfigError, MethodError
from saddlepoint.methods.base import Proof
from saddlepoint.metrics.proofs import Measured, measure
from saddlepoint.report.page import write_report
from saddlepoint.report.tables import print_table
from saddlepoint.runs.train import train_plan
from saddlepoint.storage.whole import write_json

SEEDS = (0, 1, 2)


@dataclass(frozen=True, kw_only=True)
class Prove:
    """Run the proof of a method and add its figures to OUT/evidence/NAME.json. Ends with 1 if the proof fails."""

    name: tyro.conf.Positional[str] = ""
    """method to prove; leave out with --all"""
    seed: int = 0
    """random seed of the run"""
    all: bool = False
    """prove every method with seeds 0, 1 and 2; skips what the evidence holds already"""
    precision: str = "float32"
    """number format of the training: float32 or bf16"""
    out: Path = Path()
    """folder that holds evidence/ and runs/"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle prove NAME`."""
    found = tyro.cli(Prove, prog="saddle prove", args=arguments)
    if bool(found.name) == found.all:
        raise ConfigError("name one method, or give --all. `saddle list` shows the methods.")
    wanted = [(name, seed) for name in methods.listing() for seed in SEEDS] if found.all else [(found.name, found.seed)]
    passed = True
    for name, seed in wanted:
        if not (found.all and _held(name, seed, found)):
            passed &= prove(name, seed, out=found.out, precision=found.precision)
    return 0 if passed else 1


def prove(name: str, seed: int, *, out: Path, precision: str = "float32") -> bool:
    """One proof with one seed: trains in OUT/runs, prints the table, keeps the evidence. Returns whether it passed."""
    proof = methods.proof(name)
    made = plans.make(name, {**proof.settings, "data": proof.data, "seed": seed, "precision": precision})
    folder = out / "runs" / f"prove-{name}-seed-{seed}"
    if folder.exists():
        shutil.rmtree(folder)
    begun, spent = time.monotonic(), time.process_time()
    trained = train_plan(made, out=folder, command=f"saddle prove {name} --seed {seed}")
    if trained.ended != "done":
        raise MethodError(f"the proof of {name} was {trained.ended}; nothing was measured.")
    seconds, processor = time.monotonic() - begun, time.process_time() - spent
    found = measure(proof.measure)(trained.model(), open_data(made.data), seed)
    verdicts = judge(proof, found)
    table = {"protocol": found.protocol, "rows": found.table(), "notes": [text for _, text in verdicts]}
    write_json(folder / "scores.json", table)
    write_report(folder)
    _show(name, seed, seconds, found, verdicts)
    passed = all(fine for fine, _ in verdicts)
    run = _run_of(name, seed, precision, (seconds, processor), found, verdicts)
    _keep(out / "evidence" / f"{name}.json", proof, run)
    if passed and seed == 0:
        grids = sorted((folder / "samples").glob("*.png"))
        shutil.copyfile(grids[-1], out / "evidence" / f"{name}.png")
    print(trained.summary())
    return passed


def judge(proof: Proof, found: Measured) -> list[tuple[bool, str]]:
    """Whether each demand of a proof is met, and the sentence that says so."""
    own, naive = found.row("generated"), found.row("baseline")
    up = found.key in found.higher
    value, rival = own[found.key], naive[found.key]
    fine = rival < proof.share * value if up else value < proof.share * rival
    words = f"{found.key} {value:.3g} against {rival:.3g} of the baseline: "
    words += (
        f"the baseline must stay under {proof.share:.3g} of it"
        if up
        else f"it must stay under {proof.share:.3g} of that"
    )
    verdicts = [(fine, words)]
    for name, bar in proof.bars.items():
        reached = own[name] >= bar if name in found.higher else own[name] <= bar
        verdicts.append(
            (reached, f"{name} {own[name]:.3g}: {'at least' if name in found.higher else 'at most'} {bar:g}")
        )
    return verdicts


def _show(name: str, seed: int, seconds: float, found: Measured, verdicts: list[tuple[bool, str]]) -> None:
    print_table(found.table(), title=f"{name}, seed {seed}, {seconds:.0f} s of training")
    print(found.protocol)
    for fine, text in verdicts:
        print(f"  {'passed' if fine else 'FAILED'}  {text}")


def _run_of(
    name: str,
    seed: int,
    precision: str,
    taken: tuple[float, float],
    found: Measured,
    verdicts: list[tuple[bool, str]],
) -> dict[str, Any]:
    """taken: seconds that passed, and seconds of processor time, which do not grow with other work on the machine."""
    words = f"saddle prove {name} --seed {seed}" + ("" if precision == "float32" else f" --precision {precision}")
    return {
        "seed": seed,
        "precision": precision,
        "command": words,
        "passed": all(fine for fine, _ in verdicts),
        "verdicts": [text for _, text in verdicts],
        "figure": found.key,
        "seconds": round(taken[0], 1),
        "processor_seconds": round(taken[1], 1),
        "protocol": found.protocol,
        "rows": [dict(row) for row in found.rows],
        "commit": commit(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads",
        "torch": torch.__version__,
    }


def _keep(path: Path, proof: Proof, run: dict[str, Any]) -> None:
    """Add a run to the evidence; runs of another form of the proof are dropped."""
    kept = _evidence(path)
    old = kept.get("runs", []) if kept.get("proof") == print_of(proof) else []
    runs = [other for other in old if (other["seed"], other["precision"]) != (run["seed"], run["precision"])]
    runs = sorted([*runs, run], key=lambda one: (one["precision"], one["seed"]))
    value = {"method": path.stem, "claim": proof.claim, "proof": print_of(proof), **_told(proof), "runs": runs}
    write_json(path, value)


def _told(proof: Proof) -> dict[str, Any]:
    return {"data": proof.data, "measure": proof.measure, "share": proof.share, "bars": dict(proof.bars)}


def _held(name: str, seed: int, found: Prove) -> bool:
    kept = _evidence(found.out / "evidence" / f"{name}.json")
    return kept.get("proof") == print_of(methods.proof(name)) and any(
        run["seed"] == seed and run["precision"] == found.precision for run in kept["runs"]
    )


def _evidence(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def print_of(proof: Proof) -> str:
    """A fingerprint of all that a proof states but its claim."""
    value = json.dumps({**dataclasses.asdict(proof), "claim": ""}, sort_keys=True, default=list)
    return hashlib.sha256(value.encode()).hexdigest()[:16]

"""The evidence of a method: the figures of its proof's runs, one file a method, and what may be said of them today.

A run's figures are kept as they were measured; they are judged by the proof as it is stated now, and a run whose code
has changed since is stale.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saddlepoint import methods
from saddlepoint.engine.run import RunSettings
from saddlepoint.errors import RunError
from saddlepoint.methods.base import Proof
from saddlepoint.metrics.proofs import measure
from saddlepoint.metrics.proofs.base import Table
from saddlepoint.metrics.proofs.verdict import Verdict, judge, thin
from saddlepoint.runs.code import Code
from saddlepoint.storage import documents
from saddlepoint.storage.plain import judged
from saddlepoint.storage.whole import write_json

Json = dict[str, Any]


def read(path: Path) -> Json:
    """What a file of evidence holds; empty where there is none."""
    if not path.exists():
        return {}
    with judged(path, RunError):
        return documents.table(path)


def add(path: Path, proof: Proof, run: Json) -> None:
    """Adds a run to a file of evidence in the place of an earlier one; runs that were set up otherwise are dropped."""
    recorded = read(path)
    same = recorded.get("runs", []) if recorded.get("proof") == setting(proof) else []
    runs = [other for other in same if (other["seed"], other["precision"]) != (run["seed"], run["precision"])]
    write(path, proof, sorted([*runs, run], key=lambda one: (one["precision"], one["seed"])))


def write(path: Path, proof: Proof, runs: list[Json]) -> None:
    """Writes a file of evidence, each run with the verdicts that the proof as it is stated now gives."""
    compared = {"share": proof.share} if proof.difference is None else {"difference": proof.difference}
    statement = {"data": proof.data, "measure": proof.measure, **compared, "bars": dict(proof.bars)}
    judged = [run | judgement(verdicts(proof, run)) for run in runs]
    write_json(path, {"method": path.stem, "claim": proof.claim, "proof": setting(proof), **statement, "runs": judged})


def verdicts(proof: Proof, run: Mapping[str, Any]) -> list[Verdict]:
    """The verdicts on the figures of a recorded run."""
    return judge(proof, measure(proof.measure), Table(run["rows"], run["protocol"]))


def judgement(judged: list[Verdict]) -> Json:
    """Verdicts as a file of evidence holds them."""
    passed = all(verdict.passed for verdict in judged)
    return {"passed": passed, "verdicts": [verdict.text for verdict in judged], "thin": thin(judged)}


def setting(proof: Proof) -> str:
    """A fingerprint of what a proof trains and measures; its claim and its bars change no figure."""
    settings = {RunSettings.spellings.get(name, name): value for name, value in proof.settings.items()}
    value = json.dumps([proof.data, proof.measure, settings], sort_keys=True, default=list)
    return hashlib.sha256(value.encode()).hexdigest()[:16]


def code_of(name: str, proof: Proof, code: Code) -> str:
    """The fingerprint of the code behind a proof: the method, its measure and, where the data is one, its world."""
    modules = [methods.listing()[name].module, f"saddlepoint.metrics.proofs.{proof.measure.replace('-', '_')}"]
    if proof.data.startswith("world:"):
        modules.append(f"saddlepoint.data.world.{proof.data.removeprefix('world:').rstrip('0123456789')}")
    return code.fingerprint(modules)


def holds(recorded: Json, proof: Proof, seed: int, precision: str, code: str | None = None) -> bool:
    """Whether a run with this seed is recorded; with `code`, one that was made by that very code.

    A run without a fingerprint of its code is taken for one of other code: nobody knows what made it.
    """
    return recorded.get("proof") == setting(proof) and any(
        (run["seed"], run["precision"]) == (seed, precision) and code in (None, run.get("code"))
        for run in recorded["runs"]
    )

"""prove: run the proof of a method: train, measure, compare with a naive baseline, keep the evidence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import tyro

from saddlepoint import methods
from saddlepoint.cli.arguments import parsed
from saddlepoint.errors import ConfigError
from saddlepoint.runs import evidence
from saddlepoint.runs.code import Code
from saddlepoint.runs.prove import SEEDS, prove


@dataclass(frozen=True, kw_only=True)
class Prove:
    """Run the proof of a method and add its figures to OUT/evidence/NAME.json. Ends with 1 if the proof fails."""

    name: tyro.conf.Positional[str] = ""
    """method to prove; leave out with --all and --stale"""
    seed: int = 0
    """random seed of the run"""
    all: bool = False
    """prove every method with seeds 0, 1 and 2; skips what the evidence holds already"""
    stale: bool = False
    """prove every method with seeds 0, 1 and 2 whose code has changed since the evidence was recorded"""
    shard: str | None = None
    """part of the methods with --all or --stale: 2/4 is the second of four, for several machines"""
    precision: str = "float32"
    """number format of the training: float32 or bf16"""
    out: Path = Path()
    """folder that holds evidence/ and runs/"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle prove NAME`."""
    options = parsed(Prove, "saddle prove", arguments)
    if bool(options.name) + options.all + options.stale != 1:
        raise ConfigError("name one method, or give --all or --stale. `saddle list` shows the methods.")
    if options.shard is not None and options.name:
        raise ConfigError("--shard divides the methods of --all or --stale; leave it out for one method.")
    code, passed = Code(), True
    for name in [options.name] if options.name else _part(list(methods.listing()), options.shard):
        for seed in [options.seed] if options.name else _seeds(name, options, code):
            passed &= prove(name, seed, out=options.out, precision=options.precision, code=code)
    return 0 if passed else 1


def _part(names: list[str], shard: str | None) -> list[str]:
    """The methods of one shard; all seeds of a method are in the same, since its evidence is one file."""
    if shard is None:
        return names
    form = re.fullmatch(r"(\d{1,6})/(\d{1,6})", shard)
    if form is None or not 1 <= int(form[1]) <= int(form[2]):
        raise ConfigError(f"--shard {shard} is no part: write 1/4 for the first of four.")
    return names[int(form[1]) - 1 :: int(form[2])]


def _seeds(name: str, options: Prove, code: Code) -> list[int]:
    """The seeds that are to be run of a method; its recorded runs are judged anew by the proof as it is stated now.

    A method of another package need not state a proof: it is left out, so that the others are run all the same.
    """
    if not hasattr(methods.module(name), "PROOF"):
        print(f"{name} states no PROOF and is left out.")
        return []
    proof, path = methods.proof(name), options.out / "evidence" / f"{name}.json"
    recorded = evidence.read(path)
    today = evidence.code_of(name, proof, code) if options.stale else None
    if recorded.get("proof") == evidence.setting(proof):
        evidence.write(path, proof, recorded["runs"])
    return [seed for seed in SEEDS if not evidence.holds(recorded, proof, seed, options.precision, today)]

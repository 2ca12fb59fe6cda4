"""Evidence: which runs it holds, which are stale, how they are judged; and no bar is one that a naive map passes."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from saddlepoint import methods
from saddlepoint.cli import prove as command
from saddlepoint.errors import ConfigError
from saddlepoint.methods import own
from saddlepoint.methods.base import Proof
from saddlepoint.metrics.proofs import measure
from saddlepoint.metrics.proofs.verdict import meets
from saddlepoint.runs import evidence

RECORDED = sorted((Path(__file__).parents[2] / "evidence").glob("*.json"))


def run(seed: int, code: str | None, frechet: float = 1.0) -> dict[str, Any]:
    rows = [
        {"kind": kind, "name": kind, "frechet": at, "classes": 10}
        for kind, at in (("generated", frechet), ("real", 0.2), ("baseline", 12.0))
    ]
    made = {"seed": seed, "precision": "float32", "protocol": "", "rows": rows, "figure": "frechet"}
    return made if code is None else made | {"code": code}


def test_a_run_of_other_code_or_of_unknown_code_is_stale(tmp_path: Path) -> None:
    path, proof = tmp_path / "dcgan.json", methods.proof("dcgan")
    for each in (run(0, "new"), run(1, "old"), run(2, None)):
        evidence.add(path, proof, each)
    recorded = evidence.read(path)
    assert [evidence.holds(recorded, proof, seed, "float32", "new") for seed in range(4)] == [True, False, False, False]
    assert [evidence.holds(recorded, proof, seed, "float32") for seed in range(4)] == [True, True, True, False]
    assert not evidence.holds(recorded, proof, 0, "bf16")


def test_a_new_bar_judges_recorded_figures_anew_and_another_setting_drops_them(tmp_path: Path) -> None:
    path = tmp_path / "dcgan.json"
    stated: dict[str, Any] = {"claim": "It draws.", "data": "digits", "measure": "frechet"}
    proof = Proof(**stated, share=1 / 3)
    evidence.add(path, proof, run(0, "new", 2.0))
    assert evidence.read(path)["runs"][0]["passed"]
    strict = Proof(**stated, share=1 / 10)
    evidence.write(path, strict, evidence.read(path)["runs"])
    assert not evidence.read(path)["runs"][0]["passed"]
    assert evidence.setting(strict) == evidence.setting(proof)
    other = Proof(**stated, share=1 / 3, settings={"images": 5})
    evidence.add(path, other, run(1, "new"))
    assert [each["seed"] for each in evidence.read(path)["runs"]] == [1]


def test_stale_runs_are_run_and_shards_share_the_methods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, int]] = []

    def prove(name: str, seed: int, **_: Any) -> bool:
        ran.append((name, seed))
        return True

    monkeypatch.setattr(command, "prove", prove)
    monkeypatch.setattr(evidence, "code_of", lambda name, proof, code: "new")
    proof = methods.proof("dcgan")
    for each in (run(0, "new"), run(1, "old")):
        evidence.add(tmp_path / "evidence" / "dcgan.json", proof, each)
    out = ["--out", str(tmp_path)]
    assert command.main(["--all", *out]) == 0
    assert [seed for name, seed in ran if name == "dcgan"] == [2]
    ran.clear()
    command.main(["--stale", *out])
    assert [seed for name, seed in ran if name == "dcgan"] == [1, 2]
    whole = list(ran)
    ran.clear()
    for part in ("1/3", "2/3", "3/3"):
        before = {name for name, _ in ran}
        command.main(["--stale", "--shard", part, *out])
        assert not before & {name for name, _ in ran[len(ran) - 1 :]}
    assert sorted(ran) == sorted(whole)


def test_a_method_of_others_without_a_proof_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = ModuleType("theirs")
    monkeypatch.setattr(own, "_OWN", {"theirs": own.OwnMethod(methods.load("gan"), module, {})})
    entry = methods.listing()["gan"]
    monkeypatch.setattr(methods, "listing", lambda: {"theirs": entry, "gan": entry})
    ran: list[str] = []
    monkeypatch.setattr(command, "prove", lambda name, seed, **_: bool(ran.append(name)) or True)
    assert command.main(["--all", "--out", str(tmp_path)]) == 0
    assert ran == ["gan"] * 3
    assert "theirs states no PROOF" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--all", "--stale"], ["dcgan", "--all"], [], ["dcgan", "--shard", "1/2"]])
def test_what_to_prove_is_said_in_one_way(words: list[str]) -> None:
    with pytest.raises(ConfigError):
        command.main(words)


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "1/0", "a/b", "-1/2"])
def test_a_shard_that_is_no_part_is_refused(shard: str) -> None:
    with pytest.raises(ConfigError, match="is no part: write 1/4"):
        command.main(["--all", "--shard", shard])


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_recorded_figures_pass_the_proof_as_it_is_stated_and_say_so(path: Path) -> None:
    recorded, proof = evidence.read(path), methods.proof(path.stem)
    assert recorded["proof"] == evidence.setting(proof), f"run `saddle prove {path.stem}` again: its settings changed"
    for each in recorded["runs"]:
        told = evidence.judgement(evidence.verdicts(proof, each))
        assert told == {key: each[key] for key in told}
        assert each["passed"]


TOLD = {"structure"}
"""figures that a baseline has by its making, and is judged by others: the map of `restyling` changes colours alone, and
keeps all of the structure"""


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_no_bar_is_one_that_the_naive_baseline_passes_too(path: Path) -> None:
    proof = methods.proof(path.stem)
    figures = measure(proof.measure).figures
    for each in evidence.read(path)["runs"]:
        naive = next(row for row in each["rows"] if row["kind"] == "baseline")
        bars = {name: bar for name, bar in proof.bars.items() if name not in TOLD}
        passed = {name: naive[name] for name, bar in bars.items() if meets(figures[name], naive[name], bar)}
        assert not passed, f"bars of {path.stem} that the naive baseline of seed {each['seed']} passes: {passed}"


def test_the_readme_says_how_many_methods_have_passed_with_three_seeds() -> None:
    text = " ".join((RECORDED[0].parents[1] / "README.md").read_text(encoding="utf-8").split())
    ours = [name for name, entry in methods.listing().items() if entry.family not in ("plug-in", "own")]
    proven = [path for path in RECORDED if {each["seed"] for each in evidence.read(path)["runs"]} >= {0, 1, 2}]
    assert f"of {len(ours)} methods {len(proven)} have passed with three seeds" in text

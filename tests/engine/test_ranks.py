"""Two processes equal one: the same weights, averages and figures, with the data split between them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import distributed

from saddlepoint.checkpoint import files

HERE = Path(__file__).parent
divides = pytest.mark.skipif(
    not distributed.is_gloo_available() or not hasattr(torch.cpu.Stream, "record_event"),
    reason="this build of torch cannot share weights out over processors",
)


def run(folder: Path, processes: int, accumulate: int = 1, *more: str) -> None:
    folder.mkdir(exist_ok=True)
    launch = (
        [] if processes == 1 else ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    )
    paths = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
    surroundings = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    line = [sys.executable, *launch, str(HERE / "rank.py"), str(folder), str(accumulate), *more]
    done = subprocess.run(line, env=surroundings, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.skipif(not distributed.is_gloo_available(), reason="this build of torch has no gloo")
def test_two_processes_equal_one(tmp_path: Path) -> None:
    run(tmp_path / "one", 1)
    run(tmp_path / "two", 2, accumulate=2)
    one = load_file(tmp_path / "one" / "rank-0.safetensors")
    first, second = (load_file(tmp_path / "two" / f"rank-{rank}.safetensors") for rank in (0, 1))
    assert one.keys() == first.keys() == second.keys()
    assert not torch.equal(first.pop("nets/own.last"), second.pop("nets/own.last"))
    one.pop("nets/own.last")
    for name in one:
        assert name.endswith("drift") or torch.allclose(one[name], first[name], rtol=0, atol=1e-6), name
        assert torch.equal(first[name], second[name]), f"{name} differs between the processes"

    alone = json.loads((tmp_path / "one" / "rank-0.json").read_text())
    shared = [json.loads((tmp_path / "two" / f"rank-{rank}.json").read_text()) for rank in (0, 1)]
    assert shared[0]["figures"] == shared[1]["figures"]
    for line, other in zip(alone["figures"], shared[0]["figures"]):
        assert line == pytest.approx(other, abs=1e-6)

    whole, *halves = (sorted(map(tuple, part["shown"])) for part in (alone, *shared))
    assert len(whole) == 2 * len(halves[0]) == 2 * len(halves[1])
    assert whole == sorted(halves[0] + halves[1])  # nothing is shown twice or left out

    kept = files.listing(tmp_path / "two" / "checkpoints")
    assert [files.step_of(folder) for folder in kept] == [5, 10]  # written once, by the first process
    assert all(files.fault(folder) is None for folder in kept)


@divides
def test_a_penalty_on_a_slope_trains_on_two_processes_and_is_refused_where_the_weights_are_divided(
    tmp_path: Path,
) -> None:
    run(tmp_path / "whole", 2, 1, "penalty")
    run(tmp_path / "divided", 2, 1, "penalty", "shard")
    assert (tmp_path / "whole" / "rank-0.safetensors").exists()
    for rank in (0, 1):
        text = (tmp_path / "divided" / f"rank-{rank}.txt").read_text()
        assert text.startswith("the loss of critic differentiates twice (a penalty on a slope)")
        assert text.endswith("leave out --shard.")


@divides
def test_two_processes_that_share_the_weights_out_equal_one(tmp_path: Path) -> None:
    run(tmp_path / "one", 1)
    run(tmp_path / "two", 2, 2, "shard")
    one, two = (load_file(tmp_path / name / "rank-0.safetensors") for name in ("one", "two"))
    assert {name: value.shape for name, value in one.items()} == {name: value.shape for name, value in two.items()}
    for name in one:
        if not name.endswith(("drift", "own.last")):
            assert torch.allclose(one[name], two[name], rtol=0, atol=1e-6), name
    alone, shared = (json.loads((tmp_path / name / "rank-0.json").read_text())["figures"] for name in ("one", "two"))
    for line, other in zip(alone, shared):
        assert line == pytest.approx(other, abs=1e-6)

    # What two processes have saved one can go on with, and the other way round.
    (tmp_path / "on").mkdir()
    (tmp_path / "two" / "checkpoints").rename(tmp_path / "on" / "checkpoints")
    (tmp_path / "one" / "checkpoints").rename(tmp_path / "two" / "checkpoints")
    for folder, processes, words in (("on", 1, ("resumed",)), ("two", 2, ("shard", "resumed"))):
        for later in (tmp_path / folder / "checkpoints").glob("step-00000010"):
            later.rename(tmp_path / folder / "later")
        run(tmp_path / folder, processes, 1, *words)
        resumed = load_file(tmp_path / folder / "rank-0.safetensors")
        for name in one:
            if not name.endswith(("drift", "own.last")):
                assert torch.allclose(one[name], resumed[name], rtol=0, atol=2e-6), name

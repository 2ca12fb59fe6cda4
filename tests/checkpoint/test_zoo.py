"""The trained models that come with the package: each loads, does what it is for, and all are small together."""

import subprocess
import sys

import pytest

import saddlepoint
from saddlepoint.checkpoint import zoo

NAMES = ("digits", "edges", "fashion", "scene", "sentences")
MOST = 8_000_000  # bytes of all together


def test_they_are_there_and_small() -> None:
    assert tuple(sorted(zoo.names())) == NAMES
    assert sum(file.stat().st_size for file in zoo.HOME.rglob("*") if file.is_file()) < MOST


@pytest.mark.parametrize("name", NAMES)
def test_each_does_its_first_task(name: str) -> None:
    model = saddlepoint.load(f"zoo:{name}")
    assert model.title.endswith(f" from zoo:{name}")  # which pictures say, and no folder
    task = model.tasks[0]
    outputs = model.do(task.name, task.examples(model.nets, 2, 0))
    for word, kind in task.gives.items():
        assert outputs[word].shape[1:] == kind.shape


def test_no_file_says_where_it_was_trained() -> None:
    for file in zoo.HOME.rglob("*.json"):
        assert '"/' not in file.read_text(encoding="utf-8")


def test_loading_imports_no_compiler() -> None:
    """Torch imports its compiler, which takes seconds, to fill or make a tensor without numbers in some ways."""
    code = (
        "import sys, saddlepoint; saddlepoint.load('zoo:digits');"
        " sys.exit(sorted({'torch._dynamo', 'sympy'} & sys.modules.keys()))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.stderr.strip() == "[]", ended.stderr

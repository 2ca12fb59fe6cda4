"""The fingerprint of code: it changes with what may change a figure, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from saddlepoint import methods
from saddlepoint.runs.code import Code

METHOD = '''
"""A method."""
from saddlepoint.losses import hinge as margin
from saddlepoint.losses.least import least_squares
from saddlepoint.engine.trainer import train

RATE = 1e-3
PROOF = "claim"

class Game:
    """What it does."""
    rate: float = RATE
    """the rate"""
    def step(self, x):
        if x is None:
            raise ValueError(f"no {x}")  # why
        total = margin.loss(x) + least_squares(x) + train(x)
        return [total * part for part in range(3)]
'''
HINGE = "WIDTH = 1\n\ndef loss(x):\n    return max(0, WIDTH - x)\n\ndef unused(x):\n    return x\n"
LEAST = "def least_squares(x):\n    return _square(x)\n\ndef _square(x, power=2):\n    return x**power\n"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A small package with a method that uses two losses and the engine."""
    for name, text in {
        "methods/gan/game.py": METHOD, "losses/hinge.py": HINGE, "losses/least.py": LEAST,
        "engine/trainer.py": "def train(x):\n    return x\n", "losses/__init__.py": "",
    }.items():  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def fingerprint(package: Path) -> str:
    return Code(package).fingerprint(["saddlepoint.methods.gan.game"])


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("methods/gan/game.py", "RATE = 1e-3", "RATE = 1e-4"),
        ("methods/gan/game.py", "margin.loss(x) +", "margin.loss(x) -"),
        ("losses/hinge.py", "WIDTH = 1", "WIDTH = 2"),
        ("losses/hinge.py", "max(0, WIDTH - x)", "max(0, WIDTH + x)"),
        ("losses/least.py", "power=2", "power=3"),
        ("losses/least.py", "x**power", "power**x"),
        ("losses/least.py", "_square(x)\n", "_square(x, x=1)\n"),
        ("methods/gan/game.py", "if x is None:", "if x is not None:"),
        ("methods/gan/game.py", "total * part", "total * total"),
        ("methods/gan/game.py", "total = margin", "RATE = margin"),
        ("methods/gan/game.py", "step(self, x)", "step(self, x, part=0)"),
    ],
)
def test_it_changes_with_the_method_and_all_that_it_uses(package: Path, file: str, old: str, new: str) -> None:
    before = fingerprint(package)
    text = (package / file).read_text(encoding="utf-8")
    assert old in text
    (package / file).write_text(text.replace(old, new), encoding="utf-8")
    assert fingerprint(package) != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("methods/gan/game.py", "# why", "# because"),
        ("methods/gan/game.py", "What it does.", "What it truly does."),
        ("methods/gan/game.py", '"""the rate"""', '"""of learning"""'),
        ("methods/gan/game.py", 'f"no {x}"', 'f"nothing: {x}"'),
        ("methods/gan/game.py", 'PROOF = "claim"', 'PROOF = "another"'),
        ("methods/gan/game.py", "least_squares(x) + train(x)", "(least_squares(x)) + train(\n x)"),
        ("methods/gan/game.py", "total", "loss"),
        ("methods/gan/game.py", "part", "share"),
        ("losses/least.py", "power", "exponent"),
        ("losses/hinge.py", "def unused(x):\n    return x", "def unused(x):\n    return 2 * x"),
        ("engine/trainer.py", "return x", "return 2 * x"),
    ],
)
def test_it_does_not_change_with_words_or_with_what_is_not_used(package: Path, file: str, old: str, new: str) -> None:
    before = fingerprint(package)
    text = (package / file).read_text(encoding="utf-8")
    assert old in text
    (package / file).write_text(text.replace(old, new), encoding="utf-8")
    assert fingerprint(package) == before


def test_a_definition_that_moves_to_another_file_is_the_same_code(package: Path) -> None:
    before = fingerprint(package)
    (package / "losses" / "square.py").write_text(LEAST, encoding="utf-8")
    (package / "methods" / "gan" / "game.py").write_text(METHOD.replace("losses.least", "losses.square"), "utf-8")
    assert fingerprint(package) == before


def test_what_a_method_uses_is_found_without_importing_it() -> None:
    entry = methods.listing()["dcgan"]
    used = Code().used([entry.module, "saddlepoint.metrics.proofs.frechet"])
    assert ("saddlepoint.nn.backbones.dcgan", "DCGANCritic") in used
    assert ("saddlepoint.losses.adversarial", "generator_loss") in used
    assert ("saddlepoint.metrics.formulas.frechet", "frechet_distance") in used
    assert not {module for module, _ in used if module.startswith(("saddlepoint.engine", "saddlepoint.kinds"))}

"""The plan of the house: a room imports only rooms above it, and the front door opens without torch."""

from __future__ import annotations

import ast
import functools
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

import saddlepoint
from saddlepoint.methods.tasks import WORDS

HERE = Path(saddlepoint.__file__).parent
ROOMS = (
    *("version", "text", "errors", "storage", "config", "keyed", "kinds", "data", "nn", "losses", "methods"),
    *("engine", "checkpoint", "metrics", "latent", "report", "deploy", "runs", "cli"),
)
FILES = sorted(HERE.rglob("*.py"))


@functools.cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a file's syntax tree, the module first; each file is parsed once for all tests."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def module(path: Path) -> ast.Module:
    return cast(ast.Module, nodes(path)[0])


@functools.cache
def imports(path: Path) -> tuple[str, ...]:
    """Every module that a file imports, also within functions; `from package import room` counts as the room."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    return path.relative_to(HERE).parts[0].removesuffix(".py")


def test_every_file_lies_in_a_room() -> None:
    assert {room(path) for path in FILES} <= {*ROOMS, "__init__"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HERE)))
def test_a_room_imports_only_rooms_above_it(path: Path) -> None:
    if path == HERE / "__init__.py":
        return
    above = ROOMS[: ROOMS.index(room(path)) + 1]
    rooms = [name.split(".")[1] for name in imports(path) if name.startswith("saddlepoint.")]
    back = [name for name in rooms if name not in above]
    assert not back, f"{path.relative_to(HERE)} imports from {', '.join(back)}, which stand below it"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HERE)))
def test_json_is_read_within_bounds_by_the_one_reader_of_it(path: Path) -> None:
    readers = {"json.load", "json.loads", "json.JSONDecoder"}
    names = {ast.unparse(node) for node in nodes(path) if isinstance(node, ast.Attribute)}
    assert path == HERE / "storage" / "documents.py" or not names & readers, f"{path} reads JSON without bounds"


def test_the_engine_and_what_stands_below_it_name_no_method() -> None:
    for path in FILES:
        if room(path) in ROOMS[ROOMS.index("engine") :]:
            inside = {name.split(".")[2] for name in imports(path) if name.startswith("saddlepoint.methods.")}
            known = {"base", "abilities", "tasks", "listing", "load", "module", "presets", "proof"}
            assert inside <= known, f"{path} names a family or a method: {inside - known}"


def test_no_file_is_a_bag_of_helpers() -> None:
    assert [path for path in FILES if path.stem in ("utils", "util", "helpers", "misc", "common")] == []


def test_a_file_says_first_what_it_is() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in FILES}
    wordless = [path for path, text in texts.items() if text.strip() and not ast.get_docstring(module(path))]
    assert [str(path) for path in wordless] == []


def test_torchvision_and_what_runs_code_from_files_are_imported_nowhere() -> None:
    for path in FILES:
        names = {name.split(".")[0] for name in imports(path)}
        assert not names & {"torchvision", "dill", "cloudpickle", "joblib", "shelve", "marshal"}, path


def test_nothing_is_unpickled_but_arrays() -> None:
    cifar = HERE / "data" / "sources" / "cifar.py"  # its unpickler admits arrays of numbers alone
    for path in FILES:
        for node in nodes(path):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                wild = ("torch.save", "torch.load", "pickle.load", "pickle.loads", "pickle.dump", "pickle.dumps")
                assert called not in wild, path
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "pickle.Unpickler":
                assert path == cifar, path


PUBLIC = (
    *("DataSettings", "Dataset", "Hook", "MLflow", "Method", "Model", "SaddlepointError", "Trained", "Trainer"),
    "WeightsAndBiases",
    *("compare", "evaluate", "load", "open_data", "resume", "sweep", "train"),
)


def test_the_public_names_are_these() -> None:
    assert saddlepoint.__all__ == list(PUBLIC)
    assert dir(saddlepoint) == sorted([*PUBLIC, "__version__"])
    for name in saddlepoint.__all__:
        assert getattr(saddlepoint, name).__name__ == name


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        importlib.import_module("saddlepoint").__getattr__("trian")


@pytest.mark.parametrize("line", ["import saddlepoint", "main(['--help'])", "main(['list'])", "main(['--version'])"])
def test_the_front_door_opens_without_torch(line: str) -> None:
    lines = ["import sys", "from saddlepoint.cli import main" if "main" in line else "", "try:", f"    {line}"]
    lines += ["except SystemExit as end:", "    assert not end.code, end.code"]
    lines += [
        "heavy = {'torch', 'scipy', 'sklearn', 'matplotlib', 'tyro'} & sys.modules.keys()",
        "assert not heavy, heavy",
    ]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True, capture_output=True)


NAME_PROTOCOLS = {
    "methods": "they have the abilities",
    "metrics": "a measure is of one ability, and calls what it measures by its own name",
}


def test_no_file_outside_methods_and_measures_names_a_protocol() -> None:
    tree = ast.parse((HERE / "methods" / "abilities.py").read_text(encoding="utf-8"))
    protocols = {
        node.name
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        and any("runtime_checkable" in ast.unparse(each) for each in node.decorator_list)
    }
    assert {ability.__name__ for ability in WORDS.values()} <= protocols
    naming = {
        str(path.relative_to(HERE))
        for path in FILES
        if path.relative_to(HERE).parts[0] not in NAME_PROTOCOLS
        and {name.removeprefix("saddlepoint.methods.abilities.") for name in imports(path)} & protocols
    }
    assert not naming, f"{sorted(naming)} name a protocol: ask `methods.tasks.knows(method, word)`, or for tasks"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HERE)))
def test_variables_are_nouns_and_no_participles_that_fit_everything(path: Path) -> None:
    words = {"made", "seen", "found", "told", "asked"}
    for function in nodes(path):
        if isinstance(function, ast.FunctionDef):
            assigned = (
                node for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            )
            names = {node.id for node in assigned} & words
            assert not names, f"{path}: {function.name} has a variable {min(names)}; call it by a noun of the field"

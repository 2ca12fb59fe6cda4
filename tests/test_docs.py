"""The documents are true: links lead somewhere, generated pages are fresh, code runs, and shown commands parse."""

import dataclasses
import importlib
import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import tyro

from saddlepoint.cli import (
    compare,
    compress,
    edit,
    evaluate,
    export,
    prove,
    recommend,
    report,
    resume,
    sample,
    serve,
    train,
    verbs,
    verify,
)

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_FENCE = re.compile(r"^( *)```(\w+)([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_OPTIONS = {
    "resume": resume.Resume,
    "import": importlib.import_module("saddlepoint.cli.import").Import,
    "sample": sample.Sample,
    "recommend": recommend.Recommend,
    "evaluate": evaluate.Evaluate,
    "export": export.Export,
    "compare": compare.Compare,
    "compress": compress.Compress,
    "report": report.Report,
    "prove": prove.Prove,
    "serve": serve.Serve,
    "verify": verify.Verify,
}

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(page: Path, language: str) -> Iterator[tuple[str, str]]:
    """What stands behind the language of each fence, and the text in it."""
    for margin, kind, words, text in _FENCE.findall(page.read_text(encoding="utf-8")):
        if kind == language:
            yield words.strip(), re.sub(rf"^{margin}", "", text, flags=re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The places in a page that a link can name."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for link in _LINK.findall(text):
        if link.startswith("http"):
            continue
        path, _, place = link.partition("#")
        aim = (page.parent / path).resolve() if path else page
        assert aim.exists(), f"{page.name} links to {link}"
        assert not place or place in anchors(aim), f"{page.name} links to {link}"


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "docs" / "make.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_generated_pages_are_fresh(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    assert maker().main(["--check"]) == 0, capsys.readouterr().out


def test_evidence_becomes_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    make = maker()
    rows = [
        {"kind": kind, "name": kind, "frechet": at}
        for kind, at in (("generated", 7.4), ("real", 0.5), ("baseline", 59.0))
    ]
    run = {
        "seed": 0, "precision": "float32", "command": "saddle prove dcgan --seed 0", "passed": True, "seconds": 87.0,
        "processor_seconds": 60.0,
        "protocol": "898 images each.", "rows": rows, "figure": "frechet", "commit": None, "machine": "x86_64, 2 cores",
        "torch": "2.13.0",
    }  # fmt: skip
    (tmp_path / "dcgan.json").write_text(make.json.dumps({"data": "digits", "runs": [run]}), encoding="utf-8")
    monkeypatch.setattr(make, "EVIDENCE", tmp_path)
    pages = {path.name: text for path, text in make.pages().items()}
    assert (
        "| [dcgan](methods/dcgan.md) | `digits` | 0 | float32 | frechet | 7.4 | 0.5 | 59 | 1.45 | 1 | passed |"
        in pages["evidence.md"]
    )
    assert "| 0 | float32 | generated | 7.4 | passed |" in pages["dcgan.md"]
    assert "1 of 1 runs passed" in pages["index.md"]


def test_the_code_of_the_index_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block with file=NAME is put into a file, as a plug-in where it is a method; one with `run` is executed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    ran = 0
    known: dict[str, Any] = {}
    for words, text in blocks(ROOT / "docs" / "index.md", "python"):
        if words.startswith("file="):
            name = words.removeprefix("file=").removesuffix(".py")
            (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
            facts = tmp_path / f"{name}-0.dist-info"
            facts.mkdir()
            (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0\n", encoding="utf-8")
            (facts / "entry_points.txt").write_text(f"[saddlepoint.methods]\n{name} = {name}\n", encoding="utf-8")
        elif words == "run":
            exec(compile(text, "docs/index.md", "exec"), known)
            ran += 1
    assert ran == 3


def commands(page: Path) -> Iterator[list[str]]:
    """The words of every `saddle` line of a page, from the verb on."""
    for _, text in blocks(page, "sh"):
        for line in text.splitlines():
            words = shlex.split(line, comments=True)
            if "saddle" in words:
                yield words[words.index("saddle") + 1 :]


@each_page
def test_shown_commands_parse(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for words, text in blocks(page, "toml"):
        if words:
            (tmp_path / words).write_text(text, encoding="utf-8")
    for verb, *rest in commands(page):
        assert verb in verbs(), f"{page.name} shows saddle {verb}"
        if verb == "train" and "--help" not in rest:
            train.parse(rest[0], rest[1:])
        elif verb == "edit" and rest:
            assert rest[0] in edit.parts(), f"{page.name} shows saddle edit {rest[0]}"
            tyro.cli(part_options(rest[0]), args=rest[1:])
        elif verb in _OPTIONS:
            tyro.cli(_OPTIONS[verb], args=rest)


def part_options(part: str) -> type:
    """The settings of a part of `saddle edit`: the one dataclass of its file."""
    module = importlib.import_module(f"saddlepoint.cli.edit.{part}")
    (found,) = (kind for kind in vars(module).values() if getattr(kind, "__module__", "") == module.__name__
                and dataclasses.is_dataclass(kind))  # fmt: skip
    return found


def test_every_verb_is_shown() -> None:
    assert {words[0] for page in PAGES for words in commands(page)} == set(verbs())

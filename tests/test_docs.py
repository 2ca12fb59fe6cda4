"""The documents are true: links lead somewhere, every page can be reached, code runs, and shown commands parse."""

import dataclasses
import functools
import importlib
import importlib.util
import json
import posixpath
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest
import tyro

import saddlepoint
from saddlepoint import methods
from saddlepoint.cli import (
    compare,
    compress,
    drift,
    embed,
    evaluate,
    export,
    plan,
    prove,
    recommend,
    release,
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
    "embed": embed.Embed,
    "recommend": recommend.Recommend,
    "evaluate": evaluate.Evaluate,
    "export": export.Export,
    "compare": compare.Compare,
    "compress": compress.Compress,
    "report": report.Report,
    "prove": prove.Prove,
    "serve": serve.Serve,
    "drift": drift.Drift,
    "plan": plan.Plan,
    "verify": verify.Verify,
    "release": release.Release,
}
_PARTED = ("edit", "data", "study", "detect")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(page: Path, language: str) -> Iterator[tuple[str, str]]:
    """What stands behind the language of each fence, and the text in it."""
    for margin, kind, words, text in _FENCE.findall(page.read_text(encoding="utf-8")):
        if kind == language:
            yield words.strip(), re.sub(rf"^{margin}", "", text, flags=re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The places in a page that a link can name."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@functools.cache
def maker() -> ModuleType:
    """docs/make.py, as mkdocs loads it."""
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "docs" / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(ROOT / "docs"))
    spec.loader.exec_module(module)
    return module


@functools.cache
def site() -> dict[str, str]:
    """The text of all pages of the site by path: those of docs/, and those that are made."""
    make = maker()
    written = {
        path.relative_to(ROOT / "docs").as_posix(): path.read_text(encoding="utf-8")
        for path in ROOT.glob("docs/**/*.md")
    }
    # Two parts take minutes and hold no links: the networks over a proof's whole data, and which code has changed.
    with patch.object(make.methods, "_networks", str), patch.object(make.evidence, "_code_today", str):
        return {path: make.inside(text, path) for path, text in {**written, **make.pages()}.items()}


def test_links_of_the_site_lead_somewhere() -> None:
    pages, pictures = site(), maker().pictures()
    wrong = []
    for page, text in pages.items():
        for link in _LINK.findall(_FENCE.sub("", text)):
            if link.startswith(("http", "data:")) or page == "changelog.md":
                continue
            path, _, place = link.partition("#")
            aim = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page
            there = aim in pages or aim in pictures or (ROOT / "docs" / aim).is_file()
            if not there or (place and place not in anchors(pages[aim])):
                wrong.append(f"{page} links to {link}")
    assert not wrong


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")), ids=lambda page: page.name)
def test_links_beside_the_site_lead_to_files(page: Path) -> None:
    """README and the like are read in the repository, where no page is made."""
    for link in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        assert link.startswith("http") or (ROOT / link.partition("#")[0]).exists(), f"{page.name} links to {link}"


def test_every_page_is_in_the_navigation() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    named = re.findall(r"[\w/-]+\.md", text)
    folders = ("methods/", "reference/python/")
    missing = {page for page in site() if not page.startswith(folders)} - {*named, "changelog.md"}
    assert not missing
    assert not {page for page in named if page not in site()}


def test_a_method_has_a_page_by_its_own_files_alone() -> None:
    names = maker().methods.names()
    assert {f"methods/{name}.md" for name in names} <= set(site())
    for path in ROOT.glob("docs/methods/*.md"):
        assert path.stem in names, f"{path.name} has notes on no method"
    text = site()["methods/wgan.md"]
    assert "def train_step" in text
    assert "Often taught" in text
    assert "| `--clip-weights` | a number | 0.01 |" in text


def test_a_page_counts_the_parameters_of_its_networks() -> None:
    text = maker().methods._networks("dcgan")
    assert "for examples of shape 1 x 8 x 8 from `digits`" in text
    assert re.search(r"\| `generator` \| `DCGANGenerator` \| [\d,]+ \|", text)


def test_the_reference_names_arguments_and_commands() -> None:
    assert "real_target: float = 1.0" in site()["reference/python/losses.md"]
    assert "- **real, fake**: " in site()["reference/python/losses.md"]
    assert {f"## saddle {verb}" for verb in verbs()} <= set(site()["reference/commands.md"].splitlines())
    assert "## saddlepoint.train" in site()["reference/python/index.md"]


def test_evidence_becomes_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evidence, proof = maker().evidence, methods.proof("dcgan")
    rows = [
        {"kind": kind, "name": kind, "frechet": at}
        for kind, at in (("generated", 7.4), ("real", 0.5), ("baseline", 59.0))
    ]
    run = {
        "seed": 0, "precision": "float32", "command": "saddle prove dcgan --seed 0", "passed": True, "seconds": 87.0,
        "processor_seconds": 60.0,
        "protocol": "898 images each.", "rows": rows, "figure": "frechet", "commit": None, "machine": "x86_64, 2 cores",
        "torch": "2.13.0", "code": "today's", "thin": [],
    }  # fmt: skip
    (tmp_path / "dcgan.json").write_text(json.dumps({"data": "digits", "runs": [run]}), encoding="utf-8")
    monkeypatch.setattr(evidence, "EVIDENCE", tmp_path)
    monkeypatch.setattr(evidence, "_code_today", lambda name: "today's")
    line = "| [dcgan](methods/dcgan.md) | `digits` | 0 | float32 | frechet | 7.4 | 0.5 | 59 | 1.45 | 1 | passed |"
    assert line in evidence.overview(["dcgan"])
    assert "| 0 | float32 | generated | 7.4 | passed |" in evidence.of_method("dcgan", proof)
    assert evidence.passed("dcgan") == "1 of 1 runs passed"
    marked = run | {"code": "of yesterday", "thin": ["thin, 3% beyond the bar: frechet 7.4"]}
    (tmp_path / "dcgan.json").write_text(json.dumps({"data": "digits", "runs": [marked]}), encoding="utf-8")
    assert "| passed, thin, stale |" in evidence.overview(["dcgan"])
    assert "- Seed 0, thin, 3% beyond the bar: frechet 7.4." in evidence.of_method("dcgan", proof)


WITH_CODE = [page for page in PAGES if re.search(r"```python (run|file=)", page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: page.name)
def test_shown_code_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block with file=NAME is written to that file and, but where one below does it, trained as a method; one with
    `run` is executed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    known: dict[str, Any] = {}
    for words, text in blocks(page, "python"):
        if words.startswith("file="):
            file, *trained_below = words.removeprefix("file=").split()
            name = file.removesuffix(".py")
            (tmp_path / file).write_text(text, encoding="utf-8")
            assert (
                trained_below or saddlepoint.train(f"{name}.py", data="digits", examples=64, batch=32).ended == "done"
            )
        elif words == "run":
            exec(compile(text, page.name, "exec"), known)


@each_page
def test_blocks_in_lists_are_indented_by_four(page: Path) -> None:
    """The site's Markdown shows a block with any other margin as text."""
    margins = {len(margin) for margin, *_ in _FENCE.findall(page.read_text(encoding="utf-8"))}
    assert not {margin for margin in margins if margin % 4}


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
    for words, text in blocks(page, "python"):
        if words.startswith("file="):
            (tmp_path / words.removeprefix("file=")).write_text(text, encoding="utf-8")
    for verb, *rest in commands(page):
        assert verb in verbs(), f"{page.name} shows saddle {verb}"
        if verb == "train" and "--help" not in rest:
            rest = ["stylegan2", *rest[2:]] if rest[0] == "--recommended" else rest  # FILE names the method
            train.parse(methods.named(rest[0]), rest[1:])
        elif verb in _PARTED and rest:
            known = importlib.import_module(f"saddlepoint.cli.{verb}").parts()
            assert rest[0] in known, f"{page.name} shows saddle {verb} {rest[0]}"
            tyro.cli(part_options(verb, rest[0]), args=rest[1:])
        elif verb in _OPTIONS:
            tyro.cli(_OPTIONS[verb], args=rest)


def part_options(verb: str, part: str) -> type:
    """The settings of a part of a command, such as `saddle edit`: the one dataclass of its file."""
    module = importlib.import_module(f"saddlepoint.cli.{verb}.{part}")
    (found,) = (kind for kind in vars(module).values() if getattr(kind, "__module__", "") == module.__name__
                and dataclasses.is_dataclass(kind))  # fmt: skip
    return found


def test_every_verb_is_shown() -> None:
    assert {words[0] for page in PAGES for words in commands(page)} == set(verbs())

"""The hook by which mkdocs builds this site: adds the pages that are made from code, evidence and notebooks.

Nothing made is kept in the repository, so a new method, command or benchmark has its page without being named here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from generator import evidence, methods, notebooks, python, reference
from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]


def pages() -> dict[str, str]:
    """The text of every made page, by its path under docs/."""
    names = methods.names()
    made = {f"methods/{name}.md": methods.method(name) for name in names}
    made["methods/index.md"] = methods.index()
    made["evidence.md"] = evidence.overview(names)
    made["benchmarks.md"] = evidence.benchmarks()
    made["reference/settings.md"] = reference.run_settings()
    made["reference/commands.md"] = reference.commands()
    made["reference/parts.md"] = reference.parts()
    made["reference/python/index.md"] = python.index()
    for room, files in python.rooms().items():
        made[f"reference/python/{room}.md"] = python.room(room, files)
    for path in sorted(ROOT.glob("docs/**/*.ipynb")):
        made[path.relative_to(ROOT / "docs").with_suffix(".md").as_posix()] = notebooks.page(path)
    made["changelog.md"] = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return made


def pictures() -> dict[str, Path]:
    """Pictures from outside docs/ that pages show, by their path in the site."""
    return {path.relative_to(ROOT).as_posix(): path for path in sorted((ROOT / "evidence").rglob("*.png"))}


def on_config(config: Any) -> Any:
    """Put the made pages into the navigation, where mkdocs.yml names their folder."""
    rooms = [f"reference/python/{room}.md" for room in python.rooms()]
    folders = {
        "methods/": [
            "methods/index.md",
            *({family: [f"methods/{name}.md" for name in names]} for family, names in methods.families().items()),
        ],
        "reference/python/": ["reference/python/index.md", *rooms],
    }
    config.nav = _filled(config.nav, folders)
    return config


def _filled(entry: Any, folders: dict[str, Any]) -> Any:
    if isinstance(entry, list):
        return [_filled(one, folders) for one in entry]
    if isinstance(entry, dict):
        return {name: _filled(one, folders) for name, one in entry.items()}
    return folders.get(entry, entry)


def on_files(files: Any, config: Any) -> Any:
    """Add made pages and pictures; a method's notes give way to its page, which holds them."""
    for path, text in pages().items():
        old = files.get_file_from_path(path)
        if old is not None:
            files.remove(old)
        files.append(File.generated(config, path, content=text))
    for path, source in pictures().items():
        files.append(File.generated(config, path, abs_src_path=str(source)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Lead links to pictures of evidence/ into the site, so that pages read the same in the repository."""
    return inside(markdown, page.file.src_uri)


def inside(markdown: str, path: str) -> str:
    """The text of a hand-written page with its links to evidence/ made relative to docs/."""
    depth = path.count("/")
    return re.sub(r"(\]\()(?:\.\./)+evidence/", rf"\1{'../' * depth}evidence/", markdown)

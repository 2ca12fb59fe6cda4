"""A page from an executed notebook: its text, its code and what the code printed or drew."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from generator.text import page as joined

_LINK = re.compile(r"<a [^>]*>(.*?)</a>")
"""a link of an output: it leads beside the notebook, and to nothing from the site"""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def page(path: Path) -> str:
    """The notebook as Markdown; pictures are kept in the page itself."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    parts: list[str] = []
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(text)
        elif cell["cell_type"] == "code":
            parts.append(f"```python\n{text}\n```")
            parts += [shown for output in cell["outputs"] for shown in _shown(output)]
    link = f"[This page as a notebook]({path.name}){{ download }}"
    return joined([*parts[:1], link, *parts[1:]])


def _shown(output: Mapping[str, Any]) -> Iterator[str]:
    data = output.get("data", {})
    if "image/png" in data:
        # Written anew, so that line ends within the text do not break the link.
        picture = base64.b64encode(base64.b64decode("".join(data["image/png"]))).decode()
        yield f"![output of the cell above](data:image/png;base64,{picture})"
    elif "text/html" in data:
        yield "<div>" + _LINK.sub(r"\1", "".join(data["text/html"])).replace("\n\n", "\n") + "</div>"
    else:
        text = "".join(output.get("text") or data.get("text/plain") or "")
        plain = _COLOURS.sub("", text).strip("\n")
        yield f"```text\n{plain}\n```" if plain else ""

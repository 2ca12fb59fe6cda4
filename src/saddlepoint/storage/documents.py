"""JSON within bounds of bytes, items and depth: what is read of settings, facts and manifests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from saddlepoint.storage.plain import Unfit, content

MOST_BYTES = 64 << 20
MOST_ITEMS = 2_000_000
MOST_DEPTH = 64


def table(path: Path, *, within: Path | None = None) -> dict[str, Any]:
    """The JSON object of a plain file. Raises Unfit, and OSError where it cannot be read."""
    return as_table(content(path, MOST_BYTES, within=within), path.name)


def as_table(text: bytes, name: str) -> dict[str, Any]:
    """The JSON object in these bytes. name: of the file, for the words of the error."""
    found = parsed(text, name)
    if not isinstance(found, dict):
        raise Unfit(f"{name} holds no JSON object of names and values")
    return found


def parsed(text: bytes, name: str) -> Any:
    """The JSON value in these bytes. Raises Unfit for what is none, has too many items or nests too deeply."""
    if len(text) > MOST_BYTES or sum(map(text.count, (b",", b"[", b"{"))) > MOST_ITEMS:
        raise Unfit(f"{name} has more than {MOST_ITEMS:,} items")
    try:
        found = json.loads(text.decode("utf-8"))
    except RecursionError:
        raise Unfit(f"{name} nests more than {MOST_DEPTH} deep") from None
    except ValueError as error:
        raise Unfit(f"{name} is no JSON: {str(error).rstrip('.')}") from error
    level = [found] if isinstance(found, dict | list) else []
    for _ in range(MOST_DEPTH):
        inside = (part.values() if isinstance(part, dict) else part for part in level)
        level = [item for part in inside for item in part if isinstance(item, dict | list)]
        if not level:
            return found
    raise Unfit(f"{name} nests more than {MOST_DEPTH} deep")

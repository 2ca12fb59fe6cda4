"""The synthetic world: data with a known truth, made on the spot, for proofs and tests; one file a world.

A world's name is its file's name. Its file holds `WORLD`; or, for a world with a number in its name such as ring8,
`world(count)` beside `USUAL`, the number of its example. Names are read without importing anything.
"""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from saddlepoint.config import nearest
from saddlepoint.errors import ConfigError

if TYPE_CHECKING:
    from saddlepoint.data.world.base import World

_HERE = Path(__file__).parent


def names() -> tuple[str, ...]:
    """All worlds in order of their names; of those with a number, one example."""
    return tuple(f"{stem}{'' if usual is None else usual}" for stem, usual in _files().items())


def world(name: str) -> World:
    """A world by its name, such as `shapes` or `ring8`. Raises ConfigError with the nearest right name."""
    stem, number = re.fullmatch(r"(.*?)(\d{0,4})", name, re.DOTALL).groups()  # type: ignore[union-attr]
    files = _files()
    if stem not in files or (files[stem] is None) != (number == ""):
        known = [f"world:{each}" for each in names()]
        raise ConfigError(
            f"no world is called world:{name}{nearest(f'world:{name}', known)} Known: {', '.join(known)}."
        )
    module = importlib.import_module(f"saddlepoint.data.world.{stem}")
    world_of_name: World = module.world(int(number)) if number else module.WORLD
    return world_of_name


def _files() -> dict[str, int | None]:
    """The files that hold a world, each with the number of its example; None for a world without a number."""
    assigned = {path.stem: _assigned(path) for path in sorted(_HERE.glob("*.py"))}
    return {stem: known.get("USUAL") for stem, known in assigned.items() if known.keys() & {"WORLD", "USUAL"}}


def _assigned(path: Path) -> dict[str, int | None]:
    """Names that a file assigns at its top level, with their values where these are whole numbers."""
    values: dict[str, int | None] = {}
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and isinstance(target := statement.targets[0], ast.Name):
            value = statement.value.value if isinstance(statement.value, ast.Constant) else None
            values[target.id] = value if isinstance(value, int) else None
    return values

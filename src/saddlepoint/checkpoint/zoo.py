"""The small trained models that come with the package: `zoo:digits` and others, to try editing and serving at once."""

from __future__ import annotations

from pathlib import Path

import saddlepoint
from saddlepoint.config import nearest
from saddlepoint.errors import CheckpointError

PREFIX = "zoo:"
HOME = Path(saddlepoint.__file__).parent / "zoo"
"""a folder for each model, as `save_pretrained` wrote it; `benchmarks/zoo.py` trains them"""


def names() -> tuple[str, ...]:
    """The models that there are."""
    return tuple(sorted(path.parent.name for path in HOME.glob("*/README.md")))


def folder(word: str) -> Path:
    """The folder of `zoo:NAME`. Raises CheckpointError for a name that is not there."""
    name = word.removeprefix(PREFIX)
    if not names():
        raise CheckpointError(f"no trained models come with this copy, so no {word}: give the folder of a run.")
    if name not in names():
        raise CheckpointError(f"the zoo has no {name!r}{nearest(name, names())} It has {', '.join(names())}.")
    return HOME / name

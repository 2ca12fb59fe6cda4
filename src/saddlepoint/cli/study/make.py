"""study make: make a page that asks which picture is better, how good one is, if it is real, or what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from saddlepoint.cli.arguments import parsed
from saddlepoint.config import Count, Natural
from saddlepoint.deploy.destination import Destination
from saddlepoint.errors import ConfigError
from saddlepoint.runs import study
from saddlepoint.text import counted


@dataclass(frozen=True, kw_only=True)
class Make:
    """Make a study: one page for all people, which shows the questions in another order to each, and a key."""

    kind: tyro.conf.Positional[study.Kind]
    """side-by-side: which of two is better; rating: how good is one; real-or-fake: is it real; task: what does it show,
    where the folders have the same subfolders, named by the answers"""
    sets: tuple[str, ...]
    """folders of images by a name for each: ours=samples/ theirs=other/; of real-or-fake, one is called real. Folders
    with the same file names are compared picture by picture"""
    out: Path = Path("study")
    """folder to make: index.html goes to people, key.json does not"""
    questions: Count = 40
    """questions in all"""
    each: Count | None = None
    """questions that one person answers, drawn for each; by default all"""
    checks: Natural | None = None
    """questions more whose answer is told, to see who reads; by default one for ten questions, at least two"""
    question: str | None = None
    """what is asked, in your words"""
    consent: str = study.CONSENT
    """what people agree to before they begin"""
    title: str = "A study of pictures"
    """heading of the page"""
    scale: Count = 10
    """rating: from 1 to this, at most 10"""
    ties: bool = False
    """side by side: whether "no difference" is an answer"""
    side: Count = 512
    """pixels to which larger pictures are reduced"""
    seed: Natural = 0
    """of which pictures are asked about"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle study make KIND --sets NAME=FOLDER ...`."""
    options = parsed(Make, "saddle study make", arguments)
    sets: dict[str, Path] = {}
    for entry in options.sets:
        name, mark, place = entry.partition("=")
        if not mark or not place or name in sets:
            raise ConfigError(f"--sets {entry!r} is not NAME=FOLDER with a name of its own.")
        sets[name] = Path(place)
    target = Destination(options.out, named=True, folders=True, inputs=list(sets.values()))
    with target as (folder,):
        settings = {name: getattr(options, name) for name in ("questions", "each", "checks", "question", "consent")}
        settings |= {name: getattr(options, name) for name in ("title", "scale", "ties", "side", "seed")}
        new = study.make(folder, options.kind, sets, **settings)
    count = len(new.key["trials"])
    print(f"{target.path / study.PAGE}: {counted(count, 'question')}; send it, or put it on any server")
    print(f"{target.path / study.KEY}: what each picture is; keep it from the people who answer")
    print(f"afterwards: saddle study collect {target.path} answers-*.csv")
    return 0

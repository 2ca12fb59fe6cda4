"""The model card in the hub's form: what a model is, how to use it, what it was trained on, how good it is, its limits.

Mitchell et al. 2019, arXiv:1810.03993. What only a person knows is left to be filled in, and marked so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from saddlepoint import methods
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.methods.tasks import Task
from saddlepoint.text import count_shown
from saddlepoint.version import __version__

TO_FILL_IN = "*To be filled in by hand:*"


def card(
    abilities: Sequence[Task],
    config: Mapping[str, Any],
    facts: Mapping[str, Any],
    figures: Mapping[str, Any],
    picture: str | None,
) -> str:
    """The text of README.md, in Markdown with the hub's front matter.

    abilities: what the model can be asked. config: of the packed model. facts: of its run. figures: "for a paper",
    "warnings" and "by group" as an evaluation has them, or nothing. picture: the file that is shown, or None.
    """
    parts = [
        _front(abilities, config),
        f"# {config['method']}, {_heading(facts)}",
        _what(abilities, config, facts),
        f"![what the model makes]({picture})" if picture else "",
        "## How to use it",
        _use(abilities, config),
        "## What it was trained on",
        _training(config, facts),
        "## How good it is",
        _figures(figures),
        "## Limits",
        _limits(abilities),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front(abilities: Sequence[Task], config: Mapping[str, Any]) -> str:
    pipelines = [pipeline for task in abilities if (pipeline := _pipeline(task))]
    lines = ["---", "library_name: saddlepoint", *(f"pipeline_tag: {tag}" for tag in pipelines[:1])]
    tags = "".join(f"\n- {tag}" for tag in ("saddlepoint", "pytorch", "generative", config["method"]))
    return "\n".join([*lines, f"tags:{tags}", "# license: say here under which terms the model may be used", "---"])


def _what(abilities: Sequence[Task], config: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    entry = methods.listing().get(config["method"])
    clock, kind = config["clock"], config["dataset"]["about"]
    summary = f"{entry.summary} " if entry and entry.family != "plug-in" else ""
    release = facts.get("versions", {}).get("saddlepoint", __version__)
    shown = count_shown(clock["examples"], config["dataset"]["images"], "example")
    history = f"trained with Saddlepoint {release} on {kind}: {shown}"
    if "imported" in facts:
        origin = facts["imported"]["origin"]
        history = f"imported by Saddlepoint {release} from weights of {origin} for {kind}; their training is not known"
    if "made_from" in facts:
        history += f", and made smaller by {facts['made_from']['by']}, from version `{facts['made_from']['version']}`"
    does = ", ".join(task.does for task in abilities) or "nothing that the library knows"
    return f"{summary}It was {history}. What it does: {does}. Version `{config['version']}`."


def _pipeline(task: Task) -> str | None:
    """The hub's word for a task of images; None where it has none."""
    takes, gives = (any(isinstance(kind, Image) for kind in kinds.values()) for kinds in (task.takes, task.gives))
    if gives:
        return "image-to-image" if takes else "unconditional-image-generation"
    return "image-classification" if takes and any(isinstance(k, Probabilities) for k in task.gives.values()) else None


def _translates(abilities: Sequence[Task]) -> bool:
    return bool(abilities) and abilities[0].name.startswith("translate")


def _use(abilities: Sequence[Task], config: Mapping[str, Any]) -> str:
    if _translates(abilities):
        line = "made = model.translate(images)  # [n, C, H, W] in [-1, 1], there and back"
    else:
        line = (
            f"images = model.sample(16, seed=0)  # [16, {', '.join(map(str, config['dataset']['shape']))}] in [-1, 1]"
        )
    names = config["dataset"]["classes"]
    classes = f" The classes are {', '.join(f'{i}: {name}' for i, name in enumerate(names))}." if names else ""
    package = config["package"]
    needed = f" The method is of the package {package}, which must be installed too." if package else ""
    return (
        "```python\nimport saddlepoint\n\n"
        'model = saddlepoint.load("path/of/this/folder")  # or "hub:OWNER/NAME"\n'
        f"{line}\n```\n\nLoading executes nothing from these files, and checks them.{classes}{needed}"
    )


def _training(config: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    data = facts.get("dataset", {})
    known = f"{_source(facts)}, {config['dataset']['images']:,} examples, fingerprint `{data.get('fingerprint')}`"
    lines = [] if "imported" in facts else [f"- data: {known}"]
    lines += [f"- {note}" for note in data.get("notes", ())]
    if facts.get("command"):
        lines.append(f"- command: `{facts['command']}`")
    lines.append(f"- {TO_FILL_IN} where the data comes from, who is in it, and under which terms it may be used.")
    return "\n".join(lines)


def _heading(facts: Mapping[str, Any]) -> str:
    return f"from {facts['imported']['origin']}" if "imported" in facts else f"trained on {_source(facts)}"


def _source(facts: Mapping[str, Any]) -> str:
    return str(facts.get("dataset", {}).get("source") or "data that is not named")


def _figures(figures: Mapping[str, Any]) -> str:
    lines = [f"- {line}" for line in figures.get("for a paper", ())]
    lines += [f"- beware: {line}" for line in figures.get("warnings", ())]
    if not lines:
        return (
            "Not measured yet: `saddle evaluate RUN` measures a run, and the model that is saved from it then says so."
        )
    return "\n".join([*lines, *_by_group(figures.get("by group"))])


def _by_group(rows: Any) -> list[str]:
    """A table of figures by group, in Markdown; nothing where there are none."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or not rows:
        return []
    columns = list(dict.fromkeys(str(name) for row in rows for name in row))
    headings = ["group" if name == "name" else name.replace("_", " ") for name in columns]
    table = [headings, ["---"] * len(columns), *([_cell(row.get(name)) for name in columns] for row in rows)]
    return ["", "By group:", "", *(f"| {' | '.join(cells)} |" for cells in table)]


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value).replace("|", "\\|")


def _limits(abilities: Sequence[Task]) -> str:
    nature = "translations are guesses that look right, not facts" if _translates(abilities) else "images are made up"
    return "\n".join(
        [
            f"- Its {nature}. It knows what it was shown and shares the gaps and the prejudices of that.",
            "- It may have learnt some images by heart: `saddle evaluate RUN --metrics copying` looks for copies.",
            f"- {TO_FILL_IN} what it must not be used for, and where it is known to fail.",
        ]
    )

"""What is known of a model, as `run.json` and a saved model's files tell it: checked once, with defaults, in one place.

All that reads it afterwards may count on the entries named here and on their kinds.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saddlepoint import config, kinds, methods
from saddlepoint.data.batches import DataSpec
from saddlepoint.data.settings import DataSettings
from saddlepoint.engine.run import Folder, RunSettings
from saddlepoint.errors import CheckpointError, ConfigError
from saddlepoint.methods.base import Clock, Method
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit, judged

_Table = dict[str, Any]
_NEEDED: Mapping[str, Any] = {"method": str, "options": _Table, "dataset": _Table}
_KNOWN: Mapping[str, Any] = {
    **_NEEDED,
    **dict.fromkeys(("run", "data", "networks", "versions", "figures", "imported", "made_from"), _Table),
    **dict.fromkeys(("command", "start", "package", "device", "precision"), str | None),
    **dict.fromkeys(("threads", "processes"), int),
}
_DATASET_NEEDED: Mapping[str, Any] = {"shape": tuple[int, ...], "classes": tuple[str, ...], "images": int}
_DATASET: Mapping[str, Any] = {
    **_DATASET_NEEDED,
    "fields": _Table,
    "attributes": tuple[str, ...],
    "source": str | None,
    "fingerprint": str | None,
    "held_out": int | None,
    "notes": tuple[str, ...],
    "skipped": tuple[tuple[str, ...], ...],
}
_TABLES = ("run", "data", "networks", "versions", "figures")
"""entries that stand empty where nothing is known, as of an imported model"""
_MOST_SIDE = 1 << 24
MAY_CHANGE = ("examples", "minutes", "accumulate", "device")
"""run settings that may differ when a run goes on"""
_PLACES = ("data", "data_path", "cache")
"""data settings that say where the images lie; what they are is told by their fingerprint"""


def read_facts(run: Folder) -> dict[str, Any]:
    """The run's `run.json`. Raises CheckpointError when it is missing or damaged."""
    if not run.facts.exists():
        raise CheckpointError(f"{run.root} is not the folder of a run: it has no run.json.")
    with judged(run.facts, CheckpointError):
        return complete(documents.table(run.facts))


def complete(facts: dict[str, Any]) -> dict[str, Any]:
    """The same, with empty entries where nothing is known. Raises Unfit for what is missing or of a wrong kind."""
    dataset = facts.get("dataset")
    for part, entries, needed in ((facts, _KNOWN, _NEEDED), (dataset, _DATASET, _DATASET_NEEDED)):
        if not isinstance(part, dict):
            raise Unfit("it says nothing of the data")
        for name, kind in entries.items():
            if name in part:
                _check(name, part[name], kind)
            elif name in needed:
                raise Unfit(f"it says nothing of {name!r}")
    shape = facts["dataset"]["shape"]
    if not 1 <= len(shape) <= 8 or not all(1 <= side < _MOST_SIDE for side in shape):
        raise Unfit(f"no example has the shape {str(shape)[:60]}")
    defaults: dict[str, Any] = {"fingerprint": None, "attributes": [], "notes": [], "skipped": []}
    tables: dict[str, Any] = {name: {} for name in _TABLES}
    return by_names_of_today({**tables, **facts, "dataset": {**defaults, **facts["dataset"]}})


def by_names_of_today(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a run with its settings called as they are now, whatever release wrote them."""
    tables = {"run": RunSettings, "data": DataSettings}
    return {**facts, **{name: config.respelt(facts[name], kind) for name, kind in tables.items() if name in facts}}


def _check(name: str, value: Any, kind: Any) -> None:
    if kind in (_Table, _Table | None):
        if not isinstance(value, dict) and (kind is _Table or value is not None):
            raise Unfit(f"{name} is no table of names and values")
        return
    try:
        config.checked(name, value, kind)
    except ConfigError as error:
        raise Unfit(str(error).rstrip(".")) from error


def spec_of(facts: Mapping[str, Any]) -> DataSpec:
    """What the networks were told of the data."""
    data = facts["dataset"]
    attributes = tuple(data["attributes"])  # runs from before there were any do not say
    classes, examples = tuple(data["classes"]), data["images"]
    if "fields" not in data:  # of a run from before fields had kinds
        return DataSpec.of(tuple(data["shape"]), classes, examples, attributes)
    fields = {name: kinds.from_json(measures) for name, measures in data["fields"].items()}
    return DataSpec(fields, classes, examples, attributes)


def method_of(facts: Mapping[str, Any]) -> Method:
    """The method with its settings. Raises CheckpointError where it is not installed, or of another release."""
    name, origin = facts["method"], facts.get("origin") or {}
    if name not in methods.listing():
        raise CheckpointError(f"this model was made by the method {name!r}, {_found_where(facts, origin)}.")
    here = methods.origin(name) or {}
    if "sha256" in origin and origin["sha256"] != here.get("sha256"):
        warnings.warn(f"the method file {here.get('file')} is not as it was when {name} was trained.", stacklevel=3)
    try:
        return config.from_json(methods.load(name), facts["options"])
    except ConfigError as error:
        release = facts["versions"].get("saddlepoint")
        raise CheckpointError(
            f"this model's settings do not fit {name} as it is here (it is of {release}): {error}"
        ) from error


def _found_where(facts: Mapping[str, Any], origin: Mapping[str, Any]) -> str:
    """Why a method is not known here, and what makes it known: a person's own code never runs unasked."""
    if "file" in origin:
        file = origin["file"]
        return f"which is the code in {file}: if you trust it, add --method-file {file} (Python: method={file!r})"
    if "class" in origin:
        return f"which is the class {origin['class']}: from Python give it, as in saddlepoint.load(RUN, method=CLASS)"
    package = facts.get("package")
    return (
        f"which is not installed here: {f'pip install {package}' if package else 'install the package it comes from'}"
    )


def clock_of(values: Any, method: Method) -> Clock:
    """How far a model was trained. Raises Unfit, or ConfigError, for what is no such time."""
    if not isinstance(values, dict):
        raise Unfit("it does not say how far it was trained")
    clock = config.from_json(Clock, values)
    if min(vars(clock).values()) < 0 or clock.stage >= len(method.stages()):
        raise Unfit("the statement of how far it was trained makes no sense")
    return clock


def configuration_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What of a run's facts a checkpoint is bound to: all that decides what training and the networks are.

    Not what may differ when a run goes on, nor where the images lie.
    """
    dataset = facts["dataset"]
    return {
        "method": facts["method"],
        "options": dict(facts["options"]),
        "run": {name: value for name, value in facts["run"].items() if name not in MAY_CHANGE},
        "data": {name: value for name, value in facts["data"].items() if name not in _PLACES},
        "dataset": {name: dataset[name] for name in ("shape", "classes", "fingerprint")},
    }


def check_unchanged(
    saved: Any,
    facts: Mapping[str, Any],
    where: Path,
    parts: tuple[str, ...] = ("method", "options", "run", "data", "dataset"),
) -> None:
    """Raises CheckpointError naming what of `run.json` is not as when a checkpoint was written.

    saved: what `configuration_of` gave then; None for a checkpoint from before it was kept. parts: of it, that matter.
    """
    if saved is None:
        return
    if not isinstance(saved, dict):
        raise Unfit("what its checkpoints were made with cannot be read")
    saved, now = by_names_of_today(saved), configuration_of(facts)
    differences = [text for part in parts for text in _differences(part, saved.get(part), now[part])]
    if differences:
        more = f" and {len(differences) - 3} more" if len(differences) > 3 else ""
        raise CheckpointError(
            f"{where} is not what its checkpoints were made with: {'; '.join(differences[:3])}{more}."
            " Set it back; what may change is given to `saddle resume`."
        )


def _differences(part: str, saved: Any, now: Any) -> list[str]:
    if not isinstance(saved, dict):
        return [] if saved == now else [f"{part} was {saved!r} and is {now!r}"]
    return [
        f"{name} was {_short(value)} and is {_short(now[name]) if name in now else 'not there'}"
        for name, value in saved.items()
        if name not in now or now[name] != value
    ]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

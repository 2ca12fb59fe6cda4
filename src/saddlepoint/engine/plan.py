"""A plan: everything that a run is made of, as three flat tables of settings, before anything has been done."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saddlepoint import config, methods
from saddlepoint.data.settings import DataSettings
from saddlepoint.engine import synonyms
from saddlepoint.engine.run import RunSettings
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Method


@dataclass(frozen=True)
class Plan:
    """What to train, on what and how."""

    name: str
    run: RunSettings
    data: DataSettings
    method: Method

    def json(self) -> dict[str, Any]:
        """As `run.json` keeps it."""
        return {
            "method": self.name,
            "run": config.to_json(self.run),
            "data": config.to_json(self.data),
            "options": config.to_json(self.method),
        }

    @classmethod
    def read(cls, facts: Mapping[str, Any], **changes: Any) -> Plan:
        """The plan of a `run.json`, with some run settings changed."""
        run = config.from_json(
            RunSettings, {**config.respelt(facts["run"], RunSettings), **config.respelt(changes, RunSettings)}
        )
        data = config.from_json(DataSettings, facts["data"])
        return cls(facts["method"], run, data, config.from_json(methods.load(facts["method"]), facts["options"]))


def make(name: str, flat: Mapping[str, Any], *, preset: str | None = None, file: Path | None = None) -> Plan:
    """A plan from flat settings over a settings file over a preset over the method's defaults over those of all.

    Raises ConfigError for an unknown method, preset or setting, with the nearest right name, and for a wrong value.
    """
    kind = methods.load(name)
    reserved = clashes(kind)
    if reserved:
        raise ConfigError(f"{name} names settings that every run has already: {', '.join(reserved)}.")
    parts: tuple[type, ...] = (RunSettings, DataSettings, kind)
    tables = [names(part) for part in parts]
    values: dict[str, Any] = {}
    for settings in (kind.defaults, _preset(name, preset), _from_file(name, file) if file else {}, flat):
        layer = config.respelt(settings, *parts)
        refuse_unknown(layer, [known for table in tables for known in table], layer.get("batch", values.get("batch")))
        values |= layer
    run, data, method = ({key: value for key, value in values.items() if key in table} for table in tables)
    return Plan(
        name,
        config.from_json(RunSettings, run),
        config.from_json(DataSettings, data),
        config.from_json(kind, method),
    )


def refuse_unknown(
    values: Mapping[str, Any], known: Sequence[str], batch: object = None, form: synonyms.Form = str
) -> None:
    """Raises ConfigError when a name is no setting, with what it is called here, or the nearest right name.

    known: settings by name. batch: of the run, where it is known. form: how a setting is written.
    """
    size = batch if isinstance(batch, int) else RunSettings().batch
    for name, value in values.items():
        if name not in known:
            advice = synonyms.advice(name, value, [*known, "out", "start", "config"], size, form)
            if advice is not None:
                raise ConfigError(f"no setting is called {form(name)!r}: {advice}")
            ending = config.nearest(form(name), map(form, [*known, *RunSettings.spellings]))
            slip = difflib.get_close_matches(name.lower(), synonyms.words(), n=1, cutoff=0.8) if ending == "." else []
            if slip and (advice := synonyms.advice(slip[0], value, known, size, form)):
                ending = f"; if you mean {slip[0]!r}, {advice}"
            raise ConfigError(f"no setting is called {form(name)!r}{ending}")


def _from_file(name: str, file: Path) -> dict[str, Any]:
    """A settings file's table; it may name its method, which must then be this one."""
    values = config.read_file(file)
    method = values.pop("method", name)
    if method != name:
        raise ConfigError(f"{file} holds settings of {method}, not of {name}.")
    return values


def names(part: type) -> list[str]:
    """The names of the settings of one table."""
    return [field.name for field in dataclasses.fields(part)]


def clashes(kind: type[Method]) -> list[str]:
    """Settings of a method whose names a run or the data room uses already; must be empty."""
    reserved = {*names(RunSettings), *names(DataSettings)}
    return [name for name in names(kind) if name in reserved]


def _preset(name: str, preset: str | None) -> Mapping[str, Any]:
    if preset is None:
        return {}
    rows = methods.presets(name)
    if preset not in rows:
        known = f"It has {', '.join(rows)}." if rows else "It has none."
        raise ConfigError(f"{name} has no preset {preset!r}{config.nearest(preset, rows)} {known}")
    return rows[preset]


def with_run(plan: Plan, **settings: Any) -> Plan:
    """The same plan with some run settings changed."""
    return dataclasses.replace(plan, run=dataclasses.replace(plan.run, **settings))

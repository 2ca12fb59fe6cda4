"""The models that are served, by name and channel: `faces`, `faces@beta`; `faces` alone means `faces@stable`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import final

from saddlepoint.checkpoint.find import means_best
from saddlepoint.checkpoint.model import Model, load
from saddlepoint.config import nearest
from saddlepoint.deploy.serve.lifetime import Clock, Lifetime, day_of, today
from saddlepoint.deploy.serve.limits import MOST_PHOTOGRAPHS
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.deploy.work_on_file import fills, source_of
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.views import Views
from saddlepoint.latent.codes import spaces
from saddlepoint.latent.directions import Directions
from saddlepoint.latent.factorisation import affines, factorise
from saddlepoint.methods.abilities import classes_of
from saddlepoint.methods.tasks import Task, knows

STABLE = "stable"
_DAYS = ("--deprecated", "--sunset")
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}(@[a-z0-9][a-z0-9-]{0,31})?"
"""how a model is named in a request"""
_ALIAS = re.compile(rf"({NAME})=(.+)", re.DOTALL)
FACTORS = 8
"""directions of a model that no file of directions was given for"""


@final
@dataclass(frozen=True, eq=False)
class Served:
    """One model on the shelf.

    name: without the channel. directions: ways to edit its images, None where there are none. lifetime: its days.
    successor: what to take in its place, None where nothing is.
    """

    name: str
    channel: str
    model: Model
    directions: Directions | None = None
    lifetime: Lifetime = field(default_factory=Lifetime)
    successor: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What every answer of this version says of it."""
        version = {"X-Model": self.full_name, "X-Model-Version": self.model.version}
        return version | self.lifetime.headers(self.successor)

    @cached_property
    def full_name(self) -> str:
        """Name and channel."""
        return f"{self.name}@{self.channel}"

    @cached_property
    def own(self) -> Mapping[str, Task]:
        """The model's own tasks by name."""
        return {task.name: task for task in self.model.tasks}

    @cached_property
    def pictured(self) -> bool:
        """Whether it was trained on images that a file can hold: an upload can be brought to what it takes."""
        main = self.model.spec.main
        return isinstance(main, Image) and main.channels in (1, 3)

    @cached_property
    def source(self) -> Image | None:
        """What it translates; None where it translates no images."""
        translates = any(name.startswith("translate-") for name in self.own)
        return source_of(self.model) if translates and isinstance(self.model.spec.main, Image) else None

    @cached_property
    def fills(self) -> bool:
        """Whether it fills what is transparent in an upload."""
        return self.source is not None and fills(self.model)

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """What it can be asked for here; empty for a model whose tasks have no route yet."""
        names, offered = self.own.keys(), []
        if self.spaces:
            offered += ["sample", "interpolate", "project"]
            offered += ["mix"] if "styles" in names else []
            offered += ["edit"] if self.directions is not None else []
        elif self.samples:
            offered.append("sample")
        if self.source is not None and (self.source.channels in (1, 3) or self.fills):
            offered.append("translate")
        parts = self.own["complete"].takes if "complete" in names else {}
        offered += ["complete"] if {"image", "mask"} <= parts.keys() and self.pictured else []
        offered += ["predict"] if "predict" in names and self.pictured else []
        offered += ["score"] if "log-likelihood" in names and self.pictured else []
        takes = self.own["render"].takes if "render" in names else {}
        photographs = takes.get("views")
        offered += ["render"] if takes and photographs is None else []
        if isinstance(photographs, Views) and photographs.count <= MOST_PHOTOGRAPHS and photographs.channels in (1, 3):
            offered.append("reconstruct")
        return tuple(offered)

    @cached_property
    def samples(self) -> bool:
        """Whether it makes examples from latents: images, volumes, clips, texts and whatever else has a picture."""
        return "generate" in self.own and not self.model.spec.main.condition

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The classes that can be chosen; empty where none can."""
        count = classes_of(self.model.method, self.model.nets)
        return (self.model.spec.classes or tuple(map(str, range(count)))) if count else ()

    @cached_property
    def takes_reference(self) -> bool:
        """Whether a translation can be led by a reference image."""
        return any(name.startswith("translate-") and name.endswith("-like") for name in self.own)

    @cached_property
    def spaces(self) -> tuple[str, ...]:
        """The latent spaces; empty for a model that makes no images from latents."""
        walks = knows(self.model.method, "walk") and isinstance(self.model.spec.main, Image)
        return spaces(self.model) if walks else ()


@final
@dataclass(frozen=True)
class Shelf:
    """The models in the order in which they were named; the first is meant where a request names none."""

    served: tuple[Served, ...]
    day: Clock = today
    _by_name: Mapping[str, Served] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_name: dict[str, Served] = {}
        for one in self.served:
            if one.full_name in by_name:
                raise ConfigError(f"two models are called {one.full_name}: name one NAME=PATH or NAME@CHANNEL=PATH.")
            by_name[one.full_name] = one
        object.__setattr__(self, "_by_name", by_name)

    def find(self, name: str | None) -> Served:
        """The model of a name, or the first. Raises Refusal: 404 with the nearest right name, 410 past its last day."""
        served = self.named(name)
        if served.lifetime.stage(self.day()) == "ended":
            mend = f"use {served.successor}" if served.successor else "see GET /v1/models"
            raise Refusal(
                410, "ended", f"{served.full_name} ended on {served.lifetime.sunset}.", mend, headers=served.headers
            )
        return served

    def full_name(self, name: str) -> str:
        """The full name of a model that is served. Raises ConfigError with the nearest right one."""
        if _full(name) not in self._by_name:
            raise ConfigError(f"{name} is not served{nearest(_full(name), self._by_name)}")
        return _full(name)

    def named(self, name: str | None) -> Served:
        """The same, also of a model that has ended. Raises Refusal (404)."""
        if not name:
            return self.served[0]
        full_name = _full(name)
        if full_name not in self._by_name:
            known = ", ".join(self._by_name)
            text = f"no model is called {name}{nearest(full_name, self._by_name)}"
            raise Refusal(404, "no-such-model", text, f"served are {known}")
        return self._by_name[full_name]


def stock(
    names: Sequence[str],
    directions: Sequence[str] = (),
    *,
    deprecated: Sequence[str] = (),
    sunset: Sequence[str] = (),
    device: str = "cpu",
) -> Shelf:
    """Load what the command line names: PATH, NAME=PATH or NAME@CHANNEL=PATH, directions as NAME=FILE, days as
    NAME=2027-06-30.

    Without a name the folder's is taken. Raises ConfigError for names that cannot be, CheckpointError for what holds
    no model, CapabilityError for a model that can do nothing, DataError for a file without directions. A model without
    a file of directions has those that its first weights amplify most, where codes meet an affine layer first.
    """
    files = dict(_named(text, "directions") for text in directions)
    shelf: list[Served] = []
    for text in names:
        name, path = _named(text, "") if "=" in text else (_from(text), text)
        model = load(path, device=device)
        stem, _, channel = name.partition("@")
        file = files.pop(name, None)
        served = Served(stem, channel or STABLE, model, None if file is None else Directions.read(Path(file)))
        if not served.own:
            raise CapabilityError(f"{model} offers no task, so it cannot be served.")
        shelf.append(served if served.directions else replace(served, directions=_factors(served)))
    if files:
        raise ConfigError(f"directions are given for {', '.join(files)}, but no model has that name.")
    return Shelf(_dated(shelf, deprecated, sunset))


def _factors(served: Served) -> Directions | None:
    """The directions that the model's own first weights give at once; None where they give none."""
    if not served.spaces or not affines(served.model):
        return None
    return factorise(served.model, FACTORS)


def _dated(shelf: Sequence[Served], deprecated: Sequence[str], sunset: Sequence[str]) -> tuple[Served, ...]:
    """The models with their days and successors. Raises ConfigError for days of what is not served."""
    days = {
        option: {_full(name): day_of(text, option) for name, text in (_named(words, option) for words in given)}
        for option, given in (("--deprecated", deprecated), ("--sunset", sunset))
    }
    names = [one.full_name for one in shelf]
    for option, known in days.items():
        if unknown := [name for name in known if name not in names]:
            raise ConfigError(f"{option} names {unknown[0]}, which is not served{nearest(unknown[0], names)}")
    lives = {name: Lifetime(days["--deprecated"].get(name), days["--sunset"].get(name)) for name in names}
    dated = []
    for one in shelf:
        others = [other for other in shelf if other.name == one.name and other is not one]
        lasting = [other for other in others if lives[other.full_name] == Lifetime()]
        best = next((other for other in lasting if other.channel == STABLE), lasting[0] if lasting else None)
        dated.append(replace(one, lifetime=lives[one.full_name], successor=best and best.full_name))
    return tuple(dated)


def _full(name: str) -> str:
    return name if "@" in name else f"{name}@{STABLE}"


def named_files(names: Sequence[str], option: str, shelf: Shelf) -> dict[str, Path]:
    """Files by the full name of a model, of NAME=FILE. Raises ConfigError for what is not served."""
    return {shelf.full_name(name): Path(path) for name, path in (_named(text, option) for text in names)}


def _named(text: str, what: str) -> tuple[str, str]:
    match = _ALIAS.fullmatch(text)
    if not match:
        raise ConfigError(
            f"{text!r} names no {what or 'model'}: write NAME={'DAY' if what in _DAYS else 'PATH'}, the name of"
            " letters, digits, '.', '_' and '-'."
        )
    return match[1], match[3]


def _from(path: str) -> str:
    """A name from a path: the folder of the run or of the model."""
    folder = Path(path.removeprefix("hub:").removeprefix("zoo:")).resolve()
    if folder.parent.name == "checkpoints":
        folder = folder.parent.parent
    elif means_best(folder):
        folder = folder.parent
    return re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).strip("-._")[:64] or "model"

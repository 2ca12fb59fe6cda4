"""The models that are served, by name and channel: `faces`, `faces@beta`; `faces` alone means `faces@stable`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import final

from saddlepoint.checkpoint.model import Model, load
from saddlepoint.config import nearest
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.latent.codes import spaces
from saddlepoint.latent.directions import Directions
from saddlepoint.methods.abilities import classes_of
from saddlepoint.methods.tasks import Task, knows

STABLE = "stable"
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}(@[a-z0-9][a-z0-9-]{0,31})?"
"""how a model is named in a request"""
_ALIAS = re.compile(rf"({NAME})=(.+)", re.DOTALL)


@final
@dataclass(frozen=True, eq=False)
class Served:
    """One model on the shelf.

    name: without the channel. directions: ways to edit its images, None where no file was given.
    """

    name: str
    channel: str
    model: Model
    directions: Directions | None = None

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
    def tasks(self) -> tuple[str, ...]:
        """What it can be asked for here; empty for a model whose tasks have no route yet."""
        names, offered = self.own.keys(), []
        if self.spaces:
            offered += ["sample", "interpolate", "project"]
            offered += ["mix"] if "styles" in names else []
            offered += ["edit"] if self.directions is not None else []
        elif self.samples:
            offered.append("sample")
        if isinstance(self.model.spec.main, Image) and any(name.startswith("translate-") for name in names):
            offered.append("translate")
        offered += ["predict"] if "predict" in names and self.pictured else []
        offered += ["score"] if "log-likelihood" in names and self.pictured else []
        offered += ["render"] if "render" in names else []
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
    _by_name: Mapping[str, Served] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_name: dict[str, Served] = {}
        for one in self.served:
            if one.full_name in by_name:
                raise ConfigError(f"two models are called {one.full_name}: name one NAME=PATH or NAME@CHANNEL=PATH.")
            by_name[one.full_name] = one
        object.__setattr__(self, "_by_name", by_name)

    def find(self, name: str | None) -> Served:
        """The model of a name, or the first. Raises Refusal (404) with the nearest right name."""
        if not name:
            return self.served[0]
        full_name = name if "@" in name else f"{name}@{STABLE}"
        if full_name not in self._by_name:
            known = ", ".join(self._by_name)
            text = f"no model is called {name}{nearest(full_name, self._by_name)}"
            raise Refusal(404, "no-such-model", text, f"served are {known}")
        return self._by_name[full_name]


def stock(names: Sequence[str], directions: Sequence[str] = (), *, device: str = "cpu") -> Shelf:
    """Load what the command line names: PATH, NAME=PATH or NAME@CHANNEL=PATH, and directions as NAME=FILE.

    Without a name the folder's is taken. Raises ConfigError for names that cannot be, CheckpointError for what holds
    no model, CapabilityError for a model that can do nothing, DataError for a file without directions.
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
        shelf.append(served)
    if files:
        raise ConfigError(f"directions are given for {', '.join(files)}, but no model has that name.")
    return Shelf(tuple(shelf))


def _named(text: str, what: str) -> tuple[str, str]:
    match = _ALIAS.fullmatch(text)
    if not match:
        raise ConfigError(
            f"{text!r} names no {what or 'model'}: write NAME=PATH, of letters, digits, '.', '_' and '-'."
        )
    return match[1], match[3]


def _from(path: str) -> str:
    """A name from a path: the folder of the run or of the model."""
    folder = Path(path.removeprefix("hub:").removeprefix("zoo:")).resolve()
    if folder.parent.name == "checkpoints":
        folder = folder.parent.parent
    return re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).strip("-._")[:64] or "model"

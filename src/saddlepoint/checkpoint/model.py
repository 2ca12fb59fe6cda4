"""What `saddlepoint.load` returns: a trained model with its preprocessing and its provenance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor

from saddlepoint import config, methods
from saddlepoint.checkpoint import files, hub, pretrained, saving, zoo
from saddlepoint.checkpoint.facts import check_unchanged, clock_of, method_of, read_facts, spec_of
from saddlepoint.checkpoint.find import find_checkpoint
from saddlepoint.checkpoint.needed_networks import used_networks
from saddlepoint.checkpoint.networks import networks
from saddlepoint.data.batches import DataSpec
from saddlepoint.engine.distributed import device_named
from saddlepoint.engine.plan import Plan
from saddlepoint.engine.run import Folder
from saddlepoint.engine.trainer import under
from saddlepoint.errors import CapabilityError, CheckpointError, ShapeError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pictures import Pictures
from saddlepoint.methods.abilities import (
    AS_TRAINED,
    Sampling,
    TruncateBy,
    in_turn,
)
from saddlepoint.methods.base import Clock, Method, Networks
from saddlepoint.methods.tasks import Task, knows, tasks, writes, writing
from saddlepoint.storage.plain import judged
from saddlepoint.storage.tensors import Declared
from saddlepoint.text import count_shown


@final
class Model:
    """A method with its trained networks: the averaged ones where the method averages.

    method: the settings it was trained with.
    nets: networks in evaluation mode, on `device`.
    spec: shape and classes of the images it was trained on.
    facts: the run's whole `run.json`.
    clock: how far it was trained.
    path: the folder that it was read from. home: the folder that what is made with it goes to, unless told otherwise.
    """

    def __init__(
        self,
        method: Method,
        nets: Networks,
        spec: DataSpec,
        facts: Mapping[str, Any],
        clock: Clock,
        path: Path,
        home: Path | None = None,
    ) -> None:
        self.method, self.nets, self.spec, self.facts, self.clock, self.path = method, nets, spec, facts, clock, path
        self.home = path.parent.parent if home is None else home

    @property
    def name(self) -> str:
        """The name of the method."""
        return str(self.facts["method"])

    @cached_property
    def plan(self) -> Plan:
        """The plan that it was trained by. Raises CheckpointError where nothing is known of it, as of an import."""
        try:
            return Plan.read(self.facts)
        except KeyError as error:
            raise CheckpointError(f"the training of {self} is not known: its run.json has no {error}.") from error

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return next(self.nets.parameters()).device

    @property
    def tasks(self) -> list[Task]:
        """All that it can be asked, the usual task first."""
        with torch.no_grad():
            return tasks(self.method, self.nets, self.spec)

    def task(self, name: str) -> Task | None:
        """The task of a name; None where the model has none of it."""
        return next((task for task in self.tasks if task.name == name), None)

    @torch.no_grad()
    def do(
        self, name: str, fields: Mapping[str, Tensor], *, how: Sampling = AS_TRAINED, batch: int = 64
    ) -> dict[str, Tensor]:
        """What a task gives for its inputs, [n, ...] each on the CPU.

        fields: the inputs by name, [n, ...]. how: of what is sampled. batch: examples at once.
        Raises CapabilityError for a task that the model has not, or for inputs that are missing or too many.
        """
        task = self.task(name)
        if task is None:
            known = ", ".join(task.name for task in self.tasks) or "nothing"
            raise CapabilityError(f"{self.name} knows no task {name!r}; it knows {known}.")
        if fields.keys() != task.takes.keys():
            inputs = ", ".join(f"{field} ({kind})" for field, kind in task.takes.items()) or "nothing"
            raise CapabilityError(f"the task {name} takes {inputs}; {', '.join(fields) or 'nothing'} was given.")
        rows = len(next(iter(fields.values()))) if fields else 1
        outputs: dict[str, list[Tensor]] = {output: [] for output in task.gives}
        for start in range(0, rows, batch):
            part = {field: values[start : start + batch].to(self.device) for field, values in fields.items()}
            for output, values in task.call(self.nets, part, how).items():
                outputs[output].append(values.float().cpu())
        return {output: torch.cat(parts) for output, parts in outputs.items()}

    @cached_property
    def needed(self) -> Networks:
        """The networks without which the model could do less than it can: no critic, unless an ability asks it."""
        names = used_networks(self.method, self.nets, self.spec)
        return Networks(**{name: self.nets.get_submodule(name) for name in names})

    @cached_property
    def version(self) -> str:
        """Twelve hex digits that change with any weight or setting; what is saved of a checkpoint has the same."""
        return pretrained.version_of(saving.configuration(self), self.needed.state_dict())

    def save_pretrained(self, folder: str | Path, *, picture: str | Path | None = None) -> None:
        """Write the model as one folder that explains itself, without what only training needs.

        picture: a PNG for its card; by default images that it makes, and none where it translates, since that would
        show somebody's. The card README.md says what is left to be filled in by hand.
        Raises RunError when something is there already.
        """
        saving.save(self, Path(folder), None if picture is None else Path(picture))

    @classmethod
    def from_pretrained(
        cls, folder_or_repo: str | Path, *, revision: str | None = None, device: str | torch.device = "cpu"
    ) -> Model:
        """A model from such a folder, or from the Hugging Face hub by OWNER/NAME.

        revision: a branch, tag or commit of the hub; None for the newest. Nothing in the files is executed.
        Raises CheckpointError for a damaged folder, OfflineError where the hub cannot be had.
        """
        device = device_named(str(device))
        if Path(folder_or_repo).is_dir():
            return _packed(Path(folder_or_repo), Path(folder_or_repo), device)
        return _packed(hub.fetch(str(folder_or_repo).removeprefix(hub.PREFIX), revision), Path(), device)

    def push_to_hub(self, repo: str, *, private: bool = False) -> str:
        """Upload the model to the Hugging Face hub as OWNER/NAME, made where there is none; returns its address.

        A model that was loaded from its folder goes with its card as you edited it; else a card that the hub has
        already stays. Raises RunError when the hub does not take it.
        """
        return saving.push(self, repo, private)

    def sample(
        self,
        n: int,
        *,
        seed: int = 0,
        label: int | str | None = None,
        given: Mapping[str, Any] | None = None,
        truncation: float = 1.0,
        truncate_by: TruncateBy = "resample",
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        batch: int = 64,
    ) -> Tensor:
        """`n` images, [n, C, H, W] in [-1, 1] on the CPU ([n, D] for points); image i depends on (seed, i) alone.

        That holds to rounding: made in batches of another size, on another device or with another number of threads,
        its values differ by some millionths, and after rounding to bytes seldom at all.

        label: one class for all, by name or number, where the model knows classes; without it they come in turn, image
        i of class i modulo their number. given: conditions by name, as the task "generate" takes them: a text that the
        kind of each reads ("red,large"), or a tensor, one for all or [n, ...]; those left out come in turn. A word that
        names one for each, such as camera "orbit", shows one thing, that of image 0. A model that completes takes an
        `image` and a `mask` as well, 1 where it is known; without a mask its upper half is.
        truncation, truncate_by, temperature, top_k, top_p: see `Sampling`. batch: how many are made at once.
        A notebook shows them as a grid. Raises CapabilityError when the method makes no images from latents.
        """
        batches = list(
            self.stream(
                n,
                seed=seed,
                label=label,
                given=given,
                truncation=truncation,
                truncate_by=truncate_by,
                temperature=temperature,
                top_k=top_k,
                top_p=top_p,
                batch=batch,
            )
        )
        images = torch.cat(batches) if batches else torch.empty(0, *self.spec.shape)
        return images.as_subclass(Pictures)

    def stream(
        self,
        n: int,
        *,
        seed: int = 0,
        label: int | str | None = None,
        given: Mapping[str, Any] | None = None,
        truncation: float = 1.0,
        truncate_by: TruncateBy = "resample",
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        batch: int = 64,
    ) -> Iterator[Tensor]:
        """The images of `sample`, at most `batch` at a time."""
        method: Any = self.method
        if not knows(method, "generate"):
            raise CapabilityError(f"{self.name} does not make images from latents.")
        chosen = dict(given or {})
        if label is not None:
            if "label" in chosen:
                raise CapabilityError("a label is given twice: leave out one of them.")
            chosen["label"] = torch.tensor(self.class_number(label))
        conditions = in_turn(method, self.nets, n) | self._conditions(chosen, n)
        how = Sampling(
            conditions, truncation, temperature=temperature, truncate_by=truncate_by, top_k=top_k, top_p=top_p
        )
        latents = method.latents(self.nets, n, seed)
        if self.shows_one_thing(chosen):
            latents = latents[:1].expand_as(latents)
        for start in range(0, n, batch):
            rows = slice(start, start + batch)
            with torch.no_grad():
                images = method.generate(self.nets, latents[rows].to(self.device), how.rows(rows).to(self.device))
            yield images.float().cpu()

    def write(
        self,
        *,
        seed: int = 0,
        given: Mapping[str, Any] | None = None,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
    ) -> Iterator[Tensor]:
        """The first text of `sample`, token by token as it is written: [1] int64 each on the CPU, up to its end.

        given, temperature, top_k, top_p: as of `sample`. Raises CapabilityError for a model that writes no texts.
        """
        method: Any = self.method
        if not writes(method):
            raise CapabilityError(f"{self.name} makes {self.spec.main.word}, and not token by token.")
        conditions = in_turn(method, self.nets, 1) | self._conditions(dict(given or {}), 1)
        how = Sampling(
            {name: value.to(self.device) for name, value in conditions.items()},
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
        )
        latents = method.latents(self.nets, 1, seed).to(self.device)
        return (tokens.cpu() for tokens in writing(method, self.nets, latents, how))

    def _conditions(self, chosen: Mapping[str, Any], n: int) -> dict[str, Tensor]:
        """Conditions of the task "generate", or "complete" where there is one, as tensors [n, ...]."""
        task = self.task("complete") or self.task("generate")
        takes = {} if task is None else {name: kind for name, kind in task.takes.items() if name != "latents"}
        conditions: dict[str, Tensor] = {}
        for name, value in chosen.items():
            if name not in takes:
                known = f"it takes {', '.join(takes)}" if takes else "it takes nothing beside its latents"
                raise CapabilityError(f"{self.name} takes no {name!r}: {known}.")
            shape = takes[name].shape
            if isinstance(value, Tensor):
                rows = value
            else:
                sequence = takes[name].sequence(str(value), n)
                rows = takes[name].parse(str(value)) if sequence is None else sequence
            if rows.shape not in (shape, (n, *shape)):
                each = [n, *shape]
                raise ShapeError(f"{name} is {list(rows.shape)}; give {list(shape)} for all, or {each} for each.")
            conditions[name] = takes[name].checked(rows).expand(n, *shape)
        return conditions

    def shows_one_thing(self, given: Mapping[str, Any]) -> bool:
        """Whether a word among the conditions of `sample` names one for each example of one thing: camera "orbit"."""
        task = self.task("complete") or self.task("generate")
        takes = {} if task is None else task.takes
        texts = {name: value for name, value in given.items() if name in takes and not isinstance(value, Tensor)}
        return any(takes[name].sequence(str(value), 1) is not None for name, value in texts.items())

    @torch.no_grad()
    def reconstruct(self, images: Tensor, *, batch: int = 256) -> Tensor:
        """`images` [n, C, H, W] in [-1, 1] made again from the model's own description of each, on the CPU.

        Raises CapabilityError when the method describes no images.
        """
        method: Any = self.method
        if not knows(method, "encode"):
            raise CapabilityError(f"{self.name} generates images but cannot encode them.")
        batches = [method.reconstruct(self.nets, part.to(self.device)).float().cpu() for part in images.split(batch)]
        return torch.cat(batches).as_subclass(Pictures)

    def embed(self, examples: Tensor, *, batch: int = 256) -> Tensor:
        """What describes each of `examples`, images [n, C, H, W] in [-1, 1] (points [n, D]): [n, numbers] on the CPU.

        The embedding of a model that has one, else its code, as one row each. `saddlepoint.report.embedding` shows them
        flat and finds the nearest. Raises CapabilityError when the method describes no examples.
        """
        task = self.check_embeds()
        outputs = self.do(task.name, {next(iter(task.takes)): examples}, batch=batch)
        return next(iter(outputs.values())).flatten(1)

    def check_embeds(self) -> Task:
        """The task that describes examples by numbers. Raises CapabilityError where there is none."""
        task = self.task("embed") or self.task("encode")
        if task is None:
            raise CapabilityError(
                f"{self.name} describes no given example by numbers; autoencoder, vae, siamese and others do."
            )
        return task

    @torch.no_grad()
    def classify(self, images: Tensor, *, batch: int = 256) -> Tensor:
        """The probability of each class for each of `images` [n, C, H, W] in [-1, 1]: [n, classes] on the CPU.

        Raises CapabilityError when the method names no classes.
        """
        task = self.task("predict")
        if task is None or "class" not in task.gives:
            raise CapabilityError(f"{self.name} does not say what class an image is of.")
        return self.do("predict", {next(iter(task.takes)): images}, batch=batch)["class"]

    @torch.no_grad()
    def translate(
        self,
        images: Tensor,
        origin: str | None = None,
        *,
        seed: int = 0,
        reference: Tensor | None = None,
        batch: int = 16,
    ) -> Tensor:
        """`images` [n, C, H, W] in [-1, 1] as what the model makes of them: same shape and range, on the CPU.

        origin: which of the kinds it was trained on they are (source; a or b); None for the usual one. seed: of what an
        image leaves open. reference: images to take that from instead, of the kind that they become: one for all
        [C, h, w], or one each [n, C, h, w]. H and W are the trained side, or what the networks take beside it.
        Raises CapabilityError when the method translates no images, none of this kind, or none by a reference.
        """
        method: Any = self.method
        origin = self.origin(origin)
        parts = [part.to(self.device) for part in images.split(batch)]
        if reference is None:
            batches = [method.translate(self.nets, part, origin, seed).float().cpu() for part in parts]
        elif knows(method, "translate-like"):
            each = reference.expand(len(images), *reference.shape[-3:]).to(self.device).split(batch)
            batches = [method.translate_like(self.nets, *pair, origin).float().cpu() for pair in zip(parts, each)]
        else:
            raise CapabilityError(f"{self.name} does not use a reference image; leave it out.")
        return torch.cat(batches).as_subclass(Pictures)

    def origin(self, origin: str | None = None) -> str:
        """The kind of images that `translate` starts from: the usual one, or `origin` itself where it is known.

        Raises CapabilityError when the method translates no images, or none of this kind.
        """
        method: Any = self.method
        if not knows(method, "translate"):
            raise CapabilityError(f"{self.name} does not make one image into another.")
        known: dict[str, str] = dict(method.directions())
        if origin is not None and origin not in known:
            ways = ", ".join(f"{start} to {end}" for start, end in known.items())
            raise CapabilityError(f"{self.name} translates nothing from {origin!r}; it knows {ways}.")
        return origin or next(iter(known))

    @torch.no_grad()
    def log_likelihood(self, images: Tensor, *, samples: int = 1000, seed: int = 0) -> Tensor:
        """Log-likelihood of each of `images`, or a lower bound of it, in nats.  [n] on the CPU

        samples: random ones that an estimate is made from; more of them tighten a bound. See the method for whether it
        is one, and of what. Raises CapabilityError when the method knows no likelihood.
        """
        method: Any = self.method
        if not knows(method, "log-likelihood"):
            raise CapabilityError(f"{self.name} does not say how likely an image is.")
        logs: Tensor = method.log_likelihood(self.nets, images.to(self.device), samples, seed).cpu()
        return logs

    def class_number(self, label: int | str) -> int:
        """The number of a class. label: its number, or a text: its name, else its number in digits.

        Raises CapabilityError for a model without classes, or for none of them.
        """
        names = self.spec.classes
        if not names:
            raise CapabilityError(f"this {self.name} was trained without labels; leave --label out.")
        if isinstance(label, str):
            if label in names:
                return names.index(label)
            if not label.isdecimal():
                raise CapabilityError(f"no class is called {label!r}{config.nearest(label, names)}")
            label = int(label)
        if not 0 <= label < len(names):
            raise CapabilityError(f"there is no label {label}; the classes are 0 to {len(names) - 1}.")
        return label

    def __str__(self) -> str:
        """The model in a sentence: "dcgan (3x64x64, 300,032 images seen) from runs/0001-dcgan-photos"."""
        return "{} ({}, {}) from {}".format(*self._words())

    def __repr__(self) -> str:
        return "<{}, {}, {}, from {}>".format(*self._words())

    @property
    def title(self) -> str:
        """The same for files that others may read: of the place its last name alone, which tells nothing of a disk."""
        *words, path = self._words()
        place = path if pretrained.is_packed(path) else path.parent.parent
        prefix = zoo.PREFIX if place.parent == zoo.HOME else ""
        return "{} ({}, {}) from {}".format(*words, f"{prefix}{place.resolve().name}")

    def _words(self) -> tuple[str, str, str, Path]:
        """Name, shape, images seen and place."""
        shape = "x".join(map(str, self.spec.shape))
        thing = "image" if isinstance(self.spec.main, Image) else "example"
        return self.name, shape, count_shown(self.clock.examples, self.spec.examples, thing), self.path


def load(
    path: str | Path,
    *,
    device: str | torch.device = "cpu",
    method: str | Path | type[Method] | Method | None = None,
) -> Model:
    """The model of a run folder (its latest checkpoint), of one checkpoint, of a saved model, of hub:OWNER/NAME or of
    zoo:NAME, which comes with the package.

    method: the class, or the .py file, of a method that is in no package; the file is run. Nothing in the files of the
    model is ever executed. Raises CheckpointError when there is nothing that can be used.
    """
    if method is not None:
        methods.named(method)
    device = device_named(str(device))
    if str(path).startswith(zoo.PREFIX):
        return _packed(zoo.folder(str(path)), Path(), device)
    if str(path).startswith(hub.PREFIX):
        return Model.from_pretrained(str(path), device=device)
    if pretrained.is_packed(Path(path)):
        return Model.from_pretrained(path, device=device)
    checkpoint = find_checkpoint(Path(path))
    run = Folder(checkpoint.resolve().parent.parent)
    facts = read_facts(run)
    with judged(f"the checkpoint {checkpoint}", CheckpointError):
        tensors, saved = files.read(checkpoint, ("nets", "average"), checked=True)
        check_unchanged(saved.get(files.CONFIGURATION), facts, run.facts, ("method", "options", "dataset"))
        weights = {**under("nets/", tensors), **under("average/", tensors)}
        declared = {name: Declared(value.dtype, tuple(value.shape)) for name, value in weights.items()}
        method, spec = method_of(facts), spec_of(facts)
        clock = clock_of(saved.get("clock"), method)
        nets = _awake(method, networks(method, spec, declared, lambda: weights), clock, device)
    return Model(method, nets, spec, facts, clock, checkpoint)


def _packed(folder: Path, home: Path, device: str | torch.device) -> Model:
    """The model of a folder that `save_pretrained` wrote."""
    if not pretrained.is_packed(folder):
        raise CheckpointError(f"{folder} holds no model that `save_pretrained` wrote.")
    with judged(f"the model in {folder}", CheckpointError):
        files = pretrained.read(folder)
        method, spec = method_of(files.facts), spec_of(files.facts)
        clock = clock_of(files.clock, method)
        nets = _awake(method, networks(method, spec, files.declared, files.tensors), clock, device)
    return Model(method, nets, spec, files.facts, clock, folder, home)


def _awake(method: Method, nets: Networks, clock: Clock, device: str | torch.device) -> Networks:
    """Ready to be used."""
    nets = nets.to(torch.device(device)).eval().requires_grad_(False)
    method.set_phase(nets, clock)
    return nets

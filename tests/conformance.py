"""What every method owes the engine, whatever it is about. `test_conformance.py` asks it of each in the folder.

A method's own test file may hold `TINY = {...}`, a literal: settings that make it small, and `shape`, of one example.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from games import Reports, StopAt, pictures, trainer, weights
from saddlepoint import config, methods
from saddlepoint.checkpoint import files
from saddlepoint.checkpoint.model import Model
from saddlepoint.data.batches import UNLABELLED, AdaptBatch, Batch, PairedBatch, UnpairedBatch
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.engine import plan as plans
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.engine.run import RunSettings
from saddlepoint.engine.trainer import Trainer
from saddlepoint.kinds.attributes import Attributes
from saddlepoint.kinds.boxes import Boxes
from saddlepoint.kinds.camera import Camera, orbit
from saddlepoint.kinds.clip import Clip
from saddlepoint.kinds.expression import Expression
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.mask import Mask
from saddlepoint.kinds.mesh import Mesh
from saddlepoint.kinds.moment import Moment
from saddlepoint.kinds.parts import Parts
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.kinds.record import Record
from saddlepoint.kinds.rig import Rig
from saddlepoint.kinds.row import Row
from saddlepoint.kinds.scan import Scan
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.kinds.views import Views
from saddlepoint.methods.base import SGD, Closed, Method, Optim
from saddlepoint.metrics.proofs import measure

STEPS = 3
"""of the last stage, after which every weight that is trained must have moved"""
_SOURCE = re.compile(r"arXiv:\d{4}\.\d{4,5}|doi:10\.\d{4,}")


@functools.cache
def tiny(name: str) -> Mapping[str, Any]:
    """The `TINY` of a method's own test file, or nothing."""
    for path in Path(__file__).parent.glob(f"methods/**/test_{name}.py"):
        for statement in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "TINY":
                return dict(ast.literal_eval(statement.value))
    return {}


def small(name: str) -> Method:
    """The method with its tiny settings."""
    settings = {key: value for key, value in tiny(name).items() if key not in ("shape", "source_shape")}
    return config.from_json(methods.load(name), settings)


def data_for(name: str) -> Dataset:
    """Random examples as the method takes them, of the shape that its test asks for.

    `TINY` may have a `source_shape` beside `shape`, for pairs whose two sides differ.
    """
    takes, shape = methods.load(name).takes, tiny(name).get("shape", (1, 8, 8))
    other = any({Tokens, Clip, Views} & {*kinds} for kinds in takes.kinds().values())
    if other or not takes.kinds().keys() <= {"image", "label", "source", "target", "labelled", "unlabelled", "a", "b"}:
        return other_data(takes, shape)
    made = pictures(shape=shape)
    if takes is PairedBatch:
        source = pictures(shape=tiny(name).get("source_shape", shape)).images
        return dataclasses.replace(made, fields={"source": source, "target": made.images[::-1]}, kinds={})
    if takes is AdaptBatch:
        return dataclasses.replace(made, classes=(*made.classes[:-1], UNLABELLED))
    if takes is UnpairedBatch:
        fields = {"image": made.images, "label": np.arange(len(made)) % 2}
        return dataclasses.replace(made, fields=fields, classes=("a", "b"), kinds={})
    return made


def other_data(takes: type[Batch], shape: tuple[int, ...]) -> Dataset:
    """Examples of kinds other than images with labels, as their kinds make them."""
    names, own = ("red", "large", "round"), dict[str, Kind]()
    fields: dict[str, Any] = {}
    for field, (kind, *_) in takes.kinds().items():
        if kind is Row:  # the loader's own
            continue
        if kind is Image:
            fields[field] = pictures(shape=shape).images
        elif kind is Camera:
            fields[field] = orbit(torch.linspace(0, 6, 64), torch.full((64,), 0.5), 4.0, 1.2 * shape[-1], shape[-1])
        elif kind is Attributes:
            fields[field] = Attributes(names).example(64, 0)
        elif kind is Label:
            fields[field] = np.arange(64) % len(names)
        elif kind is Parts:
            own[field] = Parts(shape[0], names)
            fields[field] = own[field].example(64, 0)
        elif kind is Mesh:
            own[field] = Mesh(*shape)
            fields[field] = own[field].example(64, 0)
        elif kind is Tokens:  # `shape` is their length and the number of pieces
            own[field] = Tokens(shape[0], tuple(f"<{number}>" for number in range(shape[1])), "words")
            fields[field] = own[field].example(64, 0)
        elif kind is Record:  # `shape` is the number of columns
            own[field] = Record.plain(shape[0])
            fields[field] = own[field].stored(own[field].example(64, 0)).float()  # type: ignore[attr-defined]
        elif kind is Boxes:
            own[field] = Boxes(3, names)
            fields[field] = own[field].example(64, 0)
        elif kind is Scan:  # `shape` is its measures, the depth of the grid first
            own[field] = Scan(*shape)
            fields[field] = own[field].example(64, 0)
        elif kind is Moment:
            fields[field] = Moment().example(64, 0)
        elif kind is Rig:  # of `shape`, the first number is that of the views
            one = torch.linspace(0, 6, 64 * shape[0]), torch.full((64 * shape[0],), 0.5)
            fields[field] = orbit(*one, 4.0, 1.2 * shape[-1], shape[-1]).unflatten(0, (64, shape[0]))
        elif kind is Expression:  # of three numbers, for each view
            own[field] = Expression(3, shape[0])
            fields[field] = own[field].example(64, 0)
        elif kind in (Clip, Views):
            own[field] = kind(*shape)
            fields[field] = to_uint8(own[field].example(64, 0))
        else:
            fields[field] = kind(*(shape if kind is not Mask else shape[-2:])).example(64, 0)
    arrays = {name: np.asarray(values) for name, values in fields.items()}
    known = {name: names for name, field in (("attributes", "attributes"), ("classes", "label")) if field in fields}
    return Dataset(arrays, "made", "made", kinds=own, **known)  # type: ignore[arg-type]


def train(name: str, method: Method | None = None, *, steps: int = STEPS, **settings: Any) -> Trainer:
    """A trainer of the small method, not yet begun, for `steps` steps of its last stage and all stages before."""
    method = method or small(name)
    *spans, last = method.stages()
    batch = settings.setdefault("batch", 8)
    sizes = [span.batch or batch for span in spans]
    before = sum(-(-(span.examples or 0) // size) * size for span, size in zip(spans, sizes))
    return trainer(method, data_for(name), examples=before + steps * (last.batch or batch), **settings)


class OnlyItsGroup(Hook):
    """Fails where an update moves a parameter of another group."""

    def __init__(self) -> None:
        self.before: dict[str, Tensor] = {}
        self.updates = 0

    def before_update(self, run: Run, group: str, parameters: Mapping[str, nn.Parameter]) -> None:
        self.before = {name: value.detach().clone() for name, value in run.nets.named_parameters()}

    def after_update(self, run: Run, group: str, parameters: Mapping[str, nn.Parameter]) -> None:
        self.updates += 1
        for name, value in run.nets.named_parameters():
            assert name in parameters or torch.equal(value, self.before[name]), f"{group}'s update moved {name}"


def each_update_moves_only_its_group(name: str) -> None:
    watch = OnlyItsGroup()
    run = train(name, steps=2, hooks=[watch])
    run.fit()
    assert watch.updates or all(group.closed for group in run.groups.values())


def every_trained_weight_moves(name: str) -> None:
    seen = Reports()
    run = train(name, hooks=[seen])
    before = {n: p.detach().clone() for group in run.groups.values() for n, p in group.parameters.items()}
    closed = {network for group in run.groups.values() if group.closed for network in group.spec.networks}
    states = {n: {k: v.clone() for k, v in run.nets.get_submodule(n).state_dict().items()} for n in closed}
    run.fit()
    check_finite(seen)
    still = [n for group in run.groups.values() for n, p in group.parameters.items() if torch.equal(p, before[n])]
    assert not still, f"{name}: {', '.join(still)} did not move in {STEPS} steps"
    for network, state in states.items():
        moved = run.nets.get_submodule(network).state_dict()
        assert any(not torch.equal(moved[key], value) for key, value in state.items()), f"{network} did not move"


def trains_in_bf16(name: str) -> None:
    seen = Reports()
    train(name, steps=1, hooks=[seen], machine=TorchMachine("cpu", "bf16")).fit()
    check_finite(seen)


def check_finite(seen: Reports) -> None:
    assert all(math.isfinite(value) for figures in seen.figures() for value in figures.values())


def micro_batches_equal_one_batch(name: str) -> None:
    """With plain SGD, since Adam's division makes rounding visible where a gradient is near nothing."""

    def plain(self: Method) -> Mapping[str, Optim]:
        specs = kind.optimisers(self).items()
        return {group: o if isinstance(o, Closed) else SGD(*o.networks, lr=0.05) for group, o in specs}

    kind = methods.load(name)
    swapped = type(kind.__name__, (kind,), {"optimisers": plain})
    method = swapped(**{field.name: getattr(small(name), field.name) for field in dataclasses.fields(kind)})
    seen = {parts: Reports() for parts in (1, 4)}
    whole, cut = (train(name, method, steps=2, accumulate=parts, hooks=[seen[parts]]) for parts in (1, 4))
    whole.fit(), cut.fit()
    for (key, one), other in zip(weights(whole).items(), weights(cut).values()):
        assert torch.allclose(one, other, rtol=1e-5, atol=1e-6), f"{name}: {key} depends on how the batch is cut"
    for one_step, other_step in zip(seen[1].figures(), seen[4].figures()):
        assert one_step == pytest.approx(other_step, rel=1e-4, abs=1e-5), "a figure is no mean: watch means and shares"


def resuming_changes_no_bit(name: str, folder: Path) -> None:
    straight = train(name, steps=4)
    straight.fit()
    half = train(name, steps=4, hooks=[StopAt(2)])
    half.fit()
    half.check_finite()  # as every checkpoint does before it is written: state that begins at infinity fits none
    resumed = train(name, steps=4)
    resumed.restore(*files.read(files.write(folder, 2, *half.state())))
    resumed.fit()
    wanted, found = weights(straight), weights(resumed)
    assert wanted.keys() == found.keys()
    assert [key for key in wanted if not torch.equal(wanted[key], found[key])] == []
    assert straight.state()[1] == resumed.state()[1]
    assert all(p.is_contiguous(memory_format=torch.channels_last) for p in resumed.nets.parameters() if p.dim() == 4)


@functools.cache
def trained(name: str) -> Model:
    """The small method after one step, as it would be loaded."""
    run = train(name, steps=1)
    run.fit()
    nets = (run.average or run.nets).eval().requires_grad_(False)
    return Model(run.method, nets, run.data.spec, {"method": name}, run.clock, Path())


def tasks_are_as_stated(name: str) -> None:
    """Each output has the shape of its kind, is finite, and row i of it depends on row i of the inputs alone."""
    model = trained(name)
    for task in model.tasks:
        fields = task.examples(model.nets, 5, 3)
        for field, values in fields.items():
            assert values.shape == (5, *task.takes[field].shape), f"{task.name}: {field}"
        outputs = model.do(task.name, fields)
        assert outputs.keys() == task.gives.keys()
        apart = model.do(task.name, fields, batch=2)
        for output, values in outputs.items():
            assert values.shape == (len(values), *task.gives[output].shape), f"{task.name}: {output}"
            assert bool(torch.isfinite(values).all()), f"{task.name}: {output} is not finite"
            if task.exact:
                assert torch.allclose(values, apart[output], atol=1e-4), f"{task.name}: examples mix"
                again = model.do(task.name, fields)[output]
                assert torch.equal(values, again), f"{task.name} differs from time to time"


def samples_are_as_stated(name: str) -> None:
    model = trained(name)
    if model.task("generate") is None:
        return
    images = model.sample(5, seed=3)
    assert images.shape == (5, *model.spec.shape)
    assert images.dtype == torch.float32
    assert torch.equal(model.spec.main.checked(images).float(), images)
    assert images.abs().max() <= 1 or isinstance(model.spec.main, Tokens)
    assert torch.allclose(images, model.sample(5, seed=3, batch=2), atol=1e-5), "samples depend on the batch size"
    assert torch.allclose(images[:3], model.sample(3, seed=3), atol=1e-5), "samples depend on how many are asked for"
    assert not torch.equal(images, model.sample(5, seed=4))


def translations_are_as_stated(name: str) -> None:
    model = trained(name)
    for task in model.tasks:
        if task.name.startswith("translate-") and not task.name.endswith("-like"):
            origin = task.name.split("-")[1]
            images = task.examples(model.nets, 5, 0)["images"]
            made = model.translate(images, origin, seed=3)
            assert made.abs().max() <= 1
            assert torch.equal(made, model.translate(images, origin, seed=3)), "a translation differs from time to time"
            assert torch.allclose(made, model.translate(images, origin, seed=3, batch=1), atol=1e-5), "images mix"


def configuration_survives_json(name: str) -> None:
    for method in (methods.load(name)(), small(name)):
        text = json.dumps(config.to_json(method))
        assert config.from_json(type(method), json.loads(text)) == method


def every_setting_explains_itself(name: str) -> None:
    kind = methods.load(name)
    explained = config.field_help(kind)
    assert [field.name for field in dataclasses.fields(kind) if not explained.get(field.name)] == []


def its_source_is_named(name: str) -> None:
    assert _SOURCE.search(methods.module(name).__doc__ or ""), f"{name}: the docstring names no arXiv id or doi"


def its_class_keeps_the_contract(name: str) -> None:
    kind = methods.load(name)
    assert issubclass(kind.takes, Batch)
    assert getattr(kind, "__final__", False)
    assert dataclasses.fields(kind)
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    run = train(name)
    networks = dict(run.nets.named_children())
    assert {*kind.compiles, *kind.frozen} <= networks.keys()
    assert all(run.nets.get_submodule(path) for path in kind.checkpoints)


def its_proof_can_be_run(name: str) -> None:
    proof = methods.proof(name)
    measure(proof.measure)
    assert proof.claim.endswith(".")
    plans.make(name, {**proof.settings, "data": proof.data})


def its_presets_are_plans(name: str) -> None:
    for preset in methods.presets(name):
        plans.make(name, {}, preset=preset)


def its_defaults_are_settings_of_a_run(name: str) -> None:
    known = {*plans.names(RunSettings), *plans.names(DataSettings)}
    assert {*methods.load(name).defaults} <= known, "a method's own settings have their defaults at their fields"
    plan = plans.make(name, {})
    assert all(getattr(plan.run, key, getattr(plan.data, key, None)) == v for key, v in plan.method.defaults.items())


def its_settings_have_names_of_their_own(name: str) -> None:
    assert plans.clashes(methods.load(name)) == []

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
import torch
from torch import Tensor, nn

from games import Reports, StopAt, pictures, trainer, weights
from saddlepoint import config, methods
from saddlepoint.checkpoint import files
from saddlepoint.checkpoint.bundle import Model
from saddlepoint.data.batches import Batch, PairedBatch, UnpairedBatch
from saddlepoint.data.dataset import Dataset
from saddlepoint.engine import plan as plans
from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.engine.trainer import Trainer
from saddlepoint.methods.abilities import Samples, Translates
from saddlepoint.methods.base import SGD, Method, Optim
from saddlepoint.metrics.proofs import measure

STEPS = 3
"""within which every weight that is trained must have moved"""
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
    settings = {key: value for key, value in tiny(name).items() if key != "shape"}
    return config.from_json(methods.load(name), settings)


def data_for(name: str) -> Dataset:
    """Random images as the method takes them, of the shape that its test asks for."""
    made, takes = pictures(shape=tiny(name).get("shape", (1, 8, 8))), methods.load(name).takes
    if takes is PairedBatch:
        return dataclasses.replace(made, fields={"source": made.images, "target": made.images[::-1]})
    if takes is UnpairedBatch:
        fields = {"image": made.images, "label": np.arange(len(made)) % 2}
        return dataclasses.replace(made, fields=fields, classes=("a", "b"))
    return made


def train(name: str, method: Method | None = None, *, steps: int = STEPS, **settings: Any) -> Trainer:
    """A trainer of the small method, not yet begun."""
    return trainer(method or small(name), data_for(name), examples=steps * settings.get("batch", 8), **settings)


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
    train(name, steps=2, hooks=[watch]).fit()
    assert watch.updates


def every_trained_weight_moves(name: str) -> None:
    run = train(name)
    before = {n: p.detach().clone() for group in run.groups.values() for n, p in group.parameters.items()}
    run.fit()
    still = [n for group in run.groups.values() for n, p in group.parameters.items() if torch.equal(p, before[n])]
    assert not still, f"{name}: {', '.join(still)} did not move in {STEPS} steps"


def losses_are_finite(name: str) -> None:
    seen = Reports()
    train(name, hooks=[seen]).fit()
    assert all(math.isfinite(value) for figures in seen.figures() for value in figures.values())


def micro_batches_equal_one_batch(name: str) -> None:
    """With plain SGD, since Adam's division makes rounding visible where a gradient is near nothing."""

    def plain(self: Method) -> Mapping[str, Optim]:
        return {group: SGD(*optim.networks, lr=0.05) for group, optim in kind.optimisers(self).items()}

    kind = methods.load(name)
    swapped = type(kind.__name__, (kind,), {"optimisers": plain})
    method = swapped(**{field.name: getattr(small(name), field.name) for field in dataclasses.fields(kind)})
    whole, cut = (train(name, method, steps=2, accumulate=parts, hooks=[Reports()]) for parts in (1, 4))
    whole.fit(), cut.fit()
    for (key, one), other in zip(weights(whole).items(), weights(cut).values()):
        assert torch.allclose(one, other, rtol=1e-5, atol=1e-6), f"{name}: {key} depends on how the batch is cut"


def resuming_changes_no_bit(name: str, folder: Path) -> None:
    straight = train(name, steps=4)
    straight.fit()
    half = train(name, steps=4, hooks=[StopAt(2)])
    half.fit()
    resumed = train(name, steps=4)
    resumed.restore(*files.read(files.write(folder, 2, *half.state())))
    resumed.fit()
    wanted, found = weights(straight), weights(resumed)
    assert wanted.keys() == found.keys()
    assert [key for key in wanted if not torch.equal(wanted[key], found[key])] == []
    assert straight.state()[1] == resumed.state()[1]
    assert all(p.is_contiguous(memory_format=torch.channels_last) for p in resumed.nets.parameters() if p.dim() == 4)


def samples_are_as_stated(name: str) -> None:
    run = train(name, steps=1)
    run.fit()
    if not isinstance(run.method, Samples):
        return
    nets = (run.average or run.nets).eval()
    facts = {"method": name}
    model = Model(run.method, nets, run.data.spec, facts, run.clock, Path())
    images = model.sample(5, seed=3)
    assert images.shape == (5, *run.data.spec.shape)
    assert images.dtype == torch.float32
    assert images.abs().max() <= 1
    assert torch.allclose(images, model.sample(5, seed=3, batch=2), atol=1e-5), "samples depend on the batch size"
    assert torch.allclose(images[:3], model.sample(3, seed=3), atol=1e-5), "samples depend on how many are asked for"
    assert not torch.equal(images, model.sample(5, seed=4))


def translations_are_as_stated(name: str) -> None:
    run = train(name, steps=1)
    run.fit()
    if not isinstance(run.method, Translates):
        return
    model = Model(run.method, (run.average or run.nets).eval(), run.data.spec, {"method": name}, run.clock, Path())
    fields = run.data.look(np.arange(12)).tensors()
    for origin in run.method.directions():
        given = fields[origin]
        made = model.translate(given, origin, seed=3)
        assert made.shape == given.shape
        assert made.dtype == torch.float32
        assert made.abs().max() <= 1
        assert torch.equal(made, model.translate(given, origin, seed=3)), "a translation differs from time to time"
        assert torch.allclose(made, model.translate(given, origin, seed=3, batch=1), atol=1e-5), "images mix"


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
    networks = dict(train(name).nets.named_children())
    assert {*kind.compiles, *kind.frozen} <= networks.keys()


def its_proof_can_be_run(name: str) -> None:
    proof = methods.proof(name)
    measure(proof.measure)
    assert proof.claim.endswith(".")
    assert 0 < proof.share < 1
    plans.make(name, {**proof.settings, "data": proof.data})


def its_presets_are_plans(name: str) -> None:
    for preset in methods.presets(name):
        plans.make(name, {}, preset=preset)


def its_settings_have_names_of_their_own(name: str) -> None:
    assert plans.clashes(methods.load(name)) == []

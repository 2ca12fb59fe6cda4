"""Networks of others with odd names and shapes: a model or a sentence, whatever stands in the file."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
import torch
from torch import Tensor, nn

from ports import example_generator, filled, official_generator, port_translator
from saddlepoint import config, methods
from saddlepoint.checkpoint.convert.origins import recognise
from saddlepoint.checkpoint.networks import networks
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import CheckpointError, SaddlepointError
from saddlepoint.storage.plain import judged
from saddlepoint.storage.tensors import Declared

State = dict[str, Tensor]


def states() -> dict[str, State]:
    dcgan = dict(example_generator().state_dict())
    return {
        "dcgan": dcgan,
        "cyclegan": dict(port_translator(1, nn.InstanceNorm2d).state_dict()),
        "stylegan2": filled(dict(official_generator(0))),
    }


def imported(state: State) -> None:
    _, found = recognise({"": state})
    flat = {f"{name}.{key}": value for name, part in found.weights.items() for key, value in part.items()}
    declared = {name: Declared(value.dtype, tuple(value.shape)) for name, value in flat.items()}
    with judged("it", CheckpointError):
        method = config.from_json(methods.load(found.method), found.options)
        networks(method, DataSpec.of(found.shape, tuple(map(str, range(found.classes)))), declared, lambda: flat)


@pytest.mark.parametrize("which", ["dcgan", "cyclegan", "stylegan2"])
def test_the_networks_that_the_changes_start_from_are_known(which: str) -> None:
    imported(states()[which])


@pytest.mark.parametrize(
    "name",
    ["main.9999999.weight", "main.9000000000000000.weight", "main.٣.weight", "main.\x1b[2J.weight", "main.³.bias"],
)
def test_a_layer_of_an_impossible_number_is_refused_in_words(name: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        imported({**states()["dcgan"], name: torch.zeros(1)})
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("which", ["dcgan", "cyclegan", "stylegan2"])
def test_names_and_shapes_that_were_changed_at_random_give_a_model_or_a_sentence(which: str) -> None:
    source, state = random.Random(0), states()[which]
    for _ in range(60):
        changed = dict(state)
        for name in source.sample(sorted(changed), 2):
            value = changed.pop(name)
            match source.randrange(5):
                case 0:
                    changed[name.replace(".", source.choice((".7.", "..", ".x.", "")), 1)] = value
                case 1:
                    changed["".join(source.choice("0123456789") if c.isdigit() else c for c in name)] = value
                case 2:
                    changed[name] = value.reshape(-1)[: source.randrange(3)]
                case 3:
                    changed[name] = value[None] if source.random() < 0.5 else value.sum()
                case _:
                    pass
        with suppress(SaddlepointError):
            imported(changed)

"""What the latent room promises of any method that makes images from latents; a new one is asked by being there."""

from pathlib import Path

import pytest
import torch

import conformance
from saddlepoint import methods
from saddlepoint.checkpoint.model import Model
from saddlepoint.kinds.image import Image
from saddlepoint.latent import mixing, variation
from saddlepoint.latent.addresses import codes_of, latents_of, parse
from saddlepoint.latent.arithmetic import combine
from saddlepoint.latent.codes import Code
from saddlepoint.latent.components import components
from saddlepoint.latent.decode_codes import images_of
from saddlepoint.latent.factorisation import factorise
from saddlepoint.latent.paths import through
from saddlepoint.methods.abilities import LatentSpace, Styles

NAMES = [
    name
    for name, entry in methods.listing().items()
    if entry.family != "plug-in"
    and isinstance(conformance.small(name), LatentSpace)
    and isinstance(conformance.data_for(name).main, Image)
]


def untrained(name: str) -> Model:
    run = conformance.train(name)
    return Model(run.method, run.nets.eval().requires_grad_(False), run.data.spec, {"method": name}, run.clock, Path())


@pytest.mark.parametrize("name", NAMES)
def test_the_tools_of_the_latent_room_keep_shape_and_range(name: str) -> None:
    model = untrained(name)
    code = codes_of(model, parse("3:0-1,4"))
    shape = model.spec.shape

    def shown(values: torch.Tensor) -> torch.Tensor:
        label = None if code.label is None else code.label[:1].expand(len(values))
        images = images_of(model, Code(code.space, values, None, label), batch=2)
        assert images.shape == (len(values), *shape)
        assert images.dtype == torch.float32
        assert images.abs().max() <= 1
        return images

    for along in ("line", "great-circle", "smooth"):
        shown(through(code.values, 2, along))
    shown(combine([code.values, code.values[:1]], [1, -1])[None])
    for made in (factorise(model, 2), components(model, 2, samples=64)):
        assert made.vectors.shape == (2, code.values[0].numel() if code.space == "z" else code.values.shape[-1])
        moved = shown(made.moved(code, made.names[0], 3.0).values)
        assert torch.equal(made.moved(code, made.names[0], 0.0).values, code.values)
        assert moved.shape[0] == 3
    whole = images_of(model, latents_of(model, parse("3:0-1")), truncation=0.5)
    assert whole.shape == (2, *shape)
    if isinstance(model.method, Styles):
        shown(mixing.mix(code.values, code.values.flip(0), mixing.layers_named("fine", mixing.sides_of(model))))
        if model.method.noise_sides(model.nets):
            noise = variation.other_noise(model, 3, 0)
            assert images_of(model, variation.with_noise(code.at(slice(0, 1)), noise)).shape == (3, *shape)

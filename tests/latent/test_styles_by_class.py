"""A model of classes that has styles: latents need a class, and styles carry it."""

import pytest
import torch
from small_models import model
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.errors import CapabilityError
from saddlepoint.keyed import key
from saddlepoint.latent.addresses import codes_of, latents_of, parse
from saddlepoint.latent.codes import Code, Space, save_code, spaces, styles_of
from saddlepoint.latent.components import components
from saddlepoint.latent.decode_codes import images_of
from saddlepoint.latent.directions import pool
from saddlepoint.latent.encoder import Training, _samples, encode, train_encoder
from saddlepoint.latent.factorisation import affines, factorise
from saddlepoint.latent.guide import moved_to
from saddlepoint.latent.hybrid import hybrid
from saddlepoint.latent.prior import random_codes
from saddlepoint.latent.project import Projection, project


def small() -> Model:
    return model("stylegan2_conditional", side=8, channels=1, classes=("a", "b", "c"))


def test_it_has_the_spaces_of_styles_and_images_are_named_as_sample_makes_them() -> None:
    assert spaces(small()) == ("z", "w", "w+")
    latents = latents_of(small(), parse("5:0-3"))
    assert latents.label is not None
    assert latents.label.tolist() == [0, 1, 2, 0]
    assert latents_of(small(), parse("5:0-3"), label=2).label.tolist() == [2] * 4  # type: ignore[union-attr]
    torch.testing.assert_close(codes_of(small(), parse("5:0-3")).values, styles_of(small(), latents))


def test_styles_carry_their_class_and_a_label_beside_them_changes_nothing() -> None:
    code = codes_of(small(), parse("0:0-2"))
    torch.testing.assert_close(
        images_of(small(), code), images_of(small(), Code("w+", code.values, None, torch.tensor([2, 2, 0])))
    )
    latents = latents_of(small(), parse("0:0-2"))
    moved = images_of(small(), moved_to(small(), latents, None))
    torch.testing.assert_close(moved, images_of(small(), latents))
    other = images_of(small(), Code("z", latents.values, None, torch.tensor([2, 2, 0])))
    assert not torch.allclose(other, moved, atol=1e-3)


def test_latents_without_a_class_are_refused_and_a_file_of_them_takes_the_one_that_is_asked_for(tmp_path) -> None:
    latents = latents_of(small(), parse("1:1"))
    with pytest.raises(CapabilityError, match="give a label"):
        styles_of(small(), Code("z", latents.values))
    save_code(Code("z", latents.values), tmp_path / "bare.safetensors", {})
    found = codes_of(small(), parse(str(tmp_path / "bare.safetensors")), label=2)
    wanted = styles_of(small(), Code("z", latents.values, None, torch.tensor([2])))
    torch.testing.assert_close(found.values, wanted)


def test_directions_are_sought_over_all_classes_or_within_one() -> None:
    assert pool(small(), 4, 0)[1].label.tolist() == [0, 1, 2, 0]  # type: ignore[union-attr]
    space, within = pool(small(), 6, 0, label=1)
    assert space == "w"
    assert within.label.tolist() == [1] * 6  # type: ignore[union-attr]
    torch.testing.assert_close(within.values[1], pool(small(), 6, 0)[1].values[1])
    everywhere, one = (components(small(), 2, samples=300, label=label) for label in (None, 1))
    assert one.facts["how"].endswith("styles of class 1")
    assert not torch.allclose(everywhere.spread, one.spread)
    assert len(affines(small())) == 5  # every layer that takes a style: three convolutions, and one to each image
    assert not torch.allclose(factorise(small(), 2).spread, factorise(small(), 2, label=1).spread)
    with pytest.raises(CapabilityError, match="no class 3: the classes are 0 to 2"):
        pool(small(), 6, 0, label=3)
    with pytest.raises(CapabilityError, match="trained without labels"):
        components(model("stylegan2"), 2, label=1)


@pytest.mark.parametrize("space", ["z", "w", "w+"])
def test_a_given_image_is_found_in_the_class_that_is_asked_for_or_that_of_the_nearest_sample(space: Space) -> None:
    images = small().sample(2, seed=9, label=1).as_subclass(Tensor)
    settings = Projection(steps=8, candidates=30, noise=False)
    nearest = project(small(), images, space=space, settings=Projection(steps=0, candidates=30, noise=False))
    free, asked = (project(small(), images, space=space, settings=settings, label=label) for label in (None, 2))
    assert bool((free.error <= nearest.error + 1e-6).all())
    assert asked.code.label is not None
    assert asked.code.label.tolist() == [2, 2]
    assert free.code.label is not None


def test_an_encoder_names_the_class_unless_it_is_given() -> None:
    images = small().sample(3, seed=9).as_subclass(Tensor)
    encoder = train_encoder(small(), space="z", settings=Training(images=32, batch=16, width=8))
    named, given = encode(small(), encoder, images), encode(small(), encoder, images, label=2)
    assert named.code.label.shape == (3,)  # type: ignore[union-attr]
    assert given.code.label.tolist() == [2, 2, 2]  # type: ignore[union-attr]
    torch.testing.assert_close(named.code.values, given.code.values)
    found = hybrid(small(), encoder, images, label=1, settings=Projection(steps=1, noise=False))
    assert found.code.label.tolist() == [1, 1, 1]  # type: ignore[union-attr]
    with pytest.raises(CapabilityError, match="no class 3"):
        encode(small(), encoder, images, label=3)


def test_the_samples_of_an_encoder_mix_styles_of_one_class_alone() -> None:
    code, _ = _samples(small(), "w+", 64, seed=0, mixed=1.0)
    drawn = random_codes(small(), 64, "w", key("mixed", 0), code.label)
    plain = random_codes(small(), 64, "w", seed=0)
    assert torch.equal(code.values[:, 0], plain.values)
    assert torch.equal(code.values[:, -1], drawn.values)
    assert torch.equal(drawn.label, plain.label)  # type: ignore[arg-type]

"""Directions found with labels and without, where the answer is known."""

import numpy as np
import pytest
import torch
from small_models import model
from torch import nn

from saddlepoint.checkpoint.model import Model
from saddlepoint.errors import ConfigError, DataError, ShapeError
from saddlepoint.latent import boundaries, components, factorisation
from saddlepoint.methods.base import Networks

DRAW = np.random.default_rng(0)
CODES = torch.from_numpy(DRAW.normal(size=(800, 6))).float()


def cosine(a, b):
    return abs(float(nn.functional.cosine_similarity(a.double(), b.double(), dim=0)))


def test_the_normal_of_a_boundary_is_the_direction_that_the_labels_follow():
    along = torch.tensor([1.0, -2, 0, 0, 0.5, 0])
    made = boundaries.boundary(CODES, (CODES @ along > 0.3).numpy().astype(float))
    assert cosine(made.vector, along) > 0.98
    assert made.vector @ along > 0
    assert made.accuracy > 0.93
    assert made.used + made.held_out == 800


def test_of_graded_scores_the_extremes_are_used():
    along = torch.tensor([0.0, 1, 1, 0, 0, 0])
    score = (CODES @ along + 0.3 * torch.from_numpy(DRAW.normal(size=800))).numpy()
    score[:50] = np.nan
    made = boundaries.boundary(CODES, score, share=0.1)
    assert made.used + made.held_out == 150
    assert cosine(made.vector, along) > 0.95
    assert made.accuracy > 0.95


def test_labels_that_say_nothing_are_parted_at_random():
    coins = (DRAW.random(800) < 0.3).astype(float)
    made = boundaries.boundary(CODES, coins)
    assert 0.35 < made.accuracy < 0.65
    assert torch.equal(made.vector, boundaries.boundary(CODES, coins).vector)


def test_too_few_of_a_kind_make_no_boundary():
    scores = {"rare": np.arange(800.0) < 19, "none": np.zeros(800), "half": (CODES[:, 0] > 0).numpy()}
    found, failed = boundaries.boundaries(CODES, {name: score.astype(float) for name, score in scores.items()})
    assert found.keys() == {"half"}
    assert "19 images have it and 781 have not" in failed["rare"]
    assert "0 images have it" in failed["none"]
    with pytest.raises(DataError, match="needs 20 of each"):
        boundaries.boundary(CODES, np.full(800, np.nan))
    with pytest.raises(ShapeError, match="a score each"):
        boundaries.boundary(CODES, np.zeros(3))


def test_the_layers_that_a_plain_generators_latents_meet_are_found():
    (only,) = factorisation.affines(model("dcgan"))
    assert (only.name, only.layer) == ("generator.project", 0)
    torch.testing.assert_close(only.matrix, model("dcgan").nets.generator.project.weight)


def test_every_layer_that_takes_a_style_is_found_with_its_place():
    found = factorisation.affines(model("stylegan2"))
    assert sorted(affine.layer for affine in found) == [0, 1, 1, 2, 3, 3, 4, 5]
    layer = found[0]
    module = model("stylegan2").nets.get_submodule(layer.name)
    torch.testing.assert_close(layer.matrix, module.weight * module.scale)


def test_factors_are_the_eigenvectors_of_the_first_weights_strongest_first():
    made = factorisation.factorise(model("dcgan"), 4)
    rows = nn.functional.normalize(model("dcgan").nets.generator.project.weight.double(), dim=1)
    gains = (rows @ made.vectors.double().T).square().sum(0)
    torch.testing.assert_close(gains, torch.linalg.eigvalsh(rows.T @ rows).flip(0)[:4])
    assert made.names == ("factor-1", "factor-2", "factor-3", "factor-4")
    assert "1 affine layers" in made.facts["how"]


def test_some_layers_of_styles_can_be_factorised_alone():
    styled = model("stylegan2")
    some, whole = factorisation.factorise(styled, 3, layers=(0, 1)), factorisation.factorise(styled, 3)
    assert not torch.allclose(some.vectors, whole.vectors, atol=1e-2)
    assert some.facts["layers"] == [0, 1]
    with pytest.raises(ConfigError, match="leave --layers out"):
        factorisation.factorise(model("dcgan"), layers=(0,))


def test_a_module_that_bends_has_no_matrix():
    linear = nn.Sequential(nn.Unflatten(1, (3, 1, 1)), nn.ConvTranspose2d(3, 2, 2))
    matrix = factorisation.matrix_of(linear, (1, 3))
    x = torch.randn(5, 3)
    torch.testing.assert_close(linear(x).flatten(1), x @ matrix.T + linear(torch.zeros(1, 3)).flatten(1))
    assert factorisation.matrix_of(nn.Sequential(nn.Linear(3, 8), nn.ReLU()), (1, 3)) is None


def test_where_no_layer_meets_the_latent_itself_the_images_slopes_are_taken():
    small = model("cgan", 8, 1, ("a", "b"))
    assert factorisation.affines(small) == []
    made = factorisation.factorise(small, 3)
    assert "Jacobian" in made.facts["how"]
    assert made.vectors.shape == (3, small.method.latent)


def test_the_mean_jacobian_of_a_linear_generator_is_its_weights():
    small = model("dcgan")
    weight = torch.randn(12, 4, generator=torch.Generator().manual_seed(1))

    linear = nn.Sequential(nn.Linear(12, 4), nn.Unflatten(1, (1, 2, 2)))
    linear[0].weight.data = 0.01 * weight.T  # small enough that nothing is clamped
    nets = Networks(generator=linear).requires_grad_(False)
    plain = Model(small.method, nets, small.spec, small.facts, small.clock, small.path)
    codes = factorisation.pool(plain, 64, 0)[1]
    square = factorisation.gram(plain, codes, 6000) / 1e-4
    wanted = (weight @ weight.T).double()
    assert (square - wanted).norm() < 0.1 * wanted.norm()


def test_the_main_axes_of_styles_are_theirs():
    styled = model("stylegan2")
    made = components.components(styled, 4, samples=600)
    assert made.space == "w"
    torch.testing.assert_close(made.vectors @ made.vectors.T, torch.eye(4), atol=1e-5, rtol=0)
    shares = made.facts["share_of_variance"]
    assert shares == sorted(shares, reverse=True)
    assert all(a >= b for a, b in zip(made.spread, made.spread[1:]))


def test_main_axes_are_found_in_rows_of_known_shape():
    rows = CODES * torch.tensor([1.0, 5, 2, 0.1, 3, 0.5])
    vectors, variance = components.axes(rows, 3)
    assert vectors.abs().argmax(1).tolist() == [1, 4, 2]
    torch.testing.assert_close(variance.sum(), rows.double().var(0).sum())


def test_latents_follow_the_axes_of_the_images():
    small = model("dcgan")
    made = components.components(small, 2, samples=400)
    assert (made.space, made.vectors.shape) == ("z", (2, 12))
    assert "least squares" in made.facts["how"]

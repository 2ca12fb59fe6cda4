"""PSD: what codes minimise includes the prediction; the atoms' length; the shrinkage; what moves which part."""

import pytest
import torch
from drive import HandDraw
from torch import Tensor

from saddlepoint.data.batches import DataSpec
from saddlepoint.kinds.image import Image
from saddlepoint.methods.abilities import HasPatterns, Reconstructs
from saddlepoint.methods.autoencoder.psd import PSD, smooth_shrink
from saddlepoint.methods.base import Clock

TINY = {"atoms": 12, "inference_steps": 5}
PATCHES = DataSpec({"image": Image(1, 5, 5, 32)})


def test_codes_minimise_error_penalty_and_prediction_together() -> None:
    method = PSD(atoms=12, inference_steps=3000, prediction=0.7, sparsity=0.4)
    nets, x = method.networks(PATCHES).double(), torch.randn(9, 25, dtype=torch.float64)
    atoms, foreseen = nets.dictionary.rows.detach(), torch.randn(9, 12, dtype=torch.float64)
    codes = method.infer(x, atoms, foreseen)
    slope = 2 * (x - codes @ atoms) @ atoms.T + 2 * 0.7 * (foreseen - codes)  # the public code leaves the second out
    assert slope.abs().max() <= 0.4 + 1e-6
    assert torch.allclose(slope[codes != 0], 0.4 * codes[codes != 0].sign(), atol=1e-6)


def test_atoms_keep_unit_length_and_codes_are_fixed_while_the_parts_move() -> None:
    method = PSD(**TINY)
    nets, image = method.networks(PATCHES), torch.randn(20, 1, 5, 5)
    game = method.train_step(nets, HandDraw(image), Clock())
    atoms, encoder = next(game)
    with torch.no_grad():
        nets.dictionary.rows.mul_(3)
    with pytest.raises(StopIteration):
        game.send({})
    assert torch.allclose(nets.dictionary.rows.norm(dim=1), torch.ones(12), atol=1e-6)
    assert not encoder.losses["distance"].isnan()
    (slopes,) = torch.autograd.grad(encoder.losses["distance"], [nets.dictionary.rows], allow_unused=True)
    assert slopes is None  # no part moves the other's weights
    slopes = torch.autograd.grad(atoms.losses["error"], list(nets.encoder.parameters()), allow_unused=True)
    assert all(slope is None for slope in slopes)


def test_the_gradient_of_the_atoms_is_that_of_the_error_at_fixed_codes() -> None:
    method = PSD(**TINY)
    nets, image = method.networks(PATCHES), torch.randn(20, 1, 5, 5)
    x = image.flatten(1)
    atoms, _ = next(method.train_step(nets, HandDraw(image), Clock()))
    codes = method.infer(x, nets.dictionary.rows.detach(), nets.encoder(x).detach())
    (slope,) = torch.autograd.grad(atoms.losses["error"], nets.dictionary.rows)
    assert torch.allclose(slope, -2 * codes.T @ (x - codes @ nets.dictionary.rows) / 20, atol=1e-5)


def test_the_shrinkage_is_odd_flat_within_its_edge_and_straight_beyond() -> None:
    s = torch.linspace(-60, 60, 1201, dtype=torch.float64)
    edge, steep = torch.tensor(2.0, dtype=torch.float64), torch.tensor(8.0, dtype=torch.float64)
    shrunk = smooth_shrink(s, edge, steep)
    wanted = s.sign() * (((steep * edge).exp() + (steep * s.abs()).exp() - 1).log() / steep - edge)
    near = s.abs() < 50
    assert torch.allclose(shrunk[near], wanted[near])
    assert shrunk.isfinite().all()
    assert torch.allclose(shrunk, -shrunk.flip(0))
    assert shrunk[s.abs() < 1].abs().max() < 1e-3
    assert torch.allclose(shrunk[s > 5], s[s > 5] - 2, atol=1e-6)


@pytest.mark.parametrize("encoder", ["shrink", "tanh"])
def test_a_trained_one_says_codes_at_once(encoder: str) -> None:
    method = PSD(encoder=encoder, **TINY)
    assert isinstance(method, Reconstructs)
    assert isinstance(method, HasPatterns)
    nets = method.networks(PATCHES)
    image: Tensor = torch.randn(4, 1, 5, 5)
    assert method.encode(nets, image).shape == (4, 12)
    assert method.reconstruct(nets, image).shape == image.shape
    assert method.patterns(nets).shape == (12, 1, 5, 5)


def test_the_first_encoder_is_the_first_step_of_inference() -> None:
    method = PSD(encoder="tanh", **TINY)
    nets = method.networks(PATCHES)
    small = 1e-3 * torch.randn(4, 25)
    step = small @ nets.dictionary.rows.T / torch.linalg.matrix_norm(nets.dictionary.rows, 2) ** 2
    assert torch.allclose(nets.encoder(small), step, atol=1e-6)

"""Sparse coding: a step by hand, the unit ball, idle atoms, and what a trained one shows."""

import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.kinds.image import Image
from saddlepoint.methods.abilities import HasPatterns, Reconstructs
from saddlepoint.methods.autoencoder.sparse_coding import SparseCoding
from saddlepoint.methods.base import Clock, Networks
from saddlepoint.nn.kernels.sparse import objective

TINY = {"atoms": 12, "inference_steps": 10}
PATCHES = DataSpec({"image": Image(1, 5, 5, 32)})


def one_step(method: SparseCoding, nets: Networks, image: torch.Tensor) -> dict[str, torch.Tensor]:
    update = next(method.train_step(nets, HandDraw(image), Clock()))
    report = {f"dictionary/{name}": value for name, value in update.watch.items() if isinstance(value, torch.Tensor)}
    with torch.no_grad():
        method.after_step(nets, report, Clock(fresh=len(image)))
    return report


def test_a_step_lowers_the_objective_and_keeps_atoms_in_the_unit_ball() -> None:
    method, image = SparseCoding(atoms=12, memory=1, inference_steps=500), torch.randn(100, 1, 5, 5)
    nets = method.networks(PATCHES)
    first, *_, last = [one_step(method, nets, image)["dictionary/objective"].item() for _ in range(5)]
    assert last < first
    assert nets.dictionary.atoms.norm(dim=1).max() <= 1 + 1e-6
    codes, flat = method.encode(nets, image), image.flatten(1)
    slope = 2 * (flat - codes @ nets.dictionary.atoms) @ nets.dictionary.atoms.T
    assert slope.abs().max() <= method.sparsity + 1e-3
    left = objective(flat, nets.dictionary.atoms, codes, method.sparsity).mean()
    assert left <= last


def test_statistics_of_earlier_batches_fade_with_the_memory() -> None:
    method, image = SparseCoding(memory=400, **TINY), torch.randn(100, 1, 5, 5)
    nets = method.networks(PATCHES)
    report = one_step(method, nets, image)
    assert torch.allclose(nets.dictionary.gram, report["dictionary/gram"] / 4)
    later = one_step(method, nets, image)
    assert torch.allclose(
        nets.dictionary.gram, 0.75 * report["dictionary/gram"] / 4 + later["dictionary/gram"] / 4, atol=1e-6
    )


def test_an_atom_that_nothing_uses_is_drawn_anew() -> None:
    method = SparseCoding(memory=1, **TINY)
    nets = method.networks(PATCHES)
    before = nets.dictionary.atoms.detach().clone()
    one_step(method, nets, torch.zeros(10, 1, 5, 5))
    assert not torch.isclose(nets.dictionary.atoms, before).all(1).any()
    assert torch.allclose(nets.dictionary.atoms.norm(dim=1), torch.ones(12))


def test_images_are_coded_without_their_mean_and_patches_as_they_are() -> None:
    method, image = SparseCoding(**TINY), torch.rand(50, 1, 8, 8)
    nets = method.networks(DataSpec.of((1, 8, 8)))
    method.prepare(nets, lambda n: ImageBatch(image[:n]))
    assert torch.allclose(nets.centre.rows(image).mean(0), torch.zeros(64), atol=1e-6)
    assert method.reconstruct(nets, image * 2 - 1).abs().max() <= 1
    assert not method.networks(PATCHES).centre.centred


def test_it_shows_its_atoms_at_full_contrast() -> None:
    method = SparseCoding(**TINY)
    assert isinstance(method, HasPatterns)
    assert isinstance(method, Reconstructs)
    shown = method.patterns(method.networks(PATCHES))
    assert shown.shape == (12, 1, 5, 5)
    assert torch.allclose(shown.flatten(1).abs().amax(1), torch.ones(12))

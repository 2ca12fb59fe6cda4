"""Sparse codes against scikit-learn and by their optimality conditions; the dictionary's update by its objective."""

import pytest
import torch
from sklearn.decomposition import sparse_encode
from sklearn.linear_model import Lasso
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.nn.kernels.sparse import fit_atoms, largest_eigenvalue, objective, shrink, sparse_codes

PENALTY = 0.3


def example(n: int = 20, atoms: int = 40, size: int = 25) -> tuple[Tensor, Tensor]:
    stream = torch.Generator().manual_seed(1)
    dictionary = F.normalize(torch.randn(atoms, size, generator=stream, dtype=torch.float64), dim=1)
    return torch.randn(n, size, generator=stream, dtype=torch.float64), dictionary


def codes_of(x: Tensor, atoms: Tensor, penalty: float = PENALTY, steps: int = 2000) -> Tensor:
    return sparse_codes(x, atoms, penalty, steps, largest_eigenvalue(atoms))


def test_codes_are_those_of_scikit_learn_at_half_the_penalty() -> None:
    x, atoms = example()
    own = codes_of(x, atoms)
    theirs = sparse_encode(x.numpy(), atoms.numpy(), algorithm="lasso_cd", alpha=PENALTY / 2, max_iter=100_000)
    assert torch.allclose(own, torch.from_numpy(theirs), atol=1e-3)
    lasso = Lasso(alpha=PENALTY / 2 / x.shape[1], fit_intercept=False, tol=1e-10, max_iter=100_000)
    one = lasso.fit(atoms.T.numpy(), x[0].numpy()).coef_  # it divides the square by the number of values as well
    assert torch.allclose(own[0], torch.from_numpy(one), atol=1e-3)


def test_no_code_can_be_improved() -> None:
    x, atoms = example()
    codes = codes_of(x, atoms)
    slope = 2 * (x - codes @ atoms) @ atoms.T
    assert slope.abs().max() <= PENALTY + 1e-6
    assert torch.allclose(slope[codes != 0], PENALTY * codes[codes != 0].sign(), atol=1e-6)


def test_three_atoms_are_found_again_in_their_sum() -> None:
    atoms = F.normalize(torch.randn(80, 100, generator=torch.Generator().manual_seed(0)), dim=1)
    x = 0.8 * atoms[36] + 0.3 * atoms[42] + 0.5 * atoms[65]
    codes = codes_of(x[None], atoms, 0.05)[0]
    assert codes.nonzero().flatten().tolist() == [36, 42, 65]
    assert codes[[36, 42, 65]].tolist() == pytest.approx([0.8, 0.3, 0.5], abs=0.05)


def test_a_pull_is_part_of_what_is_minimised() -> None:
    x, atoms = example()
    toward = torch.randn(20, 40, generator=torch.Generator().manual_seed(2), dtype=torch.float64) / 4
    codes = sparse_codes(x, atoms, PENALTY, 2000, largest_eigenvalue(atoms), toward, 0.7)
    slope = 2 * (x - codes @ atoms) @ atoms.T - 2 * 0.7 * (codes - toward)
    assert slope.abs().max() <= PENALTY + 1e-6
    assert torch.allclose(slope[codes != 0], PENALTY * codes[codes != 0].sign(), atol=1e-6)


def test_neither_half_of_a_round_raises_the_objective() -> None:
    x, atoms = example(200)
    last = torch.inf
    for _ in range(10):
        codes = codes_of(x, atoms, steps=500)
        coded = objective(x, atoms, codes, PENALTY).mean().item()
        atoms = fit_atoms(atoms, codes.T @ codes / 200, codes.T @ x / 200)
        fitted = objective(x, atoms, codes, PENALTY).mean().item()
        assert fitted <= coded + 1e-9
        assert coded <= last + 1e-9
        assert atoms.norm(dim=1).max() <= 1 + 1e-12
        last = fitted


def test_without_the_unit_ball_the_penalty_is_beaten_by_growing_atoms() -> None:
    x, atoms = example()
    codes = codes_of(x, atoms)
    assert objective(x, 10 * atoms, codes / 10, PENALTY).mean() < objective(x, atoms, codes, PENALTY).mean()
    grown = fit_atoms(10 * atoms, codes.T @ codes / 1e4, codes.T @ x / 1e3)
    assert grown[codes.square().sum(0) > 0].norm(dim=1).max() <= 1 + 1e-12


def test_rows_are_coded_by_themselves() -> None:
    x, atoms = example()
    assert torch.allclose(codes_of(x, atoms, steps=30)[:3], codes_of(x[:3], atoms, steps=30))


def test_shrinking_moves_towards_zero() -> None:
    assert shrink(torch.tensor([-2.0, -0.5, 0.0, 0.5, 2.0]), 1.0).tolist() == [-1, 0, 0, 0, 1]

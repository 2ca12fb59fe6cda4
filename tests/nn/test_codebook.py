"""Codebooks: the nearest code by brute force, gradients straight through, means followed, dead codes revived."""

import pytest
import torch

from saddlepoint.errors import ConfigError
from saddlepoint.nn.layers.codebook import Codebook, FiniteScalars, nearest, perplexity


def test_the_nearest_code_is_that_of_all_distances() -> None:
    z, book = torch.randn(3, 4, 5, 2), Codebook(7, 4)
    found = book(z)
    far = (z.movedim(1, -1)[..., None, :] - book.codes[0]).square().sum(-1)  # [N, H, W, K]
    assert torch.equal(found.codes[:, 0], far.argmin(-1))
    assert torch.equal(nearest(z.movedim(1, -1), book.codes[0]), far.argmin(-1))
    assert torch.allclose(found.values, book.look(found.codes), atol=1e-6)
    assert found.loss.item() == pytest.approx(far.amin(-1).mean().item() / 4, rel=1e-5)


@pytest.mark.parametrize("book", [Codebook(8, 3), Codebook(8, 3, depth=3), FiniteScalars((4, 3, 2))])
def test_the_encoders_gradient_is_the_decoders(book: torch.nn.Module) -> None:
    z, slope = torch.randn(2, 3, 4, 4, requires_grad=True), torch.randn(2, 3, 4, 4)
    (book(z).values * slope).sum().backward()
    assert z.grad is not None
    if isinstance(book, Codebook):
        assert torch.allclose(z.grad, slope)
    else:  # the bound has a slope of its own, the rounding none
        assert torch.allclose(z.grad, slope * (1 - z.detach().tanh().square()) * 1.001, atol=1e-6)


def test_with_a_frozen_encoder_the_codes_come_to_the_means_of_what_takes_them() -> None:
    centres = torch.tensor([[-2.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    member = torch.arange(300) % 3
    z = (centres[member] + 0.2 * torch.randn(300, 2)).T[None, :, :, None]  # [1, 2, 300, 1]
    book = Codebook(3, 2, decay=0.9)
    book.start(centres + 0.5)
    for _ in range(300):
        book.move(book(z).figures)
    means = torch.stack([z[0, :, member == k, 0].mean(1) for k in range(3)])
    assert torch.allclose(book.codes[0], means, atol=1e-4)


def test_a_code_that_nothing_takes_stays_where_it_is_at_the_start() -> None:
    """Counts that begin at 0 multiply it by a hundred thousand (or shrink it to nothing), for good."""
    book = Codebook(2, 2, revive=0.0)
    book.start(torch.tensor([[0.0, 0.0], [5.0, 5.0]]))
    for _ in range(5000):
        book.move(book(torch.zeros(4, 2, 1, 1)).figures)
    assert torch.allclose(book.codes[0, 1], torch.tensor([5.0, 5.0]), rtol=1e-3)


def test_dead_codes_come_back_among_the_vectors() -> None:
    z = torch.randn(16, 4, 8, 8) + 3
    kept, revived = Codebook(32, 4, revive=0.0, decay=0.9), Codebook(32, 4, decay=0.9)
    for book in (kept, revived):
        book.start(torch.randn(32, 4) * 0.1 - 30)  # one of them is nearest to all vectors
        for _ in range(100):
            book.move(book(z).figures)
    assert perplexity(kept(z).figures["share"]).item() < 3
    assert perplexity(revived(z).figures["share"]).item() > 20


def test_codes_begin_where_vectors_gather() -> None:
    centres = torch.randn(6, 3) * 5
    z = (centres[torch.arange(240) % 6] + 0.01 * torch.randn(240, 3)).T[None, :, :, None]
    book = Codebook(6, 3)
    book.begin(z)
    assert torch.cdist(centres, book.codes[0]).amin(1).max() < 0.05
    book = Codebook(9, 3)  # more codes than vectors
    book.begin(centres.T[None, :, :, None])
    assert book(centres.T[None, :, :, None]).loss < 1e-8


def test_every_round_quantises_what_is_left() -> None:
    z = torch.randn(4, 3, 8, 8)
    error = []
    for depth in (1, 2, 4):
        book = Codebook(16, 3, depth=depth)
        book.begin(z)
        found = book(z)
        assert found.codes.shape == (4, depth, 8, 8)
        assert torch.allclose(book.look(found.codes), found.values, atol=1e-5)
        error.append((z - found.values).square().mean().item())
    assert error[0] > 2 * error[1] > 4 * error[2]


@pytest.mark.parametrize("levels", [(2,), (3, 4), (8, 5, 5, 5), (2, 2, 7)])
def test_index_and_code_say_the_same_of_all_combinations_of_levels(levels: tuple[int, ...]) -> None:
    book = FiniteScalars(levels)
    every = torch.arange(book.size)[:, None, None, None]
    values = book.look(every)
    assert len(values.flatten(1).unique(dim=0)) == book.size
    assert values.abs().max() == 1
    found = book((values * 0.995).atanh())
    assert torch.equal(found.codes, every)
    assert torch.allclose(found.values, values, atol=1e-6)
    assert found.loss == 0


def test_two_levels_part_at_nought_and_the_outermost_levels_are_reached() -> None:
    book = FiniteScalars((2, 5))
    z = torch.tensor([[-0.1, 10.0], [0.1, -10.0]])[:, :, None, None]
    assert book(z).values.flatten(1).tolist() == [[-1, 1], [1, -1]]
    with pytest.raises(ConfigError, match="from 2 on"):
        FiniteScalars((4, 1))


def test_perplexity_over_all_data_is_more_than_over_its_parts() -> None:
    parts = torch.eye(4)  # each batch uses one code alone
    assert perplexity(parts).tolist() == [1, 1, 1, 1]
    assert perplexity(parts.mean(0)).item() == pytest.approx(4)

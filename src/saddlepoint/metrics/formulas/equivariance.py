"""How exactly images move with the canvas of their generator, in decibels. Karras et al. 2021, arXiv:2106.12423.

EQ-T: by whole pixels, up to an eighth of the side. EQ-R of the paper turns by any angle and compares after a resampling
of its own; here it turns by quarters, which need none.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Render = Callable[[Tensor], Tensor]
"""An affine map of the canvas [3, 3] -> images [N, C, S, S] in [-1, 1]; what is shown moves by its inverse."""

_SHARE = 0.125


def decibels(square: float) -> float:
    """The peak signal-to-noise ratio of a mean squared error, where images span 2."""
    return float(10 * torch.log10(4 / torch.tensor(max(square, 1e-20))))


def translation(render: Render, trials: int, seed: int = 0) -> float:
    """EQ-T in decibels: more is better; where moved and drawn again agree to the last bit, 200 and more.

    render: see `Render`. trials: shifts at random.
    """
    still, draw = render(torch.eye(3)), torch.Generator().manual_seed(seed)
    side, squares = still.shape[-1], []
    most = max(1, int(_SHARE * side))
    for _ in range(trials):
        right, down = torch.randint(-most, most + 1, (2,), generator=draw).tolist()
        move = torch.eye(3)
        move[0, 2], move[1, 2] = -right / side, -down / side
        moved, wanted = render(move), still.roll((down, right), (2, 3))
        rows = slice(max(down, 0), side + min(down, 0))
        columns = slice(max(right, 0), side + min(right, 0))
        squares.append((moved - wanted)[:, :, rows, columns].square().mean().item())
    return decibels(sum(squares) / len(squares))


def rotation(render: Render) -> float:
    """EQ-R by quarter turns, in decibels, over the disc that stays within the canvas."""
    still, squares = render(torch.eye(3)), []
    side = still.shape[-1]
    place = (torch.arange(side) + 0.5) / side - 0.5
    disc = place[:, None].square() + place.square() <= 0.25
    for quarter in (1, 2, 3):
        angle = torch.tensor(quarter * torch.pi / 2)
        turn = torch.eye(3)
        turn[0, 0] = turn[1, 1] = angle.cos()
        turn[0, 1], turn[1, 0] = -angle.sin(), angle.sin()
        wanted = still.rot90(quarter, (2, 3))
        squares.append((render(turn) - wanted).square()[:, :, disc].mean().item())
    return decibels(sum(squares) / len(squares))

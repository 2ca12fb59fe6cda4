"""Estimates of memory: the same where what backward needs does not fit, and a bound where a step does not end."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch

from games import Game, both, trainer
from saddlepoint.engine import memory
from saddlepoint.methods.base import Adam


def test_what_does_not_fit_is_counted_as_if_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    run = trainer(Game(moves=both(Adam)))
    usual = memory.estimate(run)
    assert usual.fits
    assert usual.activations > 0
    monkeypatch.setattr(memory, "free_bytes", lambda device: 0)
    monkeypatch.setattr(memory, "_within", lambda room: nullcontext())
    short = memory.estimate(run)
    assert (short.total, short.whole, short.fits) == (usual.total, True, False)
    assert all(parameter.grad is None for parameter in run.nets.parameters())


def test_a_step_that_asks_for_more_than_is_free_ends_in_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    run = trainer(Game(moves=both(Adam)))
    monkeypatch.setattr(run.mover, "differentiate", lambda flows, report: torch.empty(2**50))
    bound = memory.estimate(run)
    assert not bound.whole
    assert not bound.fits

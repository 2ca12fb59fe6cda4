"""Public networks at random weights with what they answer, against which ours are held; see tests/parity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

_HERE = Path(__file__).parents[1] / "parity"


class Official:
    """One file of them. Skips the test where the file is not there."""

    def __init__(self, name: str) -> None:
        path = _HERE / f"{name}.npz"
        if not path.exists():
            pytest.skip(f"{path.name} is not there")
        self.file = np.load(path)

    def input(self, name: str) -> Tensor:
        """An input, or an answer as "out.NAME"."""
        return torch.from_numpy(self.file[name if "." in name else f"in.{name}"])

    def state(self, prefix: str = "") -> dict[str, Tensor]:
        """The weights of one network, in its own order."""
        start = f"sd.{prefix}"
        names = [name for name in self.file.files if name.startswith(start)]
        return {name.removeprefix(start): torch.from_numpy(self.file[name]) for name in names}

    def into(self, network: nn.Module, prefix: str = "", leave_out: tuple[str, ...] = ()) -> Any:
        """Gives a network the official weights, one after another, in evaluation mode.

        Both name their parts differently and hold them in the same order; parameters first, then buffers.
        """
        own, theirs = network.state_dict(), self.state(prefix)
        values = [value for name, value in theirs.items() if not name.startswith(leave_out or ("\0",))]
        assert [tuple(value.shape) for value in own.values()] == [tuple(value.shape) for value in values]
        network.load_state_dict(dict(zip(own, values)))
        return network.eval()

    def check(self, answer: Tensor, name: str, tolerance: float = 1e-4) -> None:
        """The answer differs by less than a share of the largest official number."""
        wanted = self.input(f"out.{name}")
        assert answer.shape == wanted.shape
        assert (answer.detach() - wanted).abs().max() < tolerance * wanted.abs().max()

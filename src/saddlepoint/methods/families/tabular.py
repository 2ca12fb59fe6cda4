"""Generators of records: their modes, found before the first step, and how a trained one is asked for rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.config import Width
from saddlepoint.data.batches import Batch, DataSpec
from saddlepoint.data.record_batch import RecordBatch
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.keyed import normal_rows
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.record import Record
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Method, Networks
from saddlepoint.nn.layers.column_modes import ColumnModes

_LOOKED_AT = 100_000


@dataclass(frozen=True, kw_only=True)
class Tabular(Method, ABC):
    """A method whose networks hold `modes` and which makes records from rows of N(0, 1)."""

    takes = RecordBatch

    latent: Width = 128
    """length of the noise vector, beside the numbers that words are drawn with"""

    @abstractmethod
    def made(self, nets: nn.Module, latents: Tensor) -> Tensor:
        """Latents [n, ...] -> values as `ColumnModes.records` takes them."""

    @abstractmethod
    def numbers(self, modes: ColumnModes) -> int:
        """How many numbers a latent has."""

    def record_kind(self, data: DataSpec) -> Record:
        """The columns of the data. Raises ConfigError for what is no table."""
        kind = data.main
        if not isinstance(kind, Record):
            raise ConfigError(f"this method makes records; the data has {kind}. {RecordBatch.given_by}")
        return kind

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        """The modes of numbers and the frequencies of words, of up to 100,000 rows."""
        batch = look(_LOOKED_AT)
        assert isinstance(batch, RecordBatch)
        nets.modes.fit(batch.record)

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, numbers] float32 on the CPU, N(0, 1); latent i depends on (seed, i) alone."""
        modes: Any = nets.get_submodule("modes")
        return normal_rows(n, self.numbers(modes), seed, first=first)

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """Nothing."""
        return {}

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Records [n, D] in [-1, 1], float32; row i depends on latent i alone."""
        if how.label is not None:
            raise CapabilityError("this model was trained without labels and cannot make a chosen class; give none.")
        modes: Any = nets.get_submodule("modes")
        records: Tensor = modes.records(self.made(nets, latents))
        return records


def evenly(normal: Tensor) -> Tensor:
    """Numbers of N(0, 1) as numbers even over (0, 1)."""
    shares: Tensor = torch.special.ndtr(normal).clamp(1e-6, 1 - 1e-6)
    return shares


def gumbel(normal: Tensor) -> Tensor:
    """Numbers of N(0, 1) as Gumbel's: the largest of logits with these added is a draw from their softmax."""
    return -(-evenly(normal).log()).log()

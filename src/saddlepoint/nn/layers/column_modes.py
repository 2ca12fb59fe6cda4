"""Mixed columns as networks see them: a number within one of its column's modes, and words as one of many.

Mode-specific normalisation of Xu et al. 2019 (CTGAN), arXiv:1907.00503, section 4.2. A number is written as the mode
that it is of and as its distance from the middle of that mode in four deviations. The modes are those of a variational
mixture of at most ten Gaussians, of which light ones are left out.

Paper           here
alpha, beta     the distance, and the mode as one of `MODES`
d               a word as one of its column's
"""

from __future__ import annotations

import warnings
from typing import final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.keyed import key
from saddlepoint.kinds.record import Record

MODES, LEAST = 10, 0.005
"""of a column of numbers at most, and the weight under which one is left out"""
_WIDE = 4.0
_FITTED = 5000  # rows that the mixtures are fitted to


@final
class ColumnModes(nn.Module):
    """Records [N, D] in [-1, 1] <-> what networks see, [N, width].

    Of each column in order: a number becomes 1 + MODES numbers, a word as many as its column has. Until `fit` was
    called every column of numbers has one mode, around 0.
    """

    means: Tensor
    deviations: Tensor
    weights: Tensor
    frequencies: Tensor

    def __init__(self, kind: Record) -> None:
        super().__init__()
        self.kind = kind
        columns = len(kind.columns)
        first = torch.zeros(columns, MODES)
        first[:, 0] = 1.0
        self.register_buffer("means", torch.zeros(columns, MODES))
        self.register_buffer("deviations", torch.full((columns, MODES), 0.5))
        self.register_buffer("weights", first)  # 0 for a mode that is not there
        self.register_buffer("frequencies", torch.cat([torch.ones(count) for count in (*kind.counts, 0)]))

    @property
    def spans(self) -> list[tuple[int, bool]]:
        """Of each stretch of what networks see: its length, and whether it is one of many; in order."""
        stretches = []
        for count in self.kind.counts:
            stretches += [(count, True)] if count else [(1, False), (MODES, True)]
        return stretches

    @property
    def width(self) -> int:
        """Numbers that networks see of a record."""
        return sum(length for length, _ in self.spans)

    def fit(self, records: Tensor) -> None:
        """Find the modes of numbers and how often each word is, from records [N, D] in [-1, 1]."""
        from sklearn.mixture import BayesianGaussianMixture

        counted = []
        for column, count in enumerate(self.kind.counts):
            if count:
                counted.append(torch.bincount(self.kind.places(records, column), minlength=count).float())
                continue
            values = records[:, column].detach().cpu().double().numpy()
            step = max(1, len(values) // _FITTED)
            some = values[::step][:, None]
            components = min(MODES, len(np.unique(some)))
            mixture = BayesianGaussianMixture(
                n_components=components,
                weight_concentration_prior_type="dirichlet_process",
                weight_concentration_prior=0.001,
                max_iter=100,
                random_state=key(0, "modes", column) % 2**32,
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a mixture that has not quite converged serves as well
                mixture.fit(some)
            for buffer, own in (
                (self.means, mixture.means_[:, 0]),
                (self.deviations, np.sqrt(mixture.covariances_[:, 0, 0]).clip(1e-4)),
                (self.weights, np.where(mixture.weights_ > LEAST, mixture.weights_, 0)),
            ):
                buffer[column, :components] = torch.from_numpy(own).to(buffer)
                buffer[column, components:] = 0 if buffer is not self.deviations else 0.5
        if counted:
            self.frequencies.copy_(torch.cat(counted))

    def seen(self, records: Tensor, chance: Tensor) -> Tensor:
        """Records as networks see them.  [N, D] -> [N, width]

        chance: [N, D] in [0, 1), which of the modes that fit a number is taken; .5 where it does not matter.
        """
        parts = []
        for column, count in enumerate(self.kind.counts):
            if count:
                parts.append(F.one_hot(self.kind.places(records, column).clamp(0, count - 1), count).float())
                continue
            value, mean, deviation = records[:, column, None], self.means[column], self.deviations[column]
            density = self.weights[column] * torch.exp(-0.5 * ((value - mean) / deviation).square()) / deviation
            share = (density + 1e-30 * self.weights[column]).cumsum(1)
            mode = (share < chance[:, column, None] * share[:, -1:]).sum(1).clamp_max(MODES - 1)
            hot = F.one_hot(mode, MODES).float()
            scaled = ((value - mean) / (_WIDE * deviation) * hot).sum(1, keepdim=True)
            parts += [scaled.clamp(-0.99, 0.99), hot]
        return torch.cat(parts, 1)

    def records(self, values: Tensor) -> Tensor:
        """The records that values [N, width] stand for, by the largest of each one of many.  [N, D] in [-1, 1]"""
        columns, place = [], 0
        for column, count in enumerate(self.kind.counts):
            if count:
                best = values[:, place : place + count].argmax(1)
                columns.append(best / max(1, count - 1) * 2 - 1)
                place += count
                continue
            mode = self.absent(column, values[:, place + 1 : place + 1 + MODES]).argmax(1)
            number = values[:, place] * _WIDE * self.deviations[column][mode] + self.means[column][mode]
            columns.append(number)
            place += 1 + MODES
        return torch.stack(columns, 1).clamp(-1, 1)

    def absent(self, column: int, logits: Tensor) -> Tensor:
        """Logits of modes with those far below all others that the column does not have.  [N, MODES]"""
        return logits.masked_fill(self.weights[column] == 0, -1e4)

    def present(self, logits: Tensor) -> Tensor:
        """The same of everything that networks give, [N, width]."""
        parts, place = [], 0
        for column, count in enumerate(self.kind.counts):
            length = count or 1 + MODES
            part = logits[:, place : place + length]
            parts += [part] if count else [part[:, :1], self.absent(column, part[:, 1:])]
            place += length
        return torch.cat(parts, 1)

"""Weights held near an anchor: where they have been on average, where they began, or what mattered of that.

history: historical averaging, Salimans et al. 2016, arXiv:1606.03498, section 3.3. start: L2-SP, Li et al. 2018,
arXiv:1802.01483, section 3. important: elastic weight consolidation, Kirkpatrick et al. 2017, arXiv:1612.00796,
equation 3, whose diagonal of Fisher's information is read off the mean squares of gradients that Adam has kept in the
earlier run; they are those of batches and decay, so they are the diagonal up to a factor, and their mean is set to 1.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.engine.optim import Group
from saddlepoint.errors import CheckpointError, ConfigError

AnchorTo = Literal["history", "start", "important"]
_SQUARES = "exp_avg_sq"
"""what torch calls Adam's mean squares"""


@final
class Anchor(Hook):
    """Adds the gradient of weight times sum(importance (w - anchor)^2) to that of each player.

    Without an importance all weights count 1.
    """

    def __init__(self, groups: Mapping[str, Group], to: AnchorTo, weight: float) -> None:
        self.to, self.weight = to, weight
        self.places = {name: value.detach().clone() for name, value in _all(groups).items()}
        self.importance: dict[str, Tensor] = {}
        self.steps = {name: torch.zeros((), dtype=torch.int64) for name in groups}

    def begin(self, run: Run) -> None:
        """Raises ConfigError where the importance of weights is asked for and no earlier run tells it."""
        if self.to == "important" and not self.importance:
            raise ConfigError(
                "--anchor-to important asks what mattered in an earlier run: start from one with --from RUN, or use"
                " --anchor-to start."
            )

    @torch.no_grad()
    def before_update(self, run: Run, group: str, parameters: Mapping[str, nn.Parameter]) -> None:
        """The pull towards the anchor."""
        for path, parameter in parameters.items():
            if parameter.grad is not None:
                pull = (parameter - self.places[f"{group}/{path}"]).mul_(2 * self.weight)
                importance = self.importance.get(f"{group}/{path}")
                parameter.grad += pull if importance is None else pull * importance

    @torch.no_grad()
    def after_update(self, run: Run, group: str, parameters: Mapping[str, nn.Parameter]) -> None:
        """The mean of all weights so far, the first ones among them."""
        if self.to == "history":
            self.steps[group] += 1
            share = 1 / (int(self.steps[group]) + 1)
            for path, parameter in parameters.items():
                self.places[f"{group}/{path}"].lerp_(parameter, share)

    @torch.no_grad()
    def anew(self, groups: Mapping[str, Group], loaded: Collection[str], moments: Mapping[str, Tensor]) -> None:
        """The anchor of a run whose networks of these names have just been loaded; others are free.

        loaded: networks; empty for all. moments: of the optimisers of the earlier run, "group/path/key".
        Raises ConfigError where the earlier run had no Adam for what was loaded.
        """
        for name, parameter in _all(groups).items():
            self.places[name].copy_(parameter)
        if self.to == "history":
            return
        squares = {key.split("/")[-2]: value for key, value in moments.items() if key.endswith(f"/{_SQUARES}")}
        for name, place in self.places.items():
            path = name.split("/")[-1]
            free = bool(loaded) and path.partition(".")[0] not in loaded
            if self.to == "start" or free:
                self.importance[name] = torch.full_like(place, 0.0 if free else 1.0)
            elif path in squares and squares[path].shape == place.shape:
                self.importance[name] = torch.empty_like(place).copy_(squares[path])
            else:
                self.importance[name] = torch.zeros_like(place)  # it did not learn there
        if self.to == "important":
            total = torch.stack([each.sum() for each in self.importance.values()]).sum()
            count = sum(each.numel() for each in self.importance.values() if bool(each.any()))
            if not total > 0:
                raise ConfigError(
                    "--anchor-to important reads what mattered off Adam's moments, and the earlier run has none of"
                    " these weights: use --anchor-to start."
                )
            for each in self.importance.values():
                each.mul_(count / total)

    def tensors(self) -> dict[str, Tensor]:
        """What must survive a restart, by name."""
        return {
            **{f"place/{name}": value for name, value in self.places.items()},
            **{f"importance/{name}": value for name, value in self.importance.items()},
            **{f"steps/{name}": value for name, value in self.steps.items()},
        }

    def take(self, saved: Mapping[str, Tensor]) -> None:
        """Take back what `tensors` gave. Raises CheckpointError for a checkpoint of a run without an anchor."""
        for name, own in {f"place/{name}": value for name, value in self.places.items()}.items():
            if name not in saved or saved[name].shape != own.shape:
                raise CheckpointError(f"the checkpoint has no anchor for {name.removeprefix('place/')}.")
            own.copy_(saved[name])
        self.steps = {name: saved[f"steps/{name}"].clone().cpu() for name in self.steps}
        start = "importance/"
        self.importance = {
            name.removeprefix(start): torch.empty_like(self.places[name.removeprefix(start)]).copy_(value)
            for name, value in saved.items()
            if name.startswith(start)
        }


def _all(groups: Mapping[str, Group]) -> dict[str, nn.Parameter]:
    return {f"{name}/{path}": value for name, group in groups.items() for path, value in group.parameters.items()}

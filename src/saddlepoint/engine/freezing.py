"""Freezing: weights that stay as they are while the rest learns, as in fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import nn

from saddlepoint.config import nearest
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Networks, Optim


def freeze(nets: Networks, paths: Sequence[str], optimisers: Mapping[str, Optim]) -> None:
    """Takes the weights of networks, or of modules and weights within them ("network.path"), out of training.

    Raises ConfigError for a path that is not there, with the nearest that is, and where a player has nothing left to
    learn.
    """
    names = [name for name, _ in nets.named_parameters()]
    for path in paths:
        inside = [name for name in names if name == path or name.startswith(f"{path}.")]
        if not inside:
            modules = [name for name, module in nets.named_modules() if name and any(True for _ in module.parameters())]
            raise ConfigError(
                f"--freeze {path}: nothing with weights is called that{nearest(path, modules)} The networks are"
                f" {', '.join(name for name, _ in nets.named_children())}."
            )
        for name in inside:
            nets.get_parameter(name).requires_grad_(False)
    for group, optimiser in optimisers.items() if paths else ():
        own: list[nn.Parameter] = [p for name in optimiser.networks for p in nets.get_submodule(name).parameters()]
        if own and not any(parameter.requires_grad for parameter in own):
            raise ConfigError(f"--freeze leaves {group} nothing to learn: leave a part of {_listed(optimiser)} free.")


def _listed(optimiser: Optim) -> str:
    return " or ".join(optimiser.networks)

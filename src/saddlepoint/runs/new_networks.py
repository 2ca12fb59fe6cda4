"""New networks for a run: measured without their numbers first, so a size that no machine holds is one sentence."""

from __future__ import annotations

from typing import Any

import psutil
import torch

from saddlepoint.checkpoint.networks import outline
from saddlepoint.config import to_json
from saddlepoint.data.batches import DataSpec
from saddlepoint.engine.plan import Plan
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import key
from saddlepoint.methods.base import Networks
from saddlepoint.storage.plain import Unfit

_CALLS = 500_000
"""calls of torch that networks may take to make; StyleGAN2 for 1024 pixels takes some thousands"""
_TOO_LARGE = ("memory", "overflow", "too large", "exceed")
"""what torch's errors say of a tensor that cannot be had"""
_NAMED = 3
"""settings that are named, at most"""


def new_networks(plan: Plan, spec: DataSpec) -> Networks:
    """The networks of a plan, a function of its seed.

    Raises ConfigError for networks that this machine has no memory for, naming the settings that are likely to blame.
    """
    try:
        with torch.random.fork_rng(devices=[]):
            drawn = outline(plan.method, spec, _CALLS)
        if drawn is not None:
            _check_size(plan, drawn)
        torch.manual_seed(key(plan.run.seed, "networks"))
        return plan.method.networks(spec)
    except Unfit as error:
        raise _too_large(plan, f"more than {_CALLS:,} steps to make") from error
    except (MemoryError, OverflowError) as error:
        raise _too_large(plan, "more memory than there is") from error
    except RuntimeError as error:
        if not any(words in str(error).lower() for words in _TOO_LARGE):
            raise
        raise _too_large(plan, "more memory than there is") from error


def _check_size(plan: Plan, drawn: Networks) -> None:
    size = sum(value.numel() * value.element_size() for value in drawn.state_dict().values())
    there = psutil.virtual_memory().total
    if size > there:
        raise _too_large(plan, f"{size / 2**30:,.0f} GiB, and this machine has {there / 2**30:,.0f} GiB")


def _too_large(plan: Plan, needed: str) -> ConfigError:
    """Names the settings of the method that are sizes and were raised, else its largest ones."""
    values = {name: value for name, value in to_json(plan.method).items() if _is_size(value)}
    defaults = to_json(type(plan.method)())
    raised = {name: value for name, value in values.items() if value != defaults[name]} or values
    largest = sorted(raised, key=lambda name: _size(raised[name]), reverse=True)[:_NAMED]
    settings = ", ".join(f"{name} ({_text(raised[name])})" for name in largest) or "the resolution"
    return ConfigError(f"the networks of {plan.name} would need {needed}: lower {settings}, or --resolution.")


def _text(value: Any) -> str:
    return " ".join(f"{each:,}" for each in value) if isinstance(value, list) else f"{value:,}"


def _size(value: Any) -> int:
    return max(value) if isinstance(value, list) else int(value)


def _is_size(value: Any) -> bool:
    each = value if isinstance(value, list) else [value]
    return bool(each) and all(isinstance(one, int) and not isinstance(one, bool) for one in each)

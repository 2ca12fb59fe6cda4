"""New networks, of a run or a student: measured without their numbers first, so one too large is one sentence."""

from __future__ import annotations

from typing import Any

import psutil
import torch

from saddlepoint.checkpoint.networks import outline
from saddlepoint.config import to_json
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Method, Networks
from saddlepoint.storage.plain import Unfit

_CALLS = 500_000
"""calls of torch that networks may take to make; StyleGAN2 for 1024 pixels takes some thousands"""
_TOO_LARGE = ("memory", "overflow", "too large", "exceed")
"""what torch's errors say of a tensor that cannot be had"""
_NAMED = 3
"""settings that are named, at most"""


def new_networks(name: str, method: Method, spec: DataSpec, seed: int, other: str = "") -> Networks:
    """The networks of a method, a function of `seed`, which is a key.

    name: of the method. other: what else makes them smaller than the settings that are named, for the error.
    Raises ConfigError for networks that this machine has no memory for, naming the settings that are likely to blame.
    """
    try:
        with torch.random.fork_rng(devices=[]):
            drawn = outline(method, spec, _CALLS)
        needed = None if drawn is None else _beyond_memory(drawn)
        if needed is None:
            torch.manual_seed(seed)
            return method.networks(spec)
    except Unfit:
        needed = f"more than {_CALLS:,} steps to make"
    except (MemoryError, OverflowError):
        needed = "more memory than there is"
    except RuntimeError as error:
        if not any(words in str(error).lower() for words in _TOO_LARGE):
            raise
        needed = "more memory than there is"
    raise ConfigError(f"the networks of {name} would need {needed}: lower {_to_lower(method)}{other}.")


def _beyond_memory(drawn: Networks) -> str | None:
    """The size of networks that this machine cannot hold, in words."""
    size = sum(value.numel() * value.element_size() for value in drawn.state_dict().values())
    total = psutil.virtual_memory().total
    return f"{size / 2**30:,.0f} GiB, and this machine has {total / 2**30:,.0f} GiB" if size > total else None


def _to_lower(method: Method) -> str:
    """The settings of the method that are sizes and were raised, else its largest ones, with their values."""
    values = {name: value for name, value in to_json(method).items() if _is_size(value)}
    defaults = to_json(type(method)())
    raised = {name: value for name, value in values.items() if value != defaults[name]} or values
    largest = sorted(raised, key=lambda name: _size(raised[name]), reverse=True)[:_NAMED]
    return ", ".join(f"{name} ({_text(raised[name])})" for name in largest) or "the resolution"


def _text(value: Any) -> str:
    return " ".join(f"{each:,}" for each in value) if isinstance(value, list) else f"{value:,}"


def _size(value: Any) -> int:
    return max(value) if isinstance(value, list) else int(value)


def _is_size(value: Any) -> bool:
    each = value if isinstance(value, list) else [value]
    return bool(each) and all(isinstance(one, int) and not isinstance(one, bool) for one in each)

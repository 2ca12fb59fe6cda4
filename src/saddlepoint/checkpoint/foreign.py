"""Weight files of other programs as named tensors: what torch has saved, and pickles of whole networks.

`.pth`, `.pt`, `.bin`: torch's zip or its older form, holding a state dict, bare or under a name. `.safetensors`: the
same without a name. `.pkl`: of whole networks, as stylegan2-ada-pytorch and what was built on it write them
(torch_utils/persistence.py): each lies there with its source code, which is left out unread, and its state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from saddlepoint.errors import CheckpointError
from saddlepoint.storage.pickles import Budget, Shell
from saddlepoint.storage.plain import Unfit, judged
from saddlepoint.storage.tensors import tensors
from saddlepoint.storage.torch_files import torch_file

MOST_TENSORS = 20_000
"""of one network, and as many layers"""
_LONGEST = 500
"""letters of the name of a tensor"""
_TIMES = 4
"""as many numbers as the file has bytes for may its tensors have in all, where several show the same ones"""
_PARALLEL = "module."
"""what torch's DataParallel puts before every name"""


def state_dicts(path: Path) -> dict[str, dict[str, Tensor]]:
    """The networks in a file by their names there, "" for one that has none, each as tensors by dotted names.

    Reading executes nothing. Raises CheckpointError for a file that cannot be read, asks for more than tensors and
    plain containers, or holds no network.
    """
    with judged(path, CheckpointError):
        try:
            states = (
                {"": tensors(path)} if path.suffix == ".safetensors" else dict(_networks(torch_file(path), Budget()))
            )
            _check_size([value for state in states.values() for value in state.values()], path.stat().st_size)
            states = {name: _plain(state) for name, state in states.items() if state}
        except Unfit as error:
            raise Unfit(f"{error}{_mend(str(error))}") from error
    if not states:
        raise CheckpointError(f"{path} holds no network: no tensors by name.")
    return states


def _networks(
    content: Any, budget: Budget, name: str = "", *, deep: bool = True
) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """The content itself, and what lies in it under a name."""
    if isinstance(content, Shell):
        yield name, state_dict(content)
    elif isinstance(content, Mapping):
        budget.spend(len(content))
        yield name, {_named(key): value for key, value in content.items() if isinstance(value, Tensor)}
        if deep:
            for key, part in content.items():
                yield from _networks(part, budget, _named(key), deep=False)


def _named(key: Any) -> str:
    text = key if isinstance(key, str) else repr(key)
    if len(text) > _LONGEST:
        raise Unfit(f"a name in it has {len(text):,} letters: of no network, or of one that contains itself")
    return text


def _check_size(values: list[Tensor], size: int) -> None:
    if sum(value.nbytes for value in values) > _TIMES * size:
        raise Unfit("its tensors are larger than what is stored of them")


def _plain(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """In float32 where it is floating, without the prefix of several devices."""
    if len(state) > MOST_TENSORS:
        raise Unfit(f"a network in it has more than {MOST_TENSORS:,} tensors")
    if all(name.startswith(_PARALLEL) for name in state):
        state = {name.removeprefix(_PARALLEL): value for name, value in state.items()}
    return {name: value.float() if value.is_floating_point() else value for name, value in state.items()}


def state_dict(network: Shell) -> dict[str, Tensor]:
    """The parameters and buffers of a network by their dotted names. Raises Unfit where it is none."""
    values: dict[str, Tensor] = {}
    waiting: list[tuple[str, Any]] = [("", network)]
    for _ in range(MOST_TENSORS):
        if not waiting:
            return values
        prefix, shell = waiting.pop()
        if not isinstance(shell, Shell) or not isinstance(shell.state, dict):
            continue  # a place that is left empty
        for kind in ("_parameters", "_buffers"):
            own = shell.state.get(kind) or {}
            values |= {_named(f"{prefix}{name}"): value for name, value in own.items() if isinstance(value, Tensor)}
        layers = shell.state.get("_modules") or {}
        waiting += [(_named(f"{prefix}{name}."), layer) for name, layer in reversed(layers.items())]
        if len(waiting) + len(values) > MOST_TENSORS:
            break
    raise Unfit(f"the network in it has more than {MOST_TENSORS:,} layers and tensors, or one that contains itself")


def _mend(problem: str) -> str:
    """What to do about the refusals that people meet with honest files."""
    if "dnnlib.tflib" in problem:
        return ". It is of the TensorFlow version: convert it with the authors' legacy.py first"
    if "it asks for" in problem:
        return (
            ". A file that holds a whole program object must be saved anew as tensors, by whoever trusts it:"
            " torch.save(network.state_dict(), 'weights.pth')"
        )
    return ""

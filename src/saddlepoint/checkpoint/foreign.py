"""Weight files of other programs as named tensors: what torch has saved, and pickles of whole networks.

`.pth`, `.pt`: torch's zip or its older form, holding a state dict, bare or under a name. `.pkl`: see `unpickle`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from saddlepoint.checkpoint.unpickle import Shell, state_dict, unpickled
from saddlepoint.errors import CheckpointError, DataError
from saddlepoint.nn.backbones.weights import read_torch

_ZIP = b"PK\x03\x04"
_OLD_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # a pickle of the number that torch's older form begins with
_PARALLEL = "module."
"""what torch's DataParallel puts before every name"""


def state_dicts(path: Path) -> dict[str, dict[str, Tensor]]:
    """The networks in a file by their names there, "" for one that has none, each as tensors by dotted names.

    Reading executes nothing. Raises CheckpointError for a file that cannot be read, asks for more than tensors and
    plain containers, or holds no network.
    """
    try:
        content = _content(path)
    except (CheckpointError, DataError) as error:
        raise CheckpointError(f"{path} is refused: {error}.{_mend(str(error))}") from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error
    found = {name: _plain(state) for name, state in _networks(content) if state}
    if not found:
        raise CheckpointError(f"{path} holds no network: no tensors by name.")
    return found


def _content(path: Path) -> Any:
    with path.open("rb") as file:
        begins = file.read(len(_OLD_TORCH))
    if begins.startswith(_ZIP) or begins == _OLD_TORCH:
        return read_torch(path)
    if begins.startswith(b"\x80"):
        return unpickled(path.read_bytes())
    raise CheckpointError("it is no file of torch and no pickle")


def _networks(content: Any, name: str = "", *, deep: bool = True) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """The content itself, and what lies in it under a name."""
    if isinstance(content, Shell):
        yield name, state_dict(content)
    elif isinstance(content, Mapping):
        yield name, {str(key): value for key, value in content.items() if isinstance(value, Tensor)}
        if deep:
            for key, part in content.items():
                yield from _networks(part, str(key), deep=False)


def _plain(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """In float32 where it is floating, without the prefix of several devices.

    Raises CheckpointError for a tensor that is larger than what is stored of it.
    """
    if all(name.startswith(_PARALLEL) for name in state):
        state = {name.removeprefix(_PARALLEL): value for name, value in state.items()}
    for name, value in state.items():
        plain = value.layout == torch.strided and not value.is_quantized
        if not plain or value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise CheckpointError(f"{name} is no plain tensor, or larger than what is stored of it.")
    return {name: value.detach().float() if value.is_floating_point() else value for name, value in state.items()}


def _mend(problem: str) -> str:
    """What to do about the refusals that people meet with honest files."""
    if "dnnlib.tflib" in problem:
        return " It is of the TensorFlow version: convert it with the authors' legacy.py first."
    if "it asks for" in problem:
        return (
            " A file that holds a whole program object must be saved anew as tensors, by whoever trusts it:"
            " torch.save(network.state_dict(), 'weights.pth')."
        )
    return ""

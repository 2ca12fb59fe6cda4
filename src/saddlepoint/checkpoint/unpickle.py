"""Networks out of a pickle that nobody has to trust: its instructions are read one by one, and none of them calls.

A pickle is a small program. Python's reader runs it: it imports what the file names and calls it. Here `pickletools`
cuts the file into its instructions and does no more; what they name stays a word, and of the few words that are known
each has its meaning written below. So tensors, plain containers and the shells of networks come out, or an error.

The form is that of stylegan2-ada-pytorch and of what was built on it (torch_utils/persistence.py): each network lies
there with its source code, which is left out unread, and its state.
"""

from __future__ import annotations

import io
import math
import pickletools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from saddlepoint.errors import CheckpointError, DataError
from saddlepoint.nn.backbones.weights import read_torch

_DICTS = frozenset({"collections.OrderedDict", "dnnlib.util.EasyDict"})
_SETS = frozenset({"builtins.set", "builtins.frozenset"})
_INERT = frozenset(
    {
        *("torch.device", "torch.float16", "torch.float32", "torch.float64", "torch.bfloat16", "torch.int64"),
        *("numpy.dtype", "numpy.ndarray", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"),
        *("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"),
    }
)
"""names of values that no network needs: they are kept as shells"""
_PERSISTENT = "torch_utils.persistence._reconstruct_persistent_obj"
_PARAMETER, _TENSOR = "torch._utils._rebuild_parameter", "torch._utils._rebuild_tensor_v2"
_STORAGE, _SIZE = "torch.storage._load_from_bytes", "torch.Size"
_KNOWN = _DICTS | _SETS | _INERT | {_PERSISTENT, _PARAMETER, _TENSOR, _STORAGE, _SIZE}
_LAYERS = ("torch.nn.modules.", "training.", "R3GAN.")
"""modules of classes whose objects are kept as shells"""
_KEYS = (str, int, float, bytes, type(None))
"""what may be a key or lie in a set: what cannot nest, since hashing what nests deeply would end the process"""
_VALUES = frozenset(
    {
        *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT"),
        *("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8"),
    }
)
_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_FIXED = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MOST_LAYERS = 10_000


@final
@dataclass(frozen=True)
class Word:
    """What a pickle names: "os.system" is nine letters here."""

    text: str


@final
@dataclass(eq=False)
class Shell:
    """An object that is not made: the name of its class, and its state as plain containers."""

    kind: str
    state: Any


def unpickled(data: bytes) -> Any:
    """What a pickle holds: tensors, plain containers and `Shell`s. Nothing is imported, called or executed.

    Sets become lists. Raises CheckpointError for a file that is damaged or that names anything that is not known.
    """
    try:
        return _Reader().read(data)
    except (CheckpointError, MemoryError):
        raise
    except Exception as error:  # a crafted file can make the instructions senseless in any way
        raise CheckpointError(f"it is damaged ({str(error) or type(error).__name__})") from error


@final
class _Reader:
    """The stack, and what was put aside to be used again, while the instructions of one pickle are read."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marked: list[list[Any]] = []
        self.kept: dict[int, Any] = {}

    def read(self, data: bytes) -> Any:
        for instruction, given, _ in pickletools.genops(io.BytesIO(data)):
            if instruction.name == "STOP":
                return self.stack.pop()
            self._follow(instruction.name, given)
        raise EOFError("it ends too early")

    def _follow(self, name: str, given: Any) -> None:
        stack = self.stack
        if name in _VALUES:
            stack.append(given)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _FIXED:
            stack[-_FIXED[name] :] = [tuple(stack[-_FIXED[name] :])]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(self.kept[given])
        elif name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self.kept[len(self.kept) if given is None else given] = stack[-1]
        elif name in ("EMPTY_LIST", "EMPTY_SET"):
            stack.append([])
        elif name == "EMPTY_DICT":
            stack.append({})
        elif name == "MARK":
            self.marked.append(stack)
            self.stack = []
        elif name in ("TUPLE", "APPENDS", "ADDITEMS", "FROZENSET", "SETITEMS", "POP_MARK"):
            self.stack = self.marked.pop()
            self._gathered(name, stack)
        elif name == "APPEND":
            self._gathered("APPENDS", [stack.pop()])
        elif name == "SETITEM":
            value = stack.pop()
            self._gathered("SETITEMS", [stack.pop(), value])
        elif name == "POP":
            stack.pop()
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            stack.append(_word(given.split(" ", 1) if name == "GLOBAL" else [stack.pop(), stack.pop()][::-1]))
        elif name in ("REDUCE", "NEWOBJ"):
            arguments, word = stack.pop(), stack.pop()
            stack.append(_meaning(word, arguments))
        elif name == "BUILD":
            state, shell = stack.pop(), stack[-1]
            if not isinstance(shell, Shell):
                raise TypeError("a state for what has none")
            shell.state = state
        elif name not in ("PROTO", "FRAME"):
            raise CheckpointError(f"it has the instruction {name}, which weights do not need")

    def _gathered(self, name: str, items: list[Any]) -> None:
        """What an instruction does with all that lies above a mark."""
        if name == "POP_MARK":
            return
        if name in ("TUPLE", "FROZENSET"):
            self.stack.append(tuple(items) if name == "TUPLE" else items)
            return
        into = self.stack[-1]
        if name == "SETITEMS" and isinstance(into, dict):
            into.update(_pairs(items[::2], items[1::2]))
        elif name in ("APPENDS", "ADDITEMS") and isinstance(into, list):
            into.extend(items)
        else:
            raise TypeError(f"{name} into a {type(into).__name__}")


def _pairs(keys: list[Any], values: list[Any]) -> Iterator[tuple[Any, Any]]:
    for key, value in zip(keys, values, strict=True):
        if not isinstance(key, _KEYS):
            raise TypeError(f"a {type(key).__name__} as a key")
        yield key, value


def _word(parts: list[Any]) -> Word:
    text = ".".join(parts)
    if text not in _KNOWN and not text.startswith(_LAYERS):
        raise CheckpointError(f"it asks for {text}, which is no tensor, plain container or layer")
    return Word(text)


def _meaning(word: Any, given: Any) -> Any:
    """What a call, as the file has it, stands for."""
    if not isinstance(word, Word) or not isinstance(given, tuple):
        raise TypeError("a call of what cannot be called")
    if word.text == _PERSISTENT:
        return Shell(str(given[0]["class_name"]), given[0]["state"])
    if word.text == _PARAMETER:
        return given[0]
    if word.text == _TENSOR:
        return _tensor(*given[:4])
    if word.text == _STORAGE:
        return _storage(given[0])
    if word.text in _DICTS:
        pairs = list(given[0]) if given else []
        return dict(_pairs([key for key, _ in pairs], [value for _, value in pairs]))
    if word.text in _SETS or word.text == _SIZE:
        return list(given[0]) if given else []
    return Shell(word.text, given)


def _storage(data: Any) -> Tensor:
    """The numbers of a tensor, flat, from what torch has saved of them."""
    try:
        found = read_torch(io.BytesIO(data))
    except DataError as error:
        raise CheckpointError(f"the numbers of a tensor in it cannot be read: {error}") from error
    if not isinstance(found, torch.TypedStorage):
        raise TypeError("numbers that are none")
    return torch.empty(0, dtype=found.dtype).set_(found)  # type: ignore[call-overload, no-any-return]


def _tensor(flat: Any, first: Any, size: Any, stride: Any) -> Tensor:
    """Raises TypeError for a tensor that reaches beyond its numbers, or that is larger than they are."""
    places = (first, *size, *stride)
    if not isinstance(flat, Tensor) or not all(type(place) is int and place >= 0 for place in places):
        raise TypeError("a tensor of what are no numbers")
    last = first + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if math.prod(size) > len(flat) or (math.prod(size) and last >= len(flat)):
        raise TypeError(f"a tensor of {math.prod(size):,} numbers from {len(flat):,}")
    return flat.as_strided(size, stride, first)


def state_dict(network: Shell) -> dict[str, Tensor]:
    """The parameters and buffers of a network by their dotted names. Raises CheckpointError where it is none."""
    found: dict[str, Tensor] = {}
    waiting: list[tuple[str, Any]] = [("", network)]
    for _ in range(_MOST_LAYERS):
        if not waiting:
            return found
        prefix, shell = waiting.pop()
        if not isinstance(shell, Shell) or not isinstance(shell.state, dict):
            continue  # a place that is left empty
        for kind in ("_parameters", "_buffers"):
            own = shell.state.get(kind) or {}
            found |= {f"{prefix}{name}": value for name, value in own.items() if isinstance(value, Tensor)}
        layers = shell.state.get("_modules") or {}
        waiting += [(f"{prefix}{name}.", layer) for name, layer in reversed(layers.items())]
    raise CheckpointError(f"the network in it has more than {_MOST_LAYERS:,} layers, or one that contains itself")

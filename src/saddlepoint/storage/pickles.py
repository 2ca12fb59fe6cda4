"""What a pickle holds, though nobody has to trust it: its instructions are read one by one, and none of them calls.

A pickle is a small program. Python's reader runs it: it imports what the file names and calls it. Here `pickletools`
cuts the file into its instructions and does no more; what they name stays a word, and of the few words that are known
each has its meaning written below. So tensors, plain containers and the shells of networks come out, or an error.

A few bytes can ask for a copy of all that came before. So what is copied is counted, as the instructions are, and the
numbers of a tensor are read once however often they are named.
"""

from __future__ import annotations

import math
import pickletools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any, Protocol, cast, final

from torch import Tensor

from saddlepoint.storage.plain import Unfit

MOST_STEPS = 3_000_000
"""instructions, and items that they copy, of one file"""
MOST_AXES = 16
_LONGEST = 200
"""letters of a name"""
_DICTS = frozenset({"collections.OrderedDict", "dnnlib.util.EasyDict"})
_SETS = frozenset({"builtins.set", "builtins.frozenset", "__builtin__.set", "__builtin__.frozenset"})
_INERT = frozenset(
    {
        *("torch.device", "torch.float16", "torch.float32", "torch.float64", "torch.bfloat16", "torch.int64"),
        *("numpy.dtype", "numpy.ndarray", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"),
        *("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"),
    }
)
"""names of values that no network needs: they are kept as shells"""
_PERSISTENT = "torch_utils.persistence._reconstruct_persistent_obj"
_PARAMETERS = frozenset({"torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"})
_TENSORS = frozenset({"torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2"})
_NUMBERS, _SIZE = "torch.storage._load_from_bytes", "torch.Size"
_KNOWN = _DICTS | _SETS | _INERT | _PARAMETERS | _TENSORS | {_PERSISTENT, _NUMBERS, _SIZE, "torch.Tensor"}
_LAYERS = ("torch.nn.modules.", "training.", "R3GAN.")
"""modules of classes whose objects are kept as shells"""
_KEYS = (str, int, float, bytes, type(None))
"""what may be a key or lie in a set: what cannot nest, since hashing what nests deeply would end the process"""
_VALUES = frozenset(
    {
        *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT", "BINSTRING", "SHORT_BINSTRING"),
        *("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8"),
    }
)
_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_FIXED = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


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


@final
class Budget:
    """How much one file may still ask for, with all that lies in it."""

    def __init__(self) -> None:
        self.steps = MOST_STEPS

    def spend(self, steps: int = 1) -> None:
        """Count instructions or items. Raises Unfit when there were too many."""
        self.steps -= steps
        if self.steps < 0:
            raise Unfit(f"it asks for more than {MOST_STEPS:,} items")


class Bytes(Protocol):
    """Where a pickle is read from."""

    def read(self, count: int, /) -> bytes:
        """At most so many bytes."""
        ...

    def readline(self) -> bytes:
        """Up to the end of a line."""
        ...


def _unknown(name: Any) -> Any:
    raise Unfit("it names what lies outside of it")


def unpickled(
    file: Bytes,
    budget: Budget,
    numbers: Callable[[bytes], Tensor],
    outside: Callable[[Any], Any] = _unknown,
) -> Any:
    """What the next pickle of a file holds: tensors, plain containers and `Shell`s. Nothing is imported or called.

    Sets become lists. numbers: what the bytes of a tensor's storage hold, flat. outside: what a name stands for that
    the pickle itself does not explain. Raises Unfit for what is not known, and nearly anything for what is damaged:
    stand within `plain.judged`.
    """
    return _Reader(budget, numbers, outside).read(file)


@final
class _Reader:
    """The stack, and what was put aside to be used again, while the instructions of one pickle are read."""

    def __init__(self, budget: Budget, numbers: Callable[[bytes], Tensor], outside: Callable[[Any], Any]) -> None:
        self.budget, self.numbers, self.outside = budget, numbers, outside
        self.stack: list[Any] = []
        self.marked: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.storages: dict[int, tuple[bytes, Tensor]] = {}

    def read(self, file: Bytes) -> Any:
        for instruction, argument, _ in pickletools.genops(cast(IO[bytes], file)):
            self.budget.spend()
            if instruction.name == "STOP":
                return self.stack.pop()
            self._follow(instruction.name, argument)
        raise EOFError("it ends too early")

    def _follow(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name in _VALUES:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _FIXED:
            stack[-_FIXED[name] :] = [tuple(stack[-_FIXED[name] :])]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(self.memo[argument])
        elif name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self.memo[len(self.memo) if argument is None else argument] = stack[-1]
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
            stack.append(_word(argument.split(" ", 1) if name == "GLOBAL" else [stack.pop(), stack.pop()][::-1]))
        elif name == "BINPERSID":
            stack.append(self.outside(stack.pop()))
        elif name in ("REDUCE", "NEWOBJ"):
            arguments, word = stack.pop(), stack.pop()
            stack.append(self._meaning(word, arguments))
        elif name == "BUILD":
            state, shell = stack.pop(), stack[-1]
            if isinstance(shell, Shell):
                shell.state = state
            elif not isinstance(shell, dict):  # a dict's is what torch notes of the layers' releases
                raise TypeError("a state for what has none")
        elif name not in ("PROTO", "FRAME"):
            raise Unfit(f"it has the instruction {name}, which weights do not need")

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

    def _meaning(self, word: Any, arguments: Any) -> Any:
        """What a call, as the file has it, stands for."""
        if not isinstance(word, Word) or not isinstance(arguments, tuple):
            raise TypeError("a call of what cannot be called")
        if word.text == _PERSISTENT:
            return Shell(_text(arguments[0]["class_name"]), arguments[0]["state"])
        if word.text in _PARAMETERS:
            return arguments[0]
        if word.text in _TENSORS:
            return _tensor(*arguments[:4])
        if word.text == _NUMBERS:
            return self._storage(arguments[0])
        if word.text in _DICTS:
            pairs = self._copied(arguments)
            return dict(_pairs([key for key, _ in pairs], [value for _, value in pairs]))
        if word.text in _SETS or word.text == _SIZE:
            return self._copied(arguments)
        return Shell(word.text, arguments)

    def _copied(self, arguments: tuple[Any, ...]) -> list[Any]:
        """The items that a container is made from, of its own."""
        if not arguments:
            return []
        if not isinstance(arguments[0], list | tuple | dict):
            raise TypeError("a container of what has no items")
        self.budget.spend(len(arguments[0]))
        return list(arguments[0])

    def _storage(self, data: Any) -> Tensor:
        """The numbers of a tensor, flat; read once, however often they are named."""
        if not isinstance(data, bytes):
            raise TypeError("numbers that are none")
        if id(data) not in self.storages:
            self.storages[id(data)] = data, self.numbers(data)
        return self.storages[id(data)][1]


def _pairs(keys: list[Any], values: list[Any]) -> Iterator[tuple[Any, Any]]:
    for key, value in zip(keys, values, strict=True):
        if not isinstance(key, _KEYS):
            raise TypeError(f"a {type(key).__name__} as a key")
        if isinstance(key, int) and abs(key) >= 2**60:  # larger ones can be made to have one hash in thousands
            raise TypeError("a very large number as a key")
        yield key, value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a name that is no text")
    return value[:_LONGEST]


def _word(parts: list[Any]) -> Word:
    if any(len(_text(part)) < len(part) for part in parts):
        raise Unfit(f"it asks for {parts[0][:40]}..., a name of {len(parts[0]):,} letters")
    text = ".".join(parts)
    if text in _KNOWN or text.startswith(_LAYERS) or (text.startswith("torch.") and text.endswith("Storage")):
        return Word(text)
    raise Unfit(f"it asks for {text}, which is no tensor, plain container or layer")


def _tensor(flat: Any, first: Any, size: Any, stride: Any) -> Tensor:
    """Raises TypeError for a tensor that reaches beyond its numbers, or that is larger than they are."""
    places = (first, *size, *stride)
    if not isinstance(flat, Tensor) or not all(type(place) is int and 0 <= place < 2**48 for place in places):
        raise TypeError("a tensor of what are no numbers")
    if len(size) > MOST_AXES:
        raise TypeError(f"a tensor of {len(size):,} axes")
    last = first + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if math.prod(size) > len(flat) or (math.prod(size) and last >= len(flat)):
        raise TypeError(f"a tensor of {math.prod(size):,} numbers from {len(flat):,}")
    return flat.as_strided(size, stride, first)

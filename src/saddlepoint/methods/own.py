"""Methods that are in no package: a file that is named, or a class that was written in this session.

Their code runs when a person names them, and never because a checkpoint does: a run keeps where its method came from,
and who loads it names the method again.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from saddlepoint.errors import ConfigError, MethodError

if TYPE_CHECKING:
    from saddlepoint.methods.base import Method


@dataclass(frozen=True)
class OwnMethod:
    """A method of this session: its class, its module, and where it came from, as `run.json` keeps it."""

    kind: type[Method]
    module: ModuleType
    origin: Mapping[str, Any]


_OWN: dict[str, OwnMethod] = {}
"""by name"""


def known() -> Mapping[str, OwnMethod]:
    """The methods that were added in this session, by name."""
    return _OWN


def add_file(path: Path, existing: Mapping[str, object]) -> str:
    """Runs a .py file that holds one Method class, and adds it under the file's name, which is returned.

    existing: the methods that there are, by name. Raises ConfigError for a file that cannot be read or a name that is
    taken, MethodError for what goes wrong while it runs.
    """
    name = path.stem
    if path.suffix != ".py":
        raise ConfigError(f"{path} is no Python file: a method is one, such as my_gan.py.")
    if name in existing:
        raise ConfigError(f"{path} would be the method {name!r}, which there is already: give the file another name.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"the method file {path} cannot be read: {error.strerror or error}.") from error
    if not name.isidentifier():
        raise ConfigError(f"{path} must be named as a Python name, such as my_gan.py: so is the method.")
    origin = {"file": str(path.absolute()), "sha256": hashlib.sha256(content).hexdigest()}
    before = _OWN.get(name)
    if before is not None and before.origin == origin:
        return name
    module = _run(path, f"saddlepoint_method_{name}")
    _OWN[name] = OwnMethod(only_method(module), module, origin)
    return name


def add_class(kind: type[Method], existing: Mapping[str, object]) -> str:
    """Adds a class that was written or imported in this session, and returns its name: my_gan for `MyGAN`.

    Raises ConfigError where a method of the library has that name.
    """
    for name, own in _OWN.items():
        if own.kind is kind:
            return name
    name = snake_case(kind.__name__)
    if name in existing:
        raise ConfigError(f"{kind.__name__} would be the method {name!r}, which there is already: rename the class.")
    module = inspect.getmodule(kind) or sys.modules["__main__"]
    _OWN[name] = OwnMethod(kind, module, {"class": f"{kind.__module__}:{kind.__qualname__}"})
    return name


def only_method(module: ModuleType) -> type[Method]:
    """The one Method class that a module defines itself. Raises MethodError where it defines none or several."""
    from saddlepoint.methods.base import Method

    kinds = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Method) and value.__module__ == module.__name__
    ]
    concrete = [kind for kind in kinds if not inspect.isabstract(kind)]
    if len(concrete) != 1:
        raise MethodError(
            f"{module.__name__.removeprefix('saddlepoint_method_')} must hold one Method class; it holds"
            f" {len(concrete)}{': ' if concrete else ''}{', '.join(kind.__name__ for kind in concrete)}."
        )
    return concrete[0]


def snake_case(name: str) -> str:
    """`MyGAN` as my_gan."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _run(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None, "a path that ends with .py has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and type hints look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        line = _line_in(path, error)
        raise MethodError(f"{path} cannot be run: {type(error).__name__}: {error}{line}.") from error
    return module


def _line_in(path: Path, error: Exception) -> str:
    """`, line 12` of the file where the error arose; nothing where it is not known."""
    if isinstance(error, SyntaxError):
        return ""  # whose own words name it
    trace, line = error.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f", line {line}" if line else ""

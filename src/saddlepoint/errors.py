"""Every error that Saddlepoint raises on purpose. Each message says what is wrong and what mends it.

SaddlepointError
├── ConfigError        a setting that is unknown, misspelt or impossible
├── DataError          images that are missing, unreadable, mixed up or too large
│   └── OfflineError   something must be fetched and cannot be
├── ShapeError         tensors that do not fit one another
├── MethodError        a method that breaks the contract of its engine
├── CapabilityError    a model asked for what its method does not offer
├── RunError           a run folder that cannot be used: busy, full, not writable
│   └── CheckpointError  a checkpoint that is missing, damaged or of another shape
├── DivergedError      a figure or a weight that is no longer finite
├── OutOfMemory        the device has no room for this batch
└── MissingExtra       an optional package that is not installed
"""

from saddlepoint.text import printable


class SaddlepointError(Exception):
    """The root: catch this to catch all of them. What it says is safe to print, whatever names it quotes."""

    def __str__(self) -> str:
        return printable(super().__str__(), lines=True)


class ConfigError(SaddlepointError):
    """A setting that is unknown, misspelt or impossible."""


class DataError(SaddlepointError, ValueError):
    """Images that are missing, unreadable, mixed up or too large."""


class OfflineError(DataError):
    """Something must be fetched and cannot be; the message says what to fetch and where to put it."""


class ShapeError(SaddlepointError, ValueError):
    """Tensors that do not fit one another."""


class MethodError(SaddlepointError, RuntimeError):
    """A method that breaks the contract between it and the engine."""


class CapabilityError(SaddlepointError, TypeError):
    """A model asked for something that its method does not offer."""


class RunError(SaddlepointError, OSError):
    """A run folder that cannot be used: busy, full, not writable, already there."""


class CheckpointError(RunError):
    """A checkpoint that is missing, damaged or of another shape."""


class DivergedError(SaddlepointError, ArithmeticError):
    """A figure or a weight that is no longer finite."""


class OutOfMemory(SaddlepointError, MemoryError):
    """The device has no room for this batch; `accumulate` is how many micro-batches to try next, if any would do."""

    def __init__(self, text: str, accumulate: int | None = None) -> None:
        super().__init__(text)
        self.accumulate = accumulate


class MissingExtra(SaddlepointError, ImportError):
    """An optional package that is not installed; the message names the extra that brings it."""

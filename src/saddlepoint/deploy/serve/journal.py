"""The log: one JSON object a line, with the identity of its request; no image and no name of a file stands in it."""

from __future__ import annotations

import json
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO, final


@final
class Journal:
    """Writes to `stream`, by default standard error; None keeps quiet."""

    def __init__(self, stream: TextIO | None = sys.stderr) -> None:
        self._stream = stream

    def line(self, event: str, request: str | None = None, **facts: Any) -> None:
        """One event."""
        if self._stream is None:
            return
        when = datetime.now(UTC).isoformat(timespec="milliseconds")
        said = {"time": when, "event": event, **({"request": request} if request else {}), **facts}
        self._stream.write(json.dumps(said) + "\n")
        self._stream.flush()

    def fault(self, request: str | None, error: BaseException) -> None:
        """An error that nobody expected, with where it came from."""
        lines = traceback.format_exception(error)
        self.line("fault", request, error=type(error).__name__, where="".join(lines)[-4000:])

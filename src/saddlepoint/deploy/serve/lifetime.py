"""How long a version is served: since when it is deprecated and when it ends, in words and as headers.

`Deprecation` is RFC 9745 (a structured date, seconds since 1970), `Sunset` RFC 8594 (a date of HTTP), and `Link` with
rel="successor-version" RFC 5829. A day begins and ends in UTC: a version that ends on a day is served on that day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Literal, final

from saddlepoint.errors import ConfigError

LEAST_NOTICE = 180
"""days between deprecation and end that are usual for an interface; a shorter notice is noted in the log"""
Stage = Literal["current", "deprecated", "ended"]


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()


@final
@dataclass(frozen=True)
class Lifetime:
    """The days of a version. Raises ConfigError where it would end before it is deprecated.

    deprecated: from which day on clients should leave it; may lie ahead. sunset: the last day on which it is served.
    """

    deprecated: date | None = None
    sunset: date | None = None

    def __post_init__(self) -> None:
        if self.deprecated and self.sunset and self.sunset < self.deprecated:
            raise ConfigError(f"a version cannot end on {self.sunset} before it is deprecated on {self.deprecated}.")

    @property
    def notice(self) -> int | None:
        """Days from the deprecation to the end; None where one of them is not known."""
        return (self.sunset - self.deprecated).days if self.deprecated and self.sunset else None

    def stage(self, day: date) -> Stage:
        """How it stands on a day."""
        if self.sunset and day > self.sunset:
            return "ended"
        return "deprecated" if self.deprecated and day >= self.deprecated else "current"

    def headers(self, successor: str | None = None) -> dict[str, str]:
        """What every answer of the version says. successor: the name of the one to take instead."""
        headers = {}
        if self.deprecated:
            headers["Deprecation"] = f"@{int(datetime.combine(self.deprecated, time(), UTC).timestamp())}"
        if self.sunset:
            last = datetime.combine(self.sunset, time(23, 59, 59), UTC)
            headers["Sunset"] = format_datetime(last, usegmt=True)
        if headers and successor:
            headers["Link"] = f'</v1/models/{successor}>; rel="successor-version"'
        return headers

    def section(self, name: str, successor: str | None) -> str:
        """A section of a model card, in Markdown; empty for a version without dates."""
        lines = []
        if self.deprecated:
            lines.append(f"`{name}` is deprecated from {self.deprecated} on.")
        if self.sunset:
            lines.append(f"It is served until {self.sunset}, and refused from the next day on.")
        if lines and successor:
            lines.append(f"Use `{successor}` instead.")
        return "\n\n## Lifetime\n\n" + " ".join(lines) + "\n" if lines else ""


def day_of(text: str, option: str) -> date:
    """A day as ISO 8601 has it, 2027-06-30. Raises ConfigError."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{option} {text!r} is no day: write it as 2027-06-30.") from error


Clock = Callable[[], date]

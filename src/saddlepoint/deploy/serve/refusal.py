"""What the service refuses, in one form: problem details (RFC 9457) that name the bound and the mend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from saddlepoint.errors import CapabilityError, ConfigError, SaddlepointError, ShapeError

MEDIA_TYPE = "application/problem+json"


@final
class Refusal(Exception):
    """A request that is not done, and why.

    status: of HTTP. kind: a word that programs go by. detail: one sentence. mend: what would be done instead.
    bound: which limit, its value, and what was asked for.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        mend: str = "",
        *,
        bound: Mapping[str, float] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.mend = status, kind, detail, mend
        self.bound, self.headers = bound, dict(headers or {})

    def body(self, request: str) -> dict[str, Any]:
        """The problem as JSON. request: its identity in the log."""
        content = {
            "type": f"urn:saddlepoint:{self.kind}",
            "title": self.kind.replace("-", " "),
            "status": self.status,
            "detail": self.detail,
            "request": request,
        }
        return {
            **content,
            **({"mend": self.mend} if self.mend else {}),
            **({"bound": self.bound} if self.bound else {}),
        }


def over(status: int, kind: str, limit: float, amount: float, what: str, mend: str) -> Refusal:
    """The refusal of what goes over a bound: "40,000,000 pixels are more than the 25,000,000 that are taken"."""
    detail = f"{amount:,.0f} {what} are more than the {limit:,.0f} that are taken."
    return Refusal(status, kind, detail, mend, bound={"limit": limit, "given": amount})


def fault() -> Refusal:
    """The refusal of what the service failed at by its own fault."""
    return Refusal(500, "fault", "the service failed at this; its log says why.")


def stopping() -> Refusal:
    """The refusal of work while the service is being stopped."""
    return Refusal(503, "stopping", "the service is being stopped.", "try again later", headers={"Retry-After": "5"})


def refused(error: SaddlepointError) -> Refusal | None:
    """What was asked for that the model cannot do, in its words; None for what is no fault of the request.

    The words of other errors name files of the service, so they belong into its log alone.
    """
    if isinstance(error, ConfigError | CapabilityError | ShapeError):
        return Refusal(422, "cannot-be-done", str(error))
    return None

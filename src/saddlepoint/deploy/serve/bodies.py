"""Bodies read into requests: JSON, and forms with images. In threads, so that nobody waits for what another sends.

What a body costs to read is bounded before it is read: its values are counted by their marks, its parts as they begin.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, get_args

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, TypeAdapter, ValidationError
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from saddlepoint.deploy.serve.limits import MOST_LETTERS, MOST_PARTS, MOST_VALUES
from saddlepoint.deploy.serve.refusal import Refusal, over
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit

_JSON, _FORM = "application/json", "multipart/form-data"
_REFERENCE = "#/components/schemas/{model}"


def json_of(kind: Any) -> Callable[[Request], Awaitable[Any]]:
    """What reads a JSON body as a model or as one of several, to depend on. Raises Refusal, RequestValidationError."""
    adapter = TypeAdapter(kind)

    async def read(request: Request) -> Any:
        if _media_type(request) != _JSON:
            raise Refusal(
                422, "not-valid", "the Content-Type of the body is not JSON.", f"send JSON with `Content-Type: {_JSON}`"
            )
        return await asyncio.to_thread(_read_json, await request.body(), adapter)

    return read


def form_of(kind: type[BaseModel]) -> Callable[[Request], Awaitable[Any]]:
    """What reads a form with images as a model, to depend on. Raises Refusal, RequestValidationError."""
    adapter = TypeAdapter(kind)
    files = _files(kind)

    async def read(request: Request) -> Any:
        if _media_type(request) != _FORM:
            raise Refusal(
                422,
                "not-valid",
                "the Content-Type of the body is not that of a form.",
                f"send it with `Content-Type: {_FORM}`",
            )
        content_type = request.headers["content-type"]
        return await asyncio.to_thread(_read_form, await request.body(), content_type, files, adapter)

    return read


def described(kind: Any) -> dict[str, Any]:
    """The body of a request in the OpenAPI description; its models stand under `components` there."""
    schema = TypeAdapter(kind).json_schema(ref_template=_REFERENCE)
    schema.pop("$defs", None)
    media_type = _FORM if isinstance(kind, type) and issubclass(kind, BaseModel) and _files(kind) else _JSON
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema}}}}


def _files(kind: type[BaseModel]) -> frozenset[str]:
    """The fields of a model that are files."""
    return frozenset(name for name, field in kind.model_fields.items() if _is_file(field.annotation))


def _is_file(annotation: Any) -> bool:
    return annotation is bytes or any(map(_is_file, get_args(annotation)))


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _read_json(body: bytes, adapter: TypeAdapter[Any]) -> Any:
    count = sum(map(body.count, (b",", b"[", b"{"))) + 1
    if count > MOST_VALUES:
        raise over(422, "values", MOST_VALUES, count, "values in JSON", "send less at once")
    try:
        values = documents.parsed(body, "the body", finite=True)
    except Unfit as error:
        text = f"{error}."
        raise Refusal(422, "not-valid", text, "send a JSON object") from error
    return _valid(values, adapter)


def _read_form(body: bytes, content_type: str, files: frozenset[str], adapter: TypeAdapter[Any]) -> Any:
    _, options = parse_options_header(content_type)
    fields: dict[str, Any] = {}
    for name, content in _Parts(options.get(b"boundary", b""), body).parts:
        if name in fields:
            raise Refusal(422, "not-valid", f"{name!r} is sent more than once.", "send it once")
        try:
            fields[name] = content if name in files else content.decode()
        except UnicodeDecodeError as error:
            raise Refusal(422, "not-valid", f"{name!r} is no text in UTF-8.", "send text") from error
    return _valid({name: value for name, value in fields.items() if value != ""}, adapter)


class _Parts:
    """The parts of a multipart body by name. Raises Refusal for what is none, or of too many parts."""

    def __init__(self, boundary: bytes, body: bytes) -> None:
        self.parts: list[tuple[str, bytes]] = []
        self._header, self._value, self._disposition = bytearray(), bytearray(), b""
        self._content: list[bytes] = []
        self._ended = False
        calls = {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header_end,
            "on_part_data": lambda data, start, end: self._content.append(data[start:end]),
            "on_part_end": self._end,
            "on_end": self._last,
        }
        try:
            parser = MultipartParser(boundary, calls)  # type: ignore[arg-type]
            parser.write(body)
            parser.finalize()
        except (FormParserError, ValueError) as error:
            text = f"the form cannot be read: {str(error)[:200] or type(error).__name__}."
            raise Refusal(422, "not-valid", text, "send it again") from error
        if not self._ended:
            raise Refusal(422, "not-valid", "the form is incomplete: its closing boundary is missing.", "send it again")

    def _begin(self) -> None:
        if len(self.parts) >= MOST_PARTS:
            raise Refusal(
                422, "parts", "the form has too many parts.", "send fewer fields", bound={"limit": MOST_PARTS}
            )
        self._disposition, self._content = b"", []

    def _header_end(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _end(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")[:MOST_LETTERS]
        self.parts.append((name, b"".join(self._content)))

    def _last(self) -> None:
        self._ended = True


def _valid(values: Any, adapter: TypeAdapter[Any]) -> Any:
    """Values as the model of a request. Raises RequestValidationError."""
    try:
        return adapter.validate_python(values)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in errors]) from error

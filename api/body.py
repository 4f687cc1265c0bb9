"""Reading a request's body: JSON without floats, the root key, and the fields that a resource takes.

Null is not the same as absent: an explicit null clears, an absent key leaves as is (lago_api §3 "Nulls in input").
Fields that a resource does not know are dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from fastapi import Request

from api.errors import BadRequest
from core.clock import as_utc
from core.errors import ValidationError

MOST_INTEGER = 2**63 - 1
"""Databases keep integers in 64 bits."""
_MOST_DIGITS = 30

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class Unreadable(Exception):
    """A value is not of its kind; `details` is field -> codes, where the empty name stands for the field itself."""

    def __init__(self, details: Mapping[str, list[str]]) -> None:
        super().__init__(str(details))
        self.details = details


@dataclass(frozen=True)
class Kind:
    """How a value is read (raises Unreadable), how the documentation describes it, and the fields of each item of a list."""

    read: Callable[[Any], Any]
    schema: Mapping[str, Any]
    fields: Mapping[str, Kind] | None = None


Fields = Mapping[str, Kind]


def read_fields(content: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    """The known fields that are present. Raises ValidationError with everything that is not of its kind."""
    found: dict[str, Any] = {}
    details: dict[str, list[str]] = {}
    for name in fields.keys() & content.keys():
        value = content[name]
        try:
            found[name] = None if value is None else fields[name].read(value)
        except Unreadable as problem:
            for inner, codes in problem.details.items():
                details.setdefault(inner or name, []).extend(codes)
    if details:
        raise ValidationError(details)
    return found


class Body:
    """A dependency: the fields under the root key of a request's body."""

    def __init__(
        self,
        root: str,
        fields: Fields,
        *,
        mandatory: tuple[str, ...] = (),
        unserved: Mapping[str, Callable[[Mapping[str, Any]], bool]] | None = None,
    ) -> None:
        """`mandatory` names are given as None when they are absent, so that the catalog can say that they are missing.
        `unserved` fields would change a bill and have no effect here: one with a value is refused, when the test of the
        other fields says that it matters, rather than taken and ignored. With an empty `root` the fields are the body itself,
        which may be empty.
        """
        self.root = root
        self.fields = fields
        self.mandatory = mandatory
        self.unserved = unserved or {}

    async def __call__(self, request: Request) -> dict[str, Any]:
        """Read the body of `request`. Raises BadRequest, ValidationError."""
        whole = parse(await request.body())
        content = whole.get(self.root) if self.root else whole
        if not isinstance(content, dict) or (self.root and not content):
            raise BadRequest(f"param is missing or the value is empty: {self.root}")
        refused = [name for name, matters in self.unserved.items() if content.get(name) and matters(content)]
        if refused:
            raise ValidationError(
                {name: ["feature_unavailable"] for name in refused},
                f"what {', '.join(refused)} asks for is not served, and bills would not follow it; leave it out",
            )
        return dict.fromkeys(self.mandatory) | read_fields(content, self.fields)

    @property
    def openapi(self) -> dict[str, Any]:
        """The body for `/docs`."""
        if not self.root:
            return {"requestBody": {"content": {"application/json": {"schema": object_schema(self.fields)}}}}
        schema = {"type": "object", "required": [self.root], "properties": {self.root: object_schema(self.fields)}}
        return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`, empty when there is no body. Raises BadRequest."""
    if not body.strip():
        return {}
    try:
        content = _decode(body)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise BadRequest("the body must be a JSON object")
    return content


def read_instant(text: str, field: str) -> datetime:
    """An ISO 8601 instant or date as naive UTC. Raises ValidationError `invalid_date` under `field`."""
    found: datetime = read_fields({field: text}, {field: INSTANT})[field]
    return found


def object_schema(fields: Fields) -> dict[str, Any]:
    """The JSON schema of an object with these fields."""
    return {"type": "object", "properties": {name: dict(kind.schema) for name, kind in fields.items()}}


def objects(fields: Fields) -> Kind:
    """A list of objects with these fields."""

    def read(value: Any) -> list[dict[str, Any]]:
        if not isinstance(value, list):
            raise _unreadable("must_be_an_array")
        return [_read_object(item, fields) for item in value]

    return Kind(read, {"type": "array", "items": object_schema(fields)}, fields)


def nested(fields: Fields) -> Kind:
    """An object with these fields."""
    return Kind(lambda value: _read_object(value, fields), object_schema(fields))


def _unreadable(code: str) -> Unreadable:
    return Unreadable({"": [code]})


def _read_object(value: Any, fields: Fields) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _unreadable("value_is_invalid")
    try:
        return read_fields(value, fields)
    except ValidationError as error:
        raise Unreadable(error.details) from error


def _text(value: Any) -> str:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    # Postgres keeps no NUL in text, and a key that only SQLite can hold would not survive a move.
    if not isinstance(value, str) or "\x00" in value:
        raise _unreadable("value_is_invalid")
    return value


def _integer(value: Any) -> int:
    number: object = value
    if (
        isinstance(value, str)
        and len(value) <= _MOST_DIGITS
        and value.removeprefix("-").isdecimal()
        and value.isascii()
    ) or (isinstance(value, Decimal) and value.adjusted() < _MOST_DIGITS and value == value.to_integral_value()):
        number = int(value)
    if isinstance(number, bool) or not isinstance(number, int):
        raise _unreadable("value_is_invalid")
    if not -MOST_INTEGER <= number <= MOST_INTEGER:
        raise _unreadable("value_is_out_of_range")
    return number


def _decimal(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise _unreadable("value_is_invalid")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _unreadable("value_is_invalid")
    return value


def _instant(value: Any) -> datetime:
    if not isinstance(value, str):
        raise _unreadable("invalid_date")
    try:
        return as_utc(datetime.fromisoformat(value))
    except (ValueError, OverflowError) as error:
        raise _unreadable("invalid_date") from error


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise _unreadable("must_be_an_array")
    return [_text(item) for item in value]


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _unreadable("value_is_invalid")
    return value


def _text_lists(value: Any) -> dict[str, list[str]]:
    return {key: _texts(item) for key, item in _mapping(value).items()}


TEXT = Kind(_text, {"type": "string"})
INTEGER = Kind(_integer, {"type": "integer"})
DECIMAL = Kind(_decimal, {"type": "string", "format": "decimal"})
BOOLEAN = Kind(_boolean, {"type": "boolean"})
INSTANT = Kind(_instant, {"type": "string", "format": "date-time"})
TEXTS = Kind(_texts, {"type": "array", "items": {"type": "string"}})
MAPPING = Kind(_mapping, {"type": "object"})
TEXT_LISTS = Kind(
    _text_lists, {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}
)

"""Bytes -> events, or why not. Bad data is a value here, never an exception.

Codes are Lago's (lago_api §4 and §7.2), so that the API can answer them as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from core.domain.problems import LONGEST_KEY
from ingestion.canonical import canonical, json_text, may_hold_long_integer, plain_number
from ingestion.event import UsageEvent, WireEvent
from ingestion.instant import iso_micros, unix_micros

BATCH_LIMIT = 100
LONGEST_INTEGER_BITS = 840
"""An id that is written as a number has fewer than 255 digits then."""

# As many integer digits as a price may have; SQL holds more, so that sums have room.
_decimal = re.compile(r"-?0*[0-9]{1,15}(\.[0-9]+)?").fullmatch


class Rejection(msgspec.Struct, frozen=True):
    """One thing wrong with an event: Lago's code, the field (None for the whole event), and what to do about it."""

    reason: str
    field: str | None
    message: str


class Refusal(msgspec.Struct, frozen=True):
    """A request that is refused whole. `malformed` (no JSON, no root key) is Lago's 400, otherwise it is the 422 whose
    `error_details` are field -> codes for one event, or index -> field -> codes for a batch."""

    malformed: bool
    message: str
    error_details: dict[str, Any]


class _Body(msgspec.Struct, gc=False):
    event: WireEvent | None = None


class _Batch(msgspec.Struct, gc=False):
    events: list[WireEvent] | None = None


_decode_body = msgspec.json.Decoder(_Body, float_hook=plain_number).decode
_decode_batch = msgspec.json.Decoder(_Batch, float_hook=plain_number).decode
_decode_any = msgspec.json.Decoder(float_hook=plain_number).decode

Verdict = UsageEvent | Sequence[Rejection]


def validate_event(
    wire: WireEvent, long_integers: bool = True, read_time: Callable[[Any], int | None] = unix_micros
) -> UsageEvent | list[Rejection]:
    """The event, or everything that is wrong with it.

    `long_integers` may be False only when the caller knows that no integer of the properties has 19 digits or more.
    `read_time` reads the timestamp: Unix seconds unless a mapping says otherwise.
    """
    subscription = wire.external_subscription_id
    transaction = wire.transaction_id
    code = wire.code
    rejections: list[Rejection] = []
    if not (_is_key(subscription) and _is_key(transaction) and _is_key(code)):
        subscription = _identifier("external_subscription_id", subscription, rejections)
        transaction = _identifier("transaction_id", transaction, rejections)
        code = _identifier("code", code, rejections)
    timestamp = None
    if wire.timestamp is not None and (timestamp := read_time(wire.timestamp)) is None:
        wanted = "2026-01-31T12:00:00Z" if read_time is iso_micros else "Unix seconds such as 1700000000.123"
        message = f"timestamp is {_shown(wire.timestamp)}, not an instant; send {wanted}"
        rejections.append(Rejection("invalid_format", "timestamp", message))
    properties = wire.properties
    if properties is None:
        properties = {}
    elif type(properties) is not dict:
        rejections.append(
            Rejection("invalid_format", "properties", "properties must be a JSON object of key and value")
        )
    amount = wire.precise_total_amount_cents
    if amount is not None:
        amount = _amount(amount, rejections)
    if rejections:
        return rejections
    text = json_text(canonical(properties)) if long_integers else json_text(properties)
    return UsageEvent(subscription, transaction, code, timestamp, text, amount)


def parse_event(body: bytes) -> UsageEvent | Refusal:
    """The body of `POST /events`, `{"event": {...}}` (lago_api §7.2)."""
    try:
        wire = _decode_body(body).event
    except msgspec.ValidationError as error:
        return Refusal(False, f"event cannot be read: {error}", {"event": ["invalid_format"]})
    except (ValueError, RecursionError) as error:
        return _not_json(error)
    if wire is None:
        return Refusal(True, "param is missing or the value is empty: event", {})
    verdict = validate_event(wire, may_hold_long_integer(body))
    return accepted_event(verdict)


def accepted_event(verdict: Verdict) -> UsageEvent | Refusal:
    """The one event of a request, or the refusal that its rejections make."""
    if isinstance(verdict, UsageEvent):
        return verdict
    return Refusal(False, _sentence(verdict), _details(verdict))


def parse_batch(body: bytes) -> list[UsageEvent] | Refusal:
    """The body of `POST /events/batch`, `{"events": [...]}`: 1 to 100 events, all or nothing (lago_api §7.2).

    A transaction id that comes twice is no error: the first one received counts (law 4), as with a retry.
    """
    try:
        wires: list[Any] | None = _decode_batch(body).events
    except msgspec.ValidationError:
        return _refuse_shape(body)
    except (ValueError, RecursionError) as error:
        return _not_json(error)
    if wires is None:
        return Refusal(True, "param is missing or the value is empty: events", {})
    if refusal := _refuse_size(len(wires)):
        return refusal
    long_integers = may_hold_long_integer(body)
    return accepted_batch([validate_event(wire, long_integers) for wire in wires])


def accepted_batch(verdicts: Sequence[Verdict]) -> list[UsageEvent] | Refusal:
    """All events of a batch, or the refusal that the rejections of some make."""
    events: list[UsageEvent] = []
    refused: dict[str, Sequence[Rejection]] = {}
    for index, verdict in enumerate(verdicts):
        if isinstance(verdict, UsageEvent):
            events.append(verdict)
        else:
            refused[str(index)] = verdict
    return _refuse_events(refused) if refused else events


def _refuse_size(count: int) -> Refusal | None:
    if count == 0:
        return Refusal(False, "the batch holds no events; send 1 to 100", {"events": ["no_events"]})
    if count > BATCH_LIMIT:
        message = f"the batch holds {count} events; send at most {BATCH_LIMIT} at a time"
        return Refusal(False, message, {"events": ["too_many_events"]})
    return None


def _refuse_shape(body: bytes) -> Refusal:
    """Why a batch that is JSON does not have the batch's shape: found by looking at each event on its own."""
    try:
        content = _decode_any(body)
    except (ValueError, RecursionError) as error:
        return _not_json(error)
    if not isinstance(content, dict) or not isinstance(content.get("events"), list):
        return Refusal(False, 'the body must be {"events": [...]}', {"events": ["must_be_an_array"]})
    if refusal := _refuse_size(len(content["events"])):
        return refusal
    refused: dict[str, Sequence[Rejection]] = {}
    for index, item in enumerate(content["events"]):
        if not isinstance(item, dict):
            refused[str(index)] = [Rejection("invalid_format", "base", "an event must be a JSON object")]
        elif not isinstance(verdict := validate_event(msgspec.convert(item, WireEvent)), UsageEvent):
            refused[str(index)] = verdict
    return _refuse_events(refused)


def _refuse_events(refused: dict[str, Sequence[Rejection]]) -> Refusal:
    message = "; ".join(f"event {index}: {_sentence(rejections)}" for index, rejections in refused.items())
    return Refusal(False, message, {index: _details(rejections) for index, rejections in refused.items()})


def _not_json(error: Exception) -> Refusal:
    return Refusal(True, f"the body is not JSON: {error}", {})


def _details(rejections: Sequence[Rejection]) -> dict[str, list[str]]:
    details: dict[str, list[str]] = {}
    for rejection in rejections:
        details.setdefault(rejection.field or "base", []).append(rejection.reason)
    return details


def _sentence(rejections: Sequence[Rejection]) -> str:
    return "; ".join(rejection.message for rejection in rejections)


def _is_key(value: Any) -> bool:
    return (
        type(value) is str
        and value != ""
        and len(value) <= LONGEST_KEY
        and not value.isspace()
        and "\x00" not in value
    )


def _identifier(field: str, value: Any, rejections: list[Rejection]) -> str:
    """A mandatory text field: integers are taken by their digits, as the reference does."""
    if _is_key(value):
        return str(value)
    if type(value) is int and value.bit_length() <= LONGEST_INTEGER_BITS:
        return str(value)
    if type(value) is int or (type(value) is str and len(value) > LONGEST_KEY):
        rejections.append(
            Rejection(
                "value_is_too_long", field, f"{field} is longer than {LONGEST_KEY} characters; send a shorter one"
            )
        )
    elif value is None or (type(value) is str and "\x00" not in value):
        rejections.append(Rejection("value_is_mandatory", field, f"{field} is missing or blank; every event needs one"))
    else:
        rejections.append(
            Rejection("invalid_format", field, f"{field} is {_shown(value)}; it must be text without NUL")
        )
    return ""


def _amount(value: Any, rejections: list[Rejection]) -> str | None:
    text = str(value) if type(value) is int else value
    if type(text) is str and _decimal(text):
        return text
    field = "precise_total_amount_cents"
    rejections.append(
        Rejection(
            "invalid_format",
            field,
            f"{field} is {_shown(value)}; send a decimal such as '1234.56', with at most 15 digits before the point",
        )
    )
    return None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."

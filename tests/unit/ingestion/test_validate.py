from __future__ import annotations

import json
from typing import Any

import pytest

from ingestion.event import UsageEvent
from ingestion.validate import Refusal, parse_batch, parse_event

GOOD = {"transaction_id": "tx", "external_subscription_id": "sub", "code": "tokens"}


def event_of(**changes: Any) -> UsageEvent | Refusal:
    return parse_event(json.dumps({"event": GOOD | changes}).encode())


def refusal_of(**changes: Any) -> Refusal:
    refusal = event_of(**changes)
    assert isinstance(refusal, Refusal) and not refusal.malformed
    return refusal


def test_the_least_event_is_accepted_and_happens_when_it_is_received() -> None:
    assert event_of() == UsageEvent("sub", "tx", "tokens", None, "{}", None)


def test_a_full_event_is_accepted_and_unknown_fields_are_dropped() -> None:
    event = event_of(timestamp="1700000000.123", properties={"a": 1}, precise_total_amount_cents="12.50", extra=1)
    assert event == UsageEvent("sub", "tx", "tokens", 1_700_000_000_123_000, '{"a":1}', "12.50")


def test_null_is_the_same_as_absent() -> None:
    assert event_of(timestamp=None, properties=None, precise_total_amount_cents=None) == event_of()


@pytest.mark.parametrize("field", ["transaction_id", "external_subscription_id", "code"])
@pytest.mark.parametrize("blank", [None, "", "  "])
def test_a_blank_identifier_is_mandatory(field: str, blank: str | None) -> None:
    refusal = refusal_of(**{field: blank})
    assert refusal.error_details == {field: ["value_is_mandatory"]}
    assert field in refusal.message


@pytest.mark.parametrize("field", ["transaction_id", "external_subscription_id", "code"])
def test_an_identifier_may_be_a_number_but_no_container(field: str) -> None:
    accepted = event_of(**{field: 12345678901234567890123})
    assert getattr(accepted, field) == "12345678901234567890123"
    assert refusal_of(**{field: ["a"]}).error_details == {field: ["invalid_format"]}
    assert refusal_of(**{field: True}).error_details == {field: ["invalid_format"]}


@pytest.mark.parametrize("field", ["transaction_id", "external_subscription_id", "code"])
def test_an_identifier_has_at_most_255_characters(field: str) -> None:
    assert getattr(event_of(**{field: "é" * 255}), field) == "é" * 255
    assert getattr(event_of(**{field: 10**252}), field) == f"{10**252}"
    for long in ("é" * 256, " " * 256, 10**255):
        refusal = refusal_of(**{field: long})
        assert refusal.error_details == {field: ["value_is_too_long"]}
        assert "255 characters" in refusal.message


@pytest.mark.parametrize("timestamp", ["2022-04-29T08:59:51Z", "", True, {}, 1_700_000_000_000])
def test_a_timestamp_that_is_no_unix_time_is_refused(timestamp: Any) -> None:
    assert refusal_of(timestamp=timestamp).error_details == {"timestamp": ["invalid_format"]}


def test_a_float_timestamp_keeps_its_digits() -> None:
    body = b'{"event":{"transaction_id":"t","external_subscription_id":"s","code":"c","timestamp":9007199254.740993}}'
    event = parse_event(body)
    assert isinstance(event, UsageEvent) and event.timestamp == 9_007_199_254_740_993


@pytest.mark.parametrize("properties", [[], "text", 1, [["a", 1]]])
def test_properties_must_be_an_object(properties: Any) -> None:
    assert refusal_of(properties=properties).error_details == {"properties": ["invalid_format"]}


@pytest.mark.parametrize("amount", ["1e3", "abc", "", " 1", True, [], "1" * 16, 10**15, f"-{10**20}.5"])
def test_an_amount_must_be_a_decimal(amount: Any) -> None:
    assert refusal_of(precise_total_amount_cents=amount).error_details == {
        "precise_total_amount_cents": ["invalid_format"]
    }


@pytest.mark.parametrize("amount", ["9" * 15, f"000{'9' * 15}.123", -(10**15) + 1])
def test_an_amount_may_have_fifteen_digits_before_the_point(amount: Any) -> None:
    assert event_of(precise_total_amount_cents=amount).precise_total_amount_cents == str(amount)


@pytest.mark.parametrize("field", ["transaction_id", "external_subscription_id", "code"])
def test_identifiers_hold_no_nul(field: str) -> None:
    assert refusal_of(**{field: "a\x00b"}).error_details == {field: ["invalid_format"]}


def test_a_number_that_is_too_long_is_named() -> None:
    body = b'{"event":{"transaction_id":%s,"external_subscription_id":"s","code":"c"}}' % (b"1" * 5000)
    refusal = parse_event(body)
    assert isinstance(refusal, Refusal) and "nteger" in refusal.message and "transaction_id" in refusal.message


def test_an_amount_keeps_its_digits() -> None:
    body = (
        b'{"event":{"transaction_id":"t","external_subscription_id":"s","code":"c","precise_total_amount_cents":0.10}}'
    )
    event = parse_event(body)
    assert isinstance(event, UsageEvent) and event.precise_total_amount_cents == "0.10"


def test_properties_keep_every_digit() -> None:
    body = (
        b'{"event":{"transaction_id":"t","external_subscription_id":"s","code":"c","properties":'
        b'{"f":0.10,"small":1e-7,"long":12345678901234567890,"ok":123456789012345678,"deep":[{"x":1.10}],"s":"1.10"}}}'
    )
    event = parse_event(body)
    assert isinstance(event, UsageEvent)
    assert event.properties == (
        '{"f":"0.10","small":"0.0000001","long":"12345678901234567890","ok":123456789012345678,'
        '"deep":[{"x":"1.10"}],"s":"1.10"}'
    )


def test_everything_wrong_is_told_at_once() -> None:
    assert refusal_of(transaction_id="", code=None, timestamp="x").error_details == {
        "transaction_id": ["value_is_mandatory"],
        "code": ["value_is_mandatory"],
        "timestamp": ["invalid_format"],
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xff",
        b'{"event":{"code":"\\ud800"}}',
        b'{"event":{"properties":' + b"[" * 100_000,
        b"{}",
    ],
)
def test_what_is_not_json_or_has_no_root_is_malformed(body: bytes) -> None:
    refusal = parse_event(body)
    assert isinstance(refusal, Refusal) and refusal.malformed


def test_an_event_that_is_no_object_is_refused() -> None:
    refusal = parse_event(b'{"event":[1]}')
    assert isinstance(refusal, Refusal) and refusal.error_details == {"event": ["invalid_format"]}


def batch_of(*events: Any) -> list[UsageEvent] | Refusal:
    return parse_batch(json.dumps({"events": events}).encode())


def test_a_batch_keeps_its_order_and_may_hold_100() -> None:
    events = batch_of(*({**GOOD, "transaction_id": f"t{i}"} for i in range(100)))
    assert isinstance(events, list)
    assert [event.transaction_id for event in events] == [f"t{i}" for i in range(100)]


def test_a_batch_of_101_is_too_many() -> None:
    refusal = batch_of(*[GOOD] * 101)
    assert isinstance(refusal, Refusal) and refusal.error_details == {"events": ["too_many_events"]}


def test_a_batch_of_no_events_is_refused() -> None:
    refusal = parse_batch(b'{"events":[]}')
    assert isinstance(refusal, Refusal) and refusal.error_details == {"events": ["no_events"]}


@pytest.mark.parametrize("body", [b'{"events":null}', b"{}"])
def test_a_batch_without_its_root_key_is_malformed(body: bytes) -> None:
    refusal = parse_batch(body)
    assert isinstance(refusal, Refusal) and refusal.malformed and refusal.message.endswith(": events")


def test_a_batch_is_all_or_nothing_and_errors_are_keyed_by_index() -> None:
    refusal = batch_of(GOOD, {**GOOD, "timestamp": "2022-04-29"}, GOOD, {})
    assert isinstance(refusal, Refusal) and not refusal.malformed
    assert refusal.error_details["1"] == {"timestamp": ["invalid_format"]}
    assert set(refusal.error_details) == {"1", "3"}
    assert "event 1" in refusal.message


def test_a_batch_with_something_that_is_no_object_names_its_index() -> None:
    refusal = batch_of(GOOD, 5, {**GOOD, "code": ""})
    assert isinstance(refusal, Refusal)
    assert refusal.error_details == {"1": {"base": ["invalid_format"]}, "2": {"code": ["value_is_mandatory"]}}


@pytest.mark.parametrize("body", [b'{"events":5}', b"[]"])
def test_a_batch_must_be_an_array(body: bytes) -> None:
    refusal = parse_batch(body)
    assert isinstance(refusal, Refusal) and refusal.error_details == {"events": ["must_be_an_array"]}


def test_a_batch_that_is_not_json_is_malformed() -> None:
    refusal = parse_batch(b'{"events":[')
    assert isinstance(refusal, Refusal) and refusal.malformed


def test_a_repeated_transaction_in_a_batch_is_accepted_like_a_retry() -> None:
    assert isinstance(batch_of(GOOD, GOOD), list)

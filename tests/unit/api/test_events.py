"""Ingest over the wire: what is answered, what is refused, and what lands."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from api.schemas.events import event_answer
from api.schemas.wire import instant_ms
from core.clock import SystemClock
from core.ids import deterministic_id
from ingestion.event import UsageEvent, to_instant
from ingestion.flush import flush, pending_events
from ingestion.inbox import Inbox, Receipt
from ingestion.landing import Landing
from tests.unit.api.conftest import Api

EVENT = {
    "transaction_id": "t1",
    "external_subscription_id": "sub",
    "code": "calls",
    "timestamp": "1700000000.123",
    "properties": {"count": 0.1, "big": 12345678901234567890, "name": "é"},
}


def received(api: Api) -> set[str]:
    """Transaction ids in the inbox and in the landing zone."""
    landing = Landing(api.settings.landing)
    tables = [pending_events(Inbox(api.settings.inbox, SystemClock())), *map(landing.read, landing.files())]
    return {name for table in tables for name in table["transaction_id"].to_pylist()}


def test_an_event_is_answered_in_lagos_shape(api: Api) -> None:
    answered = api.ok("POST", "/events", {"event": EVENT})
    assert answered.keys() == {"event"}
    event = answered["event"]
    assert event["timestamp"] == "2023-11-14T22:13:20.123Z"
    assert event["properties"] == {"count": "0.1", "big": "12345678901234567890", "name": "é"}
    assert (event["lago_customer_id"], event["lago_subscription_id"]) == (None, None)
    assert (event["transaction_id"], event["external_subscription_id"], event["code"]) == ("t1", "sub", "calls")
    assert received(api) == {"t1"}
    again = api.ok("POST", "/events", {"event": EVENT})["event"]
    assert again["lago_id"] == event["lago_id"]


def test_without_a_timestamp_an_event_happens_when_it_is_received(api: Api) -> None:
    event = {name: value for name, value in EVENT.items() if name != "timestamp"}
    answered = api.ok("POST", "/events", {"event": event | {"properties": None}})["event"]
    assert answered["properties"] == {}
    assert answered["timestamp"][:19] == answered["created_at"][:19]


def test_a_batch_is_answered_in_the_order_sent(api: Api) -> None:
    names = [f"t{number}" for number in range(100)]
    events = [EVENT | {"transaction_id": name} for name in names]
    answered = api.ok("POST", "/events/batch", {"events": events})
    assert answered.keys() == {"events"}
    assert [event["transaction_id"] for event in answered["events"]] == names
    assert received(api) == set(names)


@pytest.mark.parametrize(
    ("change", "details"),
    [
        ({"transaction_id": ""}, {"transaction_id": ["value_is_mandatory"]}),
        ({"code": None}, {"code": ["value_is_mandatory"]}),
        ({"timestamp": "2023-11-14T22:13:20Z"}, {"timestamp": ["invalid_format"]}),
        ({"properties": []}, {"properties": ["invalid_format"]}),
    ],
)
def test_a_bad_event_is_refused_with_its_fields(api: Api, change: dict[str, Any], details: dict[str, Any]) -> None:
    expected = {"status": 422, "error": "Unprocessable Entity", "code": "validation_errors", "error_details": details}
    alone = api.refused("POST", "/events", {"event": EVENT | change})
    assert next(iter(details)) in alone.pop("message")
    assert alone == expected
    in_batch = api.refused("POST", "/events/batch", {"events": [EVENT, EVENT | change]})
    assert in_batch.pop("message").startswith("event 1: ")
    assert in_batch == expected | {"error_details": {"1": details}}
    assert received(api) == set()


@pytest.mark.parametrize(
    ("events", "code"),
    [([], "no_events"), ([EVENT] * 101, "too_many_events"), ({}, "must_be_an_array")],
)
def test_a_batch_has_1_to_100_events(api: Api, events: Any, code: str) -> None:
    assert api.refused("POST", "/events/batch", {"events": events})["error_details"] == {"events": [code]}


@pytest.mark.parametrize("body", [b"{", b"", b'{"event": null}', b"{}", b"\xff"])
def test_what_is_no_event_at_all_is_a_bad_request(api: Api, body: bytes) -> None:
    response = api("POST", "/events", content=body)
    assert response.status_code == response.json()["status"] == 400


@pytest.mark.parametrize("body", [b"{}", b'{"events": null}', b'{"event": {}}'])
def test_a_batch_without_its_root_key_is_a_bad_request(api: Api, body: bytes) -> None:
    response = api("POST", "/events/batch", content=body)
    assert response.status_code == response.json()["status"] == 400


def test_stopping_flushes_what_is_left(api: Api) -> None:
    api.ok("POST", "/events", {"event": EVENT})
    api.client.__exit__()
    landing = Landing(api.settings.landing)
    assert [row for path in landing.files() for row in landing.read(path)["transaction_id"].to_pylist()] == ["t1"]
    api.client.__enter__()


def test_a_full_disk_is_told_and_nothing_is_acknowledged(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Inbox, "_stamp_and_insert", fail)
    refused = api.refused("POST", "/events", {"event": EVENT})
    assert (refused["status"], refused["code"]) == (503, "inbox_unavailable")


@pytest.mark.parametrize("micros", [0, 1_700_000_000_123_999, -1, -1_500_000])
def test_the_quick_answer_says_what_the_plain_functions_say(micros: int) -> None:
    event = UsageEvent("sub", "t1", "calls", micros, "{}")
    answered = json.loads(event_answer(event, Receipt(datetime(2026, 1, 1), 1, 1)))["event"]
    assert answered["lago_id"] == deterministic_id("event", "sub", "t1")
    assert answered["timestamp"] == instant_ms(to_instant(micros))


def test_an_event_is_found_in_the_inbox_and_in_the_landing_zone(api: Api) -> None:
    assert api.refused("GET", "/events/t1")["code"] == "event_not_found"
    answered = api.ok("POST", "/events", {"event": EVENT})["event"]
    assert api.ok("GET", "/events/t1")["event"] == answered
    flush(Inbox(api.settings.inbox, SystemClock()), Landing(api.settings.landing))
    api.ok("POST", "/events", {"event": EVENT | {"properties": {"count": 2}}})  # a retry; the first one counts
    assert api.ok("GET", "/events/t1")["event"] == answered
    assert api("GET", "/events/t1", headers={"Authorization": ""}).status_code == 401

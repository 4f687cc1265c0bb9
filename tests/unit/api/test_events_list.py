"""`GET /events` (lago_api §7.2): what was received, loaded by a run or not yet, each event once and the latest first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from core.warehouse.received_events import EventFilter, list_events
from tests.unit.api.conftest import Api, Ticking

AT = datetime(2026, 1, 10)


def send(api: Api, transaction_id: str, *, external_id: str = "s", code: str = "calls", day: int = 0) -> None:
    at = (AT + timedelta(days=day)).timestamp()
    event = {"transaction_id": transaction_id, "external_subscription_id": external_id, "code": code, "timestamp": at, "properties": {"n": day}}
    api.ok("POST", "/events", {"event": event})


def ids(api: Api, query: str = "") -> list[str]:
    return [row["transaction_id"] for row in api.ok("GET", f"/events{query}")["events"]]


@pytest.fixture
def sent(timed: Api, clock: Ticking) -> Api:
    """Five events, one of them sent twice, and a subscription for some of them."""
    subscription = {"external_customer_id": "acme", "plan_code": "basic", "external_id": "s", "subscription_at": "2026-01-11"}
    timed.ok("POST", "/plans", {"plan": {"name": "Basic", "code": "basic", "interval": "monthly", "amount_cents": 1, "amount_currency": "EUR"}})
    timed.ok("POST", "/subscriptions", {"subscription": subscription})
    for day, (name, external_id, code) in enumerate([("a", "s", "calls"), ("b", "s", "calls"), ("c", "t", "calls"), ("d", "s", "bytes")]):
        send(timed, name, external_id=external_id, code=code, day=day)
    send(timed, "b", day=9)
    return timed


def test_events_are_listed_once_the_latest_first(sent: Api) -> None:
    listed = sent.ok("GET", "/events?per_page=2")
    assert [row["transaction_id"] for row in listed["events"]] == ["d", "c"]
    assert listed["meta"] == {"current_page": 1, "next_page": 2, "prev_page": None, "total_pages": 2, "total_count": 4}
    assert ids(sent, "?per_page=2&page=2") == ["b", "a"]
    assert listed["events"][0] == sent.ok("GET", "/events/d")["event"]
    assert listed["events"][1]["lago_subscription_id"] is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?external_subscription_id=s", ["d", "b", "a"]),
        ("?code=calls", ["c", "b", "a"]),
        ("?timestamp_from=2026-01-11T00:00:00Z&timestamp_to=2026-01-12T00:00:00Z", ["c", "b"]),
        ("?external_subscription_id=s&timestamp_from_started_at=true", ["d", "b"]),
        ("?code=none", []),
    ],
)
def test_events_are_filtered(sent: Api, query: str, expected: list[str]) -> None:
    assert ids(sent, query) == expected


@pytest.mark.parametrize(
    ("query", "details"),
    [
        ("?timestamp_from=soon", {"timestamp_from": ["invalid_date"]}),
        ("?timestamp_to=13", {"timestamp_to": ["invalid_date"]}),
        ("?timestamp_from_started_at=true", {"external_subscription_id": ["value_is_mandatory"]}),
        ("?external_subscription_id=s&timestamp_from_started_at=true&timestamp_from=2026-01-01", {"timestamp_from": ["incompatible_params"]}),
    ],
)  # fmt: skip
def test_a_filter_that_cannot_be_is_refused(sent: Api, query: str, details: dict[str, Any]) -> None:
    assert sent.refused("GET", f"/events{query}")["error_details"] == details


def test_what_a_run_has_loaded_and_the_tail_still_holds_is_listed_once() -> None:
    def rows(*given: tuple[str, int]) -> pa.Table:
        return pa.table(
            {
                "external_subscription_id": ["s"] * len(given),
                "transaction_id": [name for name, _ in given],
                "code": ["calls"] * len(given),
                "timestamp": pa.array([AT] * len(given), pa.timestamp("us")),
                "properties": ["{}"] * len(given),
                "precise_total_amount_cents": pa.array([None] * len(given), pa.string()),
                "received_at": pa.array([AT] * len(given), pa.timestamp("us")),
                "received_sequence": [sequence for _, sequence in given],
            }
        )

    connection = duckdb.connect()
    connection.register("given", rows(("a", 1), ("b", 2)))
    connection.execute("create table loaded_events as select * from given")
    found, total = list_events(connection, "loaded_events", [rows(("c", 4), ("b", 2)), rows(("c", 3))], EventFilter(code="calls"), limit=10, offset=0)
    assert [row["transaction_id"] for row in found] == ["a", "b", "c"]
    assert total == 3

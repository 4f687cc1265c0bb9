"""Metrics with expressions over the wire: checked when given, computed when an event comes, tried out beforehand."""

from __future__ import annotations

from typing import Any

import pytest

from core.catalog import billable_metrics
from core.catalog.unit_of_work import unit_of_work
from core.clock import SystemClock
from tests.unit.api.conftest import Api

METRIC = {
    "code": "storage",
    "name": "Storage",
    "aggregation_type": "sum_agg",
    "field_name": "gigabytes",
    "expression": "round(event.properties.bytes / 1000000000, 3)",
}


def event(number: int, code: str = "storage", **properties: Any) -> dict[str, Any]:
    return {"transaction_id": f"t{number}", "external_subscription_id": "sub", "code": code, "properties": properties}


def metric(api: Api, **change: Any) -> Any:
    return api.ok("POST", "/billable_metrics", {"billable_metric": METRIC | change})["billable_metric"]


def test_an_expression_is_kept_and_changed(api: Api) -> None:
    assert metric(api)["expression"] == METRIC["expression"]
    changed = api.ok("PUT", "/billable_metrics/storage", {"billable_metric": {"expression": "event.timestamp"}})
    assert changed["billable_metric"]["expression"] == "event.timestamp"
    assert (
        api.ok("PUT", "/billable_metrics/storage", {"billable_metric": {"expression": ""}})["billable_metric"][
            "expression"
        ]
        is None
    )
    assert metric(api, code="visits", aggregation_type="count_agg")["expression"] is None


def test_a_bad_expression_is_refused_with_its_position(api: Api) -> None:
    for method, path in (("POST", ""), ("PUT", "/storage")):
        refused = api.refused(
            method, f"/billable_metrics{path}", {"billable_metric": METRIC | {"expression": "1 + * 2"}}
        )
        assert refused["error_details"] == {"expression": ["invalid_expression"]}
        assert "position 5: unexpected '* 2'" in refused["message"]
        if method == "POST":
            metric(api)


def test_an_event_is_stored_with_the_computed_value(api: Api) -> None:
    metric(api)
    alone = api.ok("POST", "/events", {"event": event(1, bytes="1234567890", region="eu")})["event"]
    assert alone["properties"] == {"bytes": "1234567890", "region": "eu", "gigabytes": "1.235"}
    batch = [event(2, bytes=5_000_000), event(3, code="calls", bytes="x"), event(4, bytes=1.5e9, gigabytes=7)]
    answered = api.ok("POST", "/events/batch", {"events": batch})["events"]
    assert [one["properties"].get("gigabytes") for one in answered] == ["0.005", None, "1.5"]
    found = api.ok("GET", "/events/t2")["event"]
    assert found["properties"] == {"bytes": 5_000_000, "gigabytes": "0.005"}


def test_an_event_without_a_value_is_refused_and_its_batch_with_it(api: Api) -> None:
    metric(api)
    refused = api.refused("POST", "/events", {"event": event(1)})
    assert (refused["code"], refused["error_details"]) == ("validation_errors", {"expression": ["invalid_expression"]})
    assert "the event has no event.properties.bytes" in refused["message"]
    refused = api.refused(
        "POST", "/events/batch", {"events": [event(1, bytes=1), event(2, bytes="many"), event(3, bytes=1)]}
    )
    assert refused["error_details"] == {"1": {"expression": ["invalid_expression"]}}
    assert "event 1: " in refused["message"] and "'many', not a number" in refused["message"]
    assert api.refused("GET", "/events/t1")["status"] == 404


def test_a_changed_expression_concerns_later_events_only(api: Api) -> None:
    metric(api)
    api.ok("POST", "/events", {"event": event(1, bytes=2_000_000_000)})
    api.ok("PUT", "/billable_metrics/storage", {"billable_metric": {"expression": "event.properties.bytes * 10"}})
    later = api.ok("POST", "/events", {"event": event(2, bytes=2)})["event"]
    assert later["properties"]["gigabytes"] == "20"
    assert api.ok("GET", "/events/t1")["event"]["properties"]["gigabytes"] == "2"
    api.ok("DELETE", "/billable_metrics/storage")
    assert api.ok("POST", "/events", {"event": event(3, bytes="x")})["event"]["properties"] == {"bytes": "x"}


def test_a_change_of_another_process_is_seen_after_a_moment(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.ok("POST", "/events", {"event": event(1, bytes=1)})
    with unit_of_work(api.app_services().engine, SystemClock()) as uow:
        billable_metrics.create(uow, **METRIC)
    assert "gigabytes" not in api.ok("POST", "/events", {"event": event(2, bytes=1)})["event"]["properties"]
    monkeypatch.setattr("api.calculations.time.monotonic", lambda: float("inf"))
    assert (
        api.ok("POST", "/events", {"event": event(3, bytes=1_000_000)})["event"]["properties"]["gigabytes"] == "0.001"
    )


def test_the_time_that_is_computed_with_is_the_time_that_is_stored(api: Api) -> None:
    metric(api, expression="event.timestamp")
    timed = api.ok("POST", "/events", {"event": event(1) | {"timestamp": "1700000000.987"}})["event"]
    assert (timed["properties"]["gigabytes"], timed["timestamp"]) == ("1700000000", "2023-11-14T22:13:20.987Z")
    untimed = api.ok("POST", "/events", {"event": event(2)})["event"]
    stored = api.ok("GET", "/events/t2")["event"]
    assert stored["timestamp"] == untimed["timestamp"]
    assert SystemClock().now().timestamp() - int(untimed["properties"]["gigabytes"]) < 60


def test_an_expression_is_tried_out(api: Api) -> None:
    body = {
        "expression": "round(event.properties.value * event.properties.units)",
        "event": event(1, value="1.5", units=3),
    }
    assert api.ok("POST", "/billable_metrics/evaluate_expression", body) == {"expression_result": {"value": "5"}}
    body["expression"] = "concat(event.code, '-', event.timestamp)"
    body["event"] = {"code": "seats", "timestamp": 1_700_000_000.9}
    assert (
        api.ok("POST", "/billable_metrics/evaluate_expression", body)["expression_result"]["value"]
        == "seats-1700000000"
    )


@pytest.mark.parametrize(
    ("body", "details", "message"),
    [
        (None, {"expression": ["value_is_mandatory"]}, None),
        ({"expression": ""}, {"expression": ["value_is_mandatory"]}, None),
        ({"expression": "1"}, {"event": ["value_is_mandatory"]}, None),
        ({"expression": "1", "event": {"properties": {}}}, {"code": ["value_is_mandatory"]}, None),
        ({"expression": "1", "event": {"code": "a", "timestamp": "soon"}}, {"timestamp": ["invalid_format"]}, None),
        ({"expression": "1+", "event": {"code": "a"}}, {"expression": ["invalid_expression"]}, "position 3"),
        ({"expression": "event.properties.a", "event": {"code": "a"}}, {"expression": ["invalid_expression"]}, "has no event.properties.a"),
    ],
)  # fmt: skip
def test_what_cannot_be_tried_out_is_refused(api: Api, body: Any, details: dict[str, Any], message: str | None) -> None:
    refused = api.refused("POST", "/billable_metrics/evaluate_expression", body)
    assert refused["error_details"] == details
    assert (message or "") in refused.get("message", "")
    assert ("message" in refused) == (message is not None)

"""What every request leaves behind, and what its key may do."""

from __future__ import annotations

import time
from typing import Any

import pytest

from core.catalog import api_keys
from core.catalog.engine import reading
from core.catalog.unit_of_work import unit_of_work
from core.clock import SystemClock
from tests.unit.api.conftest import Api
from tests.unit.api.test_resources import METRIC, TAX

CUSTOMER = {"external_id": "acme", "name": "Acme"}


def key_with(api: Api, **terms: Any) -> dict[str, Any]:
    """Headers of a new key."""
    with unit_of_work(api.app_services().engine, SystemClock()) as uow:
        return {"headers": {"Authorization": f"Bearer {api_keys.create(uow, 'narrow', **terms)[1]}"}}


def test_a_change_is_in_both_logs_under_one_request(api: Api) -> None:
    made = api("POST", "/customers", {"customer": CUSTOMER})
    request_id = made.headers["x-request-id"]
    log = api.ok("GET", f"/api_logs/{request_id}")["api_log"]
    assert (log["http_method"], log["http_status"], log["request_path"], log["api_version"]) == ("post", 200, "/api/v1/customers", "v1")
    assert (log["request_body"], log["request_response"]) == ({"customer": CUSTOMER}, made.json())
    (activity,) = api.ok("GET", "/activity_logs?external_customer_id=acme")["activity_logs"]
    assert (activity["activity_type"], activity["activity_source"], activity["user_email"], activity["request_id"]) == ("customer.created", "api", "tests", request_id)
    assert (activity["resource_type"], activity["resource_id"], activity["external_customer_id"]) == ("Customer", made.json()["customer"]["lago_id"], "acme")
    assert activity["activity_object"]["name"] == "Acme" and activity["activity_object_changes"]["name"] == [None, "Acme"]
    assert api.ok("GET", f"/activity_logs/{activity['activity_id']}")["activity_log"] == activity
    api("POST", "/customers", {"customer": CUSTOMER | {"name": "New"}}, headers={"User-Agent": "tallystick-console"})
    (by_console,) = api.ok("GET", "/activity_logs?activity_sources[]=front")["activity_logs"]
    assert by_console["activity_object_changes"] == {"name": ["Acme", "New"]}
    assert api.refused("GET", "/activity_logs/none")["code"] == "activity_log_not_found"
    assert api.refused("GET", "/api_logs/none")["code"] == "api_log_not_found"


def test_what_only_reads_and_events_are_not_logged_and_refusals_are(api: Api) -> None:
    api.ok("POST", "/billable_metrics", {"billable_metric": METRIC})
    api.ok("POST", "/events", {"event": {"transaction_id": "1", "external_subscription_id": "s", "code": METRIC["code"], "properties": {"count": 1}}})
    api.ok("GET", "/billable_metrics")
    api.refused("POST", "/taxes", {"tax": {}})
    api("PUT", "/taxes/none", content=b"no json")

    def paths(**parameters: Any) -> list[tuple[str, int]]:
        return [(row["request_path"], row["http_status"]) for row in api.ok("GET", "/api_logs", params=parameters)["api_logs"]]

    everything = [("/api/v1/taxes/none", 400), ("/api/v1/taxes", 400), ("/api/v1/billable_metrics", 200)]
    assert paths() == everything
    assert paths(**{"http_statuses[]": "failed"}) == everything[:2]
    assert paths(**{"http_statuses[]": ["succeeded", "404"]}) == everything[2:]
    assert paths(**{"http_methods[]": "put"}) == everything[:1]
    assert paths(request_paths="taxes") == everything[:2]
    assert paths(api_version="v2") == paths(to_date="2001-01-01") == []
    assert [row["request_body"] for row in api.ok("GET", "/api_logs")["api_logs"]][:2] == [{}, {"tax": {}}]
    assert api.refused("GET", "/api_logs?from_date=soon")["error_details"] == {"from_date": ["invalid_date"]}


def test_the_callers_request_id_is_kept_with_ours(api: Api) -> None:
    assert api("GET", "/taxes", headers={"X-Request-Id": "abc-1"}).headers["x-request-id"].startswith("abc-1-")
    assert "<" not in api("GET", "/taxes", headers={"X-Request-Id": "<b>"}).headers["x-request-id"]


@pytest.mark.parametrize(
    ("scopes", "reads", "writes", "asks", "sends"),
    [
        (("read",), 200, 403, 200, 403),
        (("write",), 403, 200, 403, 200),
        (("ingest",), 403, 403, 403, 200),
        (("read", "ingest"), 200, 403, 200, 200),
    ],
)
def test_a_key_does_what_its_scopes_allow(api: Api, scopes: tuple[str, ...], reads: int, writes: int, asks: int, sends: int) -> None:
    api.ok("POST", "/billable_metrics", {"billable_metric": METRIC})
    narrow = key_with(api, scopes=scopes)
    event = {"transaction_id": "1", "external_subscription_id": "s", "code": METRIC["code"], "properties": {"count": 1}}
    asked = {"expression": "1 + 1", "event": {"code": METRIC["code"], "properties": {}}}
    assert api("GET", "/taxes", **narrow).status_code == reads
    assert api("POST", "/taxes", {"tax": TAX}, **narrow).status_code == writes
    assert api("POST", "/billable_metrics/evaluate_expression", asked, **narrow).status_code == asks
    assert api("POST", "/events", {"event": event}, **narrow).status_code == sends
    assert api("POST", "/events/batch", {"events": [event | {"transaction_id": "2"}]}, **narrow).status_code == sends
    if writes == 403:
        refused = api.refused("POST", "/taxes", {"tax": TAX}, **narrow)
        assert (refused["error"], refused["code"]) == ("Forbidden", "write_action_not_allowed_for_tax")
    if reads == 403:
        assert api.refused("GET", "/customers", **narrow)["code"] == "read_action_not_allowed_for_customer"


def test_a_key_with_a_limit_says_what_is_left_and_is_refused_beyond(api: Api) -> None:
    assert "x-ratelimit-limit" not in api("GET", "/taxes").headers
    narrow = key_with(api, requests_per_second=3)
    time.sleep(1 - time.monotonic() % 1)  # the beginning of a window
    answers = [api("GET", "/taxes", **narrow) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert {(answer.headers["x-ratelimit-limit"], answer.headers["x-ratelimit-reset"]) for answer in answers} == {("3", "1")}
    assert answers[3].json()["code"] == "too_many_requests"
    time.sleep(1)
    assert api("GET", "/taxes", **narrow).status_code == 200


def test_it_is_written_down_when_a_key_is_used(api: Api) -> None:
    narrow = key_with(api)
    for _ in range(2):
        api("GET", "/taxes", **narrow)
    with reading(api.app_services().engine) as connection:
        uses = api_keys.last_uses(connection)
        names = {row.id: row.name for row in api_keys.page(connection).items}
    assert [names[key_id] for key_id in uses] == ["narrow"]

"""Metrics and charges that SQL gives, over the wire: named, kept, and refused where no model has the name."""

from __future__ import annotations

from typing import Any

from tests.unit.api.conftest import Api

METRIC = {
    "code": "minutes",
    "name": "Minutes",
    "aggregation_type": "custom_agg",
    "sql_metric": "connected_minutes",
    "field_name": "seconds",
}
RANGES = [{"from": "0", "to": "10", "eu": "0.1"}, {"from": "10", "to": None, "eu": "0.2"}]
PLAN = {
    "code": "zones",
    "name": "Zones",
    "interval": "monthly",
    "amount_cents": 0,
    "amount_currency": "EUR",
    "pay_in_advance": False,
}


def charge(metric: Any, **properties: Any) -> dict[str, Any]:
    return {"billable_metric_id": metric["lago_id"], "charge_model": "custom", "properties": properties}


def test_a_metric_names_its_sql_metric(api: Api) -> None:
    created = api.ok("POST", "/billable_metrics", {"billable_metric": METRIC})["billable_metric"]
    assert (created["aggregation_type"], created["sql_metric"], created["field_name"]) == (
        "custom_agg",
        "connected_minutes",
        "seconds",
    )
    renamed = api.ok("PUT", "/billable_metrics/minutes", {"billable_metric": {"name": "Time"}})["billable_metric"]
    assert renamed["sql_metric"] == "connected_minutes"
    without_field = api.ok(
        "POST", "/billable_metrics", {"billable_metric": METRIC | {"code": "bare", "field_name": None}}
    )
    assert without_field["billable_metric"]["field_name"] is None


def test_a_sql_metric_must_be_there(api: Api) -> None:
    missing = api.refused("POST", "/billable_metrics", {"billable_metric": METRIC | {"sql_metric": None}})
    assert missing["error_details"] == {"sql_metric": ["value_is_mandatory"]}
    unknown = api.refused("POST", "/billable_metrics", {"billable_metric": METRIC | {"sql_metric": "hours"}})
    assert unknown["error_details"] == {"sql_metric": ["value_is_invalid"]}
    assert "there is no model with the name 'hours' in its meta; there are: connected_minutes" in unknown["message"]
    api.ok("POST", "/billable_metrics", {"billable_metric": METRIC})
    unknown = api.refused("PUT", "/billable_metrics/minutes", {"billable_metric": {"sql_metric": "hours"}})
    assert unknown["error_details"] == {"sql_metric": ["value_is_invalid"]}


def test_a_charge_names_its_sql_charge_and_states_parameters(api: Api) -> None:
    metric = api.ok("POST", "/billable_metrics", {"billable_metric": METRIC})["billable_metric"]
    properties = {"sql_charge": "storage_zones", "custom_properties": {"ranges": RANGES}}
    plan = api.ok("POST", "/plans", {"plan": PLAN | {"charges": [charge(metric, **properties)]}})["plan"]
    (kept,) = plan["charges"]
    assert kept["charge_model"] == "custom"
    assert properties.items() <= kept["properties"].items()


def test_a_sql_charge_must_be_there(api: Api) -> None:
    metric = api.ok("POST", "/billable_metrics", {"billable_metric": METRIC})["billable_metric"]
    for properties, details in (
        ({}, {"properties": ["invalid_sql_charge"]}),
        ({"sql_charge": "moon"}, {"sql_charge": ["value_is_invalid"]}),
        (
            {"sql_charge": "storage_zones", "custom_properties": {"ranges": [1]}},
            {"properties": ["invalid_custom_properties"]},
        ),
    ):
        refused = api.refused("POST", "/plans", {"plan": PLAN | {"charges": [charge(metric, **properties)]}})
        assert refused["error_details"] == details
    in_advance = charge(metric, sql_charge="storage_zones") | {"pay_in_advance": True}
    refused = api.refused("POST", "/plans", {"plan": PLAN | {"charges": [in_advance]}})
    assert refused["error_details"] == {"pay_in_advance": ["invalid_aggregation_type_or_charge_model"]}

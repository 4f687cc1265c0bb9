"""Charges of a plan one by one, and filters of charges of plans and subscriptions, over the wire (lago_api §7.4, §7.7)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.conftest import Api
from tests.unit.api.test_resources import METRIC, PLAN

REGIONS = [{"key": "region", "values": ["eu", "us"]}, {"key": "tier", "values": ["a", "b"]}]
EU = {"values": {"region": ["eu"]}, "properties": {"amount": "2"}, "invoice_display_name": "Europe"}
US = {"values": {"region": ["us"]}, "properties": {"amount": "3"}}
CHARGES = "/plans/basic/charges"
FILTERS = f"{CHARGES}/calls/filters"


@pytest.fixture
def sold(api: Api) -> Api:
    """A plan with one charge, and a subscription on it."""
    metric = api.ok("POST", "/billable_metrics", {"billable_metric": METRIC | {"filters": REGIONS}})["billable_metric"]
    charge = {"billable_metric_id": metric["lago_id"], "code": "calls", "charge_model": "standard", "properties": {"amount": "1"}}
    api.ok("POST", "/plans", {"plan": PLAN | {"charges": [charge]}})
    subscription = {"external_customer_id": "acme", "plan_code": "basic", "external_id": "s"}
    api.ok("POST", "/subscriptions", {"subscription": subscription})
    return api


def prices(api: Api, path: str = FILTERS) -> dict[str, str]:
    """Values of each filter -> its price."""
    rows = api.ok("GET", path)["filters"]
    return {",".join(f"{key}={'|'.join(values)}" for key, values in row["values"].items()): row["properties"]["amount"] for row in rows}


def test_a_charge_of_a_plan_is_added_changed_and_taken_off(sold: Api) -> None:
    (first,) = sold.ok("GET", CHARGES)["charges"]
    assert sold.ok("GET", f"{CHARGES}/calls")["charge"] == first
    new = {"billable_metric_id": first["lago_billable_metric_id"], "code": "packs", "charge_model": "package", "properties": {"amount": "5", "package_size": 10, "free_units": 0}}
    added = sold.ok("POST", CHARGES, {"charge": new})["charge"]
    assert (added["code"], added["charge_model"], added["min_amount_cents"]) == ("packs", "package", 0)
    assert sold.ok("GET", f"{CHARGES}/calls")["charge"] == first
    changed = sold.ok("PUT", f"{CHARGES}/packs", {"charge": {"min_amount_cents": 700, "invoice_display_name": "Packs"}})["charge"]
    assert changed == added | {"min_amount_cents": 700, "invoice_display_name": "Packs"}
    assert [row["code"] for row in sold.ok("GET", "/plans/basic")["plan"]["charges"]] == ["calls", "packs"]
    assert sold.ok("DELETE", f"{CHARGES}/calls")["charge"] == first
    assert [row["code"] for row in sold.ok("GET", CHARGES)["charges"]] == ["packs"]
    assert sold.refused("GET", f"{CHARGES}/calls")["code"] == "charge_not_found"
    assert sold.refused("DELETE", f"{CHARGES}/calls", {"charge": {"cascade_updates": True}})["code"] == "charge_not_found"
    assert sold.refused("POST", CHARGES, {"charge": new})["error_details"] == {"code": ["value_already_exist"]}
    assert sold.refused("POST", "/plans/none/charges", {"charge": new})["code"] == "plan_not_found"
    refused = sold.refused("PUT", f"{CHARGES}/packs", {"charge": {"properties": {"amount": "5", "package_size": 0}}})
    assert refused["status"] == 422


def test_a_filter_of_a_charge_is_added_changed_and_taken_off(sold: Api) -> None:
    eu = sold.ok("POST", FILTERS, {"filter": EU})["filter"]
    us = sold.ok("POST", FILTERS, {"filter": US})["filter"]
    assert (eu["charge_code"], eu["invoice_display_name"], us["invoice_display_name"]) == ("calls", "Europe", None)
    assert prices(sold) == {"region=eu": "2", "region=us": "3"}
    assert sold.ok("GET", f"{FILTERS}/{eu['lago_id']}")["filter"] == eu
    dear = sold.ok("PUT", f"{FILTERS}/{eu['lago_id']}", {"filter": {"properties": {"amount": "20"}}})["filter"]
    assert dear == eu | {"properties": {"amount": "20"}}
    other = sold.ok("PUT", f"{FILTERS}/{us['lago_id']}", {"filter": {"values": {"region": ["us"], "tier": ["b", "a"]}}})["filter"]
    assert (other["values"], other["properties"]) == ({"region": ["us"], "tier": ["b", "a"]}, {"amount": "3"})
    assert sold.ok("GET", f"{FILTERS}?per_page=1&page=2")["filters"] == [other]
    assert sold.ok("DELETE", f"{FILTERS}/{eu['lago_id']}")["filter"] == dear
    assert prices(sold) == {"region=us,tier=b|a": "3"}
    assert sold.refused("GET", f"{FILTERS}/{eu['lago_id']}")["code"] == "charge_filter_not_found"
    assert sold.refused("POST", FILTERS, {"filter": {"values": {"region": ["mars"]}, "properties": {"amount": "1"}}})["status"] == 422


def test_filters_of_a_subscription_are_its_own(sold: Api) -> None:
    sold.ok("POST", FILTERS, {"filter": EU})
    path = "/subscriptions/s/charges/calls/filters"
    (eu,) = sold.ok("GET", path)["filters"]
    us = sold.ok("POST", path, {"filter": US})["filter"]
    assert prices(sold, path) == {"region=eu": "2", "region=us": "3"}
    assert prices(sold) == {"region=eu": "2"}
    own = next(row for row in sold.ok("GET", path)["filters"] if row["values"] == eu["values"])
    sold.ok("PUT", f"{path}/{own['lago_id']}", {"filter": {"properties": {"amount": "9"}}})
    assert sold.ok("GET", f"{path}/{us['lago_id']}")["filter"]["properties"] == {"amount": "3"}
    sold.ok("DELETE", f"{path}/{us['lago_id']}")
    assert (prices(sold, path), prices(sold)) == ({"region=eu": "9"}, {"region=eu": "2"})


@pytest.mark.parametrize("cascade", [True, False])
def test_a_change_reaches_overrides_where_it_is_asked_to(sold: Api, cascade: bool) -> None:
    sold.ok("PUT", "/subscriptions/s", {"subscription": {"plan_overrides": {"amount_cents": 7}}})
    own = "/subscriptions/s/charges/calls"
    asked: dict[str, Any] = {"cascade_updates": cascade}
    sold.ok("PUT", f"{CHARGES}/calls", {"charge": asked | {"properties": {"amount": "4"}}})
    assert sold.ok("GET", own)["charge"]["properties"]["amount"] == ("4" if cascade else "1")
    added = sold.ok("POST", FILTERS, {"filter": EU | asked})["filter"]
    assert prices(sold, f"{own}/filters") == ({"region=eu": "2"} if cascade else {})
    sold.ok("DELETE", f"{FILTERS}/{added['lago_id']}", {"filter": asked})
    assert prices(sold, f"{own}/filters") == {}
    sold.ok("DELETE", f"{CHARGES}/calls", {"charge": asked})
    assert len(sold.ok("GET", "/subscriptions/s/charges")["charges"]) == (0 if cascade else 1)

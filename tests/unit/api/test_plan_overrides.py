"""Terms of one subscription on the wire (lago_api §7.4, §7.7)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.conftest import Api

NAMED = {"external_customer_id": "acme", "plan_code": "pro", "external_id": "s"}


@pytest.fixture()
def pro(api: Api) -> dict[str, Any]:
    """Plan `pro` with a charge and a fixed charge."""
    metric = {"code": "calls", "name": "Calls", "aggregation_type": "count_agg"}
    made = api.ok("POST", "/billable_metrics", {"billable_metric": metric})["billable_metric"]
    api.ok("POST", "/add_ons", {"add_on": {"code": "seat", "name": "Seat", "amount_cents": 100, "amount_currency": "EUR"}})
    charge = {"billable_metric_id": made["lago_id"], "charge_model": "standard", "properties": {"amount": "1"}}
    sold = {"add_on_code": "seat", "code": "seats", "charge_model": "standard", "units": "2", "properties": {"amount": "5"}}
    plan = {"code": "pro", "name": "Pro", "interval": "monthly", "amount_cents": 3000, "amount_currency": "EUR", "pay_in_advance": False}
    return dict(api.ok("POST", "/plans", {"plan": plan | {"charges": [charge], "fixed_charges": [sold]}})["plan"])


def subscribe(api: Api, **given: Any) -> dict[str, Any]:
    return dict(api.ok("POST", "/subscriptions", {"subscription": NAMED | given})["subscription"])


def test_a_subscription_begins_with_terms_of_its_own(api: Api, pro: dict[str, Any]) -> None:
    (charge,), (sold,) = pro["charges"], pro["fixed_charges"]
    overrides = {
        "amount_cents": 2000, "name": "Deal", "trial_period": 2, "metadata": {"a": "b"},
        "minimum_commitment": {"amount_cents": 9000}, "usage_thresholds": [{"amount_cents": 500}],
        "charges": [{"id": charge["lago_id"], "properties": {"amount": "0.5"}, "min_amount_cents": 10}],
        "fixed_charges": [{"id": sold["lago_id"], "units": 7}],
    }  # fmt: skip
    made = subscribe(api, plan_overrides=overrides)
    assert (made["plan_code"], made["plan_amount_cents"], made["applicable_usage_thresholds"][0]["amount_cents"]) == ("pro", 2000, 500)
    plan = made["plan"]
    assert (plan["code"], plan["name"], plan["parent_id"], plan["trial_period"]) == ("pro", "Deal", pro["lago_id"], 2)
    assert plan["minimum_commitment"]["amount_cents"] == 9000
    (own,), (own_sold,) = plan["charges"], plan["fixed_charges"]
    assert (own["lago_parent_id"], own["code"], own["properties"], own["min_amount_cents"]) == (charge["lago_id"], "calls", {"amount": "0.5"}, 10)
    assert (own_sold["lago_parent_id"], own_sold["units"], own_sold["properties"]) == (sold["lago_id"], 7, {"amount": "5"})
    assert [each["lago_id"] for each in api.ok("GET", "/plans")["plans"]] == [pro["lago_id"]]
    assert api.ok("GET", "/plans/pro")["plan"]["amount_cents"] == 3000
    (listed,) = api.ok("GET", "/subscriptions?plan_code=pro")["subscriptions"]
    assert (listed["plan_code"], listed["plan_amount_cents"]) == ("pro", 2000)


def test_a_running_one_gets_them_and_is_told_from_the_others(api: Api, pro: dict[str, Any]) -> None:
    made = subscribe(api)
    assert made["plan"]["parent_id"] is None
    subscribe(api, external_id="plain")
    body = {"subscription": {"plan_overrides": {"amount_cents": 10}}}
    changed = api.ok("PUT", "/subscriptions/s", body)["subscription"]
    assert (changed["lago_id"], changed["plan_amount_cents"], changed["plan"]["parent_id"]) == (made["lago_id"], 10, pro["lago_id"])
    assert api.ok("PUT", "/subscriptions/s", body)["subscription"]["plan"]["lago_id"] == changed["plan"]["lago_id"]
    for asked, external_id in (("true", "s"), ("false", "plain")):
        (listed,) = api.ok("GET", f"/subscriptions?overridden={asked}")["subscriptions"]
        assert listed["external_id"] == external_id


def test_what_matches_no_charge_is_named(api: Api, pro: dict[str, Any]) -> None:
    body = {"subscription": NAMED | {"plan_overrides": {"charges": [{"code": "nothing"}]}}}
    refused = api.refused("POST", "/subscriptions", body)
    assert refused["error_details"] == {"charges[0]": ["charge_not_found"]}
    assert "'code': 'nothing'" in refused["message"]
    assert api.refused("GET", "/subscriptions/s")["code"] == "subscription_not_found"


def test_charges_of_a_subscription(api: Api, pro: dict[str, Any]) -> None:
    subscribe(api)
    parent = pro["charges"][0]["lago_id"]
    assert [row["lago_id"] for row in api.ok("GET", "/subscriptions/s/charges")["charges"]] == [parent]
    body = {"charge": {"properties": {"amount": "0.25"}, "invoice_display_name": "Calls for less"}}
    own = api.ok("PUT", "/subscriptions/s/charges/calls", body)["charge"]
    assert (own["lago_parent_id"], own["properties"], own["invoice_display_name"]) == (parent, {"amount": "0.25"}, "Calls for less")
    assert api.ok("GET", "/subscriptions/s/charges/calls")["charge"] == own
    assert api.ok("GET", "/subscriptions/s/charges?subscription_status=active")["charges"] == [own]
    assert api.ok("GET", "/plans/pro")["plan"]["charges"][0]["properties"] == {"amount": "1"}
    assert api.refused("PUT", "/subscriptions/s/charges/none", body)["code"] == "charge_not_found"
    assert api.refused("GET", "/subscriptions/s/charges?subscription_status=terminated")["code"] == "subscription_not_found"


def test_a_fixed_charge_of_a_subscription_gets_a_price_of_its_own(api: Api, pro: dict[str, Any]) -> None:
    subscribe(api)
    beside = api.ok("PUT", "/subscriptions/s/fixed_charges/seats", {"fixed_charge": {"units": "4"}})["fixed_charge"]
    assert (beside["units"], beside["lago_parent_id"]) == (4, None)
    body = {"fixed_charge": {"properties": {"amount": "3"}}}
    own = api.ok("PUT", "/subscriptions/s/fixed_charges/seats", body)["fixed_charge"]
    assert (own["units"], own["properties"], own["lago_parent_id"]) == (4, {"amount": "3"}, pro["fixed_charges"][0]["lago_id"])
    assert api.ok("GET", "/subscriptions/s")["subscription"]["plan"]["fixed_charges"][0]["units"] == 4


def test_a_change_of_the_plan_cascades_where_it_is_asked_for(api: Api, pro: dict[str, Any]) -> None:
    subscribe(api, plan_overrides={"amount_cents": 10})

    def own() -> dict[str, Any]:
        return dict(api.ok("GET", "/subscriptions/s")["subscription"]["plan"])

    api.ok("PUT", "/plans/pro", {"plan": {"name": "Passed by", "cascade_updates": False}})
    assert own()["name"] == "Pro"
    api.ok("PUT", "/plans/pro", {"plan": {"name": "Pro"}})
    api.ok("PUT", "/plans/pro", {"plan": {"name": "Pro 2", "amount_cents": 5, "cascade_updates": True}})
    assert (own()["name"], own()["amount_cents"]) == ("Pro 2", 10)
    changed = {"properties": {"amount": "6"}, "cascade_updates": True}
    api.ok("PUT", "/plans/pro/fixed_charges/seats", {"fixed_charge": changed})
    assert own()["fixed_charges"][0]["properties"] == {"amount": "6"}
    added = {"add_on_code": "seat", "code": "more", "charge_model": "standard", "units": "1", "properties": {"amount": "1"}}
    api.ok("POST", "/plans/pro/fixed_charges", {"fixed_charge": added | {"cascade_updates": True}})
    assert [row["code"] for row in own()["fixed_charges"]] == ["seats", "more"]
    api.ok("POST", "/plans/pro/fixed_charges", {"fixed_charge": added | {"code": "others"}})
    assert [row["code"] for row in own()["fixed_charges"]] == ["seats", "more"]

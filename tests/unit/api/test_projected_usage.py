"""What the period of a subscription would come to if usage went on as it did: priced by the SQL of the bill."""

from __future__ import annotations

from typing import Any

from tests.unit.api.conftest import Api, Ticking
from tests.unit.api.test_late_usage import CUSTOMER, send
from tests.unit.api.test_resources import METRIC, PLAN, TAX

TIERS = [
    {"from_value": 0, "to_value": 10, "per_unit_amount": "1", "flat_amount": "0"},
    {"from_value": 11, "to_value": None, "per_unit_amount": "0.5", "flat_amount": "0"},
]


def projected(api: Api, **parameters: Any) -> dict[str, Any]:
    asked = {"external_subscription_id": "late"} | parameters
    return dict(api.ok("GET", "/customers/late/projected_usage", params=asked)["customer_projected_usage"])


def test_units_grow_and_are_priced_where_they_end(timed: Api, clock: Ticking) -> None:
    timed.ok("POST", "/taxes", {"tax": TAX})
    metric = timed.ok("POST", "/billable_metrics", {"billable_metric": METRIC})["billable_metric"]["lago_id"]
    peak = timed.ok("POST", "/billable_metrics", {"billable_metric": METRIC | {"code": "peak", "aggregation_type": "max_agg"}})["billable_metric"]["lago_id"]
    graduated = {"billable_metric_id": metric, "charge_model": "graduated", "properties": {"graduated_ranges": TIERS}}
    of_peak = {"billable_metric_id": peak, "charge_model": "standard", "properties": {"amount": "2", "pricing_group_keys": ["zone"]}}
    timed.ok("POST", "/plans", {"plan": PLAN | {"charges": [graduated, of_peak], "tax_codes": ["vat"]}})
    timed.ok("POST", "/customers", {"customer": CUSTOMER})
    content = {"external_customer_id": "late", "plan_code": "basic", "external_id": "late", "billing_time": "anniversary"}
    timed.ok("POST", "/subscriptions", {"subscription": content})
    send(timed, clock, clock.now(), 2)
    now = timed.ok("GET", "/customers/late/current_usage?external_subscription_id=late")["customer_usage"]
    usage = projected(timed)
    # The first day of a month of 28 to 31 days: the units of that day on each of them.
    charge = usage["charges_usage"][0]
    grown = float(charge["projected_units"])
    assert grown in (56.0, 58.0, 60.0, 62.0)
    assert (charge["units"], charge["amount_cents"]) == ("2.0", 200)
    assert charge["projected_amount_cents"] == 1000 + int(grown - 10) * 50
    assert usage["projected_amount_cents"] == sum(row["projected_amount_cents"] for row in usage["charges_usage"])
    assert {name: usage[name] for name in ("amount_cents", "taxes_amount_cents", "total_amount_cents", "from_datetime", "to_datetime")} == {
        name: now[name] for name in ("amount_cents", "taxes_amount_cents", "total_amount_cents", "from_datetime", "to_datetime")
    }
    assert projected(timed, apply_taxes="false")["taxes_amount_cents"] == 0
    assert timed.ok("GET", "/customers/late/current_usage?external_subscription_id=late")["customer_usage"] == now


def test_a_peak_stays_and_groups_and_filters_are_projected_too(timed: Api, clock: Ticking) -> None:
    filters = [{"key": "zone", "values": ["eu", "us"]}]
    metric = timed.ok("POST", "/billable_metrics", {"billable_metric": METRIC | {"filters": filters}})["billable_metric"]["lago_id"]
    peak = timed.ok("POST", "/billable_metrics", {"billable_metric": METRIC | {"code": "peak", "aggregation_type": "max_agg"}})["billable_metric"]["lago_id"]
    filtered = {
        "billable_metric_id": metric, "charge_model": "standard", "properties": {"amount": "1"},
        "filters": [{"properties": {"amount": "3"}, "values": {"zone": ["eu"]}}],
    }  # fmt: skip
    grouped = {"billable_metric_id": peak, "charge_model": "standard", "properties": {"amount": "2", "pricing_group_keys": ["zone"]}}
    timed.ok("POST", "/plans", {"plan": PLAN | {"charges": [filtered, grouped], "tax_codes": []}})
    timed.ok("POST", "/customers", {"customer": CUSTOMER})
    content = {"external_customer_id": "late", "plan_code": "basic", "external_id": "late", "billing_time": "anniversary"}
    timed.ok("POST", "/subscriptions", {"subscription": content})
    for code, zone in (("calls", "eu"), ("calls", "us"), ("peak", "eu")):
        event = {"transaction_id": f"{code}-{zone}", "external_subscription_id": "late", "code": code, "timestamp": clock.now().timestamp(), "properties": {"count": 4, "zone": zone}}
        timed.ok("POST", "/events", {"event": event})
    of_metric, of_peak = projected(timed)["charges_usage"]
    europe, rest = of_metric["filters"]
    assert (europe["values"], rest["values"]) == ({"zone": ["eu"]}, {})
    assert float(europe["projected_units"]) == float(rest["projected_units"]) >= 4 * 28
    assert europe["projected_amount_cents"] == 3 * rest["projected_amount_cents"] == of_metric["projected_amount_cents"] * 3 // 4
    (group,) = of_peak["grouped_usage"]
    assert (group["grouped_by"], group["projected_units"], group["projected_amount_cents"], group["amount_cents"]) == ({"zone": "eu"}, "4.0", 800, 800)


def test_only_a_running_subscription_has_a_projection(api: Api) -> None:
    assert api.refused("GET", "/customers/late/projected_usage?external_subscription_id=x")["code"] == "customer_not_found"
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    assert api.refused("GET", "/customers/late/projected_usage?external_subscription_id=x")["code"] == "no_active_subscription"

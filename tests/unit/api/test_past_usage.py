"""What billed periods came to, as the wire tells it. On a clock that the tests move."""

from __future__ import annotations

from typing import Any

from tests.unit.api.conftest import Api, Ticking
from tests.unit.api.test_late_usage import CUSTOMER, bills, send
from tests.unit.api.test_resources import METRIC, PLAN, TAX

PAST = "/customers/late/past_usage"


def periods(api: Api, **parameters: Any) -> list[dict[str, Any]]:
    return list(api.ok("GET", PAST, params={"external_subscription_id": "late"} | parameters)["usage_periods"])


def test_billed_periods_are_told_newest_first_with_the_late_usage_of_each(timed: Api, clock: Ticking) -> None:
    timed.ok("POST", "/taxes", {"tax": TAX})
    metric = timed.ok("POST", "/billable_metrics", {"billable_metric": METRIC})["billable_metric"]["lago_id"]
    charge = {"billable_metric_id": metric, "charge_model": "standard", "properties": {"amount": "1"}}
    timed.ok("POST", "/plans", {"plan": PLAN | {"amount_cents": 700, "charges": [charge], "tax_codes": ["vat"]}})
    customer_id: str = timed.ok("POST", "/customers", {"customer": CUSTOMER})["customer"]["lago_id"]
    content = {"external_customer_id": "late", "plan_code": "basic", "external_id": "late"}
    timed.ok("POST", "/subscriptions", {"subscription": content})
    assert periods(timed) == []
    used_at = clock.now()
    send(timed, clock, used_at, 8)
    bills(timed, clock, customer_id)
    send(timed, clock, used_at, 2)
    send(timed, clock, clock.now(), 5)
    first, second = bills(timed, clock, customer_id)

    newest, oldest = told = periods(timed)
    assert [period["lago_invoice_id"] for period in told] == [second["lago_id"], first["lago_id"]]
    assert [(period["amount_cents"], period["taxes_amount_cents"], period["total_amount_cents"]) for period in told] == [
        (500, 63, 563), (1000, 125, 1125),
    ]  # fmt: skip
    assert [period["charges_usage"][0]["units"] for period in told] == ["5.0", "10.0"]
    assert oldest["from_datetime"] == first["billing_periods"][0]["charges_from_datetime"]
    assert newest["to_datetime"] == second["billing_periods"][0]["charges_to_datetime"]
    assert newest["issuing_date"] == second["issuing_date"]
    current = timed.ok("GET", "/customers/late/current_usage?external_subscription_id=late")["customer_usage"]
    assert newest.keys() == current.keys()
    assert newest["charges_usage"][0].keys() == current["charges_usage"][0].keys()

    assert periods(timed, periods_count=1) == [newest]
    assert periods(timed, per_page=1, page=2) == [oldest]
    assert periods(timed, billable_metric_code="calls") == told
    assert timed.refused("GET", f"{PAST}?external_subscription_id=late&billable_metric_code=none")["code"] == "billable_metric_not_found"

    own = "external_customer_id=late"
    monthly = timed.ok("GET", f"/analytics/usage?time_granularity=monthly&{own}")["usages"]
    assert [(row["billable_metric_code"], row["units"], row["amount_cents"], row["amount_currency"]) for row in monthly] == [
        ("calls", "10.0", 1000, "EUR"), ("calls", "5.0", 500, "EUR"),
    ]  # fmt: skip
    assert [row["end_of_period_dt"] for row in monthly] == [period["to_datetime"][:10] for period in reversed(told)]
    assert monthly[0]["start_of_period_dt"][7:] == "-01" and not monthly[0]["is_billable_metric_deleted"]
    daily = timed.ok("GET", f"/analytics/usage?{own}&from_date={newest['to_datetime'][:10]}")["usages"]
    assert [(row["start_of_period_dt"], row["amount_cents"]) for row in daily] == [(newest["to_datetime"][:10], 500)]
    for narrowed, count in (("plan_code=basic", 2), ("plan_code=none", 0), ("is_billable_metric_recurring=true", 0), ("billable_metric_code=calls", 2), ("customer_type=company", 0), ("currency=USD", 0), ("external_subscription_id=x", 0)):  # fmt: skip
        assert len(timed.ok("GET", f"/analytics/usage?{own}&time_granularity=monthly&{narrowed}")["usages"]) == count
    assert timed.refused("GET", "/analytics/usage?time_granularity=hourly")["error_details"] == {"time_granularity": ["value_is_invalid"]}
    timed.ok("POST", f"/invoices/{second['lago_id']}/void", {})
    assert [period["amount_cents"] for period in periods(timed)] == [800]


def test_what_past_usage_needs_is_said(api: Api) -> None:
    assert api.refused("GET", PAST)["error_details"] == {"external_subscription_id": ["value_is_mandatory"]}
    assert api.refused("GET", f"{PAST}?external_subscription_id=x")["code"] == "customer_not_found"
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    assert api.refused("GET", f"{PAST}?external_subscription_id=x")["code"] == "subscription_not_found"

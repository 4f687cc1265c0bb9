"""Progressive invoices on the wire (lago_api §7.8), on a clock that the tests move."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.unit.api.conftest import Api, Ticking
from tests.unit.api.test_resources import COUPON, METRIC, PLAN

CUSTOMER = {"external_id": "acme", "currency": "EUR", "timezone": "UTC"}


def subscribe(api: Api, thresholds: list[dict[str, Any]]) -> str:
    """A customer who pays 1 EUR a unit. Returns the customer's id."""
    metric = api.ok("POST", "/billable_metrics", {"billable_metric": METRIC})["billable_metric"]["lago_id"]
    charge = {"billable_metric_id": metric, "charge_model": "standard", "properties": {"amount": "1"}}
    plan = PLAN | {"charges": [charge], "usage_thresholds": thresholds, "tax_codes": []}
    api.ok("POST", "/plans", {"plan": plan})
    customer: str = api.ok("POST", "/customers", {"customer": CUSTOMER})["customer"]["lago_id"]
    content = {"external_customer_id": "acme", "plan_code": "basic", "external_id": "sub"}
    api.ok("POST", "/subscriptions", {"subscription": content})
    return customer


def use(api: Api, clock: Ticking, customer_id: str, units: int) -> None:
    """Send an event, and let an hour with its usage tick pass."""
    event = {
        "transaction_id": f"t-{clock.now()}",
        "external_subscription_id": "sub",
        "code": "calls",
        "properties": {"count": units},
    }
    api.ok("POST", "/events", {"event": event})
    clock.advance(timedelta(minutes=61))
    api.app_services().billing.issue_soon(customer_id)


def progressive(api: Api) -> list[dict[str, Any]]:
    """The customer's progressive invoices, oldest first."""
    listed = api.ok("GET", "/invoices?external_customer_id=acme&invoice_type=progressive_billing")["invoices"]
    return [api.ok("GET", f"/invoices/{row['lago_id']}")["invoice"] for row in reversed(listed)]


def test_a_progressive_invoice_says_why_it_is_there(timed: Api, clock: Ticking) -> None:
    customer_id = subscribe(timed, [{"amount_cents": 1000}])
    use(timed, clock, customer_id, 12)
    (invoice,) = progressive(timed)
    assert invoice["fees_amount_cents"] == 1200
    (period,) = invoice["billing_periods"]
    assert period["invoicing_reason"] == "progressive_billing"


def test_the_credits_of_a_bill_add_up_to_what_was_billed_before_and_its_coupons(timed: Api, clock: Ticking) -> None:
    customer_id = subscribe(timed, [{"amount_cents": 1000}, {"amount_cents": 2000}])
    timed.ok("POST", "/coupons", {"coupon": COUPON})
    use(timed, clock, customer_id, 12)
    timed.ok("POST", "/applied_coupons", {"applied_coupon": {"external_customer_id": "acme", "coupon_code": "ten"}})
    use(timed, clock, customer_id, 18)
    first, second = progressive(timed)
    assert (first["credits"], second["progressive_billing_credit_amount_cents"]) == ([], 1200)
    coupon, credit = second["credits"]
    assert (coupon["item"]["type"], coupon["amount_cents"]) == ("coupon", second["coupons_amount_cents"])
    assert (credit["amount_cents"], credit["before_taxes"]) == (1200, True)
    assert (credit["item"]["type"], credit["item"]["lago_item_id"]) == ("invoice", first["lago_id"])
    assert credit["item"]["code"] == first["number"]

    clock.advance(timedelta(days=25))
    timed.app_services().billing.issue_soon(customer_id)
    (listed,) = timed.ok("GET", "/invoices?external_customer_id=acme&invoice_type=subscription")["invoices"]
    bill = timed.ok("GET", f"/invoices/{listed['lago_id']}")["invoice"]
    # What the coupon took off the second was not paid, so it is not given back.
    assert bill["progressive_billing_credit_amount_cents"] == 3000 - coupon["amount_cents"]
    credited = {credit["item"]["lago_item_id"]: credit["amount_cents"] for credit in bill["credits"]}
    assert credited[second["lago_id"]] == 3000 - coupon["amount_cents"]
    assert sum(credited.values()) == (
        bill["coupons_amount_cents"] + bill["progressive_billing_credit_amount_cents"]
    )

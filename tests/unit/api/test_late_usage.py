"""Late usage on the wire: which invoice a line corrects, and where each policy puts a reduction. On a clock that the tests move."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.unit.api.conftest import Api, Ticking
from tests.unit.api.test_resources import METRIC, PLAN

CUSTOMER = {"external_id": "late", "currency": "EUR", "timezone": "UTC"}


def send(api: Api, clock: Ticking, at: datetime, units: int) -> None:
    """An event of a moment that may be long ago."""
    event = {
        "transaction_id": f"t-{clock.now()}",
        "external_subscription_id": "late",
        "code": "calls",
        "timestamp": at.timestamp(),
        "properties": {"count": units},
    }
    api.ok("POST", "/events", {"event": event})


def bills(api: Api, clock: Ticking, customer_id: str) -> list[dict[str, Any]]:
    """A month later, the customer's bills, oldest first."""
    clock.advance(timedelta(days=31))
    api.app_services().billing.issue_soon(customer_id)
    listed = api.ok("GET", "/invoices?external_customer_id=late&invoice_type=subscription")["invoices"]
    return [api.ok("GET", f"/invoices/{row['lago_id']}")["invoice"] for row in reversed(listed)]


def test_a_line_of_late_usage_says_which_invoice_it_corrects(timed: Api, clock: Ticking) -> None:
    metric = timed.ok("POST", "/billable_metrics", {"billable_metric": METRIC})["billable_metric"]["lago_id"]
    charge = {"billable_metric_id": metric, "charge_model": "standard", "properties": {"amount": "1"}}
    charges = [charge, charge | {"late_usage_policy": "credit_note"}, charge | {"late_usage_policy": "ignore"}]
    timed.ok("POST", "/plans", {"plan": PLAN | {"amount_cents": 0, "charges": charges, "tax_codes": []}})
    customer_id: str = timed.ok("POST", "/customers", {"customer": CUSTOMER})["customer"]["lago_id"]
    content = {"external_customer_id": "late", "plan_code": "basic", "external_id": "late"}
    timed.ok("POST", "/subscriptions", {"subscription": content})
    used_at = clock.now()
    send(timed, clock, used_at, 8)
    (first,) = bills(timed, clock, customer_id)
    assert {fee["corrected_invoice_id"] for fee in first["fees"]} == {None}
    send(timed, clock, used_at, 2)
    _, second = bills(timed, clock, customer_id)
    late = [fee for fee in second["fees"] if fee["amount_cents"]]
    assert [(fee["amount_cents"], fee["corrected_invoice_id"]) for fee in late] == [(200, first["lago_id"])] * 2
    assert {fee["from_date"] for fee in late} == {fee["from_date"] for fee in first["fees"] if fee["lago_charge_id"]}

    send(timed, clock, used_at, -5)
    third = bills(timed, clock, customer_id)[-1]
    assert (third["credit_notes_amount_cents"], third["total_amount_cents"]) == (0, 0)
    notes = timed.ok("GET", "/credit_notes?external_customer_id=late")["credit_notes"]
    parts = {(note["credit_amount_cents"], note["offset_amount_cents"], note["lago_invoice_id"]) for note in notes}
    assert parts == {(500, 0, first["lago_id"]), (0, 500, first["lago_id"])}

"""Invoices that are overdue, paid and disputed (invoicing §11 and §12), on a clock that the tests move and without a run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from core.clock import ManualClock, SystemClock
from tests.unit.api.conftest import Api


class Ticking(ManualClock):
    """Moves on by a millisecond whenever it is read, as time does."""

    def now(self) -> Any:
        self.advance(timedelta(milliseconds=1))
        return super().now()


@pytest.fixture
def clock() -> Ticking:
    """After all that the home has seen, at noon."""
    later = SystemClock().now() + timedelta(days=40)
    return Ticking(later.replace(hour=12, minute=0, second=0, microsecond=0))


@pytest.fixture
def timed(api: Api, clock: Ticking) -> Iterator[Api]:
    """The API on `clock`."""
    with TestClient(create_app(api.settings, clock), raise_server_exceptions=False) as client:
        yield Api(client, api.settings, api.key)


def invoiced(api: Api, amount_cents: int = 1000, customer: str = "acme", **fields: Any) -> dict[str, Any]:
    """A one-off invoice of a customer in New York with two days to pay."""
    terms = {"external_id": customer, "currency": "USD", "timezone": "America/New_York", "net_payment_term": 2} | fields
    api.ok("POST", "/customers", {"customer": terms})
    if api("GET", "/add_ons/work").status_code != 200:
        api.ok(
            "POST",
            "/add_ons",
            {"add_on": {"name": "Work", "code": "work", "amount_cents": 100, "amount_currency": "USD"}},
        )
    fees = [{"add_on_code": "work", "units": "1", "unit_amount_cents": amount_cents}]
    made = api.ok("POST", "/invoices", {"invoice": {"external_customer_id": customer, "currency": "USD", "fees": fees}})
    invoice: dict[str, Any] = made["invoice"]
    return invoice


def read(api: Api, invoice: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = api.ok("GET", f"/invoices/{invoice['lago_id']}")["invoice"]
    return found


def to_the_end_of_the_due_date(clock: Ticking, invoice: dict[str, Any]) -> None:
    """Noon of the day after the due date, UTC, less eight hours: an hour before its midnight in New York in winter, not yet in summer."""
    due = datetime.fromisoformat(invoice["payment_due_date"])
    clock.advance(due + timedelta(days=1, hours=3, minutes=50) - clock.now())


def pay(api: Api, invoice: dict[str, Any], amount_cents: int) -> Any:
    payment = {"invoice_id": invoice["lago_id"], "amount_cents": amount_cents, "reference": "bank"}
    return api("POST", "/payments", {"payment": payment})


def overdue(api: Api, wanted: str) -> list[str]:
    return [row["lago_id"] for row in api.ok("GET", f"/customers/acme/invoices?payment_overdue={wanted}")["invoices"]]


def test_an_invoice_is_overdue_when_its_due_date_is_over_where_the_customer_is(timed: Api, clock: Ticking) -> None:
    invoice = invoiced(timed)
    to_the_end_of_the_due_date(clock, invoice)
    assert (read(timed, invoice)["payment_overdue"], overdue(timed, "true")) == (False, [])
    clock.advance(timedelta(minutes=75))  # after five in the morning, UTC
    assert (read(timed, invoice)["payment_overdue"], overdue(timed, "true")) == (True, [invoice["lago_id"]])
    (month,) = timed.ok("GET", "/analytics/overdue_balance?external_customer_id=acme")["overdue_balances"]
    assert (month["amount_cents"], month["lago_invoice_ids"]) == (1000, [invoice["lago_id"]])


def test_what_is_paid_is_seen_at_once_in_objects_and_filters(timed: Api, clock: Ticking) -> None:
    invoice = invoiced(timed)
    clock.advance(timedelta(days=5))
    assert pay(timed, invoice, 400).status_code == 200
    part = read(timed, invoice)
    settled = ("payment_status", "total_paid_amount_cents", "total_due_amount_cents", "payment_overdue")
    assert [part[name] for name in settled] == ["pending", 400, 600, True]
    assert pay(timed, invoice, 601).json()["error_details"] == {"amount_cents": ["invalid_value"]}
    assert pay(timed, invoice, 600).status_code == 200
    whole = read(timed, invoice)
    assert [whole[name] for name in settled] == ["succeeded", 1000, 0, False]
    assert (overdue(timed, "true"), overdue(timed, "false")) == ([], [invoice["lago_id"]])
    assert timed.ok("GET", "/customers/acme/invoices?payment_status=succeeded")["meta"]["total_count"] == 1
    assert timed.ok("GET", "/customers/acme/invoices?payment_status=pending")["meta"]["total_count"] == 0


def test_a_status_that_is_told_pays_what_is_due(timed: Api, clock: Ticking) -> None:
    invoice = invoiced(timed)
    pay(timed, invoice, 300)
    told = timed.ok("PUT", f"/invoices/{invoice['lago_id']}", {"invoice": {"payment_status": "succeeded"}})["invoice"]
    assert (told["payment_status"], told["total_paid_amount_cents"]) == ("succeeded", 1000)
    amounts = [row["amount_cents"] for row in timed.ok("GET", f"/payments?invoice_id={invoice['lago_id']}")["payments"]]
    assert sorted(amounts) == [300, 700]
    again = timed.ok("PUT", f"/invoices/{invoice['lago_id']}", {"invoice": {"payment_status": "succeeded"}})["invoice"]
    assert again["total_paid_amount_cents"] == 1000
    refused = timed.refused("PUT", f"/invoices/{invoice['lago_id']}", {"invoice": {"payment_status": "failed"}})
    assert refused["error_details"] == {"payment_status": ["feature_unavailable"]}


@pytest.mark.parametrize("verb", ["POST", "PUT"])
def test_an_invoice_in_a_lost_dispute_is_due_and_not_overdue(timed: Api, clock: Ticking, verb: str) -> None:
    invoice, other = invoiced(timed), invoiced(timed, 1)
    clock.advance(timedelta(days=5))
    assert len(overdue(timed, "true")) == 2
    lost = timed.ok(verb, f"/invoices/{invoice['lago_id']}/lose_dispute")["invoice"]
    assert (lost["payment_overdue"], lost["total_due_amount_cents"], lost["payment_status"]) == (False, 1000, "pending")
    at = lost["payment_dispute_lost_at"]
    clock.advance(timedelta(days=1))
    assert timed.ok(verb, f"/invoices/{invoice['lago_id']}/lose_dispute")["invoice"]["payment_dispute_lost_at"] == at
    assert overdue(timed, "true") == [other["lago_id"]]
    listed = timed.ok("GET", "/customers/acme/invoices?payment_dispute_lost=true")["invoices"]
    assert [row["lago_id"] for row in listed] == [invoice["lago_id"]]
    assert timed.refused(verb, "/invoices/none/lose_dispute")["code"] == "invoice_not_found"


def test_a_void_invoice_cannot_be_disputed(timed: Api) -> None:
    invoice = invoiced(timed)
    timed.ok("POST", f"/invoices/{invoice['lago_id']}/void")
    assert timed.refused("POST", f"/invoices/{invoice['lago_id']}/lose_dispute")["code"] == "invoice_not_found"

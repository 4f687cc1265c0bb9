"""Payment requests by hand and of dunning campaigns (lago_api §7.14, invoicing §12)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.unit.api.conftest import Api
from tests.unit.api.test_overdue import Ticking, clock, invoiced, pay, read, timed  # noqa: F401 - fixtures

CAMPAIGN = {
    "code": "remind",
    "name": "Remind",
    "max_attempts": 2,
    "days_between_attempts": 3,
    "thresholds": [{"currency": "USD", "amount_cents": 1000}],
}


def ask(api: Api, *invoices: dict[str, Any], customer: str = "acme", **fields: Any) -> dict[str, Any]:
    ids = [invoice["lago_id"] for invoice in invoices]
    return {"payment_request": {"external_customer_id": customer, "lago_invoice_ids": ids} | fields}


def test_overdue_invoices_are_asked_for_and_paid_as_one(timed: Api, clock: Ticking) -> None:  # noqa: F811
    one, other, third = invoiced(timed, 700), invoiced(timed, 300), invoiced(timed, 50)
    clock.advance(timedelta(days=5))
    pay(timed, other, 100)
    path = "/payment_requests"
    made = timed.ok("POST", path, ask(timed, one, other, email="a@example.com"))["payment_request"]
    shown = ("amount_cents", "amount_currency", "payment_status", "email")
    assert [made[name] for name in shown] == [900, "USD", "pending", "a@example.com"]
    assert {row["lago_id"] for row in made["invoices"]} == {one["lago_id"], other["lago_id"]}
    assert timed.ok("GET", f"{path}/{made['lago_id']}")["payment_request"] == made
    for listed in (f"{path}?external_customer_id=acme&currency=USD", "/customers/acme/payment_requests?payment_status=pending"):
        assert timed.ok("GET", listed)["payment_requests"] == [made]
    for none in (f"{path}?external_customer_id=acme&currency=EUR", "/customers/acme/payment_requests?payment_status=succeeded", "/customers/acme/payment_requests?billing_entity_codes[]=x"):
        assert timed.ok("GET", none)["payment_requests"] == []

    payment = {"invoice_id": made["lago_id"], "amount_cents": 899, "reference": "bank"}
    assert timed.refused("POST", "/payments", {"payment": payment})["error_details"] == {"amount_cents": ["invalid_value"]}
    paid = timed.ok("POST", "/payments", {"payment": payment | {"amount_cents": 900}})["payment"]
    assert (paid["payable_type"], paid["lago_payable_id"], paid["amount_cents"]) == ("PaymentRequest", made["lago_id"], 900)
    assert set(paid["invoice_ids"]) == {one["lago_id"], other["lago_id"]}
    assert timed.ok("GET", f"/payments/{paid['lago_id']}")["payment"] == paid
    for invoice in (one, other):
        assert (read(timed, invoice)["payment_status"], read(timed, invoice)["payment_overdue"]) == ("succeeded", False)
        assert timed.ok("GET", f"/payments?invoice_id={invoice['lago_id']}")["payments"][0] == paid
    assert read(timed, third)["payment_overdue"]
    assert timed.ok("GET", f"{path}/{made['lago_id']}")["payment_request"]["payment_status"] == "succeeded"
    assert timed.refused("POST", "/payments", {"payment": payment})["error_details"] == {"amount_cents": ["invalid_value"]}


def test_what_cannot_be_asked_for_is_refused(timed: Api, clock: Ticking) -> None:  # noqa: F811
    old, foreign = invoiced(timed), invoiced(timed, customer="other")
    clock.advance(timedelta(days=5))
    new = invoiced(timed)
    refused = timed.refused("POST", "/payment_requests", ask(timed, old, new))
    assert (refused["status"], refused["code"]) == (405, "invoices_not_overdue")
    assert timed.refused("POST", "/payment_requests", ask(timed, old, foreign))["code"] == "invoice_not_found"
    assert timed.refused("POST", "/payment_requests", ask(timed))["error_details"] == {"lago_invoice_ids": ["value_is_mandatory"]}
    assert timed.refused("POST", "/payment_requests", ask(timed, old, customer="nobody"))["code"] == "customer_not_found"
    assert timed.refused("GET", "/payment_requests/none")["code"] == "payment_request_not_found"
    yen = {"external_customer_id": "acme", "currency": "JPY", "fees": [{"add_on_code": "work", "units": "1", "unit_amount_cents": 9}]}
    in_yen = timed.ok("POST", "/invoices", {"invoice": yen})["invoice"]
    clock.advance(timedelta(days=5))
    assert timed.refused("POST", "/payment_requests", ask(timed, old, in_yen))["code"] == "invoices_have_different_currencies"


def test_a_campaign_asks_at_its_days_until_it_is_paid(timed: Api, clock: Ticking) -> None:  # noqa: F811
    assert timed.ok("POST", "/dunning_campaigns", {"dunning_campaign": CAMPAIGN})["dunning_campaign"]["thresholds"] == CAMPAIGN["thresholds"]
    invoice = invoiced(timed, 1000, applied_dunning_campaign_code="remind")
    customer = timed.ok("GET", "/customers/acme")["customer"]
    assert (customer["applied_dunning_campaign_code"], customer["exclude_from_dunning_campaign"]) == ("remind", False)
    other = invoiced(timed, 5000, customer="without")
    clock.advance(timedelta(days=30))
    for owner in (customer["lago_id"], other["customer"]["lago_id"]):
        timed.app_services().billing.issue_soon(owner)  # one run for all its ticks
    asked = timed.ok("GET", "/customers/acme/payment_requests")["payment_requests"]
    assert [row["amount_cents"] for row in asked] == [1000, 1000]
    assert [row["invoices"][0]["lago_id"] for row in asked] == [invoice["lago_id"]] * 2
    assert timed.ok("GET", "/customers/without/payment_requests")["payment_requests"] == []
    payment = {"invoice_id": asked[0]["lago_id"], "amount_cents": 1000, "reference": "bank"}
    assert timed.ok("POST", "/payments", {"payment": payment})["payment"]["invoice_ids"] == [invoice["lago_id"]]
    paid = timed.ok("GET", "/customers/acme/payment_requests?payment_status=succeeded")["payment_requests"]
    assert len(paid) == 2


def test_a_campaign_of_the_seller_spares_who_is_left_out(timed: Api, clock: Ticking) -> None:  # noqa: F811
    timed.ok("POST", "/dunning_campaigns", {"dunning_campaign": CAMPAIGN})
    entity = timed.ok("PUT", "/billing_entities/default", {"billing_entity": {"applied_dunning_campaign_code": "remind"}})
    assert entity["billing_entity"]["applied_dunning_campaign_code"] == "remind"
    asked, spared = invoiced(timed), invoiced(timed, customer="spared", exclude_from_dunning_campaign=True)
    clock.advance(timedelta(days=4))
    for invoice in (asked, spared):
        timed.app_services().billing.issue_soon(invoice["customer"]["lago_id"])
    assert len(timed.ok("GET", "/customers/acme/payment_requests")["payment_requests"]) == 1
    assert timed.ok("GET", "/customers/spared/payment_requests")["payment_requests"] == []
    timed.ok("DELETE", "/dunning_campaigns/remind")
    clock.advance(timedelta(days=10))
    timed.app_services().billing.issue_soon(asked["customer"]["lago_id"])
    assert len(timed.ok("GET", "/customers/acme/payment_requests")["payment_requests"]) == 1


def test_campaigns_are_kept_and_changed(api: Api) -> None:
    api.ok("POST", "/dunning_campaigns", {"dunning_campaign": CAMPAIGN})
    changed = api.ok("PUT", "/dunning_campaigns/remind", {"dunning_campaign": {"max_attempts": 5}})["dunning_campaign"]
    assert (changed["max_attempts"], changed["days_between_attempts"]) == (5, 3)
    assert api.ok("GET", "/dunning_campaigns/remind")["dunning_campaign"] == changed
    assert api.ok("GET", "/dunning_campaigns")["dunning_campaigns"] == [changed]
    wrong: list[tuple[dict[str, Any], dict[str, list[str]]]] = [
        ({"thresholds": []}, {"thresholds": ["can't be blank"]}),
        ({"thresholds": [{"currency": "EUR", "amount_cents": 1}] * 2}, {"thresholds": ["duplicate_threshold_values"]}),
        ({"code": "remind"}, {"code": ["value_already_exist"]}),
        ({"max_attempts": 0}, {"max_attempts": ["value_is_out_of_range"]}),
    ]
    for fields, details in wrong:
        refused = api.refused("POST", "/dunning_campaigns", {"dunning_campaign": CAMPAIGN | {"code": "new"} | fields})
        assert refused["error_details"] == details
    customer = {"external_id": "acme", "applied_dunning_campaign_code": "none"}
    assert api.refused("POST", "/customers", {"customer": customer})["code"] == "dunning_campaign_not_found"
    api.ok("DELETE", "/dunning_campaigns/remind")
    assert api.refused("GET", "/dunning_campaigns/remind")["code"] == "dunning_campaign_not_found"

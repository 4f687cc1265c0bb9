"""Voids of invoices over the API (lago_api §7.8, invoicing §11)."""

from __future__ import annotations

from typing import Any

from tests.unit.api.conftest import Api
from tests.unit.api.test_credit_notes import invoiced, of_line
from tests.unit.api.test_invoices import CUSTOMER, PLAN


def void(api: Api, invoice: dict[str, Any], **terms: Any) -> dict[str, Any]:
    """The invoice after its void."""
    answered: dict[str, Any] = api.ok("POST", f"/invoices/{invoice['lago_id']}/void", terms or None)["invoice"]
    return answered


def test_a_void_invoice_is_owed_nothing_and_stays_as_it_was_issued(api: Api) -> None:
    invoice = invoiced(api)
    assert (invoice["status"], invoice["voided_at"], invoice["total_due_amount_cents"]) == ("finalized", None, 1688)
    voided = void(api, invoice)
    assert (voided["status"], voided["payment_status"], voided["total_due_amount_cents"]) == ("voided", "pending", 0)
    assert voided["voided_at"] is not None
    changed = {"status", "voided_at", "total_due_amount_cents", "customer"}
    assert {key: value for key, value in voided.items() if key not in changed} == {key: value for key, value in invoice.items() if key not in changed}
    assert api.ok("GET", f"/invoices/{invoice['lago_id']}")["invoice"] == voided
    assert [row["lago_id"] for row in api.ok("GET", "/customers/acme/invoices?status=voided")["invoices"]] == [invoice["lago_id"]]
    assert api.ok("GET", "/customers/acme/invoices?status=finalized")["invoices"] == []
    assert api.ok("GET", "/customers/acme/invoices?statuses[]=voided&payment_overdue=true")["invoices"] == []


def test_what_cannot_be_voided_is_refused(api: Api) -> None:
    invoice = invoiced(api)
    path = f"/invoices/{invoice['lago_id']}/void"
    assert api.refused("POST", path, {"credit_amount": -1})["error_details"] == {"credit_amount": ["value_is_out_of_range"]}
    assert api.refused("POST", path, {"generate_credit_note": "yes"})["error_details"] == {"generate_credit_note": ["value_is_invalid"]}
    assert api.refused("POST", "/invoices/x/void")["code"] == "invoice_not_found"
    void(api, invoice)
    refused = api.refused("POST", path)
    assert (refused["status"], refused["code"]) == (405, "not_voidable")
    payment = {"invoice_id": invoice["lago_id"], "amount_cents": 1, "reference": "bank"}
    assert api.refused("POST", "/payments", {"payment": payment})["error_details"] == {"amount_cents": ["invalid_value"]}
    note = {"invoice_id": invoice["lago_id"], "items": of_line(invoice, 500), "credit_amount_cents": 563}
    assert api.refused("POST", "/credit_notes", {"credit_note": note})["code"] == "invalid_type_or_status"
    assert api.refused("POST", f"/invoices/{invoice['lago_id']}/download")["code"] == "invoice_not_found"


def test_a_void_gives_coupons_and_credits_back(api: Api) -> None:
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    wallet = {"external_customer_id": "acme", "rate_amount": "1", "currency": "EUR", "granted_credits": "3"}
    wallet = api.ok("POST", "/wallets", {"wallet": wallet})["wallet"]
    coupon = {"name": "Once", "code": "once", "coupon_type": "fixed_amount", "amount_cents": 100, "amount_currency": "EUR", "frequency": "once", "expiration": "no_expiration", "reusable": True}
    api.ok("POST", "/coupons", {"coupon": coupon})
    api.ok("POST", "/applied_coupons", {"applied_coupon": {"external_customer_id": "acme", "coupon_code": "once"}})
    api.ok("POST", "/plans", {"plan": PLAN | {"pay_in_advance": True, "interval": "yearly", "amount_cents": 5000}})
    paid = []
    for external_id in ("first", "second"):
        api.ok("POST", "/subscriptions", {"subscription": {"external_customer_id": "acme", "plan_code": "basic", "external_id": external_id, "billing_time": "anniversary"}})
        newest = api.ok("GET", "/customers/acme/invoices")["invoices"][0]
        paid.append((newest["coupons_amount_cents"], newest["prepaid_credit_amount_cents"]))
        void(api, newest)
    assert paid == [(100, 300), (100, 300)]
    rows = api.ok("GET", f"/wallets/{wallet['lago_id']}/wallet_transactions")["wallet_transactions"]
    back = [row for row in rows if row["lago_voided_invoice_id"]]
    assert [(row["transaction_type"], row["transaction_status"], row["amount"], row["status"]) for row in back] == [("inbound", "granted", "3.0", "settled")] * 2
    assert [row["remaining_amount_cents"] for row in rows if row["transaction_type"] == "inbound"].count(300) == 1


def test_a_top_up_is_voided_while_nobody_has_paid_it(api: Api) -> None:
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    wallet = {"external_customer_id": "acme", "rate_amount": "1", "currency": "EUR", "paid_credits": "15"}
    wallet = api.ok("POST", "/wallets", {"wallet": wallet})["wallet"]
    (unpaid,) = api.ok("GET", "/customers/acme/invoices")["invoices"]
    assert void(api, unpaid)["status"] == "voided"
    (row,) = api.ok("GET", f"/wallets/{wallet['lago_id']}/wallet_transactions")["wallet_transactions"]
    assert (row["status"], row["transaction_status"]) == ("failed", "purchased")
    api.ok("POST", "/wallet_transactions", {"wallet_transaction": {"wallet_id": wallet["lago_id"], "paid_credits": "2"}})
    paid = api.ok("GET", "/customers/acme/invoices")["invoices"][0]
    api.ok("POST", "/payments", {"payment": {"invoice_id": paid["lago_id"], "amount_cents": 200, "reference": "bank"}})
    refused = api.refused("POST", f"/invoices/{paid['lago_id']}/void")
    assert (refused["status"], refused["code"]) == (405, "not_voidable")


def test_a_void_with_credit_notes_gives_back_what_is_asked(api: Api) -> None:
    invoice = invoiced(api)
    path = f"/invoices/{invoice['lago_id']}/void"
    refused = api.refused("POST", path, {"generate_credit_note": True, "credit_amount": 1690})
    assert refused["error_details"]["credit_amount_cents"] == ["higher_than_remaining_invoice_amount"]
    refused = api.refused("POST", path, {"generate_credit_note": True, "refund_amount": 844})
    assert refused["error_details"] == {"refund_amount_cents": ["cannot_refund_unpaid_invoice"]}
    api.ok("POST", "/payments", {"payment": {"invoice_id": invoice["lago_id"], "amount_cents": 400, "reference": "bank"}})
    voided = void(api, invoice, generate_credit_note=True, credit_amount=444, refund_amount=400)
    assert (voided["status"], voided["total_due_amount_cents"], voided["total_paid_amount_cents"]) == ("voided", 0, 400)
    rest, asked = api.ok("GET", "/customers/acme/credit_notes")["credit_notes"]
    assert (asked["number"], asked["credit_amount_cents"], asked["refund_amount_cents"], asked["credit_status"]) == (f"{invoice['number']}-CN001", 444, 400, "available")
    assert (rest["number"], rest["total_amount_cents"], rest["credit_status"], rest["balance_amount_cents"]) == (f"{invoice['number']}-CN002", 1688 - 844, "voided", 0)

"""Invoices that commands issue at once, their fees, and payments on them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from core.books import store
from core.clock import ManualClock, SystemClock
from core.warehouse import marts
from tests.unit.api.conftest import Api
from tests.unit.api.test_resources import ADD_ON, COUPON, METRIC, PLAN, TAX

CUSTOMER = {
    "external_id": "acme",
    "name": "Acme",
    "currency": "EUR",
    "timezone": "Europe/Berlin",
    "net_payment_term": 14,
}


def one_off(api: Api, **changes: Any) -> dict[str, Any]:
    api.ok("POST", "/taxes", {"tax": TAX})
    api.ok("POST", "/add_ons", {"add_on": ADD_ON | {"tax_codes": ["vat"]}})
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    content = {"external_customer_id": "acme", "fees": [{"add_on_code": "setup", "units": 2.5}]} | changes
    return dict(api.ok("POST", "/invoices", {"invoice": content})["invoice"])


def test_a_one_off_invoice_is_issued_at_once(api: Api) -> None:
    invoice = one_off(api)
    assert (invoice["status"], invoice["invoice_type"], invoice["payment_status"]) == (
        "finalized",
        "one_off",
        "pending",
    )
    assert invoice["number"].endswith("-001-001")
    assert (invoice["fees_amount_cents"], invoice["taxes_amount_cents"], invoice["total_amount_cents"]) == (
        12500,
        1563,
        14063,
    )
    assert (invoice["total_due_amount_cents"], invoice["net_payment_term"], invoice["payment_overdue"]) == (
        14063,
        14,
        False,
    )
    (fee,) = invoice["fees"]
    assert (fee["units"], fee["amount_cents"], fee["taxes_rate"]) == ("2.5", 12500, 12.5)
    assert (fee["item"]["type"], fee["item"]["code"], fee["item"]["item_type"]) == ("add_on", "setup", "AddOn")
    assert (
        [tax["tax_code"] for tax in fee["applied_taxes"]]
        == [tax["tax_code"] for tax in invoice["applied_taxes"]]
        == ["vat"]
    )
    assert invoice["customer"]["external_id"] == "acme"

    assert api.ok("GET", f"/invoices/{invoice['lago_id']}")["invoice"] == invoice
    for path in ("/invoices?external_customer_id=acme", "/customers/acme/invoices"):
        (listed,) = api.ok("GET", path)["invoices"]
        assert (listed["lago_id"], listed["total_amount_cents"]) == (invoice["lago_id"], 14063)
        assert "fees" not in listed
    assert api.ok("GET", f"/fees/{fee['lago_id']}")["fee"] == fee
    for filtered, count in (
        ("status=finalized", 1),
        ("statuses[]=draft", 0),
        ("invoice_type=credit", 0),
        ("issuing_date_to=2001-01-01", 0),
        ("statuses[]=draft&statuses[]=finalized", 1),
        ("payment_statuses[]=succeeded&payment_statuses[]=failed", 0),
        ("amount_from=14063&amount_to=14063", 1),
        ("amount_from=14064", 0),
        ("amount_to=14062", 0),
        ("payment_overdue=true", 0),
        ("payment_overdue=false", 1),
        ("search_term=ACM", 1),
        (f"search_term={invoice['number']}", 1),
        ("search_term=zebra", 0),
        ("billing_entity_codes[]=default", 1),
        ("billing_entity_codes[]=other", 0),
        ("self_billed=true", 0),
        ("self_billed=false", 1),
        ("payment_dispute_lost=true", 0),
        ("metadata[region]=eu", 0),
    ):
        assert api.ok("GET", f"/customers/acme/invoices?{filtered}")["meta"]["total_count"] == count
    downloaded = api.ok("POST", f"/invoices/{invoice['lago_id']}/download")["invoice"]
    assert downloaded == invoice | {"file_url": f"http://testserver/api/v1/invoices/{invoice['lago_id']}.pdf"}
    pdf = api("GET", f"/invoices/{invoice['lago_id']}.pdf")
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert api.refused("PUT", f"/invoices/{invoice['lago_id']}/finalize")["code"] == "invoice_not_found"


@pytest.mark.parametrize("wrong", ["amount_from=abc", "payment_overdue=maybe"])
def test_a_filter_that_says_nothing_is_refused(api: Api, wrong: str) -> None:
    assert api.refused("GET", f"/invoices?{wrong}")["error_details"] == {wrong.partition("=")[0]: ["value_is_invalid"]}


def test_fees_are_found_by_what_lago_filters_by(api: Api) -> None:
    """The customer is younger than anything published."""
    one_off(api)
    for filtered, count in (
        ("fee_type=add_on", 1),
        ("payment_status=pending", 1),
        ("payment_status=succeeded", 0),
        ("event_transaction_id=t", 0),
        ("created_at_from=2001-01-01T00:00:00Z", 1),
        ("created_at_to=2001-01-01T00:00:00Z", 0),
    ):
        assert api.ok("GET", f"/fees?external_customer_id=acme&{filtered}")["meta"]["total_count"] == count, filtered
    assert api.ok("GET", "/fees?external_customer_id=nobody")["fees"] == []


def test_a_one_off_is_pending_while_the_books_are_busy_and_issued_with_what_comes_next(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    one_off(api)
    monkeypatch.setattr("core.billing.issue.issue_now.__defaults__", (0.05,))
    content = {"external_customer_id": "acme", "fees": [{"add_on_code": "setup", "units": 3, "tax_codes": ["vat"]}]}
    with store.lock(api.settings):
        pending = api.ok("POST", "/invoices", {"invoice": content})["invoice"]
        assert api.ok("GET", f"/invoices/{pending['lago_id']}")["invoice"] == pending
        assert api.refused("POST", f"/invoices/{pending['lago_id']}/void", {})["status"] == 404
    assert (pending["status"], pending["sequential_id"], pending["number"][-6:]) == ("pending", None, "-DRAFT")
    following = api.ok("POST", "/invoices", {"invoice": content})["invoice"]
    assert following["number"].endswith("-001-003")
    issued = api.ok("GET", f"/invoices/{pending['lago_id']}")["invoice"]
    assert (issued["status"], issued["number"][-8:]) == ("finalized", "-001-002")
    told = ("fees_amount_cents", "taxes_amount_cents", "total_amount_cents", "total_due_amount_cents", "issuing_date", "payment_due_date", "applied_taxes", "fees")
    for name in told:
        assert issued[name] == pending[name], name
    assert api.ok("GET", "/customers/acme/invoices")["meta"]["total_count"] == 3


@pytest.mark.parametrize(
    ("field", "fee"),
    [
        ("unit_amount_cents", {"unit_amount_cents": 10**14 + 1}),
        ("units", {"unit_amount_cents": 10**10, "units": "10000.1"}),
        ("units", {"unit_amount_cents": 0, "units": "100000000000001"}),
    ],
)
def test_a_one_off_beyond_the_domain_of_money_is_refused(api: Api, field: str, fee: dict[str, Any]) -> None:
    """Kept, it would stop everybody's run."""
    one_off(api)
    content = {"external_customer_id": "acme", "fees": [{"add_on_code": "setup"} | fee]}
    refused = api.refused("POST", "/invoices", {"invoice": content})
    assert refused["error_details"] == {field: ["value_is_out_of_range"]}


def test_a_payment_settles_an_invoice(api: Api) -> None:
    invoice = one_off(api)
    lago_id = invoice["lago_id"]

    def pay(amount: Any, **changes: Any) -> dict[str, Any]:
        return {"payment": {"invoice_id": lago_id, "amount_cents": amount, "reference": "wire"} | changes}

    payment = api.ok("POST", "/payments", pay(4063, paid_at="2026-01-05"))["payment"]
    assert (payment["invoice_ids"], payment["invoice_numbers"]) == ([lago_id], [invoice["number"]])
    part = api.ok("GET", f"/invoices/{lago_id}")["invoice"]
    assert (part["payment_status"], part["total_paid_amount_cents"], part["total_due_amount_cents"]) == (
        "pending",
        4063,
        10000,
    )
    for amount in (10001, 0, -5, "x", None):
        assert list(api.refused("POST", "/payments", pay(amount))["error_details"]) == ["amount_cents"]
    api.ok("POST", "/payments", pay(10000))
    whole = api.ok("GET", f"/invoices/{lago_id}")["invoice"]
    assert (whole["payment_status"], whole["total_due_amount_cents"]) == ("succeeded", 0)
    assert api.ok("GET", f"/payments?invoice_id={lago_id}")["meta"]["total_count"] == 2
    assert payment in api.ok("GET", "/customers/acme/payments")["payments"]


def test_bought_credits_count_when_their_invoice_is_paid(api: Api) -> None:
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    content = {"external_customer_id": "acme", "rate_amount": "2", "currency": "EUR", "paid_credits": "50"}
    wallet = api.ok("POST", "/wallets", {"wallet": content})["wallet"]
    (invoice,) = api.ok("GET", "/customers/acme/invoices")["invoices"]
    assert (invoice["invoice_type"], invoice["total_amount_cents"]) == ("credit", 10000)
    assert api.ok("GET", f"/wallets/{wallet['lago_id']}")["wallet"]["credits_balance"] == "0.0"
    body = {"payment": {"invoice_id": invoice["lago_id"], "amount_cents": 10000, "reference": "card"}}
    api.ok("POST", "/payments", body)
    assert api.ok("GET", f"/wallets/{wallet['lago_id']}")["wallet"]["credits_balance"] == "50.0"
    (transaction,) = api.ok("GET", f"/wallets/{wallet['lago_id']}/wallet_transactions")["wallet_transactions"]
    assert transaction["status"] == "settled"


def test_bought_credits_are_invoiced_at_once_though_the_clock_went_back(api: Api) -> None:
    behind = ManualClock(SystemClock().now())
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    with TestClient(create_app(api.settings, behind), raise_server_exceptions=False) as client:
        late = Api(client, api.settings, api.key)
        content = {"external_customer_id": "acme", "rate_amount": "2", "currency": "EUR", "paid_credits": "50"}
        behind.advance(-timedelta(seconds=5))
        late.ok("POST", "/wallets", {"wallet": content})
        (invoice,) = late.ok("GET", "/customers/acme/invoices")["invoices"]
    assert invoice["invoice_type"] == "credit"


def test_a_fee_in_advance_is_invoiced_at_the_start_and_the_rest_at_the_end(api: Api) -> None:
    api.ok("POST", "/plans", {"plan": PLAN | {"pay_in_advance": True}})
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    api.ok("POST", "/coupons", {"coupon": COUPON})
    api.ok("POST", "/applied_coupons", {"applied_coupon": {"external_customer_id": "acme", "coupon_code": "ten"}})
    content = {
        "external_customer_id": "acme",
        "plan_code": "basic",
        "external_id": "sub",
        "billing_time": "anniversary",
    }
    subscription = api.ok("POST", "/subscriptions", {"subscription": content})["subscription"]
    (listed,) = api.ok("GET", "/customers/acme/invoices")["invoices"]
    invoice = api.ok("GET", f"/invoices/{listed['lago_id']}")["invoice"]
    assert (invoice["fees_amount_cents"], invoice["coupons_amount_cents"], invoice["total_amount_cents"]) == (
        1000,
        105,
        895,
    )
    (credit,) = invoice["credits"]
    assert (credit["before_taxes"], credit["item"]["code"], credit["amount_cents"]) == (True, "ten", 105)
    (applied,) = api.ok("GET", "/customers/acme/applied_coupons?status=active")["applied_coupons"]
    assert (applied["frequency_duration_remaining"], applied["credits"]) == (2, [credit])
    (period,) = invoice["billing_periods"]
    assert period["invoicing_reason"] == "subscription_starting"
    assert period["subscription_to_datetime"].endswith("59:59Z")
    (fee,) = invoice["fees"]
    assert (fee["pay_in_advance"], fee["sub_total_excluding_taxes_amount_cents"]) == (True, 895)
    assert fee["item"]["lago_item_id"] == subscription["lago_id"] == invoice["subscriptions"][0]["lago_id"]


def test_a_coupon_ends_with_the_invoice_that_uses_it_up(api: Api) -> None:
    api.ok("POST", "/plans", {"plan": PLAN | {"pay_in_advance": True, "amount_cents": 1000}})
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    fixed = {"coupon_type": "fixed_amount", "amount_currency": "EUR", "frequency": "once", "percentage_rate": None}
    api.ok("POST", "/coupons", {"coupon": COUPON | fixed | {"code": "big", "amount_cents": 1500}})
    body = {"applied_coupon": {"external_customer_id": "acme", "coupon_code": "big"}}
    assert api.ok("POST", "/applied_coupons", body)["applied_coupon"]["amount_cents_remaining"] == 1500

    def subscribe(external_id: str) -> dict[str, Any]:
        content = {"external_customer_id": "acme", "plan_code": "basic", "external_id": external_id}
        api.ok("POST", "/subscriptions", {"subscription": content | {"billing_time": "anniversary"}})
        return dict(api.ok("GET", "/applied_coupons?external_customer_id=acme")["applied_coupons"][0])

    applied = subscribe("one")
    assert (applied["status"], applied["amount_cents_remaining"], applied["terminated_at"]) == ("active", 500, None)
    applied = subscribe("two")
    assert (applied["status"], applied["amount_cents_remaining"]) == ("terminated", 0)
    assert [credit["amount_cents"] for credit in applied["credits"]] == [500, 1000]
    newest = api.ok("GET", "/customers/acme/invoices")["invoices"][0]
    assert applied["credits"][0]["invoice"]["lago_id"] == newest["lago_id"]
    assert applied["terminated_at"] == newest["created_at"]
    assert api.ok("GET", "/customers/acme/applied_coupons?status=terminated")["applied_coupons"] == [applied]
    assert api.ok("GET", "/customers/acme/applied_coupons?status=active")["applied_coupons"] == []


def test_what_is_not_there(api: Api) -> None:
    assert api.ok("GET", "/invoices?external_customer_id=nobody")["invoices"] == []
    for method, path, code in (
        ("GET", "/invoices/nothing", "invoice_not_found"),
        ("PUT", "/invoices/nothing/finalize", "invoice_not_found"),
        ("GET", "/invoices/nothing.pdf", "invoice_not_found"),
        ("POST", "/invoices/nothing/download", "invoice_not_found"),
        ("GET", "/fees/nothing", "fee_not_found"),
    ):
        assert api.refused(method, path)["code"] == code
    paid = {"payment": {"invoice_id": "nothing", "amount_cents": 1, "reference": "x"}}
    assert api.refused("POST", "/payments", paid)["code"] == "invoice_not_found"
    assert api.refused("GET", "/invoices?issuing_date_from=x")["error_details"] == {
        "issuing_date_from": ["invalid_date"]
    }


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"external_customer_id": "nobody", "fees": [{"add_on_code": "setup"}]}, "customer_not_found"),
        ({"fees": []}, "fees_not_found"),
        ({"fees": None}, "fees_not_found"),
        ({"fees": [{"add_on_code": "nothing"}]}, "add_on_not_found"),
    ],
)
def test_one_off_errors(api: Api, content: dict[str, Any], code: str) -> None:
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    body = {"invoice": {"external_customer_id": "acme"} | content}
    assert api.refused("POST", "/invoices", body)["code"] == code


def test_an_entity_counts_the_invoices_of_all_its_customers(api: Api) -> None:
    first = one_off(api)
    api.ok("POST", "/customers", {"customer": CUSTOMER | {"external_id": "other"}})
    content = {"external_customer_id": "other", "fees": [{"add_on_code": "setup"}]}
    second = api.ok("POST", "/invoices", {"invoice": content})["invoice"]
    with api.app_services().billing.ledger.cursor() as cursor:
        numbers = [marts.get_invoice(cursor, row["lago_id"])["entity_sequence"] for row in (first, second)]
    assert numbers[1] == numbers[0] + 1


def test_no_one_off_while_a_bill_of_the_customer_is_held_back(api: Api) -> None:
    """Nothing has been published: what is held is computed from the facts of this moment. Other customers are served."""
    metric = api.ok("POST", "/billable_metrics", {"billable_metric": METRIC})["billable_metric"]["lago_id"]
    advance = {
        "billable_metric_id": metric,
        "charge_model": "standard",
        "properties": {"amount": "1"},
        "pay_in_advance": True,
    }
    api.ok("POST", "/plans", {"plan": PLAN | {"charges": [advance]}})
    api.ok("POST", "/add_ons", {"add_on": ADD_ON})
    for name in ("acme", "other"):
        api.ok("POST", "/customers", {"customer": CUSTOMER | {"external_id": name}})
        api.ok(
            "POST",
            "/subscriptions",
            {"subscription": {"external_customer_id": name, "plan_code": "basic", "external_id": name}},
        )
    event = {
        "transaction_id": "a",
        "external_subscription_id": "acme",
        "code": "calls",
        "properties": {"count": "999999999999999"},
    }
    api.ok("POST", "/events", {"event": event})
    body = {"external_customer_id": "acme", "fees": [{"add_on_code": "setup"}]}
    refused = api.refused("POST", "/invoices", {"invoice": body})
    assert (refused["status"], refused["error_details"]) == (422, {"units": ["out_of_domain"]})
    assert "calls on subscription acme" in refused["message"]
    assert api.ok("GET", "/customers/acme/invoices")["invoices"] == []
    assert (
        api.ok("POST", "/invoices", {"invoice": body | {"external_customer_id": "other"}})["invoice"]["status"]
        == "finalized"
    )


def test_a_subscription_that_ends_gives_back_its_unused_days(api: Api) -> None:
    api.ok("POST", "/taxes", {"tax": TAX})
    api.ok("POST", "/plans", {"plan": PLAN | {"pay_in_advance": True, "interval": "yearly", "tax_codes": ["vat"]}})
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    content = {"external_customer_id": "acme", "plan_code": "basic", "external_id": "sub", "billing_time": "anniversary"}
    api.ok("POST", "/subscriptions", {"subscription": content})
    (billed,) = api.ok("GET", "/customers/acme/invoices")["invoices"]
    refused = api.refused("DELETE", "/subscriptions/sub?on_termination_credit_note=bogus")
    assert refused["error_details"] == {"on_termination_credit_note": ["value_is_invalid"]}
    ended = api.ok("DELETE", "/subscriptions/sub?on_termination_credit_note=offset")["subscription"]
    assert (ended["status"], ended["on_termination_credit_note"]) == ("terminated", "offset")

    (listed,) = api.ok("GET", "/customers/acme/credit_notes")["credit_notes"]
    assert api.ok("GET", "/credit_notes?external_customer_id=acme&reason=order_change")["meta"]["total_count"] == 1
    note = api.ok("GET", f"/credit_notes/{listed['lago_id']}")["credit_note"]
    assert (note["number"], note["lago_invoice_id"]) == (f"{billed['number']}-CN001", billed["lago_id"])
    assert (note["sub_total_excluding_taxes_amount_cents"], note["taxes_amount_cents"], note["total_amount_cents"]) == (997, 125, 1122)
    assert (note["credit_amount_cents"], note["refund_amount_cents"], note["offset_amount_cents"]) == (0, 0, 1122)
    (item,) = note["items"]
    assert (item["amount_cents"], item["fee"]["amount_cents"]) == (997, 1000)
    (tax,) = note["applied_taxes"]
    assert (tax["tax_code"], tax["amount_cents"]) == ("vat", 125)
    source = api.ok("GET", f"/invoices/{billed['lago_id']}")["invoice"]
    assert (source["total_offsetted_credit_note_amount_cents"], source["total_due_amount_cents"]) == (1122, 3)
    assert api.refused("GET", "/credit_notes/nothing")["code"] == "credit_note_not_found"
    refused = api.refused("DELETE", "/subscriptions/sub?on_termination_credit_note=offset")
    assert refused["code"] == "subscription_not_found"


def test_a_credit_note_pays_the_next_invoice(api: Api) -> None:
    api.ok("POST", "/plans", {"plan": PLAN | {"pay_in_advance": True, "interval": "yearly"}})
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    content = {"external_customer_id": "acme", "plan_code": "basic", "external_id": "sub", "billing_time": "anniversary"}
    api.ok("POST", "/subscriptions", {"subscription": content})
    api.ok("DELETE", "/subscriptions/sub")
    api.ok("POST", "/subscriptions", {"subscription": content | {"external_id": "again"}})
    newest = api.ok("GET", "/customers/acme/invoices")["invoices"][0]
    invoice = api.ok("GET", f"/invoices/{newest['lago_id']}")["invoice"]
    assert (invoice["credit_notes_amount_cents"], invoice["total_amount_cents"]) == (997, 3)
    (use,) = invoice["credits"]
    (note,) = api.ok("GET", "/credit_notes?external_customer_id=acme")["credit_notes"]
    assert (use["before_taxes"], use["item"]["type"], use["item"]["code"]) == (False, "credit_note", note["number"])
    assert (note["credit_status"], note["balance_amount_cents"]) == ("consumed", 0)


def test_a_payment_has_a_receipt(api: Api) -> None:
    invoice = one_off(api)
    own = f"/payment_receipts?invoice_id={invoice['lago_id']}"
    assert api.ok("GET", own)["payment_receipts"] == []
    paid = [
        api.ok("POST", "/payments", {"payment": {"invoice_id": invoice["lago_id"], "amount_cents": cents, "reference": "r"}})
        for cents in (100, 200)
    ]
    second, first = api.ok("GET", own)["payment_receipts"]
    assert [first["payment"], second["payment"]] == [answer["payment"] for answer in paid]
    assert [first["number"], second["number"]] == [f"{invoice['number']}-RCPT-001", f"{invoice['number']}-RCPT-002"]
    assert api.ok("GET", f"/payment_receipts/{second['lago_id']}")["payment_receipt"] == second
    assert api.refused("GET", "/payment_receipts/none")["code"] == "payment_receipt_not_found"


def test_an_issued_invoice_is_not_refreshed_tried_again_or_deleted(api: Api) -> None:
    invoice = one_off(api)
    own = f"/invoices/{invoice['lago_id']}"
    assert api.ok("PUT", f"{own}/refresh")["invoice"] == invoice
    assert api.refused("POST", f"{own}/retry")["code"] == "invalid_status"
    assert api.refused("DELETE", own)["code"] == "not_deletable"
    for method, path in (("PUT", "refresh"), ("POST", "retry")):
        assert api.refused(method, f"/invoices/none/{path}")["code"] == "invoice_not_found"
    assert api.refused("DELETE", "/invoices/none")["code"] == "invoice_not_found"

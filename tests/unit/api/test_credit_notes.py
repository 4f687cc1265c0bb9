"""Credit notes by hand over the API (lago_api §7.13, invoicing §10)."""

from __future__ import annotations

from typing import Any

from tests.unit.api.conftest import Api
from tests.unit.api.test_invoices import ADD_ON, CUSTOMER, PLAN, TAX


def invoiced(api: Api, **fee: Any) -> dict[str, Any]:
    """A one-off invoice of two lines with 12.5 percent of tax."""
    api.ok("POST", "/taxes", {"tax": TAX})
    api.ok("POST", "/add_ons", {"add_on": ADD_ON | {"tax_codes": ["vat"]}})
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    body = {"external_customer_id": "acme", "fees": [{"add_on_code": "setup", "unit_amount_cents": 1000}, {"add_on_code": "setup", "unit_amount_cents": 500}]}
    invoice: dict[str, Any] = api.ok("POST", "/invoices", {"invoice": body})["invoice"]
    return invoice


def of_line(invoice: dict[str, Any], amount_cents: int, item_cents: int | None = None) -> list[dict[str, Any]]:
    """An item of the invoice's line of that amount."""
    (fee,) = [fee for fee in invoice["fees"] if fee["amount_cents"] == amount_cents]
    return [{"fee_id": fee["lago_id"], "amount_cents": amount_cents if item_cents is None else item_cents}]


def test_a_note_is_as_estimated(api: Api) -> None:
    invoice = invoiced(api)
    items = of_line(invoice, 1000, 333)
    asked = {"invoice_id": invoice["lago_id"], "items": items}
    estimated = api.ok("POST", "/credit_notes/estimate", {"credit_note": asked})["estimated_credit_note"]
    assert (estimated["sub_total_excluding_taxes_amount_cents"], estimated["taxes_amount_cents"]) == (333, 42)
    assert (estimated["max_creditable_amount_cents"], estimated["max_refundable_amount_cents"], estimated["max_offsettable_amount_cents"]) == (375, 0, 375)
    assert estimated["items"] == [{"amount_cents": 333, "lago_fee_id": items[0]["fee_id"]}]
    (tax,) = estimated["applied_taxes"]
    assert (tax["tax_code"], tax["base_amount_cents"], tax["amount_cents"]) == ("vat", 333, 42)

    given = asked | {"credit_amount_cents": 300, "offset_amount_cents": 76, "description": "too much", "metadata": {"case": "7"}}
    note = api.ok("POST", "/credit_notes", {"credit_note": given})["credit_note"]
    assert (note["total_amount_cents"], note["credit_amount_cents"], note["offset_amount_cents"]) == (375, 299, 76)
    assert (note["reason"], note["description"], note["metadata"], note["number"]) == ("other", "too much", {"case": "7"}, f"{invoice['number']}-CN001")
    assert api.ok("GET", f"/credit_notes/{note['lago_id']}")["credit_note"] == note
    assert api.ok("GET", f"/invoices/{invoice['lago_id']}")["invoice"]["total_due_amount_cents"] == 1688 - 76
    told = api.ok("POST", f"/credit_notes/{note['lago_id']}/download")["credit_note"]
    assert told == note | {"file_url": f"http://testserver/api/v1/credit_notes/{note['lago_id']}.pdf"}
    assert api("GET", f"/credit_notes/{note['lago_id']}.pdf").content.startswith(b"%PDF")
    assert api.refused("POST", "/credit_notes/none/download")["code"] == "credit_note_not_found"


def test_what_cannot_be_given_is_refused_and_not_kept(api: Api) -> None:
    invoice = invoiced(api)
    items = of_line(invoice, 1000)
    asked = {"invoice_id": invoice["lago_id"], "items": items}

    def details(**changes: Any) -> Any:
        return api.refused("POST", "/credit_notes", {"credit_note": asked | changes})["error_details"]

    assert details(credit_amount_cents=1127) == {"base": ["does_not_match_item_amounts"]}
    assert details(items=of_line(invoice, 1000, 1001), credit_amount_cents=1126) == {"amount_cents": ["higher_than_remaining_fee_amount"]}
    assert details(refund_amount_cents=1125) == {"refund_amount_cents": ["cannot_refund_unpaid_invoice"]}
    assert details(items=of_line(invoice, 1000, 0)) == {"base": ["total_amount_must_be_positive"]}
    assert details(items=[]) == {"items": ["value_is_mandatory"]}
    assert details(reason="mood", credit_amount_cents=1125) == {"reason": ["value_is_invalid"]}
    refused = api.refused("POST", "/credit_notes", {"credit_note": asked | {"items": [{"fee_id": "x", "amount_cents": 1}], "credit_amount_cents": 1}})
    assert (refused["status"], refused["code"]) == (404, "fee_not_found")
    refused = api.refused("POST", "/credit_notes", {"credit_note": asked | {"invoice_id": "x"}})
    assert (refused["status"], refused["code"]) == (404, "invoice_not_found")
    estimate = {"credit_note": {"invoice_id": invoice["lago_id"], "items": of_line(invoice, 1000, 1001)}}
    assert api.refused("POST", "/credit_notes/estimate", estimate)["error_details"] == {"amount_cents": ["higher_than_remaining_fee_amount"]}
    assert api.ok("GET", "/customers/acme/credit_notes")["credit_notes"] == []
    payment = {"invoice_id": invoice["lago_id"], "amount_cents": 1000, "reference": "bank"}
    api.ok("POST", "/payments", {"payment": payment})
    assert details(refund_amount_cents=1125) == {"refund_amount_cents": ["higher_than_remaining_invoice_amount"]}
    assert details(credit_amount_cents=125, refund_amount_cents=0, offset_amount_cents=1000) == {"offset_amount_cents": ["higher_than_remaining_invoice_amount"]}


def test_what_is_kept_about_a_note(api: Api) -> None:
    invoice = invoiced(api)
    payment = {"invoice_id": invoice["lago_id"], "amount_cents": 1688, "reference": "bank"}
    api.ok("POST", "/payments", {"payment": payment})
    asked = {"invoice_id": invoice["lago_id"], "items": of_line(invoice, 500), "refund_amount_cents": 563, "reason": "duplicated_charge"}
    note = api.ok("POST", "/credit_notes", {"credit_note": asked})["credit_note"]
    path = f"/credit_notes/{note['lago_id']}"
    assert (note["refund_status"], note["credit_status"], note["metadata"]) == ("pending", None, None)
    changed = api.ok("PUT", path, {"credit_note": {"refund_status": "succeeded", "metadata": {"a": "1"}}})["credit_note"]
    assert (changed["refund_status"], changed["metadata"]) == ("succeeded", {"a": "1"})
    assert api.refused("PUT", path, {"credit_note": {"refund_status": "lost"}})["error_details"] == {"refund_status": ["value_is_invalid"]}
    assert api.ok("PATCH", f"{path}/metadata", {"metadata": {"b": None}})["metadata"] == {"a": "1", "b": None}
    assert api.ok("DELETE", f"{path}/metadata/a")["metadata"] == {"b": None}
    assert api.ok("POST", f"{path}/metadata", {"metadata": {"c": "3"}})["metadata"] == {"c": "3"}
    assert api.refused("POST", f"{path}/metadata", {"metadata": {"c": 3}})["error_details"] == {"metadata": ["invalid_key_value_pair"]}
    assert api.ok("DELETE", f"{path}/metadata")["metadata"] is None
    assert api.refused("DELETE", f"{path}/metadata/c")["code"] == "metadata_not_found"
    assert api.refused("GET", "/credit_notes/x")["code"] == "credit_note_not_found"


def test_a_voided_note_gives_nothing_any_more(api: Api) -> None:
    invoice = invoiced(api)
    asked = {"invoice_id": invoice["lago_id"], "items": of_line(invoice, 500), "credit_amount_cents": 563}
    note = api.ok("POST", "/credit_notes", {"credit_note": asked})["credit_note"]
    assert (note["credit_status"], note["balance_amount_cents"]) == ("available", 563)
    voided = api.ok("PUT", f"/credit_notes/{note['lago_id']}/void")["credit_note"]
    assert (voided["credit_status"], voided["balance_amount_cents"], voided["credit_amount_cents"]) == ("voided", 0, 563)
    refused = api.refused("PUT", f"/credit_notes/{note['lago_id']}/void")
    assert (refused["status"], refused["code"]) == (405, "no_voidable_amount")
    plan = PLAN | {"pay_in_advance": True, "interval": "yearly"}
    api.ok("POST", "/plans", {"plan": plan})
    api.ok("POST", "/subscriptions", {"subscription": {"external_customer_id": "acme", "plan_code": "basic", "external_id": "after", "billing_time": "anniversary"}})
    newest = api.ok("GET", "/customers/acme/invoices")["invoices"][0]
    assert newest["credit_notes_amount_cents"] == 0 < newest["total_amount_cents"]


def test_a_top_up_is_refunded_from_its_wallet(api: Api) -> None:
    api.ok("POST", "/customers", {"customer": CUSTOMER})
    wallet = {"external_customer_id": "acme", "rate_amount": "1", "currency": "EUR", "paid_credits": "15", "granted_credits": "2"}
    wallet = api.ok("POST", "/wallets", {"wallet": wallet})["wallet"]
    (invoice,) = api.ok("GET", "/customers/acme/invoices")["invoices"]
    invoice = api.ok("GET", f"/invoices/{invoice['lago_id']}")["invoice"]
    asked = {"invoice_id": invoice["lago_id"], "items": of_line(invoice, 1500, 500), "refund_amount_cents": 500}
    refused = api.refused("POST", "/credit_notes", {"credit_note": asked})
    assert refused["error_details"] == {"refund_amount_cents": ["cannot_refund_unpaid_invoice"]}
    api.ok("POST", "/payments", {"payment": {"invoice_id": invoice["lago_id"], "amount_cents": 1500, "reference": "bank"}})
    refused = api.refused("POST", "/credit_notes", {"credit_note": asked | {"refund_amount_cents": 0, "credit_amount_cents": 500}})
    assert refused["error_details"] == {"credit_amount_cents": ["cannot_credit_invoice"]}
    api.ok("POST", "/credit_notes", {"credit_note": asked})
    assert api.ok("GET", f"/wallets/{wallet['lago_id']}")["wallet"]["balance_cents"] == 1200
    api.ok("POST", "/wallet_transactions", {"wallet_transaction": {"wallet_id": wallet["lago_id"], "voided_credits": "11.95"}})
    refused = api.refused("POST", "/credit_notes", {"credit_note": asked | {"items": of_line(invoice, 1500, 10), "refund_amount_cents": 10}})
    assert refused["error_details"] == {"refund_amount_cents": ["higher_than_wallet_balance"]}

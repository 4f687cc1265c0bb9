"""The PDF of an issued credit note, from its rows in the books and those of its invoice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.documents import wording
from core.documents.page import amount_text, party, rendered, tax_label

Row = Mapping[str, Any]
WHERE_TO = {
    "credit_amount_cents": "Credited to later invoices",
    "refund_amount_cents": "Refunded",
    "offset_amount_cents": "Taken off what is due of the invoice",
}


def credit_note_pdf(note: Row, invoice: Row) -> bytes:
    """The A4 document of a credit note; the same rows give the same bytes.

    `note` is `core.warehouse.marts.get_credit_note`, `invoice` the `get_invoice` of what it corrects.
    """
    return rendered(document(note, invoice), note["issued_at"])


def document(note: Row, invoice: Row) -> dict[str, Any]:
    """Everything that the page shows, as text in the order in which it stands there."""
    currency = note["currency"]
    return {
        "title": "Credit note",
        "number": note["number"],
        "currency": currency,
        "seller": party(invoice, "billing_entity"),
        "buyer-label": "Credit to",
        "buyer": party(invoice, "customer"),
        "facts": [
            ["Credit note number", note["number"]],
            ["Issued on", wording.day(note["issuing_date"])],
            ["Corrects invoice", invoice["number"]],
            ["Customer", invoice["customer_external_id"]],
        ],
        "sections": [{"title": "", "lines": [_line(item, invoice) for item in note["items"]]}],
        "totals": _totals(note),
        "total": ["Total", f"{amount_text(note['total_amount_cents'], currency)} {currency}"],
        "terms-label": "What becomes of it",
        "terms": _terms(note),
    }


def _line(item: Row, invoice: Row) -> dict[str, Any]:
    fee = item["fee"]
    notes = [wording.group(fee["group_key"]), wording.period(fee["from_at"], fee["to_at"], invoice["timezone"])]
    return {
        "name": fee["item_name"] or fee["item_code"],
        "note": " · ".join(note for note in notes if note),
        "quantity": "",
        "price": "",
        "amount": amount_text(item["amount_cents"], item["currency"]),
        "tiers": [],
        "groups": [],
    }


def _totals(note: Row) -> list[list[str]]:
    currency = note["currency"]
    rows = [["Sum of lines", sum(item["amount_cents"] for item in note["items"])]]
    if note["coupons_adjustment_amount_cents"]:
        rows.append(["Share of coupons", -note["coupons_adjustment_amount_cents"]])
        rows.append(["Sub total", note["sub_total_excluding_taxes_amount_cents"]])
    rows += [[tax_label(tax, currency), tax["amount_cents"]] for tax in note["taxes"]]
    # Each rate is rounded for display; the note's tax is rounded once (invoicing, section 4.5).
    if sum(tax["amount_cents"] for tax in note["taxes"]) != note["taxes_amount_cents"]:
        rows.append(["Tax in all, rounded once", note["taxes_amount_cents"]])
    return [[label, amount_text(cents, currency)] for label, cents in rows]


def _terms(note: Row) -> str:
    currency = note["currency"]
    parts = [f"{said}: {amount_text(note[name], currency)} {currency}." for name, said in WHERE_TO.items() if note[name]]
    return " ".join([*parts, *(["This credit note is void."] if note["is_voided"] else [])])

"""The PDF of an issued invoice, from its rows in the books and from nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.documents import wording
from core.documents.page import amount_text, party, rendered, tax_label
from core.errors import TallystickError

Row = Mapping[str, Any]


class InvoiceIsDraft(TallystickError):
    """A draft can still change, so it has no document."""

    def __init__(self, invoice_id: str) -> None:
        super().__init__("invoice_is_draft", f"invoice {invoice_id} is a draft; its PDF exists once it is issued")


def invoice_pdf(invoice: Row, tiers: Sequence[Row], groups: Sequence[Row] = ()) -> bytes:
    """The A4 document of an invoice; the same rows give the same bytes.

    `invoice` is `core.warehouse.marts.get_invoice`, `tiers` is `line_tiers` and `groups` is `line_presentation_units`. Raises InvoiceIsDraft.
    """
    if invoice["status"] == "draft":
        raise InvoiceIsDraft(invoice["invoice_id"])
    return rendered(document(invoice, tiers, groups), invoice["issued_at"])


def document(invoice: Row, tiers: Sequence[Row], groups: Sequence[Row] = ()) -> dict[str, Any]:
    """Everything that the page shows, as text in the order in which it stands there."""
    currency = invoice["currency"]
    return {
        "title": "Invoice",
        "number": invoice["number"] or "",
        "currency": currency,
        "seller": party(invoice, "billing_entity"),
        "buyer-label": "Bill to",
        "buyer": party(invoice, "customer"),
        "facts": _facts(invoice),
        "sections": _sections(invoice, wording.steps_of(tiers), wording.groups_of(groups)),
        "totals": _totals(invoice),
        "total": [_total_label(invoice), f"{amount_text(invoice['total_amount_cents'], currency)} {currency}"],
        "terms-label": "Payment",
        "terms": _terms(invoice),
    }


def _facts(invoice: Row) -> list[list[str]]:
    return [
        ["Invoice number", invoice["number"] or "none"],
        ["Issued on", wording.day(invoice["issuing_date"])],
        ["Due on", wording.day(invoice["payment_due_date"])],
        ["Customer", invoice["customer_external_id"]],
    ]


def _sections(
    invoice: Row, tiers: Mapping[str, Sequence[Row]], groups: Mapping[str, Sequence[tuple[str, str]]]
) -> list[dict[str, Any]]:
    """Lines under the subscription that they belong to, in the books' order."""
    sections: dict[str | None, dict[str, Any]] = {}
    for fee in invoice["fees"]:
        key = fee["external_subscription_id"]
        section = sections.setdefault(key, {"title": f"Subscription {key}" if key else "", "lines": []})
        section["lines"].append(_line(invoice, fee, tiers.get(fee["fee_id"], ()), groups.get(fee["fee_id"], ())))
    return list(sections.values())


def _line(invoice: Row, fee: Row, tiers: Sequence[Row], groups: Sequence[tuple[str, str]]) -> dict[str, Any]:
    currency = fee["currency"]
    notes = [
        fee["description"],
        wording.group(fee["group_key"]),
        wording.period(fee["from_at"], fee["to_at"], invoice["timezone"]),
    ]
    return {
        "name": fee["item_name"] or fee["item_code"],
        "note": " · ".join(note for note in notes if note),
        "quantity": wording.quantity(fee["units"]),
        "price": "as below" if tiers else wording.price(fee["unit_amount"], currency),
        "amount": amount_text(fee["amount_cents"], currency),
        "tiers": [[wording.step(row, currency), wording.price(row["amount"], currency)] for row in tiers],
        "groups": groups,
    }


def _totals(invoice: Row) -> list[list[str]]:
    currency = invoice["currency"]
    rows = [["Sum of lines", invoice["fees_amount_cents"]]]
    credited = invoice.get("progressive_billing_credit_amount_cents") or 0
    if credited:
        rows.append(["Billed earlier in the period", -credited])
    rows += [
        [f"Coupon {use['coupon_name'] or use['coupon_code']}", -use["amount_cents"]] for use in invoice["coupon_uses"]
    ]
    if invoice["coupon_uses"] or credited:
        rows.append(["Sub total", invoice["sub_total_excluding_taxes_amount_cents"]])
    rows += [[tax_label(tax, currency), tax["amount_cents"]] for tax in invoice["taxes"]]
    shown = sum(tax["amount_cents"] for tax in invoice["taxes"])
    # Each rate is rounded for display; the invoice's tax is rounded once (invoicing, section 4.5).
    if shown != invoice["taxes_amount_cents"]:
        rows.append(["Tax in all, rounded once", invoice["taxes_amount_cents"]])
    if invoice["prepaid_credit_amount_cents"] or invoice["credit_note_uses"]:
        rows.append(["Total with taxes", invoice["sub_total_including_taxes_amount_cents"]])
        rows += [[f"Credit note {use['number']}", -use["amount_cents"]] for use in invoice["credit_note_uses"]]
        rows += [[f"Prepaid credits, {use['credit_class']}", -use["amount_cents"]] for use in invoice["wallet_uses"]]
    return [[label, amount_text(cents, currency)] for label, cents in rows]


def _total_label(invoice: Row) -> str:
    return "Total due" if invoice["total_amount_cents"] else "Nothing to pay"


def _terms(invoice: Row) -> str:
    if not invoice["total_amount_cents"]:
        return "No payment is needed for this invoice."
    days = invoice["net_payment_term"] or 0
    within = f"within {days} days, by" if days else "on receipt, by"
    return f"Please pay {within} {wording.day(invoice['payment_due_date'])}, and state the number {invoice['number']}."

"""The credit note's PDF: complete, and the same for the same rows."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core.documents import credit_note_pdf
from tests.unit.core.documents.test_invoice_pdf import an_invoice, text_of


def a_note(**changes: Any) -> dict[str, Any]:
    (fee,) = an_invoice()["fees"]
    note = {
        "number": "ACM-0001-001-001-CN001", "currency": "EUR", "issuing_date": date(2026, 9, 3), "issued_at": datetime(2026, 9, 3, 1),
        "coupons_adjustment_amount_cents": 50, "sub_total_excluding_taxes_amount_cents": 450, "taxes_amount_cents": 86,
        "total_amount_cents": 536, "credit_amount_cents": 136, "refund_amount_cents": 400, "offset_amount_cents": 0, "is_voided": False,
        "items": [{"amount_cents": 500, "currency": "EUR", "fee": fee}],
        "taxes": [{"tax_name": "VAT", "tax_code": "vat", "tax_rate": Decimal("19"), "taxable_base_cents": Decimal("450"), "amount_cents": 86}],
    }  # fmt: skip
    return note | changes


def test_everything_that_finance_needs_is_on_the_page() -> None:
    text = text_of(credit_note_pdf(a_note(), an_invoice()))
    for said in (
        "Credit note", "ACM-0001-001-001-CN001", "Corrects invoice", "Näve & Söhne <GmbH>", "Acme #1 $", "3 Sep 2026", "Tokens", "model: swift",
        "1 Aug 2026 – 31 Aug 2026", "5.00", "Share of coupons", "−0.50", "VAT 19 % on 4.50", "0.86", "5.36 EUR",
        "Credited to later invoices: 1.36 EUR.", "Refunded: 4.00 EUR.",
    ):  # fmt: skip
        assert said in text
    assert "Taken off" not in text and "rounded once" not in text and "void" not in text


def test_a_void_note_says_so_and_one_tax_that_was_rounded_once_too() -> None:
    text = text_of(credit_note_pdf(a_note(is_voided=True, taxes_amount_cents=87), an_invoice()))
    assert "This credit note is void." in text and "Tax in all, rounded once" in text


def test_the_same_rows_give_the_same_bytes() -> None:
    assert credit_note_pdf(a_note(), an_invoice()) == credit_note_pdf(a_note(), an_invoice())

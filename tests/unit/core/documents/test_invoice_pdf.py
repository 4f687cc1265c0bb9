"""The invoice's PDF: deterministic, complete, and only of what is issued."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pypdf
import pytest

from core.documents import InvoiceIsDraft, invoice_pdf, wording
from core.documents.invoice_pdf import document


def an_invoice(**changes: Any) -> dict[str, Any]:
    fee = {
        "fee_id": "fee-1", "item_name": "Tokens", "item_code": "tokens", "description": None, "group_key": '{"model":"swift"}', "charge_model": "graduated",
        "external_subscription_id": "main", "from_at": datetime(2026, 7, 31, 22), "to_at": datetime(2026, 8, 31, 22), "units": Decimal("1500"),
        "unit_amount": Decimal("0.008666666666667"), "amount_cents": 1300, "currency": "EUR",
    }  # fmt: skip
    invoice = {
        "invoice_id": "inv-1", "status": "finalized", "number": "ACM-0001-001-001", "currency": "EUR", "timezone": "Europe/Berlin",
        "issued_at": datetime(2026, 9, 1, 1), "issuing_date": date(2026, 9, 1), "payment_due_date": date(2026, 9, 15), "net_payment_term": 14,
        "fees_amount_cents": 1300, "coupons_amount_cents": 130, "sub_total_excluding_taxes_amount_cents": 1170, "taxes_amount_cents": 222,
        "sub_total_including_taxes_amount_cents": 1392, "prepaid_credit_amount_cents": 392, "total_amount_cents": 1000,
        "customer_name": "Näve & Söhne <GmbH>", "customer_external_id": "c-1", "customer_address": "Street 1\n10115 Berlin", "customer_email": "a@b.example",
        "customer_tax_identification_number": "DE123", "billing_entity_name": "Acme #1 $", "billing_entity_address": None,
        "billing_entity_tax_identification_number": None, "fees": [fee],
        "taxes": [{"tax_name": "VAT", "tax_code": "vat", "tax_rate": Decimal("19"), "taxable_base_cents": Decimal("1170"), "amount_cents": 222}],
        "coupon_uses": [{"coupon_name": "Ten off", "coupon_code": "ten", "amount_cents": 130}],
        "credit_note_uses": [],
    "wallet_uses": [{"credit_class": "granted", "amount_cents": 392}],
    }  # fmt: skip
    return invoice | changes


STEP = dict.fromkeys(("from_value", "to_value", "per_unit_amount", "rate", "package_size")) | {
    "fee_id": "fee-1", "units": Decimal(2), "flat_count": Decimal(0), "flat_amount": Decimal(0), "amount": Decimal(1),
}  # fmt: skip
TIERS = [
    STEP | {"step_kind": "tier", "from_value": Decimal(0), "to_value": Decimal(1000), "units": Decimal(1000), "per_unit_amount": Decimal("0.01"), "flat_amount": Decimal(0), "amount": Decimal(10)},
    STEP | {"step_kind": "tier", "from_value": Decimal(1000), "to_value": None, "units": Decimal(500), "per_unit_amount": Decimal("0.004"), "flat_amount": Decimal(1), "amount": Decimal(3)},
]  # fmt: skip


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def test_the_same_rows_give_the_same_bytes() -> None:
    assert invoice_pdf(an_invoice(), TIERS) == invoice_pdf(an_invoice(), TIERS)


def test_other_rows_give_other_bytes() -> None:
    assert invoice_pdf(an_invoice(), TIERS) != invoice_pdf(an_invoice(total_amount_cents=1001), TIERS)


def test_everything_that_finance_needs_is_on_the_page() -> None:
    text = text_of(invoice_pdf(an_invoice(), TIERS))
    for wanted in (
        "ACM-0001-001-001", "Näve & Söhne <GmbH>", "Acme #1 $", "10115 Berlin", "DE123", "1 Sep 2026", "15 Sep 2026", "1 Aug 2026 – 31 Aug 2026", "1,500",
        "model: swift", "1,000 × 0.01", "500 × 0.004 + 1.00", "13.00", "−1.30", "VAT 19 % on 11.70", "2.22", "−3.92", "10.00 EUR", "within 14 days",
    ):  # fmt: skip
        assert wanted in text, wanted


def test_the_groups_that_are_displayed_stand_under_their_line() -> None:
    parts = [('{"cloud":"aws"}', "1000"), ('{"cloud":"aws"}', "234.5"), ('{"cloud":null}', "7"), (None, "99999")]
    groups = [{"fee_id": "fee-1", "displayed_key": key, "units": Decimal(units)} for key, units in parts]
    text = text_of(invoice_pdf(an_invoice(), TIERS, groups))
    for wanted in ("cloud: aws", "1,234.5", "cloud: none", "7"):
        assert wanted in text, wanted
    assert "99,999" not in text
    assert "cloud" not in text_of(invoice_pdf(an_invoice(), TIERS))


def test_many_lines_run_over_pages() -> None:
    lines = [an_invoice()["fees"][0] | {"fee_id": f"fee-{n}"} for n in range(60)]
    pdf = pypdf.PdfReader(io.BytesIO(invoice_pdf(an_invoice(fees=lines), [])))
    assert len(pdf.pages) > 1
    assert f"Page 2 of {len(pdf.pages)}" in pdf.pages[1].extract_text()


def test_a_draft_has_no_document() -> None:
    with pytest.raises(InvoiceIsDraft, match="inv-1"):
        invoice_pdf(an_invoice(status="draft"), [])


def test_the_tax_of_the_invoice_is_said_when_the_rates_do_not_sum_to_it() -> None:
    assert ["Tax in all, rounded once", "2.21"] in document(an_invoice(taxes_amount_cents=221), TIERS)["totals"]
    assert "Tax in all, rounded once" not in [label for label, _ in document(an_invoice(), TIERS)["totals"]]


def test_a_yen_invoice_has_no_decimals() -> None:
    assert document(an_invoice(currency="JPY"), [])["total"] == ["Total due", "1,000 JPY"]


def test_prices_keep_their_own_precision() -> None:
    assert wording.price(Decimal("0.000002500000000"), "EUR") == "0.0000025"
    assert wording.price(Decimal("4"), "EUR") == "4.00"
    assert wording.price(Decimal("600"), "JPY") == "600"
    assert wording.price(Decimal("0.008666666666667"), "EUR") == "≈ 0.0086666667"


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"step_kind": "free", "units": Decimal(250), "flat_count": Decimal(2)}, "Free: 250 units, 2 events"),
        ({"step_kind": "free", "units": Decimal(1)}, "Free: 1 unit"),
        (
            {"step_kind": "packages", "package_size": Decimal(10), "flat_count": Decimal(13), "flat_amount": Decimal(4)},
            "Packages of 10 begun: 13 × 4.00",
        ),
        ({"step_kind": "rate", "rate": Decimal("1.30")}, "2 units at 1.3 %"),
        ({"step_kind": "fixed_fee", "flat_count": Decimal(1), "flat_amount": Decimal("0.5")}, "1 event × 0.50"),
        ({"step_kind": "min_max"}, "Minimum and maximum per event"),
        ({"step_kind": "event_amounts"}, "Amounts that the events state"),
        ({"step_kind": "units", "per_unit_amount": Decimal(3)}, "2 × 3.00"),
        (
            {"step_kind": "rate_tier", "from_value": Decimal(11), "rate": Decimal(5), "flat_amount": Decimal(2)},
            "11 and above: 2 at 5 % + 2.00",
        ),
        (
            {"step_kind": "prorated_tier", "from_value": Decimal(0), "to_value": Decimal(10), "per_unit_amount": Decimal(3)},
            "0 to 10: 2 prorated × 3.00",
        ),
    ],
)  # fmt: skip
def test_steps_are_said_in_words(step: dict[str, Any], said: str) -> None:
    assert wording.step(STEP | step, "EUR") == said


def test_steps_that_say_nothing_are_left_out() -> None:
    nothing = STEP | {"units": Decimal(0), "amount": Decimal(0)}
    kept = STEP | {"step_kind": "free", "units": Decimal(0), "amount": Decimal(0), "flat_count": Decimal(3)}
    rows = [STEP | {"step_kind": "units"}, nothing | {"step_kind": "tier", "flat_count": Decimal(1)}, kept]
    assert wording.steps_of(rows) == {"fee-1": [kept]}

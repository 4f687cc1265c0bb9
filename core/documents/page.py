"""What the documents share: the page that lays out their texts, and how it says parties, amounts and taxes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typst

from core.documents import wording
from core.money.amount import Money

TEMPLATE = Path(__file__).with_name("page.typ")
Row = Mapping[str, Any]


def rendered(content: Mapping[str, Any], issued_at: datetime) -> bytes:
    """The A4 PDF of texts in the shape of `invoice_pdf.document`; the same texts of the same instant give the same bytes."""
    pdf = typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=True),
        sys_inputs={"content": json.dumps(content)},
        format="pdf",
        timestamp=issued_at.replace(microsecond=0, tzinfo=UTC),  # PDF counts whole seconds
    )
    assert isinstance(pdf, bytes)
    return pdf


def party(invoice: Row, prefix: str) -> dict[str, Any]:
    """The `customer` or the `billing_entity` as the invoice was issued to it or by it."""
    tax_number = invoice[f"{prefix}_tax_identification_number"]
    address = invoice[f"{prefix}_address"]
    details = [
        *(address.splitlines() if address else []),
        invoice.get(f"{prefix}_email"),
        f"Tax ID {tax_number}" if tax_number else None,
    ]
    name = invoice[f"{prefix}_name"] or invoice.get(f"{prefix}_external_id")
    return {"name": name, "details": [detail for detail in details if detail]}


def amount_text(cents: int, currency: str) -> str:
    """Minor units as `1,234.50`, with a true minus sign."""
    return f"{Money(cents, currency).amount:,}".replace("-", "−")


def tax_label(tax: Row, currency: str) -> str:
    """`VAT 19 % on 1,170.00`."""
    base = Money(int(tax["taxable_base_cents"].to_integral_value("ROUND_HALF_UP")), currency).amount
    return f"{tax['tax_name'] or tax['tax_code']} {wording.quantity(tax['tax_rate'])} % on {base:,}"

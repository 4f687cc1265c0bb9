"""Every invoice of the drawn worlds, to the cent, against an oracle in plain fractions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.property.conftest import Played
from tests.support.oracle import Invoice, Oracle

COLUMNS = {
    "fees_amount_cents": "fees", "coupons_amount_cents": "coupons", "taxes_amount_cents": "taxes",
    "prepaid_credit_amount_cents": "prepaid", "total_amount_cents": "total",
}  # fmt: skip


@pytest.fixture(scope="module")
def settled(played: Played) -> tuple[list[dict[str, Any]], dict[str, Invoice]]:
    # Numbers follow the order of settlement; an invoice without one (closed) takes part at its moment too.
    invoices = sorted(played.books["invoices"].to_pylist(), key=lambda row: (row["customer_id"], row["issued_at"], row["customer_sequence"] or 0))
    return invoices, Oracle(played.facts, played.books).settle(invoices)


def test_every_invoice_agrees_with_the_oracle(settled: tuple[list[dict[str, Any]], dict[str, Invoice]]) -> None:
    invoices, expected = settled
    wrong = []
    for row in invoices:
        wanted = {column: getattr(expected[row["invoice_id"]], name) for column, name in COLUMNS.items()}
        actual = {column: row[column] for column in COLUMNS}
        if wanted != actual:
            wrong.append((row["customer_external_id"], row["number"], row["issued_at"], {name: (wanted[name], actual[name]) for name in wanted if wanted[name] != actual[name]}))
    assert not wrong, f"{len(wrong)} of {len(invoices)} invoices differ (oracle, books): " + "\n".join(map(str, wrong[:8]))


def test_lines_agree_with_the_oracle(played: Played, settled: tuple[list[dict[str, Any]], dict[str, Invoice]]) -> None:
    """The amounts of the lines, as a bag per invoice: rounding to the cent happens on each of them."""
    _, expected = settled
    lines: dict[str, list[int]] = {invoice_id: [] for invoice_id in expected}
    for fee in played.books["fees"].select(["invoice_id", "amount_cents"]).to_pylist():
        lines[fee["invoice_id"]].append(fee["amount_cents"])
    assert {key: sorted(cents) for key, cents in lines.items()} == {key: sorted(line.cents for line in invoice.lines) for key, invoice in expected.items()}

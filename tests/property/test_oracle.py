"""Every invoice of the drawn worlds, to the cent, against an oracle in plain fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.property.conftest import Played
from tests.property.worlds import ENDS_AT
from tests.support.oracle import Invoice, Oracle, tax_rate
from tests.support.oracle_advance import AdvanceOracle
from tests.support.oracle_fees import Facts, counts, half_up

COLUMNS = {
    "fees_amount_cents": "fees", "coupons_amount_cents": "coupons", "taxes_amount_cents": "taxes",
    "credit_notes_amount_cents": "credit_notes", "prepaid_credit_amount_cents": "prepaid", "total_amount_cents": "total",
}  # fmt: skip
WORKING = Fraction(1, 10**12)
"""By how much a working amount may differ from the exact one: it has 15 decimals."""


@pytest.fixture(scope="module")
def oracle(played: Played) -> Oracle:
    return Oracle(played.facts, played.books)


@pytest.fixture(scope="module")
def settled(played: Played, oracle: Oracle) -> tuple[list[dict[str, Any]], dict[str, Invoice]]:
    # Numbers follow the order of settlement; an invoice without one (closed) takes part at its moment too.
    invoices = sorted(played.books["invoices"].to_pylist(), key=lambda row: (row["customer_id"], row["issued_at"], row["customer_sequence"] or 0))
    return invoices, oracle.settle(invoices)


def test_every_invoice_agrees_with_the_oracle(settled: tuple[list[dict[str, Any]], dict[str, Invoice]]) -> None:
    invoices, expected = settled
    wrong = []
    for row in invoices:
        wanted = {column: getattr(expected[row["invoice_id"]], name) for column, name in COLUMNS.items()}
        actual = {column: row[column] for column in COLUMNS}
        if wanted != actual:
            wrong.append((row["customer_external_id"], row["number"], row["issued_at"], {name: (wanted[name], actual[name]) for name in wanted if wanted[name] != actual[name]}))
    assert not wrong, f"{len(wrong)} of {len(invoices)} invoices differ (oracle, books): " + "\n".join(map(str, wrong[:8]))


def test_every_credit_note_agrees_with_the_oracle(played: Played, oracle: Oracle, settled: tuple[list[dict[str, Any]], dict[str, Invoice]]) -> None:
    names = {"total_amount_cents": "total", "taxes_amount_cents": "taxes", "credit_amount_cents": "credit", "refund_amount_cents": "refund", "offset_amount_cents": "offset"}
    wrong = []
    for row in played.books["credit_notes"].to_pylist():
        note = oracle.credit_notes.notes[row["credit_note_id"]]
        differing = {column: (getattr(note, name), row[column]) for column, name in names.items() if getattr(note, name) != row[column]}
        if differing:
            wrong.append((row["issued_at"], row["invoice_id"], differing))
    assert not wrong, f"{len(wrong)} notes differ (oracle, books): " + "\n".join(map(str, wrong[:8]))
    late = {(row["invoice_id"], row["issued_at"], oracle.credit_notes.policy_of(row)) for row in played.books["credit_notes"].to_pylist() if row["reason"] == "other" and row["subscription_id"] is not None}
    assert late == set(oracle.late_usage.returned)
    assert {policy for _, _, policy in late} == {"next_invoice", "credit_note"} and oracle.late_usage.settled == {"next_invoice", "credit_note", "ignore"}
    assert {row["credit_note_void_id"]: row["amount_cents"] for row in played.books["credit_note_voids"].to_pylist()} == oracle.credit_notes.voided


def test_lines_agree_with_the_oracle(played: Played, settled: tuple[list[dict[str, Any]], dict[str, Invoice]]) -> None:
    """The amounts of the lines, as a bag per invoice: rounding to the cent happens on each of them.

    Late usage that costs nothing is left out: whether it has a line depends on the bucket of events that do not count.
    """
    _, expected = settled
    lines: dict[str, list[int]] = {invoice_id: [] for invoice_id in expected}
    for fee in played.books["fees"].select(["invoice_id", "amount_cents", "corrected_invoice_id"]).to_pylist():
        if fee["invoice_id"] is not None and (fee["amount_cents"] or fee["corrected_invoice_id"] is None):
            lines[fee["invoice_id"]].append(fee["amount_cents"])
    assert {key: sorted(cents) for key, cents in lines.items()} == {key: sorted(line.cents for line in invoice.lines) for key, invoice in expected.items()}


def test_fees_in_advance_agree_with_the_oracle(played: Played) -> None:
    """Units, cents and, within 1e-12, the working amount of every one; the taxes of those that are not invoiced."""
    facts = Facts(played.facts)
    oracle = AdvanceOracle(facts, played.books)
    fees = [fee for fee in played.books["fees"].to_pylist() if fee["event_transaction_id"] is not None]
    assert len(fees) > 300 and sum(fee["amount_cents"] > 0 for fee in fees) > 100
    wrong = []
    for fee in fees:
        line = oracle.lines[fee["fee_id"]]
        wanted, actual = (oracle.units[fee["fee_id"]], line.cents), (fee["units"], fee["amount_cents"])
        if fee["invoice_id"] is None:
            customer = facts.one("customers", fee["customer_id"], fee["issued_at"])
            wanted += (half_up(line.cents * tax_rate(facts, line, customer, fee["issued_at"]) / 100),)
            actual += (fee["taxes_amount_cents"],)
        difference = abs(line.amount - Fraction(fee["precise_amount"]))
        if list(map(Fraction, wanted)) != list(map(Fraction, actual)) or difference > WORKING:
            wrong.append((fee["external_subscription_id"], fee["event_transaction_id"], wanted, actual))
    assert not wrong, f"{len(wrong)} of {len(fees)} fees differ (oracle, books): " + "\n".join(map(str, wrong[:8]))


def test_every_event_of_a_charge_in_advance_has_its_fee(played: Played) -> None:
    """Of subscriptions that were known and ran when the event came: each event that its metric counts, once per charge."""
    facts = Facts(played.facts)
    billed = {(fee["charge_id"], fee["external_subscription_id"], fee["event_transaction_id"]) for fee in played.books["fees"].to_pylist()}
    wanted = set()
    for event in facts.rows["events"]:
        for subscription in facts.of("subscriptions", "external_id", event["external_subscription_id"]):
            clock_id = facts.one("customers", subscription["customer_id"], ENDS_AT)["test_clock_id"]
            (known_at,) = [row["reading"] for row in facts.of("test_clocks", "id", clock_id) if row["valid_from"] <= event["received_at"] and (row["valid_to"] is None or event["received_at"] < row["valid_to"])]
            is_known = subscription["valid_from"] <= known_at and (subscription["valid_to"] is None or known_at < subscription["valid_to"])
            if not is_known or subscription["terminated_at"] or subscription["downgrade_at"] or subscription["ending_at"] or not subscription["started_at"] <= event["timestamp"] <= known_at:
                continue
            for charge in facts.at("charges", "plan_id", subscription["plan_id"], known_at):
                metric = facts.one("billable_metrics", charge["billable_metric_id"], known_at)
                if charge["pay_in_advance"] and metric["code"] == event["code"] and counts(metric, event):
                    wanted.add((charge["id"], event["external_subscription_id"], event["transaction_id"]))
    assert len(wanted) > 200
    assert wanted <= billed, sorted(wanted - billed)[:5]

"""The exact credit notes of services that end, and of those by hand (invoicing §6.4, §10.3), by plain fractions. No SQL.

Which notes there are, and when, is taken from the books; what they are worth from the facts and the oracle's own invoices.
A note by hand names fees, so what a fee was billed with is the books' (which the oracle's invoices are compared with).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

import pyarrow as pa

from tests.support.oracle_fees import Facts, Line, Row, at_places, half_up, is_followed, local_date, period_around
from tests.support.oracle_late_usage import LateUsageOracle


@dataclass
class Note:
    """What the oracle says of one note, in minor units; `left` is what it can still pay."""

    customer_id: str
    currency: str
    taxes: int
    credit: int
    refund: int
    offset: int
    left: int

    @property
    def total(self) -> int:
        """All that is given back."""
        return self.credit + self.refund + self.offset


@dataclass
class Billed:
    """An invoice that notes correct: its lines, sums, and what was given back of it so far."""

    fees: int
    sub_total_with_taxes: int
    total: int
    credited: Fraction = Fraction(0)
    rounding: Fraction = Fraction(0)
    refunded: int = 0
    offset: int = 0


class CreditNoteOracle:
    """Gives notes in the order of their moments, and pays invoices with them, oldest first."""

    def __init__(self, facts: Facts, books: Mapping[str, pa.Table], late_usage: LateUsageOracle) -> None:
        self.facts = facts
        self.late_usage = late_usage
        self.waiting: dict[str, list[Row]] = defaultdict(list)
        for row in sorted(books["credit_notes"].to_pylist(), key=lambda row: (row["issued_at"], row["sequential_id"] or 0)):
            self.waiting[row["customer_id"]].append(row)
        self.fees = {row["fee_id"]: row for row in books["fees"].to_pylist()}
        self.items = {row["credit_note_id"]: row["fee_id"] for row in books["credit_note_items"].to_pylist()}
        """Note -> one of the fees that it is about."""
        self.late_notes: dict[tuple[str, datetime], list[str]] = defaultdict(list)
        """(invoice, moment) -> its notes of late usage."""
        for row in books["credit_notes"].to_pylist():
            if row["reason"] == "other" and row["subscription_id"] is not None:
                self.late_notes[row["invoice_id"], row["issued_at"]].append(row["credit_note_id"])
        self.plan_fees: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for fee in self.fees.values():
            if fee["fee_type"] == "subscription":
                self.plan_fees[fee["invoice_id"], fee["subscription_id"]].append(fee)
        self.rates: dict[str, Fraction] = defaultdict(Fraction)
        for tax in books["fee_taxes"].to_pylist():
            self.rates[tax["fee_id"]] += Fraction(tax["tax_rate"])
        self.credited: dict[str, Fraction] = defaultdict(Fraction)
        self.voids: dict[str, list[Row]] = defaultdict(list)
        for row in books["credit_notes"].to_pylist():
            self.voids[row["customer_id"]] += facts.of("credit_note_voids", "credit_note_id", row["credit_note_id"])
        self.voided: dict[str, int] = {}
        """Void -> what it took, minor units."""
        self.notes: dict[str, Note] = {}
        self.billed: dict[str, Billed] = {}
        self.lines: dict[str, list[tuple[Line, Fraction]]] = {}

    def keep(self, invoice_id: str, billed: Billed, lines: list[tuple[Line, Fraction]]) -> None:
        """Remembers a settled invoice: its lines with the rate of their taxes."""
        self.billed[invoice_id], self.lines[invoice_id] = billed, lines

    def give(self, customer_id: str, until: datetime) -> None:
        """Settles the customer's notes up to a moment whose invoice is settled."""
        for row in list(self.waiting[customer_id]):
            if row["issued_at"] <= until and row["invoice_id"] in self.billed:
                self.waiting[customer_id].remove(row)
                self.notes[row["credit_note_id"]] = self._note(row)
        for void in self.voids[customer_id]:
            if void["valid_from"] <= until and void["id"] not in self.voided and void["credit_note_id"] in self.notes:
                note = self.notes[void["credit_note_id"]]
                self.voided[void["id"]], note.left = note.left, 0

    def pay(self, customer_id: str, currency: str, due: int) -> int:
        """Pays what is due from the notes that are there."""
        paid = 0
        for note in self.notes.values():
            if (note.customer_id, note.currency) == (customer_id, currency):
                taken = min(note.left, due - paid)
                note.left -= taken
                paid += taken
        return paid

    def _note(self, row: Row) -> Note:
        source = self.billed[row["invoice_id"]]
        if row["subscription_id"] is None:
            return self._by_hand(row, source)
        if row["reason"] == "other":
            return self._of_late_usage(row, source)
        fee_id = max(self.plan_fees[row["invoice_id"], row["subscription_id"]], key=lambda fee: fee["from_at"])["fee_id"]
        own = [pair for pair in self.lines[row["invoice_id"]] if pair[0].kind == "subscription" and pair[0].subscription_id == row["subscription_id"]]
        line, rate = max(own, key=lambda pair: pair[0].from_at)
        unused, used = self._days(row, line)
        item = max(Fraction(0), min(at_places(unused, 5, "floor"), Fraction(line.cents)) - self.credited[fee_id])
        base = item - at_places(line.share * item / line.cents, 5)
        taxes, total = self._total(source, base, base * rate / 100, {fee_id: item})
        destination = self._destination(row)
        used_base = at_places(used, 5, "floor") * (1 - line.share / line.cents)
        fee = (line.cents - line.share) * (1 + rate / 100)
        paid = self._paid(row)
        refund = offset = 0
        if destination != "credit" and source.sub_total_with_taxes:
            unused_paid = half_up(paid * fee / source.sub_total_with_taxes - half_up(used_base * (1 + rate / 100)))
            refund = max(0, min(unused_paid, total, paid - source.refunded))
        if destination == "offset":
            offset = max(0, min(total - refund, source.total - paid - source.offset))
        source.refunded += refund
        source.offset += offset
        credit = total - refund - offset
        return Note(row["customer_id"], row["currency"], taxes, credit, refund, offset, credit)

    def _of_late_usage(self, row: Row, source: Billed) -> Note:
        """It pays later bills, or by the policy `credit_note` lowers what its invoice leaves to pay and then gives back what was paid."""
        policy = self.policy_of(row)
        taxes, total = self._given(source, self.late_usage.returned[row["invoice_id"], row["issued_at"], policy])
        refund = offset = 0
        if policy == "credit_note":
            paid = self._paid(row)
            offset = max(0, min(total, source.total - paid - source.offset))
            refund = max(0, min(total - offset, paid - source.refunded))
        source.refunded += refund
        source.offset += offset
        credit = total - refund - offset
        return Note(row["customer_id"], row["currency"], taxes, credit, refund, offset, credit)

    def policy_of(self, row: Row) -> str:
        """The policy of late usage that a note of it is given by; a note of nothing has no items, and is by what no other note of the moment is by."""
        if row["credit_note_id"] in self.items:
            return self.late_usage.policies[self.items[row["credit_note_id"]]]
        at_once = [note for note in self.late_notes[row["invoice_id"], row["issued_at"]] if note in self.items]
        taken = {self.late_usage.policies[self.items[note]] for note in at_once}
        policies = {policy for invoice_id, at, policy in self.late_usage.returned if (invoice_id, at) == (row["invoice_id"], row["issued_at"])}
        return sorted(policies - taken)[0]

    def _paid(self, row: Row) -> int:
        """What was paid of the note's invoice by the note's moment."""
        return sum(payment["amount_cents"] for payment in self.facts.of("payments", "invoice_id", row["invoice_id"]) if payment["valid_from"] <= row["issued_at"])

    def _by_hand(self, row: Row, source: Billed) -> Note:
        asked: dict[str, int] = defaultdict(int)
        for item in self.facts.of("credit_note_items", "credit_note_id", row["credit_note_id"]):
            asked[item["fee_id"]] += item["amount_cents"]
        taxes, total = self._given(source, asked)
        (command,) = self.facts.of("credit_notes", "id", row["credit_note_id"])
        credit, refund, offset = (command[f"{part}_amount_cents"] for part in ("credit", "refund", "offset"))
        if not credit and refund:
            refund = total - offset
        elif not credit:
            offset = total
        paid = self._paid(row)
        refund = max(0, min(refund, total, paid - source.refunded))
        offset = max(0, min(offset, total - refund, source.total - paid - source.offset))
        source.refunded += refund
        source.offset += offset
        credit = total - refund - offset
        return Note(row["customer_id"], row["currency"], taxes, credit, refund, offset, credit)

    def _given(self, source: Billed, asked: Mapping[str, int]) -> tuple[int, int]:
        """(tax, total) of minor units of fees, as far as they were not given back before."""
        given, base, tax = {}, Fraction(0), Fraction(0)
        for fee_id, cents in asked.items():
            fee = self.fees[fee_id]
            given[fee_id] = min(Fraction(cents), fee["amount_cents"] - self.credited[fee_id])
            left = given[fee_id] - at_places(Fraction(fee["precise_coupons_amount_cents"]) * given[fee_id] / fee["amount_cents"], 5)
            base += left
            tax += left * self.rates[fee_id] / 100
        return self._total(source, base, tax, given)

    def _total(self, source: Billed, base: Fraction, precise_tax: Fraction, items: dict[str, Fraction]) -> tuple[int, int]:
        """(tax, total) in minor units; a note that leaves nothing of its invoice takes back what rounding taxes gave."""
        tax = at_places(precise_tax, 5)
        item = sum(items.values(), Fraction(0))
        if source.credited + item == source.fees:
            tax = max(tax - source.rounding, Fraction(0))
        taxes = half_up(tax)
        total = half_up(base) + taxes
        if total > 0:
            source.credited += item
            source.rounding += taxes - tax
            for fee_id, amount in items.items():
                self.credited[fee_id] += amount
        return taxes, total

    def _destination(self, row: Row) -> str:
        if is_followed(self.facts, row["subscription_id"], row["issued_at"]):
            return "credit"
        return str(self.facts.one("subscriptions", row["subscription_id"], row["issued_at"])["on_termination_credit_note"])

    def _days(self, row: Row, line: Line) -> tuple[Fraction, Fraction]:
        """(value of the unused days, of the used ones) of the fee's plan, in minor units."""
        versions = self.facts.of("subscriptions", "id", row["subscription_id"])
        ended = [version["valid_from"] for version in versions if version["terminated_at"]]
        known_at = min(ended) if ended else row["issued_at"]
        subscription = self.facts.one("subscriptions", row["subscription_id"], known_at)
        customer = self.facts.one("customers", row["customer_id"], known_at)
        seller = self.facts.one("billing_entities", subscription["billing_entity_id"] or customer["billing_entity_id"], known_at)
        zone = customer["timezone"] or seller["timezone"] or "UTC"
        ends_on = local_date(subscription["terminated_at"] or subscription["downgrade_at"] or subscription["ending_at"], zone)
        plan = self.facts.one("plans", subscription["plan_id"], known_at)
        anchor = local_date(subscription["subscription_at"], zone) if subscription["billing_time"] == "anniversary" else None
        start, end = period_around(plan["interval"], anchor, ends_on)
        unused_from = ends_on if is_followed(self.facts, row["subscription_id"], known_at) else ends_on + timedelta(days=1)
        trial_ends_on = self._trial_end(subscription, known_at, zone)
        if trial_ends_on is not None and trial_ends_on >= ends_on:
            unused_from = trial_ends_on
        price = Fraction(self.facts.one("plans", line.plan_id or "", line.issued_at)["amount_cents"], (end - start).days)
        return price * (end - unused_from).days, price * max(0, (unused_from - local_date(line.from_at, zone)).days)

    def _trial_end(self, subscription: Row, known_at: datetime, zone: str) -> object:
        taken = [row["valid_from"] for row in self.facts.of("subscriptions", "id", subscription["id"]) if row["plan_id"] == subscription["plan_id"]]
        agreed = self.facts.one("plans", subscription["plan_id"], min(taken))
        if not agreed["trial_period"] or Fraction(agreed["trial_period"]) <= 0:
            return None
        earlier = [
            row["started_at"]
            for row in self.facts.at("subscriptions", "external_id", subscription["external_id"], known_at)
            if row["customer_id"] == subscription["customer_id"] and row["status"] != "canceled" and row["creation_sequence"] <= subscription["creation_sequence"]
        ]
        return local_date(min(earlier) + timedelta(microseconds=int(Fraction(agreed["trial_period"]) * 86_400_000_000)), zone)

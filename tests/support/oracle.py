"""An exact oracle for the books: amounts by plain fractions, one invoice after the other, written from the references.

It takes which invoices there are, their moments and their periods from the books, and everything else from the facts:
lines as in `oracle_fees`, then taxes (invoicing §4), coupons (§5), credit notes (`oracle_credit_notes`) and wallets (§9). No SQL.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil, floor

import pyarrow as pa

from tests.support.oracle_advance import AdvanceOracle
from tests.support.oracle_commitments import CommitmentOracle
from tests.support.oracle_credit_notes import Billed, CreditNoteOracle
from tests.support.oracle_fees import EXPONENTS, Facts, Line, Row, at_places, half_up, plan_line, usage_lines
from tests.support.oracle_late_usage import LateUsageOracle


@dataclass
class Invoice:
    """What the oracle says of one invoice, in minor units."""

    lines: list[Line]
    fees: int = 0
    coupons: int = 0
    taxes: int = 0
    credit_notes: int = 0
    prepaid: int = 0
    coupon_uses: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """What is left to pay."""
        return self.fees - self.coupons + self.taxes - self.credit_notes - self.prepaid


def tax_rate(facts: Facts, line: Line, customer: Row, at: datetime) -> Fraction:
    """The sum of the taxes of the first level that has any; top-ups have none."""
    levels = {
        "charge": [("charge", line.charge_id), ("plan", line.plan_id)],
        "subscription": [("plan", line.plan_id)],
        "commitment": [("commitment", line.plan_id), ("plan", line.plan_id)],
        "add_on": [("one_off_fee", line.one_off_fee_id), ("add_on", line.add_on_id)],
    }
    if line.kind == "credit":
        return Fraction(0)
    for owner_type, owner_id in [*levels[line.kind], ("customer", customer["id"]), ("billing_entity", customer["billing_entity_id"])]:
        taxes = [row for row in facts.at("applied_taxes", "owner_id", owner_id, at) if row["owner_type"] == owner_type]
        if taxes:
            return sum((Fraction(facts.one("taxes", row["tax_id"], at)["rate"]) for row in taxes), Fraction(0))
    return Fraction(0)


class Oracle:
    """Settles each customer's invoices in the order of the books; coupons and wallets carry over from one to the next."""

    def __init__(self, facts: Mapping[str, pa.Table], books: Mapping[str, pa.Table]) -> None:
        self.facts = Facts(facts)
        self.advance = AdvanceOracle(self.facts, books)
        self.commitments = CommitmentOracle(self.facts, books)
        self.late_usage = LateUsageOracle(self.facts, books)
        self.credit_notes = CreditNoteOracle(self.facts, books, self.late_usage)
        self.links: dict[str, list[Row]] = defaultdict(list)
        for link in books["invoice_subscriptions"].to_pylist():
            self.links[link["invoice_id"]].append(link)
        self.sources: dict[str, str] = {}
        for fee in books["fees"].select(["invoice_id", "fee_id", "wallet_transaction_id"]).to_pylist():
            if fee["invoice_id"] is not None:
                self.sources[fee["invoice_id"]] = fee["wallet_transaction_id"] or fee["fee_id"]
        self.spent: dict[str, dict[str, int]] = defaultdict(dict)
        """Applied coupon -> invoice -> what it took off."""
        self.voided: set[str] = set()
        self.taken: dict[tuple[str, str, int], int] = defaultdict(int)
        self.paid_by: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        """Invoice -> wallet -> what it paid."""
        self.returned: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
        """Wallet -> when voids gave back what."""
        self.void: set[str] = set()

    def settle(self, invoices: Iterable[Row]) -> dict[str, Invoice]:
        """Invoice id -> what it must say. `invoices` are rows of the books in the order in which they were settled."""
        settled = {row["invoice_id"]: self._settle(row) for row in invoices}
        for customer_id in list(self.credit_notes.waiting):
            self.credit_notes.give(customer_id, datetime.max)
        return settled

    def _settle(self, row: Row) -> Invoice:
        at, minor = row["issued_at"], 10 ** EXPONENTS[row["currency"]]
        customer = self.facts.one("customers", row["customer_id"], at)
        self._void_invoices(customer["id"], at)
        invoice = Invoice(self._lines(row, customer, at, minor))
        invoice.fees = sum(line.cents for line in invoice.lines)
        if row["invoice_type"] == "subscription":
            self._use_coupons(invoice, row)
        invoice.coupons = sum(invoice.coupon_uses.values())
        invoice.taxes = half_up(sum(((line.cents - line.share) * tax_rate(self.facts, line, customer, at) / 100 for line in invoice.lines), Fraction(0)))
        if row["invoice_type"] == "subscription":
            self.credit_notes.give(customer["id"], at)
            invoice.credit_notes = self.credit_notes.pay(customer["id"], row["currency"], invoice.total)
            invoice.prepaid = self._burn(row, invoice.total, self._buckets(invoice, customer, at, minor), minor)
        rates = [(line, tax_rate(self.facts, line, customer, at)) for line in invoice.lines]
        with_taxes = invoice.fees - invoice.coupons + invoice.taxes
        self.credit_notes.keep(row["invoice_id"], Billed(invoice.fees, with_taxes, invoice.total), rates)
        return invoice

    def _buckets(self, invoice: Invoice, customer: Row, at: datetime, minor: int) -> dict[tuple[str, str | None], Fraction]:
        """What wallets may pay, by type of line and metric, largest first; the largest takes what rounding left over."""
        buckets: dict[tuple[str, str | None], Fraction] = defaultdict(Fraction)
        count = 0
        for line in invoice.lines:
            tax = (line.amount * minor - line.share) * tax_rate(self.facts, line, customer, at) / 100
            worth = line.cents - line.share + tax
            if invoice.credit_notes:
                worth -= invoice.credit_notes * worth / (invoice.total + invoice.credit_notes)
            if worth > 0:
                buckets[line.kind, line.metric_id] += worth
                count += 1
        ordered = dict(sorted(buckets.items(), key=lambda item: -item[1]))
        if ordered and 0 < (gap := invoice.total - sum(ordered.values())) <= count:
            ordered[next(iter(ordered))] += gap
        return ordered

    def _lines(self, row: Row, customer: Row, at: datetime, minor: int) -> list[Line]:
        if row["invoice_type"] == "credit":
            transaction = self.facts.of("wallet_transactions", "id", self.sources[row["invoice_id"]])[0]
            cents = self._money(transaction, minor)
            return [Line("credit", Fraction(cents, minor), cents)]
        if row["invoice_type"] == "one_off":
            fee = self.facts.of("one_off_fees", "id", self.sources[row["invoice_id"]])[0]
            amounts = [(fee, Fraction(fee["units"]) * fee["unit_amount_cents"] / minor) for fee in self.facts.of("one_off_fees", "one_off_invoice_id", fee["one_off_invoice_id"])]
            return [Line("add_on", amount, half_up(amount * minor), add_on_id=fee["add_on_id"], one_off_fee_id=fee["id"]) for fee, amount in amounts]
        lines = []
        zone = self._zone(row)
        for link in self.links[row["invoice_id"]]:
            if link["invoicing_reason"] == "in_advance_charge":
                lines.append(self.advance.lines[self.sources[row["invoice_id"]]])
                continue
            if link["fee_from_at"] is not None:
                lines.append(plan_line(self.facts, link, zone, at, minor))
            if link["usage_from_at"] is not None:
                lines += usage_lines(self.facts, link, customer["test_clock_id"], at, minor)
            lines += self.commitments.lines(link, zone, at, minor)
        return lines + self.late_usage.lines[row["invoice_id"]]

    def _zone(self, row: Row) -> str:
        """The zone whose days a bill counts: its own, but of one that was on hold that of the end of its grace period (DECISIONS, holds)."""
        if not any(command["command"] == "hold" for command in self.facts.of("invoice_commands", "invoice_id", row["invoice_id"])):
            return str(row["timezone"])
        seller = self.facts.one("billing_entities", row["billing_entity_id"], row["issued_at"])
        for customer in sorted(self.facts.of("customers", "id", row["customer_id"]), key=lambda version: (version["valid_from"], version["sequence"])):
            days = seller["invoice_grace_period"] if customer["invoice_grace_period"] is None else customer["invoice_grace_period"]
            due_at = max(row["ready_at"] + timedelta(days=days or 0), customer["valid_from"])
            if row["issued_at"] <= due_at or customer["valid_to"] is None or due_at < customer["valid_to"]:
                break
        return str(row["timezone"] if row["issued_at"] <= due_at else customer["timezone"] or seller["timezone"] or "UTC")

    def _use_coupons(self, invoice: Invoice, row: Row) -> None:
        at = row["issued_at"]
        found = []
        for coupon in self.facts.at("applied_coupons", "customer_id", row["customer_id"], at):
            # Deleted or terminated ones have no version in force, or an instant of termination.
            if coupon["terminated_at"] is not None and coupon["terminated_at"] <= at:
                continue
            if coupon["percentage_rate"] is None and coupon["amount_currency"] != row["currency"]:
                continue
            targets = self.facts.of("coupon_targets", "coupon_id", coupon["coupon_id"])
            metrics, plans = ({target[name] for target in targets if target[name]} for name in ("billable_metric_id", "plan_id"))
            age = min(version["sequence"] for version in self.facts.of("applied_coupons", "id", coupon["id"]))
            found.append((1 if metrics else 2 if plans else 3, age, coupon, metrics, plans))
        for _, _, coupon, metrics, plans in sorted(found, key=lambda item: item[:2]):
            sub_total = invoice.fees - sum(invoice.coupon_uses.values())
            covered = [line for line in invoice.lines if (line.metric_id in metrics if metrics else self._is_of(line, plans) if plans else True)]
            base = sum((line.cents - line.share for line in covered), Fraction(0))
            if sub_total <= 0 or base <= 0:
                continue
            used = self._worth(coupon, base, sub_total)
            if used <= 0:
                continue
            self.spent[coupon["id"]][row["invoice_id"]] = used
            invoice.coupon_uses[coupon["id"]] = used
            for line in covered:
                line.share += used * (line.cents - line.share) / base

    def _is_of(self, line: Line, plans: set[str]) -> bool:
        """A plan covers what it makes of itself for one subscription, too (invoicing §5)."""
        return line.plan_id is not None and self.facts.original("plans", line.plan_id) in plans

    def _worth(self, coupon: Row, base: Fraction, sub_total: int) -> int:
        uses = list(self.spent[coupon["id"]].values())
        if coupon["percentage_rate"] is not None:
            used_up = (coupon["frequency"] == "once" and uses) or (coupon["frequency"] == "recurring" and len(uses) >= coupon["frequency_duration"])
            return 0 if used_up else min(half_up(base * Fraction(coupon["percentage_rate"]) / 100), ceil(base), sub_total)
        left = coupon["amount_cents"]
        if coupon["frequency"] == "once":
            left -= sum(uses)
        if coupon["frequency"] == "recurring" and len(uses) >= coupon["frequency_duration"]:
            left = 0
        return min(int(left), floor(base), sub_total)

    def _void_invoices(self, customer_id: str, at: datetime) -> None:
        """Coupons have again what they took off invoices that are void by then, and wallets in use what they paid, as granted (invoicing §5, §9.5)."""
        for void in self.facts.of("invoice_voids", "customer_id", customer_id):
            if void["valid_from"] > at or void["id"] in self.void:
                continue
            self.void.add(void["id"])
            for uses in self.spent.values():
                uses.pop(void["invoice_id"], None)
            for wallet_id, cents in self.paid_by[void["invoice_id"]].items():
                wallet = self.facts.one("wallets", wallet_id, void["valid_from"])
                if all(end is None or end > void["valid_from"] for end in (wallet["terminated_at"], wallet["expiration_at"])) and not void["generate_credit_note"]:
                    self.returned[wallet_id].append((void["valid_from"], cents))

    def _money(self, transaction: Row, minor: int) -> int:
        wallet = self.facts.of("wallets", "id", transaction["wallet_id"])[0]
        return half_up(at_places(Fraction(transaction["credit_amount"]), 5, "floor") * Fraction(wallet["rate_amount"]) * minor)

    def _stock(self, wallet_id: str, at: datetime, minor: int) -> dict[tuple[int, str], int]:
        """What has come into a wallet by then, by priority and class; granted sorts before purchased."""
        stock: dict[tuple[int, str], int] = defaultdict(int)
        transactions = self.facts.of("wallet_transactions", "wallet_id", wallet_id)
        for transaction_id in {transaction["id"] for transaction in transactions if transaction["transaction_type"] == "inbound"}:
            settled = [t for t in transactions if t["id"] == transaction_id and t["status"] == "settled" and t["valid_from"] <= at]
            if settled:
                stock[settled[0]["priority"], settled[0]["transaction_status"]] += self._money(settled[0], minor)
        back = sum(cents for moment, cents in self.returned[wallet_id] if moment <= at)
        if back:
            stock[50, "granted"] += back
        return dict(sorted(stock.items()))

    def _void(self, wallet_id: str, at: datetime, minor: int) -> None:
        """Takes out what was voided since the last invoice, as far as the wallet held it at that moment."""
        voids = [t for t in self.facts.of("wallet_transactions", "wallet_id", wallet_id) if t["transaction_status"] == "voided" and t["valid_from"] <= at]
        for void in sorted(voids, key=lambda row: row["sequence"]):
            if void["id"] in self.voided:
                continue
            self.voided.add(void["id"])
            left = self._money(void, minor)
            for (priority, credit_class), came_in in self._stock(wallet_id, void["valid_from"], minor).items():
                key = (wallet_id, credit_class, priority)
                taken = min(came_in - self.taken[key], left)
                self.taken[key] += taken
                left -= taken

    def _burn(self, row: Row, due: int, buckets: dict[tuple[str, str | None], Fraction], minor: int) -> int:
        at, burned = row["issued_at"], 0
        wallets = []
        for wallet in self.facts.at("wallets", "customer_id", row["customer_id"], at):
            ends = [end for end in (wallet["terminated_at"], wallet["expiration_at"]) if end is not None]
            if wallet["currency"] == row["currency"] and all(end > at for end in ends):
                age = min(version["sequence"] for version in self.facts.of("wallets", "id", wallet["id"]))
                wallets.append((wallet["priority"], age, wallet["id"]))
        for _, _, wallet_id in sorted(wallets):
            self._void(wallet_id, at, minor)
            targets = self.facts.at("wallet_targets", "wallet_id", wallet_id, at)
            limits = {target[name] for target in targets for name in ("fee_type", "billable_metric_id") if target[name]}
            for (priority, credit_class), came_in in self._stock(wallet_id, at, minor).items():
                key = (wallet_id, credit_class, priority)
                mine = [bucket for bucket in buckets if not limits or bucket[0] in limits or bucket[1] in limits]
                served = half_up(sum((buckets[bucket] for bucket in mine), Fraction(0)))
                taken = min(came_in - self.taken[key], due - burned, served)
                left = Fraction(taken)
                for bucket in mine:
                    paid = buckets[bucket] if taken == served else min(buckets[bucket], left)
                    buckets[bucket] -= paid
                    left -= paid
                self.taken[key] += taken
                self.paid_by[row["invoice_id"]][wallet_id] += taken
                burned += taken
        return burned

"""Usage that became known after its bill, by plain fractions (settlement §3): what the next bill adds, or gives back. No SQL.

A period makes what its charges make of all that was known by a moment, each fee rounded. A bill of the customer, in one
currency and by one seller, settles how much more that is at its own moment than at the moment of the bill before it, and
each charge by the policy that it had when the period was billed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

import pyarrow as pa

from tests.support.oracle_fees import EXPONENTS, Facts, Line, Row, usage_buckets

Returned = dict[str, int]
"""Fee -> minor units that a note gives back of it."""


class LateUsageOracle:
    """Computes every bill's lines and notes of late usage from the moments and periods of the books."""

    def __init__(self, facts: Facts, books: Mapping[str, pa.Table]) -> None:
        self.facts = facts
        self.lines: dict[str, list[Line]] = defaultdict(list)
        """Bill -> its lines of late usage that cost something."""
        self.returned: dict[tuple[str, datetime, str], Returned] = defaultdict(lambda: defaultdict(int))
        """(invoice, moment of its note, policy) -> what the note gives back."""
        self.policies: dict[str, str] = {}
        """Fee that a note gives back of -> policy of its charge."""
        self.settled: set[str] = set()
        """The policies by which usage was late at all."""
        invoices = {row["invoice_id"]: row for row in books["invoices"].to_pylist() if row["invoice_type"] == "subscription"}
        self.fees: dict[Any, list[Row]] = defaultdict(list)
        for fee in books["fees"].to_pylist():
            if fee["fee_type"] == "charge" and fee["event_transaction_id"] is None and fee["invoice_id"] in invoices:
                self.fees[fee["subscription_id"], fee["charge_id"], fee["from_at"], fee["to_at"]].append(fee)
        links: dict[str, list[Row]] = defaultdict(list)
        for link in books["invoice_subscriptions"].to_pylist():
            if link["invoicing_reason"] != "in_advance_charge":
                links[link["invoice_id"]].append(link)
        bills = defaultdict(list)
        for row in sorted(invoices.values(), key=lambda row: (row["issued_at"], row["invoice_id"])):
            if links[row["invoice_id"]]:
                bills[row["customer_id"], row["billing_entity_id"], row["currency"]].append(row)
        for queue in bills.values():
            periods = [(row, link) for row in queue for link in links[row["invoice_id"]] if link["usage_from_at"] is not None]
            for before, bill in zip([None, *queue], queue, strict=False):
                for billed, link in periods:
                    since = max(billed["issued_at"], before["issued_at"] if before else billed["issued_at"])
                    if since < bill["issued_at"] and not self._is_void(billed, bill["issued_at"]):
                        self._settle(bill, billed, link, since)

    def _is_void(self, billed: Row, at: datetime) -> bool:
        return any(void["valid_from"] <= at for void in self.facts.of("invoice_voids", "invoice_id", billed["invoice_id"]))

    def _settle(self, bill: Row, billed: Row, link: Row, since: datetime) -> None:
        clock = self.facts.one("customers", bill["customer_id"], bill["issued_at"])["test_clock_id"]
        minor = 10 ** EXPONENTS[bill["currency"]]
        sides = [usage_buckets(self.facts, link, clock, billed["issued_at"], until, minor) for until in (bill["issued_at"], since)]
        nothing = (Fraction(0), 0, Line("charge", Fraction(0), 0))
        by_charge: dict[str, list[tuple[Any, int, Line]]] = defaultdict(list)
        before: dict[str, int] = defaultdict(int)
        for key in {**sides[0], **sides[1]}:
            after, earlier = (side.get(key, nothing)[2] for side in sides)
            before[key[0]] += earlier.cents
            by_charge[key[0]].append((key, after.cents - earlier.cents, after if key in sides[0] else earlier))
        for charge_id, buckets in by_charge.items():
            policy = self.facts.one("charges", charge_id, billed["issued_at"])["late_usage_policy"]
            if any(cents for _, cents, _ in buckets):
                self.settled.add(policy)
            if policy == "ignore":
                continue
            left = sum(cents for _, cents, _ in buckets)
            if left < 0:
                self._give_back(bill, link, charge_id, policy, before[charge_id], -left)
            for key, cents, line in sorted(buckets, key=lambda bucket: (bucket[0][1] or "", json.dumps(bucket[0][2]))):
                taken = max(0, min(cents, left))
                left -= taken
                if taken:
                    self.lines[bill["invoice_id"]].append(Line("charge", Fraction(taken, minor), taken, line.plan_id, line.metric_id, key[0]))

    def _give_back(self, bill: Row, link: Row, charge_id: str, policy: str, owed: int, less: int) -> None:
        """The oldest lines first, beyond what earlier notes gave back of them."""
        key = (link["subscription_id"], charge_id, link["usage_from_at"], link["usage_to_at"])
        fees = sorted((fee for fee in self.fees[key] if fee["issued_at"] < bill["issued_at"]), key=lambda fee: (fee["issued_at"], fee["fee_id"]))
        skipped = sum(fee["amount_cents"] for fee in fees) - owed
        for fee in fees:
            passed = min(skipped, fee["amount_cents"])
            skipped -= passed
            given = min(less, fee["amount_cents"] - passed)
            less -= given
            if given:
                self.returned[fee["invoice_id"], bill["issued_at"], policy][fee["fee_id"]] += given
                self.policies[fee["fee_id"]] = policy

"""What tops a period up to its minimum commitment (invoicing §7): the books' other fees of the period, and plain days. No SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction

import pyarrow as pa

from tests.support.oracle_fees import Facts, Line, Row, closes_month, half_up, local_date, period_around

FAR = timedelta(days=5)
"""A change of time zone moves the bounds of a period by less."""


class CommitmentOracle:
    """Knows which bills there are and what they cost, from the books; the terms come from the facts."""

    def __init__(self, facts: Facts, books: Mapping[str, pa.Table]) -> None:
        self.facts = facts
        self.fees: dict[str, list[Row]] = defaultdict(list)
        for fee in books["fees"].to_pylist():
            if fee["fee_type"] in ("subscription", "charge", "fixed_charge"):
                self.fees[fee["subscription_id"]].append(fee)
        self.links: dict[str, list[Row]] = defaultdict(list)
        for link in books["invoice_subscriptions"].to_pylist():
            self.links[link["subscription_id"]].append(link)

    def lines(self, link: Row, zone: str, at: datetime, minor: int) -> list[Line]:
        """The line of this link, if its period cost too little."""
        plan = self.facts.one("plans", link["plan_id"], at)
        if link["invoicing_reason"] not in ("periodic", "terminating") or not plan["minimum_commitment_amount_cents"]:
            return []
        subscription = self.facts.one("subscriptions", link["subscription_id"], at)
        anchor = local_date(subscription["subscription_at"], zone) if subscription["billing_time"] == "anniversary" else None
        last = local_date(link["usage_to_at"], zone)
        is_cut = link["invoicing_reason"] == "terminating"
        start, end = period_around(plan["interval"], anchor, last if is_cut else last - timedelta(days=1))
        is_downgraded = subscription["downgrade_at"] == link["usage_to_at"] and last == start
        if is_cut and (is_downgraded or local_date(link["usage_from_at"], zone) < start - FAR):  # the final bill closes the period before
            is_cut = False
            start, end = period_around(plan["interval"], anchor, start - timedelta(days=1))
        if not is_cut and link["invoicing_reason"] == "periodic" and last < end:  # a month inside the period of the plan
            return []
        if plan["pay_in_advance"] and not self._is_opened(link["subscription_id"], end, zone):
            return []
        if is_cut and not closes_month(plan, anchor, local_date(link["usage_from_at"], zone), last):
            last += timedelta(days=1)
        days = ((last if is_cut else end) - max(start, local_date(subscription["started_at"], zone))).days
        committed = half_up(Fraction(plan["minimum_commitment_amount_cents"] * days, (end - start).days))
        paid = [fee["amount_cents"] for fee in self.fees[link["subscription_id"]] if fee["issued_at"] <= at and start <= _middle(fee, zone) < end]
        missing = committed - sum(paid)
        return [Line("commitment", Fraction(missing, minor), missing, link["plan_id"])] if missing > 0 else []

    def _is_opened(self, subscription_id: str, end: date, zone: str) -> bool:
        """Whether a bill before the one at the period's end opened it, or one before it."""
        for link in self.links[subscription_id]:
            if link["invoicing_reason"] == "periodic" and local_date(link["usage_to_at"], zone) < end - FAR:
                return True
            if link["invoicing_reason"] in ("starting", "trial") and local_date(link["fee_from_at"], zone) < end:
                return True
        return False


def _middle(fee: Row, zone: str) -> date:
    return local_date(fee["from_at"] + (fee["to_at"] - fee["from_at"]) / 2, zone)

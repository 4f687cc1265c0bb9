"""What tops a period up to its minimum commitment (invoicing §7): the books' other fees of the period, and plain days. No SQL.

It stands on the last to be issued of the bills that the period is on, and late usage of the period fills it first (DECISIONS).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

import pyarrow as pa

from tests.support.oracle_fees import EXPONENTS, Facts, Line, Row, closes_month, half_up, local_date, period_around
from tests.support.oracle_late_usage import LateUsageOracle

FAR = timedelta(days=5)
"""A change of time zone moves the bounds of a period by less."""


@dataclass(frozen=True)
class Period:
    """A period with a minimum, by the days of the bill that closes it, in minor units."""

    link: Row
    zone: str
    start: date
    end: date
    bill: Row
    committed: int

    def holds(self, row: Row) -> bool:
        """Whether a fee or a window belongs to the period."""
        middle = local_date(row["from_at"] + (row["to_at"] - row["from_at"]) / 2, self.zone)
        return bool(row["subscription_id"] == self.link["subscription_id"] and self.start <= middle < self.end)


class CommitmentOracle:
    """Knows which bills there are and what they cost, from the books and from the bills that are not issued; the terms come from the facts."""

    def __init__(self, facts: Facts, books: Mapping[str, pa.Table], unissued: Iterable[Row], zone_of: Callable[[Row], str], late_usage: LateUsageOracle) -> None:
        self.facts = facts
        self.lines: dict[str, list[Line]] = defaultdict(list)
        """Invoice -> what tops periods up on it."""
        self.invoices = {row["invoice_id"]: row for row in books["invoices"].to_pylist()}
        self.fees: dict[str, list[Row]] = defaultdict(list)
        for fee in books["fees"].to_pylist():
            if fee["fee_type"] in ("subscription", "charge", "fixed_charge", "commitment"):
                self.fees[fee["subscription_id"]].append(fee)
        self.links: dict[str, list[Row]] = defaultdict(list)
        for link in books["invoice_subscriptions"].to_pylist():
            self.links[link["subscription_id"]].append(link)
        self.unissued: dict[str, list[Row]] = defaultdict(list)
        for item in unissued:
            self.unissued[item["subscription_id"]].append(item)
        periods = [period for links in self.links.values() for link in links if (period := self._period(link, zone_of(self.invoices[link["invoice_id"]])))]
        for period in periods:
            self._top_up(period)
        for period in periods:
            self._correct(period, late_usage)

    def _period(self, link: Row, zone: str) -> Period | None:
        """The period that a link closes, if it has a minimum and the bill that tops it up is issued."""
        at = link["issued_at"]
        if link["invoicing_reason"] not in ("periodic", "terminating"):
            return None
        plan = self.facts.one("plans", link["plan_id"], at)
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
            return None
        if plan["pay_in_advance"] and not self._is_opened(link["subscription_id"], end, zone):
            return None
        if is_cut and not closes_month(plan, anchor, local_date(link["usage_from_at"], zone), last):
            last += timedelta(days=1)
        days = ((last if is_cut else end) - max(start, local_date(subscription["started_at"], zone))).days
        bill = self._last_bill(link, zone, start, end, plan, anchor)
        if bill is None:
            return None
        amount = self.facts.one("plans", link["plan_id"], bill["issued_at"])["minimum_commitment_amount_cents"]
        return Period(link, zone, start, end, bill, half_up(Fraction(amount * days, (end - start).days))) if amount else None

    def _last_bill(self, link: Row, zone: str, start: date, end: date, plan: Row, anchor: date | None) -> Row | None:
        """The last to be issued of the bills that the period is on, if it is issued."""
        interval = "monthly" if plan["bill_charges_monthly"] and plan["interval"] in ("semiannual", "yearly") else plan["interval"]
        currency = self.invoices[link["invoice_id"]]["currency"]

        def is_on(item: Row) -> bool:
            first = item["usage_from_at"] or item["fee_from_at"]
            if first is None:
                return False
            until = [local_date(item[name], zone) for name in ("usage_to_at", "fee_to_at") if item[name]]
            if item["invoicing_reason"] == "periodic":
                until.append(period_around(interval, anchor, local_date(item["usage_to_at"], zone))[1])
            return item["invoice_id"] == link["invoice_id"] or (local_date(first, zone) < end and max(until) > start)

        if any(is_on(item) for item in self.unissued[link["subscription_id"]] if item["currency"] == currency):
            return None
        issued = [self.invoices[item["invoice_id"]] for item in self.links[link["subscription_id"]] if item["invoicing_reason"] != "in_advance_charge" and is_on(item)]
        return max((row for row in issued if row["currency"] == currency), key=lambda row: (row["issued_at"], row["ready_at"], row["invoice_id"]))

    def _top_up(self, period: Period) -> None:
        paid = [fee for fee in self.fees[period.link["subscription_id"]] if fee["fee_type"] != "commitment" and fee["issued_at"] <= period.bill["issued_at"] and period.holds(fee)]
        self._add(period, period.bill, period.committed - sum(fee["amount_cents"] for fee in paid))

    def _add(self, period: Period, bill: Row, missing: int) -> None:
        if missing > 0:
            self.lines[bill["invoice_id"]].append(Line("commitment", Fraction(missing, 10 ** EXPONENTS[bill["currency"]]), missing, period.link["plan_id"]))

    def _correct(self, period: Period, late_usage: LateUsageOracle) -> None:
        """Bill by bill: what is missing with the usage that it knows, less what was missing before it."""
        windows: dict[str, list[Row]] = defaultdict(list)
        for window in late_usage.measured[period.link["subscription_id"]]:
            if window["bill"]["issued_at"] > period.bill["issued_at"] and period.holds(window):
                windows[window["bill"]["invoice_id"]].append(window)
        for bill_id, measured in windows.items():
            bill = self.invoices[bill_id]
            if any(void["valid_from"] <= bill["issued_at"] for void in self.facts.of("invoice_voids", "invoice_id", period.bill["invoice_id"])):
                continue
            again = {(window["charge_id"], window["from_at"], window["to_at"]) for window in measured}
            fees = [fee for fee in self.fees[period.link["subscription_id"]] if period.holds(fee)]
            others = sum(
                fee["amount_cents"]
                for fee in fees
                if fee["fee_type"] != "commitment" and fee["issued_at"] <= bill["issued_at"] and (fee["event_transaction_id"] or (fee["charge_id"], fee["from_at"], fee["to_at"]) not in again)
            )
            before, after = (max(0, period.committed - others - sum(window[side] for window in measured)) for side in ("before", "after"))
            self._add(period, bill, after - before)
            if after < before:
                late_usage.give_back(bill, [fee for fee in fees if fee["fee_type"] == "commitment"], "next_invoice", before, before - after)

    def _is_opened(self, subscription_id: str, end: date, zone: str) -> bool:
        """Whether a bill before the one at the period's end opened it, or one before it."""
        for link in [*self.links[subscription_id], *self.unissued[subscription_id]]:
            if link["invoicing_reason"] == "periodic" and local_date(link["usage_to_at"], zone) < end - FAR:
                return True
            if link["invoicing_reason"] in ("starting", "trial") and link["fee_from_at"] and local_date(link["fee_from_at"], zone) < end:
                return True
        return False

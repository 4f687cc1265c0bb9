"""The exact fees of charges in advance, by plain fractions: one event after the other, in the order in which they are billed
(rating §5). No SQL.

Which fees there are, when and for which period is taken from the books; what each costs from the facts. A charge that gets terms
of its own in the middle of a period goes on with the units of it, at its own prices.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pyarrow as pa

from tests.support.oracle_fees import EXPONENTS, Facts, Line, Row, bucket_of, counts, filters_of, half_up, price

SAME_PERIOD = timedelta(days=5)
"""A time zone that changes moves the bounds of a period by less, and no period is as short."""


@dataclass
class State:
    """What a bucket holds in a period: how far its total rose, and the last word in time on each value."""

    current: Fraction = Fraction(0)
    peak: Fraction = Fraction(0)
    events: int = 0
    latest: dict[str, tuple[Any, bool]] = field(default_factory=dict)


def units_added(metric: Row, event: Row, state: State) -> Fraction:
    """What an event adds to the running total of its bucket."""
    properties = json.loads(event["properties"])
    if metric["aggregation_type"] == "count_agg":
        return Fraction(1)
    value = properties[metric["field_name"]]
    if metric["aggregation_type"] == "sum_agg":
        return Fraction(value)
    moment = (event["timestamp"], event["received_at"], event["received_sequence"])
    before, was_active = state.latest.get(value, (None, False))
    if before is not None and moment < before:
        return Fraction(0)
    is_active = properties.get("operation_type", "add") != "remove"
    state.latest[value] = (moment, is_active)
    return Fraction(int(is_active) - int(was_active))


def worth(model: str, terms: Row | None, tiers: list[Row], units: Fraction) -> Fraction:
    """What all units cost; no units cost nothing, not even a flat fee, which the first of them will owe."""
    return price(model, terms, tiers, units) if units > 0 else Fraction(0)


class AdvanceOracle:
    """Fee id -> its line, for every fee in advance of the books."""

    def __init__(self, facts: Facts, books: Mapping[str, pa.Table]) -> None:
        self.facts = facts
        self.events = {(row["external_subscription_id"], row["transaction_id"]): row for row in facts.rows.get("events", [])}
        fees = [fee for fee in books["fees"].to_pylist() if fee["event_transaction_id"] is not None]
        owned: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for fee in fees:
            owned[facts.original("charges", fee["charge_id"]), fee["subscription_id"]].append(fee)
        self.lines: dict[str, Line] = {}
        self.units: dict[str, Fraction] = {}
        for members in owned.values():
            self._follow(members)

    def event_of(self, fee: Row) -> Row:
        """The event that a fee is for."""
        return self.events[fee["external_subscription_id"], fee["event_transaction_id"]]

    def _follow(self, fees: Iterable[Row]) -> None:
        states: list[tuple[datetime, dict[Any, State]]] = []

        def order(fee: Row) -> Any:
            event = self.event_of(fee)
            return fee["issued_at"], event["received_at"], event["received_sequence"]

        for fee in sorted(fees, key=order):
            buckets = next((found for start, found in states if abs(start - fee["from_at"]) < SAME_PERIOD), None)
            if buckets is None:
                buckets = defaultdict(State)
                states.append((fee["from_at"], buckets))
            self._price(fee, self.event_of(fee), buckets)

    def _price(self, fee: Row, event: Row, buckets: dict[Any, State]) -> None:
        at, facts = fee["issued_at"], self.facts
        charge = facts.one("charges", fee["charge_id"], at)
        metric = facts.one("billable_metrics", charge["billable_metric_id"], at)
        assert counts(metric, event), "an event without its field is billed"
        chosen = bucket_of(event, filters_of(facts, charge["id"], at))
        own = {
            name: sorted(
                (row for row in facts.at(name, "charge_id", charge["id"], at) if row["charge_filter_id"] == chosen),
                key=lambda row: row.get("position", 0),
            )
            for name in ("charge_prices", "charge_tiers", "charge_group_keys")
        }
        properties = json.loads(event["properties"])
        group = tuple((row["key"], properties.get(row["key"]) or None) for row in own["charge_group_keys"])
        state = buckets[chosen and facts.original("charge_filters", chosen), group]
        added = units_added(metric, event, state)
        state.current += added
        before, state.peak = state.peak, max(state.peak, state.current)
        terms = own["charge_prices"][0] if own["charge_prices"] else None
        amounts = [worth(charge["charge_model"], terms, own["charge_tiers"], units) for units in (before, state.peak)]
        minor = 10 ** EXPONENTS[fee["currency"]]
        amount = max(amounts[1] - amounts[0], Fraction(0))
        self.lines[fee["fee_id"]] = Line("charge", amount, half_up(amount * minor), fee["plan_id"], metric["id"], charge["id"])
        self.units[fee["fee_id"]] = (state.peak - before) or max(added, Fraction(0))

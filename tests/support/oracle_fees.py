"""The exact lines of an invoice, by plain fractions: plan fees (invoicing §2, §3) and usage (rating §2 to §4). No SQL."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

Row = dict[str, Any]
UTC = ZoneInfo("UTC")
NUMBER = re.compile(r"-?[0-9]+([.][0-9]+)?")
EXPONENTS = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}


def half_up(value: Fraction) -> int:
    """To the nearest whole number, halves away from zero."""
    return (1 if value >= 0 else -1) * floor(abs(value) + Fraction(1, 2))


def at_places(value: Fraction, places: int, how: str = "round") -> Fraction:
    """`value` rounded at a number of decimals, which may be negative."""
    moved = value * Fraction(10) ** places
    whole = ceil(moved) if how == "ceil" else floor(moved) if how == "floor" else half_up(moved)
    return Fraction(whole) / Fraction(10) ** places


@dataclass
class Line:
    """A fee before and after settlement. `amount` is in currency units, exact; the rest in minor units."""

    kind: str
    amount: Fraction
    cents: int
    plan_id: str | None = None
    metric_id: str | None = None
    charge_id: str | None = None
    add_on_id: str | None = None
    one_off_fee_id: str | None = None
    share: Fraction = Fraction(0)
    subscription_id: str | None = None
    from_at: datetime = datetime.min
    issued_at: datetime = datetime.min


class Facts:
    """The exported tables, with the version of a row that was in force at an instant."""

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        self.rows: dict[str, list[Row]] = {name.split(".")[1]: table.to_pylist() for name, table in tables.items()}
        self._grouped: dict[tuple[str, str], dict[Any, list[Row]]] = {}

    def of(self, table: str, column: str, value: Any) -> list[Row]:
        """All versions of the rows with this value."""
        if (table, column) not in self._grouped:
            grouped = self._grouped[table, column] = defaultdict(list)
            for row in self.rows[table]:
                grouped[row[column]].append(row)
        return self._grouped[table, column].get(value, [])

    def at(self, table: str, column: str, value: Any, instant: datetime) -> list[Row]:
        """The versions in force at `instant`."""
        return [row for row in self.of(table, column, value) if row["valid_from"] <= instant and (row["valid_to"] is None or instant < row["valid_to"])]

    def one(self, table: str, row_id: str, instant: datetime) -> Row:
        """The version of one row in force at `instant`."""
        (row,) = self.at(table, "id", row_id, instant)
        return row

    def original(self, table: str, row_id: str) -> str:
        """What a row of a subscription's own terms stands for on the plan for all, else the row itself (invoicing §13)."""
        return str(self.of(table, "id", row_id)[0]["parent_id"] or row_id)

    def known_events(self, external_id: str, code: str, clock_id: str, instant: datetime) -> list[Row]:
        """A subscription's events of a code that its clock had seen by `instant`, in order of their time."""
        readings = self.of("test_clocks", "id", clock_id)

        def seen_at(event: Row) -> Any:
            (reading,) = [row for row in readings if row["valid_from"] <= event["received_at"] and (row["valid_to"] is None or event["received_at"] < row["valid_to"])]
            return reading["reading"]

        events = [event for event in self.of("events", "external_subscription_id", external_id) if event["code"] == code and seen_at(event) <= instant]
        return sorted(events, key=lambda event: (event["timestamp"], event["received_at"], event["received_sequence"]))


# --- usage (rating §2, §3, §4) ---


def counts(metric: Row, event: Row) -> bool:
    """Whether an event counts at all: its field must be there, and be a number unless values are only told apart."""
    if metric["aggregation_type"] == "count_agg":
        return True
    text = json.loads(event["properties"]).get(metric["field_name"])
    return isinstance(text, str) and (metric["aggregation_type"] == "unique_count_agg" or bool(NUMBER.fullmatch(text)))


def units_of(metric: Row, events: list[Row]) -> tuple[Fraction, int]:
    """(units, events counted) of a bucket's events that count, in order of time."""
    kind = metric["aggregation_type"]
    values = [json.loads(event["properties"])[metric["field_name"]] for event in events] if metric["field_name"] else []
    if kind == "count_agg":
        units, count = Fraction(len(events)), len(events)
    elif kind == "unique_count_agg":
        active: set[str] = set()
        for event, value in zip(events, values, strict=True):
            is_add = json.loads(event["properties"]).get("operation_type", "add") != "remove"
            active = active | {value} if is_add else active - {value}
        units, count = Fraction(len(active)), len(active)
    else:
        numbers = [Fraction(value) for value in values]
        count = len(numbers)
        latest = max(numbers[-1], Fraction(0)) if numbers else Fraction(0)
        units = {"sum_agg": sum(numbers, Fraction(0)), "max_agg": max(numbers, default=Fraction(0)), "latest_agg": latest}[kind]
    if metric["rounding_function"]:
        units = at_places(units, metric["rounding_precision"] or 0, metric["rounding_function"])
    return units, count


def price(model: str, terms: Row | None, tiers: list[Row], units: Fraction) -> Fraction:
    """The amount of a charge model in currency units, before any clamp."""
    if model in ("standard", "package"):
        assert terms is not None
        amount = Fraction(terms["amount"])
        if model == "standard":
            return units * amount
        return Fraction(max(ceil((units - terms["free_units"]) / terms["package_size"]), 0)) * amount
    ranges = [(Fraction(t["from_value"]), None if t["to_value"] is None else Fraction(t["to_value"]), Fraction(t["per_unit_amount"]), Fraction(t["flat_amount"])) for t in tiers]
    if model == "volume":
        for start, top, per_unit, flat in ranges:
            if (start <= ceil(units) or start == ranges[0][0]) and (top is None or units <= top):
                return units * per_unit + flat
        raise AssertionError("the last tier is open")
    adjacent = all(ranges[i][1] == ranges[i + 1][0] for i in range(len(ranges) - 1))
    total = Fraction(0)
    for start, top, per_unit, flat in ranges:
        reached = units if top is None else min(units, top)
        inside = reached if start == 0 else reached - start if adjacent else reached - start + 1
        total += inside * per_unit + flat
        if top is None or top >= units:
            break
    return total


def bucket_of(event: Row, filters: list[tuple[Row, dict[str, set[str]]]]) -> str | None:
    """The filter that an event falls in: most keys, then fewest values, then the oldest; None is the default bucket."""
    properties = json.loads(event["properties"])
    matching = [(row, values) for row, values in filters if all(properties.get(key) in accepted for key, accepted in values.items())]
    if not matching:
        return None
    best = min(matching, key=lambda found: (-len(found[1]), sum(map(len, found[1].values())), found[0]["position"]))
    return str(best[0]["id"])


def filters_of(facts: Facts, charge_id: str, at: datetime) -> list[tuple[Row, dict[str, set[str]]]]:
    """The filters of a charge, each with the values that it accepts per key."""
    filters = []
    for row in facts.at("charge_filters", "charge_id", charge_id, at):
        values: dict[str, set[str]] = defaultdict(set)
        for value in facts.at("charge_filter_values", "charge_filter_id", row["id"], at):
            values[value["key"]].add(value["value"])
        filters.append((row, dict(values)))
    return filters


def usage_lines(facts: Facts, link: Row, clock_id: str, at: datetime, minor: int) -> list[Line]:
    """The usage fees of one subscription on one invoice."""
    buckets = usage_buckets(facts, link, clock_id, at, at, minor).values()
    return [line for units, count, line in buckets if units or line.amount or count]


def usage_buckets(facts: Facts, link: Row, clock_id: str, at: datetime, until: datetime, minor: int) -> dict[tuple[str, str | None, Any], tuple[Fraction, int, Line]]:
    """(charge, filter, group) -> (units, events counted, fee) of a period, at the prices known `at`, with the usage known `until`."""
    found: dict[tuple[str, str | None, Any], tuple[Fraction, int, Line]] = {}
    for charge in facts.at("charges", "plan_id", link["plan_id"], at):
        if charge["pay_in_advance"]:
            continue
        metric = facts.one("billable_metrics", charge["billable_metric_id"], at)
        known = facts.known_events(link["external_subscription_id"], metric["code"], clock_id, until)
        events = [event for event in known if link["usage_from_at"] <= event["timestamp"] < link["usage_to_at"] and counts(metric, event)]
        filters = filters_of(facts, charge["id"], at)
        for filter_id in [None, *(row["id"] for row, _ in filters)]:
            own = {name: [row for row in facts.at(name, "charge_id", charge["id"], at) if row["charge_filter_id"] == filter_id] for name in ("charge_prices", "charge_tiers", "charge_group_keys")}
            keys = [row["key"] for row in sorted(own["charge_group_keys"], key=lambda row: row["position"])]
            groups: dict[Any, list[Row]] = defaultdict(list)
            for event in events:
                if bucket_of(event, filters) == filter_id:
                    properties = json.loads(event["properties"])
                    groups[tuple(properties.get(key) or None for key in keys)].append(event)
            for group, members in groups.items() if groups else [(None, [])]:
                units, count = units_of(metric, members)
                terms = own["charge_prices"][0] if own["charge_prices"] else None
                amount = price(charge["charge_model"], terms, sorted(own["charge_tiers"], key=lambda row: row["position"]), units)
                if units < 0 or amount < 0:
                    units = amount = Fraction(0)
                line = Line("charge", amount, half_up(amount * minor), link["plan_id"], metric["id"], charge["id"])
                found[charge["id"], filter_id, group if keys else None] = units, count, line
    return found


# --- plan fees (invoicing §2, §3) ---


def is_followed(facts: Facts, subscription_id: str, at: datetime) -> bool:
    """Whether another plan takes over from the subscription, as known then."""
    return any(row["status"] != "canceled" for row in facts.at("subscriptions", "previous_subscription_id", subscription_id, at))


def add_months(start: date, months: int) -> date:
    """Month ends clamp and do not drift, because months are counted from the anchor."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    first_of_next = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(start.day, (first_of_next - timedelta(days=1)).day))


def period_around(interval: str, anchor: date | None, day: date) -> tuple[date, date]:
    """The period [start, end) of `day`; without an anchor it is the calendar's."""
    if interval == "weekly":
        start = day - timedelta(days=day.weekday() if anchor is None else (day - anchor).days % 7)
        return start, start + timedelta(days=7)
    months = {"monthly": 1, "quarterly": 3, "semiannual": 6, "yearly": 12}[interval]
    anchor = anchor or date(day.year - 1, 1, 1)
    index = ((day.year - anchor.year) * 12 + day.month - anchor.month) // months
    while add_months(anchor, index * months) > day:
        index -= 1
    return add_months(anchor, index * months), add_months(anchor, (index + 1) * months)


def local_date(instant: datetime, zone: str) -> date:
    """The local day of a naive UTC instant."""
    return instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def closes_month(plan: Row, anchor: date | None, usage_from: date, last: date) -> bool:
    """Whether a final bill on the first day of an unbilled month closes the month before, without that day (invoicing §2.3)."""
    if not plan["bill_charges_monthly"] or plan["interval"] not in ("semiannual", "yearly"):
        return False
    month_start = period_around("monthly", anchor, last)[0]
    return last == month_start and usage_from <= month_start - timedelta(days=5)


def plan_line(facts: Facts, link: Row, zone: str, at: datetime, minor: int) -> Line:
    """The prorated plan fee: billed days of the days of the whole period; the last day of a service is used."""
    plan, subscription = facts.one("plans", link["plan_id"], at), facts.one("subscriptions", link["subscription_id"], at)
    first = local_date(link["fee_from_at"], zone)
    anchor = local_date(subscription["subscription_at"], zone) if subscription["billing_time"] == "anniversary" else None
    start, end = period_around(plan["interval"], anchor, first)
    service_end = subscription["terminated_at"] or subscription["downgrade_at"] or subscription["ending_at"]
    last = local_date(link["fee_to_at"], zone)
    is_cut = link["invoicing_reason"] == "terminating" and link["fee_to_at"] == service_end and last < end
    is_cut = is_cut and not closes_month(plan, anchor, local_date(link["usage_from_at"], zone), last)
    days = (last - first).days + (1 if is_cut and not is_followed(facts, link["subscription_id"], at) else 0)
    amount = Fraction(plan["amount_cents"] * days, (end - start).days * minor)
    return Line("subscription", amount, half_up(amount * minor), link["plan_id"], subscription_id=link["subscription_id"], from_at=link["fee_from_at"], issued_at=at)

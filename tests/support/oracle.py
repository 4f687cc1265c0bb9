"""An exact oracle for the books: amounts by plain fractions, one invoice after the other, written from the references.

It takes which invoices there are, their moments and their periods from the books, and everything else from the facts:
plan fees (invoicing §3), usage (rating §2 to §4), taxes (invoicing §4), coupons (§5) and wallets (§9). No SQL.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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
    whole = {"round": half_up, "ceil": ceil, "floor": floor}[how](moved)
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


@dataclass
class Invoice:
    """What the oracle says of one invoice, in minor units."""

    lines: list[Line]
    fees: int = 0
    coupons: int = 0
    taxes: int = 0
    prepaid: int = 0
    coupon_uses: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """What is left to pay."""
        return self.fees - self.coupons + self.taxes - self.prepaid


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

    def known_events(self, external_id: str, code: str, clock_id: str, instant: datetime) -> list[Row]:
        """A subscription's events of a code that its clock had seen by `instant`, in order of their time."""
        readings = self.of("test_clocks", "id", clock_id)

        def seen_at(event: Row) -> datetime:
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


def usage_lines(facts: Facts, link: Row, clock_id: str, at: datetime, minor: int) -> list[Line]:
    """The usage fees of one subscription on one invoice."""
    lines = []
    for charge in facts.at("charges", "plan_id", link["plan_id"], at):
        metric = facts.one("billable_metrics", charge["billable_metric_id"], at)
        known = facts.known_events(link["external_subscription_id"], metric["code"], clock_id, at)
        events = [event for event in known if link["usage_from_at"] <= event["timestamp"] < link["usage_to_at"] and counts(metric, event)]
        filters = []
        for row in facts.at("charge_filters", "charge_id", charge["id"], at):
            values: dict[str, set[str]] = defaultdict(set)
            for value in facts.at("charge_filter_values", "charge_filter_id", row["id"], at):
                values[value["key"]].add(value["value"])
            filters.append((row, dict(values)))
        for filter_id in [None, *(row["id"] for row, _ in filters)]:
            own = {name: [row for row in facts.at(name, "charge_id", charge["id"], at) if row["charge_filter_id"] == filter_id] for name in ("charge_prices", "charge_tiers", "charge_group_keys")}
            keys = [row["key"] for row in sorted(own["charge_group_keys"], key=lambda row: row["position"])]
            groups: dict[Any, list[Row]] = defaultdict(list)
            for event in events:
                if bucket_of(event, filters) == filter_id:
                    properties = json.loads(event["properties"])
                    groups[tuple(properties.get(key) or None for key in keys)].append(event)
            for members in groups.values() if groups else [[]]:
                units, count = units_of(metric, members)
                terms = own["charge_prices"][0] if own["charge_prices"] else None
                amount = price(charge["charge_model"], terms, sorted(own["charge_tiers"], key=lambda row: row["position"]), units)
                if units < 0 or amount < 0:
                    units = amount = Fraction(0)
                if units or amount or count:
                    lines.append(Line("charge", amount, half_up(amount * minor), link["plan_id"], metric["id"], charge["id"]))
    return lines


# --- plan fees (invoicing §2, §3) ---


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


def plan_line(facts: Facts, link: Row, zone: str, at: datetime, minor: int) -> Line:
    """The prorated plan fee: billed days of the days of the whole period; the last day of a service is used."""
    plan, subscription = facts.one("plans", link["plan_id"], at), facts.one("subscriptions", link["subscription_id"], at)
    first = local_date(link["fee_from_at"], zone)
    anchor = local_date(subscription["subscription_at"], zone) if subscription["billing_time"] == "anniversary" else None
    start, end = period_around(plan["interval"], anchor, first)
    service_end = subscription["terminated_at"] or subscription["ending_at"]
    last = local_date(link["fee_to_at"], zone)
    is_cut = link["invoicing_reason"] == "terminating" and link["fee_to_at"] == service_end and last < end
    days = (last - first).days + (1 if is_cut else 0)
    amount = Fraction(plan["amount_cents"] * days, (end - start).days * minor)
    return Line("subscription", amount, half_up(amount * minor), link["plan_id"])


# --- taxes, coupons and wallets (invoicing §4, §5, §9) ---


def tax_rate(facts: Facts, line: Line, customer: Row, at: datetime) -> Fraction:
    """The sum of the taxes of the first level that has any; top-ups have none."""
    levels = {
        "charge": [("charge", line.charge_id), ("plan", line.plan_id)],
        "subscription": [("plan", line.plan_id)],
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
        self.links: dict[str, list[Row]] = defaultdict(list)
        for link in books["invoice_subscriptions"].to_pylist():
            self.links[link["invoice_id"]].append(link)
        self.sources: dict[str, str] = {}
        for fee in books["fees"].select(["invoice_id", "fee_id", "wallet_transaction_id"]).to_pylist():
            self.sources[fee["invoice_id"]] = fee["wallet_transaction_id"] or fee["fee_id"]
        self.spent: dict[str, list[int]] = defaultdict(list)
        self.taken: dict[tuple[str, str, int], int] = defaultdict(int)

    def settle(self, invoices: Iterable[Row]) -> dict[str, Invoice]:
        """Invoice id -> what it must say. `invoices` are rows of the books in the order in which they were settled."""
        return {row["invoice_id"]: self._settle(row) for row in invoices}

    def _settle(self, row: Row) -> Invoice:
        at, minor = row["issued_at"], 10 ** EXPONENTS[row["currency"]]
        customer = self.facts.one("customers", row["customer_id"], at)
        invoice = Invoice(self._lines(row, customer, at, minor))
        invoice.fees = sum(line.cents for line in invoice.lines)
        if row["invoice_type"] == "subscription":
            self._use_coupons(invoice, row)
        invoice.coupons = sum(invoice.coupon_uses.values())
        invoice.taxes = half_up(sum(((line.cents - line.share) * tax_rate(self.facts, line, customer, at) / 100 for line in invoice.lines), Fraction(0)))
        if row["invoice_type"] == "subscription":
            invoice.prepaid = self._burn(row, invoice.total, minor)
        return invoice

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
        for link in self.links[row["invoice_id"]]:
            if link["fee_from_at"] is not None:
                lines.append(plan_line(self.facts, link, row["timezone"], at, minor))
            if link["usage_from_at"] is not None:
                lines += usage_lines(self.facts, link, customer["test_clock_id"], at, minor)
        return lines

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
            covered = [line for line in invoice.lines if (line.metric_id in metrics if metrics else line.plan_id in plans if plans else True)]
            base = sum((line.cents - line.share for line in covered), Fraction(0))
            if sub_total <= 0 or base <= 0:
                continue
            used = self._worth(coupon, base, sub_total)
            if used <= 0:
                continue
            self.spent[coupon["id"]].append(used)
            invoice.coupon_uses[coupon["id"]] = used
            for line in covered:
                line.share += used * (line.cents - line.share) / base

    def _worth(self, coupon: Row, base: Fraction, sub_total: int) -> int:
        uses = self.spent[coupon["id"]]
        if coupon["percentage_rate"] is not None:
            used_up = (coupon["frequency"] == "once" and uses) or (coupon["frequency"] == "recurring" and len(uses) >= coupon["frequency_duration"])
            return 0 if used_up else min(half_up(base * Fraction(coupon["percentage_rate"]) / 100), ceil(base), sub_total)
        left = coupon["amount_cents"]
        if coupon["frequency"] == "once":
            left -= sum(uses)
        if coupon["frequency"] == "recurring" and len(uses) >= coupon["frequency_duration"]:
            left = 0
        return min(left, floor(base), sub_total)

    def _money(self, transaction: Row, minor: int) -> int:
        wallet = self.facts.of("wallets", "id", transaction["wallet_id"])[0]
        return half_up(at_places(Fraction(transaction["credit_amount"]), 5, "floor") * Fraction(wallet["rate_amount"]) * minor)

    def _burn(self, row: Row, due: int, minor: int) -> int:
        at, burned = row["issued_at"], 0
        wallets = []
        for wallet in self.facts.at("wallets", "customer_id", row["customer_id"], at):
            ends = [end for end in (wallet["terminated_at"], wallet["expiration_at"]) if end is not None]
            if wallet["currency"] == row["currency"] and all(end > at for end in ends):
                age = min(version["sequence"] for version in self.facts.of("wallets", "id", wallet["id"]))
                wallets.append((wallet["priority"], age, wallet["id"]))
        for _, _, wallet_id in sorted(wallets):
            stock: dict[tuple[int, str], int] = defaultdict(int)
            transactions = self.facts.of("wallet_transactions", "wallet_id", wallet_id)
            for transaction_id in {transaction["id"] for transaction in transactions}:
                settled = [t for t in transactions if t["id"] == transaction_id and t["status"] == "settled" and t["valid_from"] <= at]
                if settled:
                    stock[settled[0]["priority"], settled[0]["transaction_status"]] += self._money(settled[0], minor)
            # granted sorts before purchased
            for (priority, credit_class), came_in in sorted(stock.items()):
                key = (wallet_id, credit_class, priority)
                taken = min(came_in - self.taken[key], due - burned)
                self.taken[key] += taken
                burned += taken
        return burned

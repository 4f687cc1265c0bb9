"""What must hold between two runs of the pricing SQL over related inputs, whatever the right amounts are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

from core.warehouse.pricing_graph import PricingGraph
from tests.support.facts import give_all, open_connection, rows_of

Row = dict[str, Any]
Facts = dict[str, list[Row]]

ALWAYS = datetime(1970, 1, 1)
FROM, TO = datetime(2024, 3, 1), datetime(2024, 4, 1)
AGGREGATIONS = ("count_agg", "sum_agg", "max_agg", "unique_count_agg", "latest_agg")
WINDOWS = 40
TARGETS = ["int_rating__charges", "int_metering__event_buckets", "int_metering__charge_events"]


@cache
def graph() -> PricingGraph:
    return PricingGraph.load()


def window_charge(number: int, model: str, aggregation: str, has_buckets: bool) -> Row:
    """A charge of one window: subscription, charge and code are all called by the number."""
    name = f"c{number}"
    return {
        "window_charge_id": name, "charge_id": name, "external_subscription_id": name, "billable_metric_code": name, "charge_model": model,
        "aggregation_type": aggregation, "field_name": "value", "rounding_precision": 0, "has_buckets": has_buckets,
        "from_at": FROM, "to_at": TO, "horizon_at": TO, "period_days": 31, "timezone": "UTC",
        "recurring": False, "prorated": False, "pay_in_advance": False, "ends_with_service": False, "is_continued": False,
    }  # fmt: skip


def event(number: int, place: int, random: Random) -> Row:
    """An event of window `number`, at an instant that others share, received in some order."""
    properties = {"value": random.choice(("1", "2", "2.5", "10", "-1", "x")), "operation_type": random.choice(("add", "add", "remove"))}
    properties |= {key: random.choice(values) for key, values in (("region", ("eu", "us", "asia", "mars")), ("model", ("small", "large")))}
    return {
        "external_subscription_id": f"c{number}", "transaction_id": f"t{place}", "code": f"c{number}", "properties": json.dumps(properties),
        "timestamp": FROM + timedelta(hours=random.randrange(2)), "received_at": FROM + timedelta(days=1, seconds=random.randrange(3)), "received_sequence": place,
    }  # fmt: skip


def drawn(seed: int) -> Facts:
    """Windows of every aggregation, half of them with filters that overlap and groups, at a price of one."""
    random = Random(seed)
    facts: Facts = {"int_metering__window_charges": [], "landing.events": [], "catalog.charge_prices": []}
    facts |= {"catalog.charge_filters": [], "catalog.charge_filter_values": [], "catalog.charge_group_keys": []}
    for number in range(WINDOWS):
        has_buckets = random.random() < 0.5
        facts["int_metering__window_charges"].append(window_charge(number, "standard", AGGREGATIONS[number % 5], has_buckets))
        facts["catalog.charge_prices"].append({"charge_id": f"c{number}", "amount": "1.25", "valid_from": ALWAYS})
        facts["landing.events"] += [event(number, place, random) for place in range(random.randrange(12))]
        if has_buckets:
            draw_filters(facts, number, random)
    return facts


def draw_filters(facts: Facts, number: int, random: Random) -> None:
    for position in range(1, random.randrange(2, 5)):
        filter_id = f"c{number}/{position}"
        facts["catalog.charge_filters"].append({"id": filter_id, "charge_id": f"c{number}", "position": position, "valid_from": ALWAYS})
        facts["catalog.charge_prices"].append({"charge_id": f"c{number}", "charge_filter_id": filter_id, "amount": "2", "valid_from": ALWAYS})
        values = {"region": random.sample(("eu", "us", "asia"), random.randrange(1, 4))} | ({"model": ["small"]} if random.random() < 0.5 else {})
        rows = [{"charge_filter_id": filter_id, "key": key, "value": value, "valid_from": ALWAYS} for key, accepted in values.items() for value in accepted]
        facts["catalog.charge_filter_values"] += rows
        if random.random() < 0.5:
            facts["catalog.charge_group_keys"].append({"charge_id": f"c{number}", "charge_filter_id": filter_id, "position": 1, "key": "model", "valid_from": ALWAYS})


def outcome(facts: Mapping[str, list[Row]]) -> dict[str, list[Row]]:
    """The rows of the targets, in an order of their own."""
    connection = open_connection()
    graph().run(connection, TARGETS, give_all(connection, graph(), TARGETS, facts))
    return {name: sorted(rows_of(connection, name), key=str) for name in TARGETS}


def priced(units: list[Decimal], model: str, prices: Callable[[int], Facts]) -> list[Decimal]:
    """The amount of each number of units under the prices that are given for its charge."""
    quantities = [{"usage_id": f"c{n}", "window_charge_id": f"c{n}", "units": value, "full_units": value, "total_aggregated_units": value, "events_count": 1} for n, value in enumerate(units)]
    facts: Facts = {"int_metering__quantities": quantities, "int_metering__window_charges": []}
    for number in range(len(units)):
        facts["int_metering__window_charges"].append(window_charge(number, model, "sum_agg", False))
        for name, rows in prices(number).items():
            facts.setdefault(name, []).extend(row | {"charge_id": f"c{number}", "valid_from": ALWAYS} for row in rows)
    connection = open_connection()
    graph().run(connection, ["int_rating__charges"], give_all(connection, graph(), ["int_rating__charges"], facts))
    amounts = {row["usage_id"]: row["amount"] for row in rows_of(connection, "int_rating__charges")}
    return [amounts[f"c{number}"] for number in range(len(units))]


def test_the_order_in_which_events_are_stored_changes_nothing() -> None:
    facts = drawn(1)
    expected = outcome(facts)
    for seed in range(3):
        shuffled = Random(seed).sample(facts["landing.events"], len(facts["landing.events"]))
        assert outcome(facts | {"landing.events": shuffled}) == expected


def test_one_event_less_is_seen() -> None:
    """Negative control of the shuffle."""
    facts = drawn(1)
    counted = [row for row in facts["landing.events"] if row["external_subscription_id"] == "c0"]
    assert counted
    assert outcome(facts) != outcome(facts | {"landing.events": [row for row in facts["landing.events"] if row is not counted[0]]})


def test_every_event_is_in_exactly_one_bucket() -> None:
    for seed in range(3):
        facts = drawn(seed)
        result = outcome(facts)
        filtered = {row["window_charge_id"] for row in facts["int_metering__window_charges"] if row["has_buckets"]}
        sent = sorted((row["external_subscription_id"], row["transaction_id"]) for row in facts["landing.events"] if row["external_subscription_id"] in filtered)
        routed = sorted((row["external_subscription_id"], row["transaction_id"]) for row in result["int_metering__event_buckets"])
        assert routed == sent
        assert len({row["charge_filter_id"] for row in result["int_metering__event_buckets"]}) > 10


def test_buckets_of_a_count_sum_to_the_count() -> None:
    """Filters and groups split the events of a charge, and change how many there are in no way."""
    facts = drawn(4)
    totals: dict[str, Decimal] = {}
    for row in outcome(facts)["int_rating__charges"]:
        totals[row["window_charge_id"]] = totals.get(row["window_charge_id"], Decimal(0)) + row["units"]
    for row in facts["int_metering__window_charges"]:
        if row["aggregation_type"] == "count_agg":
            assert totals[row["window_charge_id"]] == sum(event["code"] == row["billable_metric_code"] for event in facts["landing.events"])


def test_more_usage_never_lowers_a_graduated_amount() -> None:
    random = Random(5)
    for _ in range(5):
        bounds, step = sorted(random.sample((1, 2, 5, 10, 11, 20), 3)), random.choice((0, 1))
        if step == 1 and any(right == left + 1 for left, right in pairwise(bounds)):
            bounds = [5, 10, 20]
        tiers = []
        for position, top in enumerate([*bounds, None]):
            start = 0 if position == 0 else bounds[position - 1] + step
            amounts = {"per_unit_amount": random.choice(("0", "0.01", "3")), "flat_amount": random.choice(("0", "1.5"))}
            tiers.append({"position": position + 1, "from_value": str(start), "to_value": None if top is None else str(top)} | amounts)
        rising = sorted({Decimal(random.randrange(30_000)) / 1000 for _ in range(60)} | {Decimal(bound) for bound in bounds} | {Decimal(0)})
        amounts_of = priced(rising, "graduated", lambda _, tiers=tiers: {"catalog.charge_tiers": tiers})  # type: ignore[misc]
        assert amounts_of == sorted(amounts_of), tiers
        assert amounts_of[-1] >= amounts_of[0]


def test_a_scaled_price_scales_the_amount() -> None:
    random = Random(6)
    units = [Decimal(random.randrange(10**9)).scaleb(-6) for _ in range(80)]
    prices = [Decimal(random.randrange(1, 10**6)).scaleb(-6) for _ in units]

    def at(factor: int, model: str) -> list[Decimal]:
        terms = {"package_size": 10, "free_units": 3} if model == "package" else {}
        return priced(units, model, lambda number: {"catalog.charge_prices": [{"amount": str(prices[number] * factor)} | terms]})

    for model in ("standard", "package"):
        assert at(7, model) == [7 * amount for amount in at(1, model)]
        assert any(at(1, model))

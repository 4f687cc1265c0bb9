"""What must hold between two runs of the pricing SQL over related inputs, whatever the right amounts are."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from core.warehouse.write import EVENT_COLUMNS, open_for_writing
from ingestion.landing import EVENT_SCHEMA
from tests.property.drawn_charges import MODELS, drawn, scales
from tests.property.rated import Draw, rate
from tests.support.facts import give_all, open_connection, rows_of

Row = dict[str, Any]
Facts = dict[str, list[Row]]

ALWAYS = datetime(1970, 1, 1)
FROM, TO = datetime(2024, 3, 1), datetime(2024, 4, 1)
AGGREGATIONS = ("count_agg", "sum_agg", "max_agg", "unique_count_agg", "latest_agg", "weighted_sum_agg")
RECURRING = {"sum_agg", "unique_count_agg", "weighted_sum_agg"}
WINDOWS = 40
PRICES = {"amount", "rate", "fixed_amount", "per_transaction_min_amount", "per_transaction_max_amount", "per_unit_amount", "flat_amount"}
PRICED = {
    "standard": {"amount": "1.25"}, "graduated": {},
    "percentage": {"rate": "10", "fixed_amount": "0.3", "free_units_per_events": 2, "per_transaction_max_amount": "1"},
}  # fmt: skip
TIERS = (
    {"position": 1, "from_value": "0", "to_value": "2", "per_unit_amount": "3", "flat_amount": "0.5"},
    {"position": 2, "from_value": "3", "to_value": None, "per_unit_amount": "1", "flat_amount": "0.7"},
)
TARGETS = ["int_rating__charges", "int_metering__event_buckets", "int_metering__charge_events"]


@cache
def graph() -> PricingGraph:
    return PricingGraph.load()


def window_charge(number: int, model: str, aggregation: str, has_buckets: bool, **terms: Any) -> Row:
    """A charge of one window: subscription, charge and code are all called by the number."""
    name = f"c{number}"
    return {
        "window_charge_id": name, "charge_id": name, "external_subscription_id": name, "billable_metric_code": name, "charge_model": model,
        "aggregation_type": aggregation, "field_name": "value", "rounding_precision": 0, "has_buckets": has_buckets,
        "from_at": FROM, "to_at": TO, "horizon_at": TO, "known_until_at": TO, "period_days": 31, "timezone": "UTC",
        "recurring": False, "prorated": False, "pay_in_advance": False, "ends_with_service": False, "is_continued": False,
        **terms,
    }  # fmt: skip


def event(number: int, place: int, random: Random) -> Row:
    """An event of window `number`, at an instant that others share, received in some order."""
    properties = {"value": random.choice(("1", "2", "2.5", "10", "-1", "x")), "operation_type": random.choice(("add", "add", "remove"))}
    properties |= {key: random.choice(values) for key, values in (("region", ("eu", "us", "asia", "mars")), ("model", ("small", "large")))}
    return {
        "external_subscription_id": f"c{number}", "transaction_id": f"t{place}", "code": f"c{number}", "properties": json.dumps(properties),
        "timestamp": FROM + timedelta(days=random.choice((-1, 0, 0, 9)), hours=random.randrange(2)), "received_at": FROM + timedelta(days=1, seconds=random.randrange(3)), "received_sequence": place,
    }  # fmt: skip


def drawn_facts(seed: int) -> Facts:
    """Windows of every aggregation, half of them with filters that overlap and groups. Where it can be, every other one goes on from
    the period before, and of those of sums and unique counts every other one is prorated, in tiers; of the rest, every other one is a
    percentage whose first events are free.
    """
    random = Random(seed)
    facts: Facts = {"int_metering__window_charges": [], "landing.events": [], "catalog.charge_prices": []}
    facts |= {"catalog.charge_tiers": [], "catalog.charge_filters": [], "catalog.charge_filter_values": [], "catalog.charge_group_keys": []}
    for number in range(WINDOWS):
        has_buckets = random.random() < 0.5
        aggregation, turn = AGGREGATIONS[number % 6], number // 6
        recurring = aggregation in RECURRING and turn % 2 == 1
        prorated = recurring and aggregation != "weighted_sum_agg" and turn % 4 == 1
        by_event = not recurring and aggregation in ("count_agg", "sum_agg", "unique_count_agg") and turn % 4 == 0
        model = "graduated" if prorated else "percentage" if by_event else "standard"
        facts["int_metering__window_charges"].append(window_charge(number, model, aggregation, has_buckets, recurring=recurring, prorated=prorated))
        facts["catalog.charge_prices"].append({"charge_id": f"c{number}", "valid_from": ALWAYS, **PRICED[model]})
        facts["catalog.charge_tiers"] += [{"charge_id": f"c{number}", "valid_from": ALWAYS, **tier} for tier in TIERS if prorated]
        facts["landing.events"] += [event(number, place, random) for place in range(random.randrange(12))]
        if has_buckets:
            draw_filters(facts, number, random)
    return facts


def draw_filters(facts: Facts, number: int, random: Random) -> None:
    for position in range(1, random.randrange(2, 5)):
        filter_id = f"c{number}/{position}"
        facts["catalog.charge_filters"].append({"id": filter_id, "charge_id": f"c{number}", "position": position, "valid_from": ALWAYS})
        own = next(row for row in facts["catalog.charge_prices"] if row["charge_id"] == f"c{number}")
        facts["catalog.charge_prices"].append(own | {"charge_filter_id": filter_id})
        facts["catalog.charge_tiers"] += [row | {"charge_filter_id": filter_id} for row in facts["catalog.charge_tiers"] if row["charge_id"] == f"c{number}" and "charge_filter_id" not in row]
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
    facts = drawn_facts(1)
    expected = outcome(facts)
    for seed in range(3):
        shuffled = Random(seed).sample(facts["landing.events"], len(facts["landing.events"]))
        assert outcome(facts | {"landing.events": shuffled}) == expected


def test_events_that_come_in_over_many_runs_are_billed_as_if_in_one() -> None:
    """Each run loads what arrived since the last one, some of it sent again."""
    facts = drawn_facts(2)
    expected = outcome(facts | {"landing.events": loaded([facts["landing.events"]])})
    sent = sorted(facts["landing.events"], key=lambda row: (row["received_at"], row["received_sequence"]))
    for runs in (2, 6):
        cuts = sorted(Random(runs).sample(range(len(sent) + 1), runs - 1))
        parts = [sent[start:end] for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
        again = [[*parts[run - 1][:3], *part] if run else part for run, part in enumerate(parts)]
        assert outcome(facts | {"landing.events": loaded(again)}) == expected


def loaded(parts: list[list[Row]]) -> list[Row]:
    """The events that the warehouse holds after a run for each part."""
    with tempfile.TemporaryDirectory() as home, open_for_writing(Settings(home=Path(home)), graph()) as warehouse:
        warehouse.create()
        for run, part in enumerate(parts):
            pq.write_table(pa.Table.from_pylist(part, EVENT_SCHEMA), Path(home) / f"{run}.parquet")
            warehouse.load_events(Path(home), [f"{run}.parquet"], TO)
        rows = warehouse.connection.execute(f"select {', '.join(EVENT_COLUMNS)} from warehouse.raw.events").fetchall()
    return [dict(zip(EVENT_COLUMNS, row, strict=True)) for row in rows]


def test_one_event_less_is_seen() -> None:
    """Negative control of the shuffle."""
    facts = drawn_facts(1)
    counted = [row for row in facts["landing.events"] if row["external_subscription_id"] == "c0"]
    assert counted
    assert outcome(facts) != outcome(facts | {"landing.events": [row for row in facts["landing.events"] if row is not counted[0]]})


def test_every_event_is_in_exactly_one_bucket() -> None:
    for seed in range(3):
        facts = drawn_facts(seed)
        result = outcome(facts)
        begins = {row["window_charge_id"]: datetime.min if row["recurring"] else FROM for row in facts["int_metering__window_charges"] if row["has_buckets"]}
        sent = sorted(
            (row["external_subscription_id"], row["transaction_id"])
            for row in facts["landing.events"]
            if row["external_subscription_id"] in begins and row["timestamp"] >= begins[row["external_subscription_id"]]
        )
        routed = sorted((row["external_subscription_id"], row["transaction_id"]) for row in result["int_metering__event_buckets"])
        assert routed == sent
        assert len({row["charge_filter_id"] for row in result["int_metering__event_buckets"]}) > 10


def test_buckets_of_a_count_sum_to_the_count() -> None:
    """Filters and groups split the events of a charge, and change how many there are in no way."""
    facts = drawn_facts(4)
    totals: dict[str, Decimal] = {}
    for row in outcome(facts)["int_rating__charges"]:
        totals[row["window_charge_id"]] = totals.get(row["window_charge_id"], Decimal(0)) + row["units"]
    for row in facts["int_metering__window_charges"]:
        sent = [json.loads(event["properties"])["value"] for event in facts["landing.events"] if event["code"] == row["billable_metric_code"] and event["timestamp"] >= FROM]
        if row["aggregation_type"] == "count_agg":
            assert totals[row["window_charge_id"]] == len(sent)


def test_more_usage_never_lowers_a_graduated_amount() -> None:
    random = Random(5)
    for model, price in (("graduated", "per_unit_amount"), ("graduated_percentage", "rate")) * 3:
        bounds, step = sorted(random.sample((1, 2, 5, 10, 11, 20), 3)), random.choice((0, 1))
        if step == 1 and any(right == left + 1 for left, right in pairwise(bounds)):
            bounds = [5, 10, 20]
        tiers = []
        for position, top in enumerate([*bounds, None]):
            start = 0 if position == 0 else bounds[position - 1] + step
            terms = {price: random.choice(("0", "0.01", "3")), "flat_amount": random.choice(("0", "1.5"))}
            tiers.append({"position": position + 1, "from_value": str(start), "to_value": None if top is None else str(top)} | terms)
        rising = sorted({Decimal(random.randrange(30_000)) / 1000 for _ in range(60)} | {Decimal(bound) for bound in bounds} | {Decimal(0)})
        amounts_of = priced(rising, model, lambda _, tiers=tiers: {"catalog.charge_tiers": tiers})  # type: ignore[misc]
        assert amounts_of == sorted(amounts_of), tiers
        assert amounts_of[-1] >= amounts_of[0]


def test_a_scaled_price_scales_the_amount() -> None:
    """Every price of a charge times seven, minimum and maximum per event among them; of a dynamic charge, what its events state."""
    for name in sorted(MODELS.keys() - {"graduated_prorated"}):
        draws = [draw for draw in drawn(MODELS[name](scales()), 600) if draw.is_exact]
        once, seven_times = amounts(draws), amounts([dearer(draw, 7) for draw in draws])
        assert seven_times == [7 * amount for amount in once], name
        assert sum(amount > 0 for amount in once) > 20, name


def amounts(draws: list[Draw]) -> list[Decimal]:
    """What each draw is charged, in order."""
    found = {row["usage_id"]: row["amount"] for row in rate(draws)["int_rating__charges"]}
    return [found[usage_id] for usage_id in sorted(found)]


def dearer(draw: Draw, factor: int) -> Draw:
    """The draw at prices times `factor`."""
    properties = {key: times(value, factor) if key in PRICES else value for key, value in draw.properties.items()}
    for key, value in draw.properties.items():
        if key.endswith("_ranges"):
            properties[key] = [{name: times(at, factor) if name in PRICES else at for name, at in row.items()} for row in value]
    return replace(draw, properties=properties, usage=replace(draw.usage, cents=draw.usage.cents * factor))


def times(price: str | None, factor: int) -> str | None:
    return None if price is None else str(Decimal(price) * factor)

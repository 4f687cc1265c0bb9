"""Metering of 10,000,000 events into quantities, through the compiled models, against the bare GROUP BY.

    python benchmarks/metering.py [--events N] [--subscriptions N] [--rounds N]

The events and the windows of the charges are given as tables, so what is measured is everything from an event that was received to the
quantity of its bucket. The bare query reads the same table and is the least SQL that gives the aggregate of every subscription: no horizon,
no bucket, no check that a value is a number, no rounding. Seconds of CPU stand beside, since a busy machine distorts them less.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import datetime
from statistics import median
from typing import Any

from measure import load_average

from core import lake
from core.warehouse.pricing_graph import PricingGraph, quoted, temporary

BEGIN, END, HORIZON = datetime(2026, 1, 1), datetime(2026, 2, 1), datetime(2026, 2, 1, 1)
QUANTITIES = "int_metering__quantities"
EVENTS = "int_metering__received_events"
WINDOWS = "int_metering__window_charges"
DAYS = "int_metering__window_days"
VALUE = "json_extract_string(properties, '$.value')"
NUMBER = f"cast({VALUE} as decimal(18, 6))"
BARE = {
    "sum_agg": f"sum({NUMBER})",
    "count_agg": "count(*)",
    "unique_count_agg": f"count(distinct {VALUE})",
    "weighted_sum_agg": f"sum({NUMBER} * (epoch_us(timestamp '{END}') - epoch_us(timestamp)))",
}
VALUES = 1000
"""How many values a unique count meets, each many times."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--subscriptions", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    graph = PricingGraph.load()
    connection = lake.connect()
    connection.execute("set threads = 2")
    relations = give(connection, graph, options.events, options.subscriptions)
    for aggregation, expression in BARE.items():
        window(connection, relations[WINDOWS], aggregation, options.subscriptions)
        query = f"""create or replace temp table bare as select external_subscription_id, {expression} as units from {relations[EVENTS]}
            where code = 'metric' and timestamp >= timestamp '{BEGIN}' and timestamp < timestamp '{END}' group by external_subscription_id"""
        bare = [measured(lambda query=query: connection.execute(query)) for _ in range(options.rounds)]
        models = [measured(lambda: graph.run(connection, [QUANTITIES], relations)) for _ in range(options.rounds)]
        (wall, cpu), (bare_wall, bare_cpu) = (
            [median(times) for times in zip(*runs, strict=True)] for runs in (models, bare)
        )
        print(
            f"{aggregation}: models {wall:.2f} s ({cpu:.2f} of CPU), {options.events / wall:,.0f} events/s; bare {bare_wall:.2f} s ({bare_cpu:.2f}); "
            f"ratio {wall / bare_wall:.2f} ({cpu / bare_cpu:.2f}); {load_average()}",
            flush=True,
        )
        check(connection, aggregation)


def measured(run: Callable[[], Any]) -> tuple[float, float]:
    """Seconds, and seconds of CPU."""
    since, spent = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - since, time.process_time() - spent


def check(connection: Any, aggregation: str) -> None:
    """Both give the same quantities (the bare weighted sum is an area, of which only the rows are compared)."""
    same = "true" if aggregation == "weighted_sum_agg" else "full_units = bare.units"
    query = f"""select count(*), count(case when {same} then 1 end) from {temporary(QUANTITIES)} as metered
        inner join bare on metered.window_charge_id = bare.external_subscription_id"""
    found, equal = connection.execute(query).fetchone()
    if not found == equal == connection.execute("select count(*) from bare").fetchone()[0]:
        raise SystemExit(f"{aggregation}: {equal} of {found} quantities are the bare ones")


def window(connection: Any, relation: str, aggregation: str, count: int) -> None:
    """One window of one charge per subscription."""
    connection.execute(f"delete from {relation}")
    connection.execute(
        f"""insert into {relation} by name select 's' || range as window_charge_id, 's' || range as external_subscription_id, 'c' as charge_id,
            'standard' as charge_model, 'metric' as billable_metric_code, '{aggregation}' as aggregation_type, 'value' as field_name,
            'USD' as currency, 'UTC' as timezone, timestamp '{BEGIN}' as from_at, timestamp '{END}' as to_at, 31 as period_days,
            timestamp '{HORIZON}' as horizon_at, false as prorated, false as pay_in_advance, false as recurring, false as has_buckets,
            false as is_continued, false as is_renewed, 0 as rounding_precision from range({count})"""
    )


def give(connection: Any, graph: PricingGraph, events: int, subscriptions: int) -> dict[str, str]:
    """The events in the order in which they were received, and everything else that the models read without rows."""
    relations = {}
    for node in graph.inputs([QUANTITIES], [EVENTS, WINDOWS, DAYS]):
        relations[node.name] = temporary(f"given {node.name}")
        columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in (node.columns or {}).items())
        connection.execute(f"create temp table {relations[node.name]} ({columns})")
    step = (END - BEGIN).total_seconds() * 1_000_000 // events
    connection.execute(
        f"""insert into {relations[EVENTS]} by name
        select
            's' || (hash(i) % {subscriptions}) as external_subscription_id, 'request-' || md5(i::varchar) as transaction_id, 'metric' as code,
            timestamp '{BEGIN}' + to_microseconds(i * {step:.0f}) as timestamp, '{{"value":' || (hash(i + 3) % {VALUES}) || ',"model":"swift"}}' as properties,
            timestamp '{BEGIN}' + to_microseconds(i * {step:.0f}) as received_at, i as received_sequence, received_at as known_at
        from range({events}) as numbers(i)"""
    )
    return relations


if __name__ == "__main__":
    main()

"""The company that the benchmarks bill: its catalog, and its usage as landing files."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb

from core.billing import installation
from core.catalog import billable_metrics, customers, plans, subscriptions
from core.catalog.engine import connect
from core.catalog.unit_of_work import UnitOfWork, unit_of_work
from core.clock import ManualClock
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph

BEGIN = datetime(2026, 1, 1)
END = datetime(2026, 2, 1)
METRICS = ("input_tokens", "output_tokens", "images", "audio", "storage")
EVENTS_PER_FILE = 250_000
REPEATED_PERCENT = 1
RANGES = [
    {"from_value": "0", "to_value": "1000000", "per_unit_amount": "0.00001", "flat_amount": "0"},
    {"from_value": "1000001", "to_value": None, "per_unit_amount": "0.000005", "flat_amount": "1"},
]


def found(settings: Settings, count: int) -> None:
    """An installation with one plan of five charges, and `count` customers with a subscription each since BEGIN."""
    clock = ManualClock(BEGIN - timedelta(days=1))
    installation.create(settings, PricingGraph.load(), clock)
    with unit_of_work(connect(settings.catalog), clock) as uow:
        plans.create(
            uow,
            code="p",
            name="Plan",
            interval="monthly",
            amount_cents=1000,
            amount_currency="USD",
            charges_input=[_charge(uow, number, code) for number, code in enumerate(METRICS)],
        )
        customers.create_many(
            uow, [{"external_id": f"c{n}", "name": f"Customer {n}", "currency": "USD"} for n in range(count)]
        )
        rows = [
            {"external_id": f"s{n}", "external_customer_id": f"c{n}", "plan_code": "p", "subscription_at": BEGIN}
            for n in range(count)
        ]
        subscriptions.create_many(uow, rows)


def _charge(uow: UnitOfWork, number: int, code: str) -> dict[str, object]:
    metric = billable_metrics.create(uow, code=code, name=code, aggregation_type="sum_agg", field_name="tokens")
    if number % 2:
        return {"billable_metric_id": metric.id, "code": code, "charge_model": "graduated", "properties": {"graduated_ranges": RANGES}}  # fmt: skip
    return {"billable_metric_id": metric.id, "code": code, "charge_model": "standard", "properties": {"amount": "0.000002"}}  # fmt: skip


def land(settings: Settings, events: int, count: int) -> None:
    """`events` different events over the month from BEGIN, in landing files by the time of receipt; each file also
    repeats REPEATED_PERCENT of the one before it, as clients that retry do.
    """
    connection = duckdb.connect()
    files = max(1, events // EVENTS_PER_FILE)
    size = events // files
    step = (END - BEGIN) / files
    for number in range(files):
        received = BEGIN + step * (number + 1)
        folder = settings.landing / "events" / f"received_date={received:%Y-%m-%d}"
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{received:%Y%m%d%H%M%S%f}-file-bench-{number:03d}.parquet"
        first = number * size - (size * REPEATED_PERCENT // 100 if number else 0)
        connection.execute(
            f"""copy (
                select
                    's' || (hash(i) % {count}) as external_subscription_id,
                    'request-' || md5(i::varchar) as transaction_id,
                    ['{"','".join(METRICS)}'][1 + (hash(i + 7) % {len(METRICS)})::int] as code,
                    timestamp '{BEGIN}' + to_microseconds(i * {step // timedelta(microseconds=1)} // {size}) as timestamp,
                    '{{"tokens":' || (hash(i + 3) % 4000) || ',"model":"swift"}}' as properties,
                    null::varchar as precise_total_amount_cents,
                    timestamp '{received}' as received_at, i as received_sequence,
                    'http' as source, null::bigint as source_row
                from range({first}, {(number + 1) * size}) as numbers(i)
            ) to '{target}' (format parquet, compression zstd)"""
        )
    connection.close()

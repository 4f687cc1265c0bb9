"""Bill run against the bare minimum, side by side: python benchmarks/bill_run.py [--events N] [--subscriptions N].

Prints the seconds of the run (raw facts, drafts, issue; dbt tests included), of a run on an empty lake (start-up), and of
`bare.sql` over the same landing files, the ratio (run - start-up) / bare, and the peak memory of the run.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from core.billing import installation
from core.catalog import billable_metrics, customers, plans, subscriptions
from core.catalog.engine import connect
from core.catalog.unit_of_work import unit_of_work
from core.clock import ManualClock
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph

BEGIN = datetime(2026, 1, 1)
AS_OF = datetime(2026, 2, 2)
METRICS = ("input_tokens", "output_tokens", "images", "audio", "storage")
FILES = 40


def found(settings: Settings, count: int) -> None:
    clock = ManualClock(BEGIN - timedelta(days=1))
    installation.create(settings, PricingGraph.load(), clock)
    with unit_of_work(connect(settings.catalog), clock) as uow:
        ranges = [
            {"from_value": "0", "to_value": "1000000", "per_unit_amount": "0.00001", "flat_amount": "0"},
            {"from_value": "1000001", "to_value": None, "per_unit_amount": "0.000005", "flat_amount": "1"},
        ]
        charges = []
        for number, code in enumerate(METRICS):
            metric = billable_metrics.create(uow, code=code, name=code, aggregation_type="sum_agg", field_name="tokens")
            model = (
                {"charge_model": "graduated", "properties": {"graduated_ranges": ranges}}
                if number % 2
                else {"charge_model": "standard", "properties": {"amount": "0.000002"}}
            )
            charges.append({"billable_metric_id": metric.id, "code": code, **model})
        plans.create(
            uow,
            code="p",
            name="Plan",
            interval="monthly",
            amount_cents=1000,
            amount_currency="USD",
            charges_input=charges,
        )
        customers.create_many(
            uow, [{"external_id": f"c{n}", "name": f"Customer {n}", "currency": "USD"} for n in range(count)]
        )
        rows = [
            {"external_id": f"s{n}", "external_customer_id": f"c{n}", "plan_code": "p", "subscription_at": BEGIN}
            for n in range(count)
        ]
        subscriptions.create_many(uow, rows)


def land(settings: Settings, events: int, count: int) -> None:
    connection = duckdb.connect()
    for number in range(FILES):
        received = BEGIN + timedelta(days=31) * (number + 1) / FILES
        folder = settings.landing / "events" / f"received_date={received:%Y-%m-%d}"
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{received:%Y%m%d%H%M%S%f}-file-bench-{number:03d}.parquet"
        size = events // FILES
        connection.execute(
            f"""copy (
                select 's' || (hash(i) % {count}) as external_subscription_id, 'request-' || (i + {number * size}) as transaction_id,
                    ['{"','".join(METRICS)}'][1 + (hash(i + 7) % {len(METRICS)})::int] as code,
                    timestamp '{BEGIN}' + to_microseconds(((hash(i + {number}) % 2678000000000))::bigint) as timestamp,
                    '{{"tokens":' || (hash(i + 3) % 4000) || ',"model":"swift"}}' as properties, null::varchar as precise_total_amount_cents,
                    timestamp '{received}' as received_at, i + {number * size} as received_sequence, 'http' as source, null::bigint as source_row
                from range({size}) as numbers(i)
            ) to '{target}' (format parquet, compression zstd)"""
        )


def measured(command: list[str]) -> tuple[float, float]:
    """(seconds, peak GiB) of a process with its children."""
    since = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - since, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2


def bill(home: str) -> None:
    """The child: one run up to the issue."""
    import dagster as dg

    from orchestration.defs.billing.assets import issued_invoices
    from orchestration.defs.dbt.assets import drafts
    from orchestration.defs.ingestion.assets import Horizon, raw_facts
    from orchestration.lib.resources import Installation

    config = dg.RunConfig(ops={"raw_facts": Horizon(as_of=AS_OF.isoformat())})
    dg.materialize(
        [raw_facts, drafts, issued_invoices], run_config=config, resources={"installation": Installation(home=home)}
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--subscriptions", type=int, default=10_000)
    parser.add_argument("--bill")
    options = parser.parse_args()
    if options.bill:
        bill(options.bill)
        return
    root = Path(tempfile.mkdtemp())
    try:
        empty, full = Settings(home=root / "empty"), Settings(home=root / "full")
        found(empty, 0)
        found(full, options.subscriptions)
        land(full, options.events, options.subscriptions)
        files = sorted(str(path) for path in full.landing.rglob("events/**/*.parquet"))
        connection = duckdb.connect()
        connection.execute("set memory_limit = '3GB'")
        since = time.monotonic()
        query = Path(__file__).with_name("bare.sql").read_text()
        connection.execute(f"create table bare as {query}", {"files": files})
        bare = time.monotonic() - since
        connection.close()
        start_up, _ = measured([sys.executable, __file__, "--bill", str(empty.home)])
        run, peak = measured([sys.executable, __file__, "--bill", str(full.home)])
        print(
            f"bare {bare:.1f} s, start-up {start_up:.1f} s, run {run:.1f} s, ratio {(run - start_up) / bare:.2f}, peak {peak:.2f} GiB"
        )
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()

"""Twelve months of many customers, settled and issued in one run; then a second run with nothing new.

    python benchmarks/settle.py [--customers N] [--home DIR]

Each customer has a subscription with two charges, a coupon and a wallet. A run is the whole billing job, as `tallystick run`
does it, in a process of its own: raw facts, drafts with dbt's tests, issue, ledger and marts with theirs, publish. The second
run is half an hour later. Prints the steps of both runs, invoices a second, peak memory, and the second run in percent of the first.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
from measure import load_average, measured

from core.billing import installation
from core.catalog import applied_coupons, billable_metrics, coupons, customers, plans, subscriptions, wallets
from core.catalog.engine import connect
from core.catalog.unit_of_work import unit_of_work
from core.clock import ManualClock
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph

BEGIN = datetime(2025, 1, 1)
MONTHS = 12
AS_OF = datetime(2026, 1, 2)
LATER = AS_OF + timedelta(minutes=30)
METRICS = ("requests", "gigabytes")
BATCH = 5_000


def found(settings: Settings, count: int) -> None:
    """An installation with `count` customers of one plan, their coupons and wallets, the day before BEGIN."""
    clock = ManualClock(BEGIN - timedelta(days=1))
    installation.create(settings, PricingGraph.load(), clock)
    engine = connect(settings.catalog)
    with unit_of_work(engine, clock) as uow:
        metrics = [
            billable_metrics.create(uow, code=code, name=code, aggregation_type="sum_agg", field_name="units")
            for code in METRICS
        ]
        charges = [
            {"billable_metric_id": metric.id, "code": metric.code, "charge_model": "standard", "properties": {"amount": "0.05"}}
            for metric in metrics
        ]  # fmt: skip
        plans.create(uow, code="p", name="Plan", interval="monthly", amount_cents=1000, amount_currency="USD", charges_input=charges)  # fmt: skip
        coupons.create(uow, code="tenth", name="A tenth off", coupon_type="percentage", percentage_rate="10", frequency="forever")  # fmt: skip
    for numbers in _batches(count):
        with unit_of_work(engine, clock) as uow:
            customers.create_many(uow, [{"external_id": f"c{n}", "name": f"Customer {n}", "currency": "USD"} for n in numbers])  # fmt: skip
            for n in numbers:
                applied_coupons.apply(uow, external_customer_id=f"c{n}", coupon_code="tenth")
                wallets.create(uow, external_customer_id=f"c{n}", rate_amount="1", currency="USD", granted_credits="100")  # fmt: skip
            rows = [
                {"external_id": f"s{n}", "external_customer_id": f"c{n}", "plan_code": "p", "subscription_at": BEGIN}
                for n in numbers
            ]
            subscriptions.create_many(uow, rows)


def _batches(count: int) -> Iterator[range]:
    for first in range(0, count, BATCH):
        yield range(first, min(first + BATCH, count))


def land(settings: Settings, count: int, each: int = 1) -> None:
    """`each` events per subscription, metric and month, in a landing file per month."""
    connection = duckdb.connect()
    for month in range(MONTHS):
        received = datetime(BEGIN.year, month + 1, 15)
        folder = settings.landing / "events" / f"received_date={received:%Y-%m-%d}"
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{received:%Y%m%d%H%M%S%f}-file-bench-{month:03d}.parquet"
        connection.execute(
            f"""copy (
                select
                    's' || n as external_subscription_id, 'event-{month}-' || n || '-' || metric || '-' || part as transaction_id,
                    ['{"','".join(METRICS)}'][metric] as code, timestamp '{received}' as timestamp,
                    '{{"units":' || (hash(n * 31 + {month} * 7 + metric) % 400) || '}}' as properties,
                    null::varchar as precise_total_amount_cents, timestamp '{received}' as received_at,
                    (n * {len(METRICS)} + metric) * {each} + part as received_sequence, 'http' as source, null::bigint as source_row
                from range({count}) as numbers(n), range(1, {len(METRICS) + 1}) as metrics(metric), range({each}) as parts(part)
            ) to '{target}' (format parquet, compression zstd)"""
        )
    connection.close()


def run(home: str, as_of: datetime) -> None:
    """The child that bills. Prints the seconds of its steps."""
    from orchestration import run as job

    report = job.run(Settings(home=Path(home)), as_of)
    for step, seconds in report.seconds.items():
        print(f"STEP {step} {seconds:.1f} s")
    print(f"STEP {report.invoices} invoices, nothing new since {report.nothing_new_since}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--home", type=Path, help="keep the company here, for the next time")
    parser.add_argument("--child", nargs=2, metavar=("HOME", "AS_OF"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        home, as_of = options.child
        run(home, datetime.fromisoformat(as_of))
        return
    folder = options.home or Path(tempfile.mkdtemp())
    PricingGraph.load()  # compiled before anything is timed
    try:
        if not (folder / "company").exists():
            settings = Settings(home=folder / "home")
            found(settings, options.customers)
            land(settings, options.customers)
            settings.home.rename(folder / "company")
        _twice(folder, options.customers * MONTHS)
    finally:
        if not options.home:
            shutil.rmtree(folder)


def _twice(folder: Path, invoices: int) -> None:
    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(folder / "company", home)
    spent, cpu = [], []
    for what, as_of in (("first run", AS_OF), ("second run", LATER)):
        child = measured(Path(__file__), "--child", str(home), as_of.isoformat())
        spent.append(child.seconds)
        cpu.append(child.cpu_seconds)
        print(
            f"{what}: {child.seconds:.1f} s, {child.cpu_seconds:.1f} s of CPU, peak {child.peak_gib:.2f} GiB, {load_average()}",
            flush=True,
        )
        for line in child.output.splitlines():
            if line.startswith("STEP"):
                print("   ", line.removeprefix("STEP "), flush=True)
    print(
        f"{invoices / spent[0]:,.0f} invoices a second; the second run took {100 * spent[1] / spent[0]:.1f} % of the first, in CPU seconds {100 * cpu[1] / cpu[0]:.1f} %"
    )


if __name__ == "__main__":
    main()

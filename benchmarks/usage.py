"""Current usage of one customer over HTTP, and `explain` of one line, with 10,000,000 events in the lake.

    python benchmarks/usage.py [--events N] [--subscriptions N] [--requests N] [--home DIR]

Two runs make the lake: one in the middle of the month, whose open periods the API then prices with its clock at that
instant, and one after the month, whose invoices are explained. Beside each request to current usage stands one to a
handler of the same server that only answers. `explain` is timed as the function, whose first call loads the models,
and as the command.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

from company import END, found, land
from load import request, round_trip
from measure import load_average
from served import new_key, served

from cli.explain import explained
from core.settings import Settings
from core.warehouse.connection import ReadWarehouse

IN_THE_MONTH = END - timedelta(hours=1)
AFTER_THE_MONTH = END + timedelta(days=1)


def publish(settings: Settings, as_of: datetime) -> None:
    """A whole run up to `as_of`, in a process of its own."""
    code = "import sys; from datetime import datetime; from pathlib import Path; from core.settings import Settings; from orchestration.run import run; print(run(Settings(home=Path(sys.argv[1])), datetime.fromisoformat(sys.argv[2])))"
    since = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, str(settings.home), as_of.isoformat()], check=True)
    print(f"run to {as_of}: {time.perf_counter() - since:.1f} s", flush=True)


def show(name: str, milliseconds: list[float]) -> None:
    """The middle and the slow end of some latencies."""
    cuts = quantiles(milliseconds, n=100)
    print(f"{name}: p50 {cuts[49]:.1f} ms, p95 {cuts[94]:.1f} ms, most {max(milliseconds):.1f} ms, {load_average()}")


def measure_usage(settings: Settings, subscriptions: int, requests: int) -> None:
    key = new_key(settings)
    times: dict[str, list[float]] = {"only answers": [], "current usage": []}
    events = 0
    with served(settings, IN_THE_MONTH) as port:
        for number in range(requests + 1):
            customer = number * 7919 % subscriptions
            path = f"/api/v1/customers/c{customer}/current_usage?external_subscription_id=s{customer}"
            bare, _ = round_trip(port, request("GET", "/benchmark/answer", key))
            spent, body = round_trip(port, request("GET", path, key))
            if number == 0:
                print(f"first request, which loads the models: {spent:.0f} ms")
                continue
            times["only answers"].append(bare)
            times["current usage"].append(spent)
            events += sum(charge["events_count"] for charge in json.loads(body)["customer_usage"]["charges_usage"])
    for name, milliseconds in times.items():
        show(name, milliseconds)
    print(f"a customer has {events / requests:,.0f} events in the open period")


def measure_explain(settings: Settings, lines: int = 20) -> None:
    cursor = ReadWarehouse(settings, threads=1).cursor()
    numbers = [
        row[0]
        for row in cursor.execute(f"select number from warehouse.marts.fct_invoices limit {lines + 1}").fetchall()
    ]
    times = []
    for number in numbers:
        since = time.perf_counter()
        invoice = explained(cursor, number, 2, 100_000)
        times.append((time.perf_counter() - since) * 1000)
        assert len(invoice["fees"][0]["events"]) == invoice["fees"][0]["events_total"] > 0
    print(f"explain, first call: {times[0]:.0f} ms")
    show(f"explain one line with its {invoice['fees'][0]['events_total']} events", times[1:])
    command = [str(Path(sys.executable).with_name("tallystick")), "explain", numbers[0], "--line", "2", "--events"]
    environment = {"TALLYSTICK_HOME": str(settings.home), "PATH": "/usr/bin:/bin", "HOME": str(settings.home)}
    walls = []
    for _ in range(5):
        since = time.perf_counter()
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        walls.append(time.perf_counter() - since)
    print(f"tallystick explain --line 2 --events: median {median(walls):.2f} s, {load_average()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--subscriptions", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--home", type=Path, help="keep the lake here, for the next time; then only the API is timed")
    options = parser.parse_args()
    home = options.home or Path(tempfile.mkdtemp()) / "home"
    settings = Settings(home=home)
    try:
        if not (home / "catalog.sqlite").exists():
            found(settings, options.subscriptions)
            land(settings, options.events, options.subscriptions)
        publish(settings, IN_THE_MONTH)
        measure_usage(settings, options.subscriptions, options.requests)
        publish(settings, AFTER_THE_MONTH)
        measure_explain(settings)
    finally:
        if not options.home:
            shutil.rmtree(home.parent)


if __name__ == "__main__":
    main()

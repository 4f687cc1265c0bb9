"""Reads over HTTP with 100,000 invoices and 10,000,000 events, beside a handler of the same server that only answers.

    python benchmarks/reads.py [--customers N] [--events N] [--requests N] [--home DIR]

The company of `settle.py`, a year of it billed in one run, with more events. Customers and invoices are taken from all over.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

from load import request, round_trip
from measure import load_average
from served import new_key, served
from settle import AS_OF, METRICS, MONTHS, found, land
from usage import publish, show

from core.settings import Settings

STRIDE = 7919


def measure_reads(settings: Settings, customers: int, count: int) -> None:
    """Time each kind of read `count` times, in turn."""
    key = new_key(settings)
    with served(settings, AS_OF) as port:

        def ask(path: str) -> tuple[float, bytes]:
            return round_trip(port, request("GET", path, key))

        listed = json.loads(ask("/api/v1/invoices?per_page=1")[1])
        print(f"{listed['meta']['total_count']:,} invoices, {load_average()}", flush=True)
        times: dict[str, list[float]] = {}
        for number in range(count + 5):
            customer = number * STRIDE % customers
            of_customer = f"/api/v1/invoices?external_customer_id=c{customer}"
            taken, body = ask(of_customer)
            invoice = json.loads(body)["invoices"][number % MONTHS]["lago_id"]
            paths = {
                "only answers": "/benchmark/answer",
                "GET invoice": f"/api/v1/invoices/{invoice}",
                "list invoices": f"/api/v1/invoices?page={1 + number * STRIDE % 1000}",
                "current usage": f"/api/v1/customers/c{customer}/current_usage?external_subscription_id=s{customer}",
            }
            spent = {"list invoices of a customer": taken} | {name: ask(path)[0] for name, path in paths.items()}
            if number >= 5:  # the first load the models
                for name, milliseconds in spent.items():
                    times.setdefault(name, []).append(milliseconds)
    for name, milliseconds in times.items():
        show(name, milliseconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=8_400)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--home", type=Path, help="keep the installation here, for the next time; then only the API is timed")
    options = parser.parse_args()
    home = options.home or Path(tempfile.mkdtemp()) / "home"
    settings = Settings(home=home)
    try:
        if not (home / "catalog.sqlite").exists():
            found(settings, options.customers)
            land(settings, options.customers, options.events // (options.customers * MONTHS * len(METRICS)))
            publish(settings, AS_OF)
        measure_reads(settings, options.customers, options.requests)
    finally:
        if not options.home:
            shutil.rmtree(home.parent)


if __name__ == "__main__":
    main()

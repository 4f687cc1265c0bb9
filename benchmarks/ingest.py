"""Durable ingest over HTTP, against the same server with handlers that keep nothing.

    python benchmarks/ingest.py [--seconds S] [--rounds N] [--connections N]

A request is `/events/batch` with 100 events; its answer comes when they are on disk, in Lago's shape. The flusher moves
them to the landing zone meanwhile, as always. One handler parses and gives the same answer: what it costs to keep
events. The other parses and answers `{}`. All are loaded by turns over connections that stay open, in one run.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median

from company import found
from load import answered, request
from measure import load_average
from served import new_key, served

from core.settings import Settings

EVENTS_PER_REQUEST = 100
BODIES = 16


def body(number: int) -> bytes:
    """100 events as clients send them."""
    events = [
        {
            "transaction_id": f"0a1b2c3d-0000-4000-{number:04d}-{event:012d}",
            "external_subscription_id": f"sub_{event % 17:06d}",
            "code": "input_tokens",
            "timestamp": 1_700_000_000 + event / 8,
            "properties": {"model": "large", "tokens": 137 * event, "region": "eu", "cost": 0.25},
        }
        for event in range(EVENTS_PER_REQUEST)
    ]
    return json.dumps({"events": events}).encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each turn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "home")
        found(settings, 0)
        key = new_key(settings)
        paths = {
            "parse": "/benchmark/parse",
            "parse and answer": "/benchmark/parse_and_answer",
            "durable": "/api/v1/events/batch",
        }
        requests = {
            name: [request("POST", path, key, body(number)) for number in range(BODIES)] for name, path in paths.items()
        }
        rates: dict[str, list[float]] = {name: [] for name in paths}
        with served(settings) as port:
            for made in requests.values():  # the inbox has its size, and the caches are warm
                answered(port, made, options.connections, options.seconds)
            for _ in range(options.rounds):
                for name, made in requests.items():
                    rate = answered(port, made, options.connections, options.seconds) * EVENTS_PER_REQUEST
                    rates[name].append(rate)
                    print(f"{name:16} {rate:10,.0f} events/s, {load_average()}", flush=True)
    durable = rates.pop("durable")
    print(f"durable: median {median(durable):,.0f} events/s")
    for name, others in rates.items():
        ratios = [kept / other for kept, other in zip(durable, others, strict=True)]
        print(f"  {median(ratios):.0%} of {name}")


if __name__ == "__main__":
    main()

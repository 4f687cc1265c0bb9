"""Estimates of fees in advance over HTTP: how long an answer takes beside a request that only answers.

    python benchmarks/estimates.py [--events N] [--requests N]

A subscription with N received events that no run has loaded yet, and five charges in advance on their metric.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import msgspec
from measure import load_average
from served import new_key, served

from core.billing.installation import create
from core.clock import SystemClock
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph

TIERS = [{"from_value": 0, "to_value": 1000, "per_unit_amount": "0.01", "flat_amount": "1"}, {"from_value": 1001, "to_value": None, "per_unit_amount": "0.005", "flat_amount": "0"}]
RATES = [{"from_value": 0, "to_value": None, "rate": "1", "flat_amount": "0"}]
PRICES: dict[str, dict[str, Any]] = {
    "standard": {"amount": "0.01"},
    "graduated": {"graduated_ranges": TIERS},
    "graduated_percentage": {"graduated_percentage_ranges": RATES},
    "package": {"amount": "1", "package_size": 100, "free_units": 10},
    "percentage": {"rate": "1", "fixed_amount": "0.1", "free_units_per_events": 3, "per_transaction_min_amount": "0.2"},
}
EVENT = {"code": "tokens", "external_subscription_id": "s", "properties": {"n": 12}}
NOT_COUNTED = 20
"""Requests that come first: the caches are warm afterwards."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--requests", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home))
        create(settings, PricingGraph.load(), SystemClock())
        key = new_key(settings)
        with served(settings) as port:
            client = Client(port, key)
            sell(client)
            for start in range(0, arguments.events, 100):
                rows = [EVENT | {"transaction_id": f"t{number}"} for number in range(start, min(start + 100, arguments.events))]
                client.ok("POST", "/api/v1/events/batch", {"events": rows})
            bare = client.seconds("GET", "/benchmark/answer", None, arguments.requests)
            print(f"{arguments.events:,} events of the period, five charges; {load_average()}")
            print(f"only an answer: p50 {middle(bare):.1f} ms, p95 {slow(bare):.1f} ms")
            for path in ("estimate_fees", "estimate_instant_fees"):
                found = client.seconds("POST", f"/api/v1/events/{path}", {"event": EVENT}, arguments.requests)
                print(f"{path}: p50 {middle(found):.1f} ms, p95 {slow(found):.1f} ms; {load_average()}")


def sell(client: Client) -> None:
    """A plan with one charge in advance per model, and its subscription."""
    metric = {"code": "tokens", "name": "Tokens", "aggregation_type": "sum_agg", "field_name": "n"}
    metric_id = client.ok("POST", "/api/v1/billable_metrics", {"billable_metric": metric})["billable_metric"]["lago_id"]
    charges = [
        {"billable_metric_id": metric_id, "charge_model": model, "pay_in_advance": True, "properties": properties}
        for model, properties in PRICES.items()
    ]
    plan = {"code": "plan", "name": "Plan", "interval": "monthly", "amount_cents": 0, "amount_currency": "EUR", "charges": charges}
    client.ok("POST", "/api/v1/plans", {"plan": plan})
    client.ok("POST", "/api/v1/subscriptions", {"subscription": {"external_customer_id": "c", "external_id": "s", "plan_code": "plan"}})


class Client:
    """One connection that is kept, as clients do."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def ok(self, method: str, path: str, body: Any) -> Any:
        self._connection.request(method, path, msgspec.json.encode(body), self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path} was answered {answer.status}: {content.decode()[:500]}")
        return msgspec.json.decode(content)

    def seconds(self, method: str, path: str, body: Any, requests: int) -> list[float]:
        """How long each of the requests took, after some that are not counted; slowest last."""
        taken = []
        for number in range(requests + NOT_COUNTED):
            since = time.perf_counter()
            self.ok(method, path, body)
            if number >= NOT_COUNTED:
                taken.append((time.perf_counter() - since) * 1000)
        return sorted(taken)


def middle(taken: list[float]) -> float:
    return taken[len(taken) // 2]


def slow(taken: list[float]) -> float:
    return taken[len(taken) * 95 // 100]


if __name__ == "__main__":
    main()

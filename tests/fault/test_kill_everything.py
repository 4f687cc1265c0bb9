"""Law 4 end to end: the API (with its flusher) and the loader are killed again and again while clients send and repeat themselves;
in the end the ledger holds every acknowledged event exactly once, and the price is that of so many calls."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import lake
from core.catalog import billable_metrics, customers, plans, subscriptions
from core.catalog.engine import connect
from core.catalog.unit_of_work import unit_of_work
from core.clock import SystemClock
from core.settings import Settings
from orchestration.run import run
from tests.e2e.api_server import ApiServer, install

ROUNDS = 50
SEED = 20260211
CLIENTS = 3
BATCH = 20
LOADER = "tests.fault.children.load_forever"


class Client(threading.Thread):
    """Sends batches until it is stopped: a new one, one again that was not answered, or one again that was."""

    def __init__(self, name: str, key: str) -> None:
        super().__init__(name=name, daemon=True)
        self.url = ""
        self.acknowledged: set[int] = set()
        self.sent = 0
        self._headers = {"Authorization": f"Bearer {key}"}
        self._random = random.Random(name)
        self._stopping = threading.Event()

    def events(self, number: int) -> list[dict[str, Any]]:
        names = [f"{self.name}-{number}-{place}" for place in range(BATCH)]
        return [{"transaction_id": name, "external_subscription_id": "sub", "code": "calls"} for name in names]

    def run(self) -> None:
        while not self._stopping.is_set():
            number = self._random.choice((self.sent, self.sent, self._random.randrange(self.sent + 1)))
            self.sent = max(self.sent, number + 1)
            self.send(number)
            time.sleep(0.01)

    def send(self, number: int) -> None:
        try:
            body = {"events": self._random.sample(self.events(number), BATCH)}
            answer = httpx.post(f"{self.url}/api/v1/events/batch", json=body, headers=self._headers, timeout=30)
        except (httpx.TransportError, httpx.UnsupportedProtocol):
            return
        assert answer.status_code == 200, answer.text
        self.acknowledged.add(number)

    def stop(self) -> None:
        """Ends it, and sends again whatever has never been answered."""
        self._stopping.set()
        self.join()
        for number in set(range(self.sent)) - self.acknowledged:
            self.send(number)


def start_loader(settings: Settings) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", LOADER, str(settings.home)], stdout=subprocess.PIPE, text=True)


def sell_calls(settings: Settings) -> None:
    engine = connect(settings.catalog)
    with unit_of_work(engine, SystemClock()) as uow:
        metric = billable_metrics.create(uow, code="calls", name="Calls", aggregation_type="count_agg")
        charge = {"billable_metric_id": metric.id, "code": "calls", "charge_model": "standard", "properties": {"amount": "0.01"}}
        plans.create(uow, code="p", name="P", interval="monthly", amount_cents=0, amount_currency="USD", charges_input=[charge])
        customers.upsert(uow, "acme", name="Acme", currency="USD", timezone="UTC")
        subscriptions.create(uow, external_id="sub", external_customer_id="acme", plan_code="p")
    engine.dispose()


@pytest.mark.timeout(1800)
def test_every_acknowledged_event_is_in_the_ledger_exactly_once(tmp_path: Path) -> None:
    settings, key = install(tmp_path / "home")
    sell_calls(settings)
    chance = random.Random(SEED)
    server, loader = ApiServer(settings), start_loader(settings)
    clients = [Client(f"c{number}", key) for number in range(CLIENTS)]
    killed: Counter[str] = Counter()
    for client in clients:
        client.url = server.url
        client.start()
    for _ in range(ROUNDS):
        # A loader takes a while to begin, and is to be killed at its work too.
        time.sleep(chance.uniform(0.0, 1.5))
        victim = chance.choice(("api", "loader"))
        killed[victim] += 1
        if victim == "api":
            server.kill()
            server = ApiServer(settings)
            for client in clients:
                client.url = server.url
        else:
            loader.kill()
            loader.wait()
            loader = start_loader(settings)
    for client in clients:
        client.stop()
    server.kill()
    loader.kill()
    loader.wait()
    assert killed.total() == ROUNDS and min(killed["api"], killed["loader"]) > ROUNDS / 4

    report = run(settings)
    expected = {event["transaction_id"] for client in clients for number in range(client.sent) for event in client.events(number)}
    assert all(client.acknowledged == set(range(client.sent)) for client in clients)
    with closing(lake.connect()) as connection:
        lake.attach(connection, lake.warehouse(settings), read_only=True)
        loaded = Counter(row[0] for row in connection.execute("select transaction_id from warehouse.raw.events").fetchall())
        stated = connection.execute("select sum(events_count) from warehouse.ledger.int_ledger__event_states").fetchone()
        priced = connection.execute("select units, amount from warehouse.rating.int_rating__charges").fetchall()
    assert loaded == dict.fromkeys(expected, 1)
    assert stated == (len(expected),)
    assert [(units, amount * 100) for units, amount in priced] == [(len(expected), len(expected))]
    assert len(expected) > ROUNDS * BATCH and report.events_accepted <= len(expected)

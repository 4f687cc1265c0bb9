"""From POST /events to the landing zone through a real server that is killed on the way."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from core.clock import SystemClock
from ingestion.flush import drain
from ingestion.inbox import Inbox
from ingestion.landing import Landing
from tests.e2e.api_server import ApiServer, install

BATCHES = 120
KILL_AFTER = 40


def batch(number: int) -> dict[str, Any]:
    return {
        "events": [
            {
                "transaction_id": f"{number}-{place}",
                "external_subscription_id": "sub",
                "code": "calls",
                "timestamp": 1_700_000_000 + number,
                "properties": {"count": place},
            }
            for place in range(100)
        ]
    }


def test_every_acknowledged_event_lands_once_though_the_server_is_killed(tmp_path: Path) -> None:
    settings, key = install(tmp_path / "home")
    server = ApiServer(settings)
    headers = {"Authorization": f"Bearer {key}"}
    acknowledged: set[int] = set()

    def send(number: int) -> None:
        try:
            answer = httpx.post(f"{server.url}/api/v1/events/batch", json=batch(number), headers=headers, timeout=30)
        except httpx.TransportError:
            return
        assert answer.status_code == 200, answer.text
        acknowledged.add(number)
        if len(acknowledged) == KILL_AFTER:
            server.process.kill()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(BATCHES)))
    server.kill()
    survived = set(acknowledged)
    assert KILL_AFTER <= len(survived) < BATCHES

    # What was not acknowledged is sent again, as clients do; it may have been stored all the same.
    server = ApiServer(settings)
    for number in sorted(set(range(BATCHES)) - survived):
        send(number)
    server.stop()

    landing = Landing(settings.landing)
    drain(Inbox(settings.inbox, SystemClock()), landing, SystemClock())
    landed = Counter(name for path in landing.files() for name in landing.read(path)["transaction_id"].to_pylist())
    assert landed.keys() == {f"{number}-{place}" for number in range(BATCHES) for place in range(100)}
    once = {name for name, count in landed.items() if count == 1}
    assert {f"{number}-{place}" for number in survived for place in range(100)} <= once

"""A webhook is in the outbox with what it tells of: whenever the API is killed, it arrives after the next start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from core.catalog import webhooks
from core.catalog.engine import connect, reading
from core.locks import exclusive
from core.settings import Settings
from tests.e2e.api_server import ApiServer, install
from tests.support.webhook_receiver import Received, Receiver


def post(server: ApiServer, key: str, path: str, body: Any) -> None:
    answer = httpx.post(f"{server.url}/api/v1{path}", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=30)
    assert answer.status_code == 200, answer.text


def statuses(settings: Settings) -> list[tuple[str, int]]:
    engine = connect(settings.catalog)
    with reading(engine) as connection:
        found = [(row.status, row.attempts) for row in webhooks.page(connection).items]
    engine.dispose()
    return found


def test_a_kill_between_the_commit_and_the_delivery_or_in_the_middle_of_it_loses_nothing(tmp_path: Path) -> None:
    settings, key = install(tmp_path / "home")
    with Receiver() as receiver:
        with exclusive(settings, "webhooks", 5):  # nobody delivers
            server = ApiServer(settings)
            post(server, key, "/webhook_endpoints", {"webhook_endpoint": {"webhook_url": receiver.url}})
            post(server, key, "/customers", {"customer": {"external_id": "acme"}})
            server.kill()
        assert statuses(settings) == [("pending", 0)] and not receiver.received

        killed: list[ApiServer] = []

        def kill(_: Received) -> None:
            if not killed:
                killed.append(server)
                server.kill()

        receiver.before_answer = kill
        server = ApiServer(settings)
        receiver.await_that(lambda: killed and server.process.poll() is not None, "the kill")
        assert statuses(settings) == [("pending", 0)] and len(receiver.received) == 1

        server = ApiServer(settings)
        receiver.await_type("customer.created", 2)
        receiver.await_that(lambda: statuses(settings) == [("succeeded", 1)], "the record")
        post(server, key, "/customers", {"customer": {"external_id": "next"}})
        receiver.await_that(lambda: len(receiver.received) == 3, "the next one")
        server.stop()
    first, again, following = receiver.received
    assert (first.key, first.content) == (again.key, again.content) and following.key != first.key

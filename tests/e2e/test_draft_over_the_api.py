"""A draft of the last run over the API: as it was computed, and as it would be now."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from core.catalog import api_keys
from tests.e2e.api_server import ApiServer
from tests.e2e.installed_world import InstalledWorld
from tests.property.test_held_bills import Customer, sold
from tests.support.demo_home import tallystick

USED_AT, LOOKED_AT = datetime(2024, 1, 10), datetime(2024, 2, 3)


def test_a_draft_is_refreshed_and_not_deleted(tmp_path: Path) -> None:
    world = InstalledWorld(tmp_path / "home")
    customer = Customer(world, "slow", [sold("slow", "2")], grace=5)
    customer.send(USED_AT, "50")
    world.advance(customer.clock, LOOKED_AT)
    world.inbox.close()
    with world.unit() as uow:
        key = api_keys.create(uow, "tests")[1]
    assert (ran := tallystick(world.settings.home, "run")).returncode == 0, ran.stderr
    server = ApiServer(world.settings)
    try:
        client = httpx.Client(base_url=f"{server.url}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=30)

        def ask(method: str, path: str, **options: Any) -> Any:
            return client.request(method, path, **options).json()

        (draft,) = ask("GET", "/invoices?external_customer_id=slow")["invoices"]
        own = f"/invoices/{draft['lago_id']}"
        before = ask("GET", own)["invoice"]
        assert (before["status"], before["fees_amount_cents"]) == ("draft", 10100)
        event = {
            "transaction_id": "late", "external_subscription_id": "slow", "code": "slow-units",
            "timestamp": USED_AT.timestamp(), "properties": {"value": "7"},
        }  # fmt: skip
        assert client.post("/events", json={"event": event}).status_code == 200
        refreshed = ask("PUT", f"{own}/refresh")["invoice"]
        assert (refreshed["status"], refreshed["fees_amount_cents"]) == ("draft", 11500)
        assert sum(fee["amount_cents"] for fee in refreshed["fees"]) == 11500
        assert refreshed.keys() == before.keys()
        assert ask("GET", own)["invoice"] == before
        refused = client.delete(own)
        assert (refused.status_code, refused.json()["code"]) == (403, "feature_unavailable")
        assert ask("POST", f"{own}/retry")["code"] == "invalid_status"
    finally:
        server.stop()

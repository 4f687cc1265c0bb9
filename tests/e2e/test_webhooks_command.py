"""`tallystick webhooks` and Dagster's job deliver where no API runs; what was told is listed and sent again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import standardwebhooks

from core.catalog import customers, webhook_endpoints
from core.catalog.engine import connect
from core.catalog.unit_of_work import unit_of_work
from core.clock import SystemClock
from core.locks import exclusive
from core.settings import Settings
from orchestration.defs.billing.webhooks import webhooks_every_minute, webhooks_job
from orchestration.lib.resources import Installation
from tests.e2e.api_server import install
from tests.support.demo_home import tallystick
from tests.support.webhook_receiver import Receiver


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return install(tmp_path_factory.mktemp("webhooks") / "home")[0]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def told(home: Path, *arguments: str, code: int = 0) -> Any:
    ran = tallystick(home, "webhooks", *arguments, "--json")
    assert ran.returncode == code, ran.stderr + ran.stdout
    return json.loads(ran.stdout)


def add(settings: Settings, external_id: str) -> None:
    engine = connect(settings.catalog)
    with unit_of_work(engine, SystemClock()) as uow:
        customers.upsert(uow, external_id)
    engine.dispose()


def asked(settings: Settings) -> bool:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(instance=instance, resources={"watched": Installation(home=str(settings.home))})
        return bool(webhooks_every_minute.evaluate_tick(context).run_requests)


def test_webhooks_are_delivered_listed_and_sent_again_by_the_command(settings: Settings, receiver: Receiver) -> None:
    home = settings.home
    assert told(home, "list", code=3) == {"webhooks": [], "total_count": 0} and not asked(settings)
    engine = connect(settings.catalog)
    with unit_of_work(engine, SystemClock()) as uow:
        webhook_endpoints.create(uow, webhook_url=receiver.url)
    engine.dispose()
    add(settings, "acme")
    with exclusive(settings, "webhooks", 5):
        assert told(home, "deliver") == {"delivered_by": "another process"} and not asked(settings)
    receiver.answers = [503]
    assert told(home, "deliver", code=1) == {"taken": 0, "failed": 1}
    (row,) = told(home, "list", "--status", "pending", "--type", "customer.created")["webhooks"]
    assert (row["webhook_url"], row["attempts"], row["http_status"], row["response"]) == (receiver.url, 1, 503, "answer 503")
    assert told(home, "resend", row["id"]) == {"taken": 1, "failed": 0}
    assert told(home, "deliver", code=3) == {"taken": 0, "failed": 0}
    shown = told(home, "show", row["id"])
    assert [attempt["http_status"] for attempt in shown["attempts_made"]] == [503, 200] and shown["status"] == "succeeded"
    assert shown["body"].encode() == receiver.received[1].content and len(receiver.received) == 2
    secret = told(home, "secrets")["standard_secret"]
    standardwebhooks.Webhook(secret).verify(receiver.received[1].content, receiver.received[1].headers)
    assert told(home, "resend", "--failed", code=3) == {"taken": 0, "failed": 0}
    for arguments in (("list",), ("show", row["id"]), ("secrets",)):
        ran = tallystick(home, "webhooks", *arguments)
        assert ran.returncode == 0 and "PRIVATE" not in ran.stdout, ran.stderr
    unknown = tallystick(home, "webhooks", "show", "none")
    assert unknown.returncode == 1 and "There is no webhook 'none'" in unknown.stderr
    assert tallystick(home, "webhooks", "resend").returncode == 2


def test_dagster_delivers_what_nobody_else_does(settings: Settings, receiver: Receiver) -> None:
    before = len(receiver.received)
    add(settings, "by dagster")
    assert asked(settings)
    done = webhooks_job.execute_in_process(resources={"watched": Installation(home=str(settings.home))})
    assert done.success
    assert [request.body["customer"]["external_id"] for request in receiver.received[before:]] == ["by dagster"]

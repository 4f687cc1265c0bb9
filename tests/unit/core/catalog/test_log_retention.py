"""What was logged goes when it is old; that something was told, what waits, and the audit log stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from core.catalog import activity_log, api_logs, log_retention, taxes, webhooks
from core.catalog.api_logs import ApiLog, ApiLogFilter
from core.catalog.engine import reading, writing
from core.catalog.unit_of_work import unit_of_work
from core.catalog.webhooks import Fact
from core.clock import ManualClock

NOW = datetime(2026, 6, 1)
OLD = NOW - timedelta(days=100)
LOG = ApiLog("old", OLD, None, "", "post", 200, "", "/api/v1/taxes", "{}", "{}")


def test_what_is_old_goes_and_what_still_matters_stays(catalog: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_retention, "MOST_AT_ONCE", 2)
    clock = ManualClock(OLD)
    with unit_of_work(catalog, clock) as uow:
        taxes.create(uow, code="vat", name="VAT", rate="19")
        webhooks.create_endpoint(uow, books_snapshot=0, webhook_url="https://example.com", signature_algo="hmac")
    with unit_of_work(catalog, clock) as uow:
        told, waits = webhooks.record(uow, [Fact("customer.created", "a", ""), Fact("customer.created", "b", "")])
        for webhook in (told, waits):
            webhooks.describe(uow, webhook.fact_id, "{}")
    for _ in range(3):
        with unit_of_work(catalog, clock) as uow:
            webhooks.settle(uow, told.id, is_taken=False, http_status=500, response="")
    with writing(catalog) as connection:
        for place in range(5):
            api_logs.record(connection, replace(LOG, request_id=f"old{place}"))
        api_logs.record(connection, replace(LOG, request_id="new", logged_at=NOW))

    # Five requests, three versions of the webhook that ended, and its body.
    assert log_retention.forget(catalog, NOW - timedelta(days=90)) == 5 + 3 + 1
    assert log_retention.forget(catalog, NOW - timedelta(days=90)) == 0
    with reading(catalog) as connection:
        assert [row.request_id for row in api_logs.page(connection, ApiLogFilter()).items] == ["new"]
        assert {row.id: row.status for row in webhooks.page(connection).items} == {told.id: "failed", waits.id: "pending"}
        assert list(webhooks.payloads(connection, [told.fact_id, waits.fact_id])) == [waits.fact_id]
        assert activity_log.page(connection, activity_log.ActivityFilter()).total > 0
    with unit_of_work(catalog, clock) as uow:  # known as told
        assert webhooks.record(uow, [Fact("customer.created", "a", "")]) == []

"""An alert on current usage watches what current usage shows, charges in advance included; lifetime usage leaves those out."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from core.catalog import (
    alerts,
    billable_metrics,
    billing_entities,
    customers,
    plans,
    schedules,
    subscriptions,
    test_clocks,
)
from core.warehouse.pricing_graph import PricingGraph
from tests.support.world import World

BEGINS_AT, USED_AT = datetime(2024, 1, 1), datetime(2024, 1, 10)
TYPES = ("current_usage_amount", "billable_metric_current_usage_amount", "billable_metric_current_usage_units", "lifetime_usage_amount")
VALUES, CROSSINGS = "int_billing__usage_alert_values", "int_billing__alert_crossings"


def test_current_usage_is_watched_as_it_is_shown(tmp_path: Path) -> None:
    """Ten calls, four given back, eight more: the peak of 14 was charged in advance; three gigabytes are in arrears."""
    world = World(tmp_path, PricingGraph.load())
    with world.unit() as uow:
        clock: dict[str, Any] = {"test_clock_id": test_clocks.create(uow, "alerts", BEGINS_AT).id}
        schedules.add_ticks(uow, schedules.put(uow, "usage", first_at=BEGINS_AT, every_seconds=None, catch_up=False, **clock), [USED_AT])
        billing_entities.create(uow, code="home", name="Home", **clock)
        customers.upsert(uow, "c", billing_entity_code="home", currency="EUR", **clock)
        metrics = {
            code: billable_metrics.create(uow, code=code, name=code, aggregation_type="sum_agg", field_name="value", **clock)
            for code in ("calls", "gigabytes")
        }
        charges = [
            {"code": code, "billable_metric_id": metric.id, "charge_model": "standard", "properties": {"amount": "2"}, "pay_in_advance": code == "calls"}
            for code, metric in metrics.items()
        ]
        plans.create(uow, code="p", name="P", interval="monthly", amount_cents=0, amount_currency="EUR", charges_input=charges, **clock)
        subscription = subscriptions.create(uow, external_id="s", external_customer_id="c", plan_code="p", subscription_at=BEGINS_AT)
        for alert_type in TYPES:
            on_metric = {"billable_metric_code": "calls"} if "metric" in alert_type else {}
            threshold = {"value": "14" if "units" in alert_type else "2800"}
            alerts.create(uow, subscription, alert_type=alert_type, code=alert_type, thresholds=[threshold], **on_metric)
    world.advance(clock["test_clock_id"], USED_AT)
    for code, value in (("calls", "10"), ("calls", "-4"), ("calls", "8"), ("gigabytes", "3")):
        world.send_event("s", code, USED_AT, {"value": value})
    world.advance(clock["test_clock_id"], datetime(2024, 1, 20))
    found = world.compute([VALUES, CROSSINGS])
    watched = {row["alert_type"]: row["value"] for row in found[VALUES] if row["checked_at"] >= USED_AT}
    assert watched == dict(zip(TYPES, map(Decimal, (3400, 2800, 14, 600)), strict=True))
    assert {row["alert_id"] for row in found[VALUES] if row["alert_type"] != "lifetime_usage_amount"} == {row["alert_id"] for row in found[CROSSINGS]}

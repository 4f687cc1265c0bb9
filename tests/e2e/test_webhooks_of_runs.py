"""What a run shows is told by webhooks: drafts, thresholds of alerts that were crossed, and what it issues; each once."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from api.deps import Services
from api.webhook_delivery import deliver
from core.billing import installation
from core.catalog import alerts, billable_metrics, customers, plans, subscriptions, webhook_endpoints
from core.catalog.engine import connect
from core.catalog.unit_of_work import unit_of_work
from core.clock import ManualClock, SystemClock
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from ingestion.event import UsageEvent, to_micros
from ingestion.inbox import Inbox
from orchestration.run import run
from tests.support.webhook_receiver import Receiver


def test_a_run_s_drafts_alerts_and_invoices_are_told_once(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    began = SystemClock().now() - timedelta(days=45)
    clock = ManualClock(began)
    installation.create(settings, PricingGraph.load(), clock)
    engine = connect(settings.catalog)
    with Receiver() as receiver:
        clock.advance(timedelta(minutes=1))
        with unit_of_work(engine, clock) as uow:
            webhook_endpoints.create(uow, webhook_url=receiver.url)
        services = Services(settings, clock)
        deliver(services)  # from here on it is known how far the books were
        services.close()
        with unit_of_work(engine, clock) as uow:
            metric = billable_metrics.create(uow, code="calls", name="Calls", aggregation_type="count_agg")
            charge = {"billable_metric_id": metric.id, "charge_model": "standard", "properties": {"amount": "5"}}
            plans.create(uow, code="p", name="P", interval="monthly", amount_cents=0, amount_currency="EUR", charges_input=[charge])
            for name, grace in (("slow", 300), ("prompt", 0)):
                customers.upsert(uow, name, currency="EUR", timezone="UTC", invoice_grace_period=grace)
                subscriptions.create(uow, external_id=name, external_customer_id=name, plan_code="p")
            subject = subscriptions.get(uow.connection, "slow", clock.now())
            alerts.create(
                uow, subject, alert_type="current_usage_amount", code="spent", name="Spending",
                thresholds=[{"code": "warn", "value": "400"}, {"code": "far", "value": "100000"}],
            )  # fmt: skip
        used_at = began + timedelta(hours=3)
        clock.set(used_at)
        inbox = Inbox(settings.inbox, clock)
        for name in ("slow", "prompt"):
            inbox.append([UsageEvent(name, f"{name}-1", "calls", to_micros(used_at), json.dumps({}))])
        inbox.close()
        run(settings)
        services = Services(settings, SystemClock())
        deliver(services)
        told = list(receiver.received)
        deliver(services)
        services.close()
        assert len(receiver.received) == len(told)
        issued = [request.body["invoice"] for request in receiver.of("invoice.created")]
        assert {invoice["customer"]["external_id"] for invoice in issued} == {"prompt"} and issued[0]["fees"]
        drafted = [request.body["invoice"] for request in receiver.of("invoice.drafted")]
        assert {(invoice["customer"]["external_id"], invoice["status"]) for invoice in drafted} == {("slow", "draft")}
        (triggered,) = receiver.of("alert.triggered")
        alert = triggered.body["triggered_alert"]
        assert (alert["alert_code"], alert["external_subscription_id"], alert["external_customer_id"]) == ("spent", "slow", "slow")
        assert (alert["previous_value"], alert["current_value"]) == ("0.0", "500.0")
        assert alert["crossed_thresholds"] == [{"code": "warn", "value": "400.0", "recurring": False}]
        assert len({request.key for request in receiver.received}) == len(receiver.received)
    engine.dispose()

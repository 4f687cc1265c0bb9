"""A month billed by an expression, a SQL metric and a SQL charge: books, explanation and event states say the same."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from cli.explain import explained
from core.billing import installation
from core.catalog import billable_metrics, customers, plans, subscriptions
from core.catalog.engine import connect
from core.catalog.unit_of_work import unit_of_work
from core.clock import ManualClock
from core.settings import Settings
from core.warehouse.connection import ReadWarehouse
from core.warehouse.pricing_graph import PricingGraph
from ingestion.calculate import calculator_of
from ingestion.landing import Landing
from ingestion.sources.files import ingest_paths

RANGES = [{"from": "0", "to": "10", "eu": "0.1", "us": "0"}, {"from": "10", "to": None, "eu": "0.2", "us": "0.5"}]
USAGE = [
    # 10:00 to 10:10 in two sessions that overlap, then 90 seconds apart: 10 + 2 minutes; the last one has no length.
    ("talk-1", "calls", "2026-01-05T10:00:00", {"seconds": 420}),
    ("talk-2", "calls", "2026-01-05T10:05:00", {"seconds": 300}),
    ("talk-3", "calls", "2026-01-05T12:00:00", {"seconds": 90}),
    ("talk-4", "calls", "2026-01-05T13:00:00", {"seconds": "long"}),
    # 4 + 8 gigabytes: the second crosses 10 and pays for the 2 above it.
    ("kept-1", "storage", "2026-01-06T00:00:00", {"bytes": 4_000_000_000, "storage_zone": "eu"}),
    ("kept-2", "storage", "2026-01-07T00:00:00", {"bytes": 8_000_000_000, "storage_zone": "us"}),
    ("kept-3", "storage", "2026-01-08T00:00:00", {"storage_zone": "us"}),
]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One customer, billed for January 2026; its usage comes as a file in that month."""
    from orchestration.run import run

    settings = Settings(home=tmp_path_factory.mktemp("sql_models"))
    clock = ManualClock(datetime(2026, 1, 1))
    installation.create(settings, PricingGraph.load(), clock)
    with unit_of_work(connect(settings.catalog), clock) as uow:
        calls = billable_metrics.create(
            uow, code="calls", name="Calls", aggregation_type="custom_agg", sql_metric="connected_minutes", field_name="seconds"
        )
        storage = billable_metrics.create(
            uow, code="storage", name="Storage", aggregation_type="sum_agg", field_name="gigabytes",
            expression="event.properties.bytes / 1000000000",
        )  # fmt: skip
        charges = [
            {"billable_metric_id": calls.id, "charge_model": "standard", "properties": {"amount": "0.25"}},
            {
                "billable_metric_id": storage.id,
                "charge_model": "custom",
                "properties": {"sql_charge": "storage_zones", "custom_properties": {"ranges": RANGES}},
            },
        ]
        plans.create(
            uow, code="p", name="P", interval="monthly", amount_cents=0, amount_currency="EUR", charges_input=charges
        )
        customers.upsert(uow, "acme", name="Acme", currency="EUR", timezone="UTC")
        subscriptions.create(uow, external_id="acme", external_customer_id="acme", plan_code="p")
    received = ManualClock(datetime(2026, 1, 20))
    file = settings.home / "usage.jsonl"
    file.write_text("\n".join(json.dumps(event(*row)) for row in USAGE))
    calculator = calculator_of(connect(settings.catalog), received)
    (report,) = ingest_paths([file], Landing(settings.landing), received, calculator=calculator)
    assert (report.landed, report.rejected) == (6, 1)
    # As of the past: the bill of January is due on its first tick, whatever the day is on which this runs.
    run(settings, as_of=datetime(2026, 2, 2))
    return settings


def event(transaction: str, code: str, at: str, properties: dict[str, Any]) -> dict[str, Any]:
    seconds = (datetime.fromisoformat(at) - datetime(1970, 1, 1)).total_seconds()
    return {
        "transaction_id": transaction,
        "external_subscription_id": "acme",
        "code": code,
        "timestamp": str(int(seconds)),
        "properties": properties,
    }


@pytest.fixture(scope="module")
def fees(settings: Settings) -> dict[str, dict[str, Any]]:
    """Metric code -> its line as `tallystick explain` shows it, with steps and events."""
    cursor = ReadWarehouse(settings).cursor()
    (row,) = cursor.execute("select invoice_id from books.main.invoices").fetchall()
    return {fee["billable_metric_code"]: fee for fee in explained(cursor, row[0], events=100)["fees"]}


def test_a_sql_metric_is_billed_and_explained_by_what_each_event_adds(fees: dict[str, dict[str, Any]]) -> None:
    fee = fees["calls"]
    assert (fee["units"], fee["amount_cents"], fee["events_count"]) == (Decimal(12), 300, 3)
    told = {row["transaction_id"]: (row["is_counted"], row["contributed_quantity"]) for row in fee["events"]}
    assert told == {"talk-1": (True, 7), "talk-2": (True, 3), "talk-3": (True, 2), "talk-4": (False, None)}
    assert fee["events_total"] == 4


def test_a_sql_charge_is_billed_and_explained_in_its_steps(fees: dict[str, dict[str, Any]]) -> None:
    fee = fees["storage"]
    assert (fee["units"], fee["amount_cents"], fee["events_count"]) == (Decimal(12), 140, 2)
    steps = [(step["step_kind"], step["units"], step["per_unit_amount"], step["amount"]) for step in fee["tiers"]]
    assert steps == [("sql_step", 4, Decimal("0.1"), Decimal("0.4")), ("sql_step", 2, Decimal("0.5"), Decimal(1))]
    assert [json.loads(row["properties"])["gigabytes"] for row in fee["events"]] == ["4", "8"]


def test_every_row_is_accounted_for(settings: Settings) -> None:
    cursor = ReadWarehouse(settings).cursor()
    states = cursor.execute("select event_state, events_count from warehouse.ledger.int_ledger__event_states where events_count > 0")
    assert dict(states.fetchall()) == {"billed": 6}
    (refused,) = cursor.execute("select source_row, reason, field from warehouse.marts.fct_rejections").fetchall()
    assert refused == (7, "invalid_expression", "expression")

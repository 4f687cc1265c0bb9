"""Real input: an hour of two LLM services is ingested from CSV with a mapping, billed by the run, and checked against
totals that are computed from the CSV alone."""

from __future__ import annotations

import csv
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from core import lake
from core.billing import installation
from core.catalog import billable_metrics, customers, plans, subscriptions
from core.catalog.engine import connect
from core.catalog.unit_of_work import unit_of_work
from core.clock import ManualClock, SystemClock
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from ingestion.landing import Landing
from ingestion.sources.files import ingest_paths
from ingestion.sources.mapping import load_mapping

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "azure_llm_2023"
PRICES = {"ContextTokens": Decimal("0.0000025"), "GeneratedTokens": Decimal("0.00001")}
MAPPING = """
events:
  - external_subscription_id: {constant: "%(service)s"}
    transaction_id: {template: "%(service)s-in-{row}"}
    code: {constant: input_tokens}
    timestamp: {column: TIMESTAMP, format: iso}
    properties: {tokens: ContextTokens}
  - external_subscription_id: {constant: "%(service)s"}
    transaction_id: {template: "%(service)s-out-{row}"}
    code: {constant: output_tokens}
    timestamp: {column: TIMESTAMP, format: iso}
    properties: {tokens: GeneratedTokens}
"""

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the shared data folder is not beside the repository: {DATA.name}"
)


def csv_totals(service: str) -> dict[str, int]:
    with (DATA / f"{service}.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {column: sum(int(row[column]) for row in rows) for column in PRICES}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two customers, billed once for November 2023. The catalog is recorded, and the files received, in that month."""
    from orchestration.run import run

    settings = Settings(home=tmp_path_factory.mktemp("azure"))
    clock = ManualClock(datetime(2023, 11, 1))
    installation.create(settings, PricingGraph.load(), clock)
    with unit_of_work(connect(settings.catalog), clock) as uow:
        charges = []
        for code, price in zip(("input_tokens", "output_tokens"), PRICES.values(), strict=True):
            metric = billable_metrics.create(uow, code=code, name=code, aggregation_type="sum_agg", field_name="tokens")
            charges.append(
                {
                    "billable_metric_id": metric.id,
                    "code": code,
                    "charge_model": "standard",
                    "properties": {"amount": f"{price:f}"},
                }
            )
        plans.create(
            uow,
            code="llm",
            name="LLM",
            interval="monthly",
            amount_cents=0,
            amount_currency="USD",
            charges_input=charges,
        )
        for service in ("code", "conv"):
            customers.upsert(uow, service, name=service, currency="USD", timezone="UTC")
            subscriptions.create(uow, external_id=service, external_customer_id=service, plan_code="llm")
    received = ManualClock(datetime(2023, 11, 20))
    for service in ("code", "conv"):
        mapping = settings.home / f"{service}.yml"
        mapping.write_text(MAPPING % {"service": service})
        (report,) = ingest_paths([DATA / f"{service}.csv"], Landing(settings.landing), received, load_mapping(mapping))
        assert report.rejected == 0
    assert SystemClock().now() > datetime(2023, 12, 1)
    run(settings, as_of=datetime(2023, 12, 2))
    return settings


@pytest.mark.parametrize("service", ["code", "conv"])
def test_invoice_equals_the_totals_of_the_csv(settings: Settings, service: str) -> None:
    connection = lake.connect()
    lake.attach(connection, lake.books(settings), read_only=True)
    fees = connection.execute(
        "select billable_metric_code, units, amount_cents, precise_amount from books.main.fees where external_subscription_id = ? and fee_type = 'charge'",
        [service],
    ).fetchall()
    totals = csv_totals(service)
    expected = dict(zip(("input_tokens", "output_tokens"), totals.values(), strict=True))
    assert {code: int(units) for code, units, _, _ in fees} == expected
    for (code, _, cents, precise), price in zip(sorted(fees), PRICES.values(), strict=True):
        amount = expected[code] * price
        assert precise == amount
        assert cents == int((amount * 100).quantize(Decimal(1), "ROUND_HALF_UP"))
    row = connection.execute(
        "select sum(total_amount_cents) from books.main.invoices where customer_external_id = ?", [service]
    ).fetchone()
    assert row == (sum(cents for _, _, cents, _ in fees),)

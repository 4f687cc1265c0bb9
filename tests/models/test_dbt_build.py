"""One `dbt build` on DuckLake: every model with its contract, every unit test, every data test."""

from __future__ import annotations

from typing import Any

import pytest
from dbt.cli.main import dbtRunner, dbtRunnerResult

from core import lake
from core.settings import Settings
from core.warehouse.dbt_project import PROJECT_DIR
from core.warehouse.pricing_graph import PricingGraph, quoted

VERSION = {"valid_from": "2026-01-01", "recorded_at": "2026-01-01", "sequence": 1}
# One customer with a metered plan, two events of which one is sent late, and a run in the month after.
FACTS: dict[str, list[dict[str, Any]]] = {
    "landing.run_horizon": [{"as_of": "2026-02-10", "watermark": "2026-02-10"}],
    "landing.events": [
        {"external_subscription_id": "s", "transaction_id": "a", "code": "calls", "timestamp": "2026-01-10", "properties": "{}", "received_at": "2026-01-10", "received_sequence": 1},
        {"external_subscription_id": "s", "transaction_id": "b", "code": "calls", "timestamp": "2026-02-01", "properties": "{}", "received_at": "2026-02-01", "received_sequence": 2},
    ],
    "catalog.billing_entities": [{"id": "e", "code": "us", "name": "Us", "timezone": "UTC", "document_number_prefix": "US", "document_numbering": "per_customer", **VERSION}],
    "catalog.customers": [{"id": "c", "external_id": "acme", "sequential_id": 1, "name": "Acme", "currency": "USD", "billing_entity_id": "e", "account_type": "customer", **VERSION}],
    "catalog.schedules": [{"id": "h", "name": "periodic", "first_at": "2026-01-01", "every_seconds": 3600, "catch_up": True, **VERSION}],
    "catalog.billable_metrics": [{"id": "m", "code": "calls", "name": "Calls", "aggregation_type": "count_agg", "recurring": False, **VERSION}],
    "catalog.plans": [{"id": "p", "code": "basic", "name": "Basic", "interval": "monthly", "amount_cents": 1000, "amount_currency": "USD", "pay_in_advance": False, **VERSION}],
    "catalog.charges": [{"id": "g", "plan_id": "p", "billable_metric_id": "m", "charge_model": "standard", "pay_in_advance": False, "position": 1, **VERSION}],
    "catalog.charge_prices": [{"charge_id": "g", "amount": "0.125", **VERSION}],
    "catalog.subscriptions": [
        {"id": "x", "external_id": "s", "customer_id": "c", "plan_id": "p", "status": "active", "billing_time": "calendar", "subscription_at": "2026-01-01",
         "started_at": "2026-01-01", "on_termination_invoice": "generate", **VERSION},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two lakes on SQLite catalogs, with every source table and the facts in them."""
    settings = Settings(home=tmp_path_factory.mktemp("lakes"))
    graph = PricingGraph.load()
    connection = lake.connect()
    lake.attach(connection, lake.warehouse(settings))
    lake.attach(connection, lake.books(settings))
    for schema in ("raw", "settlement"):
        connection.execute(f"create schema warehouse.{schema}")
    for source in ("catalog", "landing", "settlement", "books"):
        for node in graph.sources(source):
            columns = ", ".join(f"{quoted(name)} {data_type}" for name, data_type in (node.columns or {}).items())
            connection.execute(f"create table {node.relation} ({columns})")
            for row in FACTS.get(node.name, []):
                names = ", ".join(quoted(name) for name in row)
                connection.execute(f"insert into {node.relation} ({names}) values ({', '.join('?' * len(row))})", list(row.values()))
    connection.close()
    return settings


@pytest.fixture(scope="module")
def build(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> dbtRunnerResult:
    """The result of `dbt build` over those lakes."""
    with pytest.MonkeyPatch.context() as patch:
        for each in (lake.warehouse(settings), lake.books(settings)):
            patch.setenv(f"TALLYSTICK_{each.alias.upper()}", each.location)
            patch.setenv(f"TALLYSTICK_{each.alias.upper()}_DATA", each.data_path)
        folder = str(tmp_path_factory.mktemp("target"))
        project = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR), "--target-path", folder, "--log-path", folder]
        return dbtRunner().invoke(["--quiet", "build", "--target", "duckdb", *project])


@pytest.mark.timeout(900)
def test_everything_builds_and_passes(build: dbtRunnerResult) -> None:
    failed = [f"{result.node.name}: {result.status} {result.message}" for result in build.result or [] if result.status not in {"success", "pass"}]
    assert build.success, "\n".join(failed) or str(build.exception)


def test_the_build_ran_every_kind_of_node(build: dbtRunnerResult) -> None:
    ran = {result.node.resource_type for result in build.result}
    assert {"model", "seed", "test", "unit_test"} <= ran


def test_the_period_that_ended_is_drafted_to_the_cent(build: dbtRunnerResult, settings: Settings) -> None:
    """One call at 0.125 is 12.5 cents, rounded to 13 on its line; the call of 1 February belongs to the next period."""
    connection = lake.connect()
    lake.attach(connection, lake.warehouse(settings), read_only=True)
    drafts = connection.execute("select fees_amount_cents, total_amount_cents, is_due from warehouse.billing.int_billing__draft_invoices").fetchall()
    lines = connection.execute("select fee_type, fee_state, amount_cents from warehouse.billing.int_billing__fees order by fee_type, fee_state").fetchall()
    assert drafts == [(1013, 1013, True)]
    assert lines == [("charge", "due", 13), ("charge", "open", 13), ("subscription", "due", 1000)]


def test_no_working_column_is_a_binary_number(build: dbtRunnerResult, settings: Settings) -> None:
    """Law 5, on the tables themselves: from metering onward nothing is a float."""
    connection = lake.connect()
    lake.attach(connection, lake.warehouse(settings), read_only=True)
    found = connection.execute(
        "select table_name || '.' || column_name from duckdb_columns() where database_name = 'warehouse' and data_type in ('DOUBLE', 'FLOAT') "
        "and schema_name in ('metering', 'rating', 'billing', 'ledger', 'marts')"
    ).fetchall()
    assert found == []


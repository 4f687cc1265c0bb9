"""The export agrees with what SQL reads, and the fence lets nothing slip behind it."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa
import yaml

from core.catalog import billable_metrics, charges, coupons, customers, plans, subscriptions, taxes
from core.catalog.engine import connect, reading
from core.catalog.export import contents, export, export_fence
from core.catalog.unit_of_work import unit_of_work
from core.clock import ManualClock, SystemClock
from tests.unit.core.catalog.conftest import Begin

ROOT = Path(__file__).resolve().parents[4]
SOURCES = ROOT / "dbt_project" / "models" / "staging" / "_raw__sources.yml"
DATA_TYPES = {"string": "varchar", "int64": "bigint", "bool": "boolean", "timestamp[us]": "timestamp"}


def declared() -> dict[str, list[tuple[str, str]]]:
    """Table -> columns and types, as the dbt project declares source `catalog`."""
    sources = yaml.safe_load(SOURCES.read_text())["sources"]
    (catalog,) = (source for source in sources if source["name"] == "catalog")
    return {
        table["name"]: [(column["name"], column["data_type"]) for column in table["columns"]]
        for table in catalog["tables"]
    }


def exported(engine: sa.Engine) -> dict[str, pa.Table]:
    with reading(engine) as connection:
        return export(connection)


def test_export_has_the_tables_columns_order_and_types_that_sql_declares(
    catalog: sa.Engine, basic_plan: object
) -> None:
    for tables in (exported(catalog), export_fence(catalog, SystemClock())[0]):
        actual = {
            name: [(field.name, DATA_TYPES[str(field.type)]) for field in table.schema]
            for name, table in tables.items()
        }
        assert actual == declared()


def test_export_keeps_values_exactly(catalog: sa.Engine, begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        customer = customers.upsert(uow, "acme", name="Acme", address_line1="1 Road", city="Paris", currency="EUR")
        subscription = subscriptions.create(
            uow, external_id="s1", external_customer_id="acme", plan_code="basic", name="First"
        )
    tables = exported(catalog)
    (row,) = tables["subscriptions"].to_pylist()
    assert row == {name: getattr(subscription, name) for name in tables["subscriptions"].column_names}
    (row,) = tables["customers"].to_pylist()
    assert row["address"] == "1 Road\nParis"
    assert (row["valid_from"], row["recorded_at"]) == (customer.valid_from, customer.recorded_at)


def test_prices_tiers_and_groups_are_spelled_out(catalog: sa.Engine, begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        metric = billable_metrics.get(uow.connection, "calls")
        ranges = [
            {"from_value": 0, "to_value": 10, "per_unit_amount": "0.5000", "flat_amount": "1"},
            {"from_value": 11, "to_value": None, "per_unit_amount": "0.25", "flat_amount": "0"},
        ]
        plans.create(
            uow,
            code="tiered",
            name="Tiered",
            interval="monthly",
            amount_cents=0,
            amount_currency="EUR",
            charges_input=[
                {
                    "billable_metric_id": metric.id,
                    "charge_model": "graduated",
                    "properties": {"graduated_ranges": ranges, "pricing_group_keys": ["model", "region"]}
                    | {"presentation_group_keys": [{"value": "cloud"}, {"value": "zone", "options": {"display_in_invoice": True}}]},
                },
                {
                    "billable_metric_id": metric.id,
                    "charge_model": "package",
                    "properties": {"amount": "3", "package_size": 100, "free_units": 5},
                },
                {
                    "billable_metric_id": metric.id,
                    "charge_model": "percentage",
                    "properties": {"rate": "1.50", "fixed_amount": "0.10", "free_units_per_events": 3}
                    | {"free_units_per_total_aggregation": "250.0", "per_transaction_min_amount": "1"}
                    | {"per_transaction_max_amount": "9"},
                },
                {
                    "billable_metric_id": metric.id,
                    "charge_model": "graduated_percentage",
                    "properties": {
                        "graduated_percentage_ranges": [
                            {"from_value": 0, "to_value": None, "rate": "2.0", "flat_amount": "7"}
                        ],
                        "flat_fee_without_usage": False,
                    },
                },
            ],
        )
    tables = exported(catalog)
    tiers = tables["charge_tiers"].to_pylist()
    terms = ("position", "from_value", "to_value", "per_unit_amount", "rate", "flat_amount")
    # Charges of one plan come in the order of their random ids.
    assert sorted((tuple(tier[name] for name in terms) for tier in tiers), key=str) == [
        (1, "0", "10", "0.5", None, "1"),
        (1, "0", None, None, "2", "7"),
        (2, "11", None, "0.25", None, "0"),
    ]
    assert [(g["position"], g["key"]) for g in tables["charge_group_keys"].to_pylist()] == [(1, "model"), (2, "region")]
    shown = tables["charge_presentation_keys"].to_pylist()
    stated = [(row["position"], row["key"], row["display_in_invoice"]) for row in shown]
    assert stated == [(1, "cloud", False), (2, "zone", True)]
    prices = tables["charge_prices"].to_pylist()
    unpriced = {name: None for name in prices[0] if not name.startswith(("charge_", "valid_", "recorded", "sequence"))}
    stated = [{name: price[name] for name in unpriced} for price in prices]
    percentage = {"rate": "1.5", "fixed_amount": "0.1", "free_units_per_events": 3}
    percentage |= {"free_units_per_total_aggregation": "250", "per_transaction_min_amount": "1"}
    percentage |= {"per_transaction_max_amount": "9"}
    for terms in (
        {"amount": "0.1"},
        {"amount": "0.2"},
        {},
        {"amount": "3", "package_size": 100, "free_units": 5},
        percentage,
    ):
        assert unpriced | {"bills_flat_without_usage": True} | terms in stated
    assert unpriced | {"bills_flat_without_usage": False} in stated
    assert len(stated) == 6
    charge_ids = set(tables["charges"]["id"].to_pylist())
    assert {tier["charge_id"] for tier in tiers} < charge_ids


def test_the_marker_for_all_values_follows_the_metrics_versions(
    catalog: sa.Engine, begin: Begin, basic_plan: plans.Plan
) -> None:
    with begin() as uow:
        # Declared and withdrawn before the filter exists, so it must never show up.
        for values in (["us", "eu", "mars"], ["us", "eu"]):
            billable_metrics.update(uow, "calls", filters=[{"key": "region", "values": values}])
    everything = {"values": {"region": [charges.ALL_FILTER_VALUES]}, "properties": {"amount": "1"}}
    with begin() as uow:
        metric = billable_metrics.get(uow.connection, "calls")
        charge_input = {"billable_metric_id": metric.id, "charge_model": "standard", "filters": [everything]}
        plans.update(uow, "basic", charges_input=[{"code": "calls", **charge_input}])
    with begin() as uow:
        wider = billable_metrics.update(uow, "calls", filters=[{"key": "region", "values": ["us", "eu", "ap"]}])
    rows = exported(catalog)["charge_filter_values"].to_pylist()
    assert "mars" not in {row["value"] for row in rows}
    spans = [(row["value"], row["valid_from"] >= wider.valid_from, row["valid_to"]) for row in rows]
    assert [span for span in spans if span[2] is None] == [("ap", True, None), ("eu", True, None), ("us", True, None)]
    assert {span[0] for span in spans if span[2] == wider.valid_from} == {"eu", "us"}


def test_coupon_targets_and_taxes_are_rows(catalog: sa.Engine, begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        taxes.create(uow, code="vat", name="VAT", rate="20.0")
        customers.upsert(uow, "acme", tax_codes=["vat"])
        coupon = coupons.create(
            uow,
            code="tenth",
            name="Tenth",
            coupon_type="percentage",
            percentage_rate="10",
            frequency="once",
            plan_codes=["basic"],
        )
    tables = exported(catalog)
    (target,) = tables["coupon_targets"].to_pylist()
    assert (target["coupon_id"], target["plan_id"], target["billable_metric_id"]) == (coupon.id, basic_plan.id, None)
    (applied,) = tables["applied_taxes"].to_pylist()
    assert applied["owner_type"] == "customer"
    assert tables["taxes"]["rate"].to_pylist() == ["20"]


def test_one_customers_export_holds_its_rows_and_what_is_shared(
    catalog: sa.Engine, begin: Begin, basic_plan: plans.Plan
) -> None:
    with begin() as uow:
        taxes.create(uow, code="vat", name="VAT", rate=20)
        for name in ("one", "two"):
            customers.upsert(uow, name, tax_codes=["vat"])
            subscriptions.create(uow, external_id=f"s-{name}", external_customer_id=name, plan_code="basic")
        one = customers.get(uow.connection, "one")
    with reading(catalog) as connection:
        tables = export(connection, [one.id])
    assert tables["customers"]["external_id"].to_pylist() == ["one"]
    assert tables["subscriptions"]["external_id"].to_pylist() == ["s-one"]
    assert tables["applied_taxes"]["owner_id"].to_pylist() == [one.id]
    assert tables["plans"].num_rows == 1
    assert tables["charge_prices"].num_rows == 2


def test_a_writer_paused_before_its_commit_is_waited_for_by_the_fence(
    catalog: sa.Engine, begin: Begin, clock: ManualClock
) -> None:
    """The writer has its stamp and pauses; the fence must not return a watermark that the writer then undercuts."""
    stamped, go_on = threading.Event(), threading.Event()
    fenced: list[tuple[dict[str, pa.Table], object]] = []

    def write() -> None:
        with begin() as uow:
            customers.upsert(uow, "slow")
            stamped.set()
            assert go_on.wait(30)

    def fence() -> None:
        fenced.append(export_fence(catalog, clock))

    writer, reader = threading.Thread(target=write), threading.Thread(target=fence)
    writer.start()
    assert stamped.wait(30)
    clock.advance(timedelta(hours=1))
    reader.start()
    time.sleep(0.5)
    assert not fenced, "the fence overtook a writer that holds a stamp"
    go_on.set()
    writer.join(30)
    reader.join(30)
    (tables, watermark) = fenced[0]
    (row,) = tables["customers"].to_pylist()
    assert row["external_id"] == "slow"
    assert row["recorded_at"] < watermark


def test_nothing_is_recorded_at_or_before_the_watermark_afterwards(
    catalog: sa.Engine, begin: Begin, clock: ManualClock
) -> None:
    _, watermark = export_fence(catalog, clock)
    clock.set(watermark - timedelta(days=1))  # even when the machine's clock was put back
    with begin() as uow:
        late = customers.upsert(uow, "late")
    assert late.recorded_at > watermark
    tables, following = export_fence(catalog, clock)
    assert late.recorded_at < following
    assert tables["customers"].num_rows == 1


def test_a_commit_right_after_the_watermark_is_not_in_the_export(catalog: sa.Engine, begin: Begin) -> None:
    """A writer that gets the lock the moment the fence lets go of it must not slip into the fence's export."""
    other = connect(catalog.url.render_as_string(hide_password=False))
    made: list[customers.Customer] = []

    def write_at_once(*_: object) -> None:
        if not made:
            with unit_of_work(other, SystemClock()) as uow:
                made.append(customers.upsert(uow, "quick"))

    # The fence's writing connection goes back to the pool as soon as its commit is done.
    sa.event.listen(catalog, "checkin", write_at_once)
    tables, watermark = export_fence(catalog, SystemClock())
    other.dispose()
    assert made[0].recorded_at > watermark
    assert tables["customers"].num_rows == 0


def test_the_fence_does_not_hold_up_writers_while_it_reads(catalog: sa.Engine, begin: Begin) -> None:
    with reading(catalog) as connection:
        connection.execute(sa.text("SELECT count(*) FROM customers"))
        with unit_of_work(catalog, SystemClock()) as uow:
            customers.upsert(uow, "meanwhile")
        assert export(connection)["customers"].num_rows == 0, "a snapshot must not see later commits"
    assert exported(catalog)["customers"].num_rows == 1


def test_the_catalog_does_not_load_duckdb() -> None:
    code = "import sys, core.catalog.export, core.catalog.bootstrap, core.catalog.migrations; print('duckdb' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "False"


def test_what_the_contents_count_is_all_that_an_export_reads(catalog: sa.Engine) -> None:
    read: set[str] = set()

    def remember(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        read.update(re.findall(r"FROM (\w+)", statement))

    sa.event.listen(catalog, "before_cursor_execute", remember)
    with reading(catalog) as connection:
        export(connection)
        exported_tables = set(read)
        read.clear()
        assert contents(connection).keys() == exported_tables
        assert read == exported_tables

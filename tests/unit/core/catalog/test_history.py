"""Every change is kept: the only thing that ever changes in a row is the end of its validity."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from core.catalog import (
    add_ons,
    api_keys,
    applied_coupons,
    billable_metrics,
    billing_entities,
    bootstrap,
    coupons,
    customers,
    deletions,
    invoice_commands,
    one_off_invoices,
    payments,
    plans,
    schedules,
    set_aside_events,
    subscriptions,
    tables,
    taxes,
    test_clocks,
    wallet_transactions,
    wallets,
)
from core.catalog.customers import CUSTOMERS
from core.catalog.engine import reading
from core.catalog.fixed_charge_overrides import override_units
from core.catalog.migrations import migrate
from core.catalog.versions import METADATA
from core.clock import ManualClock
from tests.unit.core.catalog.conftest import NOW, Begin

Rows = dict[tuple[str, str, int], dict[str, Any]]


def rows_of(engine: sa.Engine) -> Rows:
    """(table, id, sequence) -> the row."""
    with reading(engine) as connection:
        return {
            (versions.table.name, row.id, row.sequence): dict(row._mapping)
            for versions in tables.ALL
            for row in connection.execute(sa.select(versions.table))
        }


def everything(begin: Begin) -> Sequence[Any]:
    """One of each kind of change, as separate units of work."""

    def setup(uow: Any) -> None:
        taxes.create(uow, code="vat", name="VAT", rate="20")
        customers.upsert(uow, "acme", currency="EUR", tax_codes=["vat"])
        add_ons.create(uow, code="setup", name="Setup", amount_cents=500, amount_currency="EUR", tax_codes=["vat"])
        terms: dict[str, Any] = {
            "coupon_type": "fixed_amount",
            "amount_cents": 100,
            "amount_currency": "EUR",
            "frequency": "once",
        }
        coupons.create(uow, code="five", name="Five", **terms)
        sold = {"add_on_code": "setup", "charge_model": "standard", "units": 3, "tax_codes": ["vat"]}
        plans.update(uow, "basic", fixed_charges_input=[sold])
        api_keys.create(uow)
        schedules.add_ticks(uow, schedules.get(uow.connection, "usage"), [NOW])
        test_clocks.create(uow, "world", NOW)

    def use(uow: Any) -> None:
        customer = customers.get(uow.connection, "acme")
        subscriptions.create(uow, external_id="s", external_customer_id="acme", plan_code="basic")
        applied_coupons.apply(uow, external_customer_id="acme", coupon_code="five")
        wallets.create(uow, external_customer_id="acme", rate_amount="1", paid_credits="10", granted_credits="5")
        fees = [{"add_on_code": "setup", "tax_codes": ["vat"]}]
        one_off_invoices.create(uow, external_customer_id="acme", fees=fees)
        invoice_commands.finalize(uow, invoice_id="i", customer_id=customer.id)
        event = {"external_subscription_id": "s", "transaction_id": "t"}
        set_aside_events.set_aside(uow, customer_id=customer.id, reason="a test", set_aside_by="us", **event)
        payments.record(uow, invoice_id="i", customer_id=customer.id, amount_cents=1, reference="r")

    def change(uow: Any) -> None:
        (wallet,) = wallets.page(uow.connection).items
        for transaction in wallet_transactions.page(uow.connection, wallet.id).items:
            wallet_transactions.settle_transaction(uow, transaction.id)
        customers.upsert(uow, "acme", name="Acme Ltd", tax_codes=[])
        override_units(uow, "s", "setup", "7")
        seats = {"code": "setup", "units": 4, "properties": {"amount": "2"}}
        plans.update(uow, "basic", amount_cents=2000, charges_input=[], fixed_charges_input=[seats])
        billable_metrics.update(uow, "calls", name="All calls")
        billing_entities.update(uow, "default", timezone="Europe/Paris")
        taxes.update(uow, "vat", rate="21")
        coupons.update(uow, "five", amount_cents=200)
        add_ons.update(uow, "setup", amount_cents=600)
        subscriptions.update(uow, "s", name="Main")
        wallets.update(uow, wallet.id, priority=1)
        schedules.put(uow, "periodic", every_seconds=86400)
        (test_clock,) = test_clocks.TEST_CLOCKS.all(uow.connection)
        test_clocks.advance(uow, test_clock.id, NOW)

    def remove(uow: Any) -> None:
        (key,) = api_keys.page(uow.connection).items
        api_keys.revoke(uow, key.id)
        applied_coupons.delete_coupon(uow, "five")
        deletions.delete_add_on(uow, "setup")
        taxes.delete(uow, "vat")
        deletions.delete_metric(uow, "calls")
        deletions.delete_plan(uow, "basic")
        deletions.delete_customer(uow, "acme")

    return (setup, use, change, remove)


def test_only_valid_to_ever_changes(catalog: sa.Engine, begin: Begin, basic_plan: plans.Plan) -> None:
    before = rows_of(catalog)
    for step in everything(begin):
        with begin() as uow:
            step(uow)
        after = rows_of(catalog)
        for key, row in before.items():
            assert key in after, f"{key} was deleted by {step.__name__}"
            changed = {name for name in row if row[name] != after[key][name]}
            assert changed <= {"valid_to"}, f"{step.__name__} changed {changed} of {key}"
            assert not changed or row["valid_to"] is None, f"{step.__name__} closed {key} twice"
        before = after


def test_the_versions_of_an_object_follow_each_other_without_overlap(
    catalog: sa.Engine, begin: Begin, basic_plan: plans.Plan
) -> None:
    for step in everything(begin):
        with begin() as uow:
            step(uow)
    by_object: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for (table, object_id, _), row in sorted(rows_of(catalog).items()):
        by_object.setdefault((table, object_id), []).append(row)
    assert any(len(rows) > 2 for rows in by_object.values())
    for key, rows in by_object.items():
        for row, following in pairwise(rows):
            assert row["valid_to"] is not None and row["valid_from"] < row["valid_to"] <= following["valid_from"], key


def test_history_tells_every_version(catalog: sa.Engine, begin: Begin, clock: ManualClock) -> None:
    names = ["Acme", "Acme Ltd", "Acme plc"]
    for name in names:
        with begin() as uow:
            customer = customers.upsert(uow, "acme", name=name)
    with reading(catalog) as connection:
        history = CUSTOMERS.history(connection, customer.id)
    assert [version.name for version in history] == names
    assert [version.valid_to for version in history] == [history[1].valid_from, history[2].valid_from, None]
    assert len({version.created_at for version in history}) == 1


def test_a_change_that_changes_nothing_adds_no_version(catalog: sa.Engine, begin: Begin) -> None:
    with begin() as uow:
        first = customers.upsert(uow, "acme", name="Acme", metadata=[{"key": "a", "value": "b"}])
    with begin() as uow:
        again = customers.upsert(uow, "acme", name="Acme", metadata=[{"key": "a", "value": "b"}])
    assert again == first


def test_migrations_make_exactly_the_tables_that_the_code_expects(catalog: sa.Engine) -> None:
    with reading(catalog) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_migrating_and_bootstrapping_again_change_nothing(catalog_url: str, catalog: sa.Engine, begin: Begin) -> None:
    before = rows_of(catalog)
    assert {row["name"] for (table, _, _), row in before.items() if table == "schedules"} == set(schedules.NAMES)
    migrate(catalog_url)
    with begin() as uow:
        bootstrap.bootstrap(uow)
    assert rows_of(catalog) == before


def test_an_instant_with_a_zone_is_refused(begin: Begin) -> None:
    with begin() as uow, pytest.raises(Exception, match="naive UTC"):
        schedules.put(uow, "periodic", first_at=NOW.replace(tzinfo=UTC))

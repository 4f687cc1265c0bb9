"""The audit log: written with the change, whoever makes it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from core.catalog import activity_log, api_keys, customers, plans, subscriptions
from core.catalog.activities import Author
from core.catalog.activity_log import ActivityFilter
from core.catalog.engine import reading
from core.catalog.unit_of_work import trial, unit_of_work
from core.clock import ManualClock
from tests.unit.core.catalog.conftest import Begin

ANN = Author("api", "ann", "request-1")


def test_a_change_names_its_author_and_the_object_before_and_after(begin: Begin, catalog: sa.Engine, clock: ManualClock) -> None:
    with unit_of_work(catalog, clock, ANN) as uow:
        made = customers.upsert(uow, "acme", name="Acme", currency="EUR")
    with begin() as uow:
        customers.upsert(uow, "acme", name="Acme Ltd")
    with reading(catalog) as connection:
        changed, created = activity_log.page(connection, ActivityFilter(customer_id=made.id)).items
    assert (created.activity_type, created.resource_type, created.resource_id) == ("customer.created", "Customer", made.id)
    assert (created.source, created.author, created.request_id, created.recorded_at) == ("api", "ann", "request-1", made.recorded_at)
    assert created.before is None and created.after is not None and created.after["name"] == "Acme"
    assert (changed.activity_type, changed.source, changed.author, changed.changes) == ("customer.updated", "system", None, {"name": ["Acme", "Acme Ltd"]})


def test_what_fails_or_was_only_tried_leaves_no_trace(begin: Begin, catalog: sa.Engine, clock: ManualClock) -> None:
    def count() -> int:
        with reading(catalog) as connection:
            return activity_log.page(connection, ActivityFilter()).total

    before = count()
    with pytest.raises(RuntimeError), begin() as uow:
        customers.upsert(uow, "acme")
        raise RuntimeError
    with trial(catalog, clock) as uow:
        customers.upsert(uow, "acme")
    assert count() == before


def test_one_change_of_an_object_is_one_row_and_what_ends_is_deleted(begin: Begin, catalog: sa.Engine, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        row = subscriptions.create(uow, external_id="s", external_customer_id="acme", plan_code="basic")
        key, _ = api_keys.create(uow, "ci")
    with begin() as uow:
        api_keys.revoke(uow, key.id)
        made, _ = api_keys.create(uow, "gone at once")
        api_keys.revoke(uow, made.id)
    with reading(catalog) as connection:
        of_subscription = activity_log.page(connection, ActivityFilter(external_subscription_id="s")).items
        assert [(activity.activity_type, activity.resource_id) for activity in of_subscription] == [("subscription.created", row.id)]
        ended, created = activity_log.page(connection, ActivityFilter(resource_ids=(key.id,))).items
        assert (ended.activity_type, created.activity_type) == ("api_key.deleted", "api_key.created")
        assert ended.before is not None and "key_hash" not in ended.before and ended.after is None
        assert activity_log.page(connection, ActivityFilter(resource_ids=(made.id,))).total == 0
        assert activity_log.get(connection, ended.activity_id) == ended


@pytest.mark.parametrize(
    ("wanted", "types"),
    [
        (ActivityFilter(types=("customer.created",)), {"customer.created"}),
        (ActivityFilter(resource_types=("Tax", "ApiKey")), {"api_key.created"}),
        (ActivityFilter(types=("nothing.created",)), set()),
        (ActivityFilter(sources=("front",)), set()),
        (ActivityFilter(sources=("api",), authors=("ann",)), {"customer.created", "api_key.created"}),
        (ActivityFilter(authors=("bob",)), set()),
    ],
)
def test_it_can_be_narrowed(begin: Begin, catalog: sa.Engine, clock: ManualClock, wanted: ActivityFilter, types: set[str]) -> None:
    with unit_of_work(catalog, clock, ANN) as uow:
        customers.upsert(uow, "acme")
        api_keys.create(uow)
    with reading(catalog) as connection:
        assert {row.activity_type for row in activity_log.page(connection, wanted).items} == types


def test_days_bound_it(begin: Begin, catalog: sa.Engine, clock: ManualClock) -> None:
    with begin() as uow:
        made = customers.upsert(uow, "acme")
    with reading(catalog) as connection:
        for wanted, count in (
            (ActivityFilter(customer_id=made.id, since=made.recorded_at), 1),
            (ActivityFilter(customer_id=made.id, before=made.recorded_at), 0),
        ):
            assert activity_log.page(connection, wanted).total == count

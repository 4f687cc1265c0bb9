"""Subscriptions and customers: creation, repetition, ends (invoicing §2.6)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from core.catalog import customers, deletions, plans, subscriptions, usage_thresholds
from core.catalog.subscription_versions import Subscription
from core.clock import MICROSECOND, ManualClock
from core.errors import Conflict, NotFound, ValidationError
from tests.unit.core.catalog.conftest import NOW, Begin

DAY = timedelta(days=1)
S: dict[str, Any] = {"external_id": "s", "external_customer_id": "acme", "plan_code": "basic"}


def test_it_starts_now_by_the_calendar_and_creates_an_unknown_customer(begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        made = subscriptions.create(uow, **S)
        customer = customers.get(uow.connection, "acme")
    assert made.customer_id == customer.id
    assert made.billing_time == "calendar"
    assert made.subscription_at == made.started_at == made.created_at == made.recorded_at
    assert made.creation_sequence == made.sequence


def test_creating_it_again_returns_the_running_one(begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        made = subscriptions.create(uow, **S)
    with begin() as uow:
        assert subscriptions.create(uow, **S, name="other") == made
        assert subscriptions.create_many(uow, [S, S]) == [made, made]


def test_one_batch_may_repeat_itself(begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        one, other = subscriptions.create_many(uow, [S, S])
        assert one is other
        assert subscriptions.page(uow.connection, instant=one.started_at).total == 1


@pytest.fixture()
def cheap_plan(begin: Begin, basic_plan: plans.Plan) -> plans.Plan:
    with begin() as uow:
        return plans.create(uow, code="cheap", name="Cheap", interval="yearly", amount_cents=12 * basic_plan.amount_cents - 1, amount_currency="EUR")


CHEAP = {**S, "plan_code": "cheap"}
SWITCH = NOW + 9 * DAY


def at_switch(subscription: Subscription, at: datetime) -> datetime:
    return SWITCH


def test_a_cheaper_plan_waits_for_the_end_of_the_period(begin: Begin, cheap_plan: plans.Plan) -> None:
    with begin() as uow:
        made = subscriptions.create(uow, **S, billing_time="anniversary", ending_at=NOW + 400 * DAY, name="Main")
    with begin() as uow:
        running = subscriptions.create(uow, **CHEAP, period_end=at_switch, usage_thresholds_input=[{"amount_cents": 5}])
        waiting = subscriptions.next_of(uow.connection, [made.id])[made.id]
        assert usage_thresholds.thresholds_of(uow.connection, "subscription", [made.id, waiting.id]).keys() == {waiting.id}
        assert subscriptions.get(uow.connection, "s", SWITCH - MICROSECOND) == running
        assert subscriptions.get(uow.connection, "s", SWITCH) == waiting
        assert subscriptions.get(uow.connection, "s", SWITCH - MICROSECOND, "pending") == waiting
        with pytest.raises(NotFound):
            subscriptions.get(uow.connection, "s", SWITCH, "pending")
        assert subscriptions.create(uow, **S) == running, "the plan that it has is no change"
        assert [row.id for row in subscriptions.page(uow.connection, instant=SWITCH - MICROSECOND).items] == [made.id]
        assert [row.id for row in subscriptions.page(uow.connection, instant=SWITCH).items] == [waiting.id]
        ended = subscriptions.page(uow.connection, statuses=["terminated"], instant=SWITCH)
        assert [row.id for row in ended.items] == [made.id]
    assert (running.id, running.plan_id, running.downgrade_at, running.terminated_at) == (made.id, made.plan_id, SWITCH, None)
    assert [running.status_at(at) for at in (SWITCH - MICROSECOND, SWITCH)] == ["active", "terminated"]
    assert [waiting.status_at(at) for at in (SWITCH - MICROSECOND, SWITCH)] == ["pending", "active"]
    assert (waiting.plan_id, waiting.started_at, waiting.previous_subscription_id) == (cheap_plan.id, SWITCH, made.id)
    assert (waiting.subscription_at, waiting.billing_time, waiting.ending_at, waiting.name) == (made.subscription_at, "anniversary", made.ending_at, "Main")


def test_a_downgrade_that_waits_is_replaced_undone_and_ends_with_the_running_one(begin: Begin, cheap_plan: plans.Plan) -> None:
    with begin() as uow:
        free = plans.create(uow, code="free", name="Free", interval="monthly", amount_cents=0, amount_currency="EUR")
        plans.create(uow, code="pro", name="Pro", interval="monthly", amount_cents=10**9, amount_currency="EUR")
        made = subscriptions.create(uow, **S)
        subscriptions.create(uow, **CHEAP, period_end=at_switch)
        waiting = subscriptions.next_of(uow.connection, [made.id])[made.id]
        subscriptions.create(uow, **{**S, "plan_code": "free"})
        replaced = subscriptions.next_of(uow.connection, [made.id])[made.id]
        assert (replaced.id, replaced.plan_id) == (waiting.id, free.id)
        assert subscriptions.cancel_pending(uow, "s").id == waiting.id
        kept = subscriptions.get(uow.connection, "s", NOW)
        assert (kept.id, kept.downgrade_at, subscriptions.next_of(uow.connection, [made.id])) == (made.id, None, {})
        with pytest.raises(NotFound):
            subscriptions.cancel_pending(uow, "s")
        subscriptions.create(uow, **CHEAP, period_end=at_switch)
        upgraded = subscriptions.create(uow, **{**S, "plan_code": "pro"})
        assert subscriptions.next_of(uow.connection, [made.id]) == {made.id: upgraded}
        assert subscriptions.by_ids(uow.connection, [made.id])[made.id].status == "terminated"
        subscriptions.create(uow, **CHEAP, period_end=at_switch)
        ended = subscriptions.terminate(uow, "s")
        assert (ended.id, ended.downgrade_at, subscriptions.next_of(uow.connection, [upgraded.id])) == (upgraded.id, None, {})
        with pytest.raises(NotFound):
            subscriptions.terminate(uow, "s")


def test_after_the_switch_commands_find_the_cheaper_one(begin: Begin, cheap_plan: plans.Plan, clock: ManualClock) -> None:
    with begin() as uow:
        made = subscriptions.create(uow, **S)
        subscriptions.create(uow, **CHEAP, period_end=at_switch)
    clock.set(SWITCH)
    with begin() as uow:
        again = subscriptions.create(uow, **CHEAP)
        assert again.previous_subscription_id == made.id
        assert subscriptions.create(uow, **S).previous_subscription_id == again.id, "back is an upgrade now"


def test_a_planned_end_moves_with_the_downgrade_or_calls_it_off(begin: Begin, cheap_plan: plans.Plan) -> None:
    with begin() as uow:
        made = subscriptions.create(uow, **S, ending_at=SWITCH)
        with pytest.raises(Conflict) as refused:
            subscriptions.create(uow, **CHEAP, period_end=at_switch)
        assert refused.value.code == "subscription_ends_before"
        subscriptions.update(uow, "s", ending_at=None)
        subscriptions.create(uow, **CHEAP, period_end=at_switch)
        subscriptions.update(uow, "s", ending_at=SWITCH + DAY)
        assert subscriptions.next_of(uow.connection, [made.id])[made.id].ending_at == SWITCH + DAY
        moved = subscriptions.update(uow, "s", ending_at=SWITCH)
        assert (moved.downgrade_at, moved.ending_at, subscriptions.next_of(uow.connection, [made.id])) == (None, SWITCH, {})


def test_without_the_end_of_the_period_a_cheaper_plan_is_refused(begin: Begin, cheap_plan: plans.Plan) -> None:
    with begin() as uow:
        subscriptions.create(uow, **S)
        with pytest.raises(Conflict) as refused:
            subscriptions.create(uow, **CHEAP)
    assert refused.value.code == "downgrade_not_supported"


def test_deleting_its_plan_calls_a_downgrade_off(begin: Begin, cheap_plan: plans.Plan) -> None:
    with begin() as uow:
        made = subscriptions.create(uow, **S)
        subscriptions.create(uow, **CHEAP, period_end=at_switch)
        deletions.delete_plan(uow, "cheap")
        kept = subscriptions.get(uow.connection, "s", NOW)
        assert (kept.id, kept.downgrade_at, kept.status) == (made.id, None, "active")


def test_deleting_its_customer_ends_both_sides_of_a_downgrade(begin: Begin, cheap_plan: plans.Plan) -> None:
    with begin() as uow:
        made = subscriptions.create(uow, **S)
        subscriptions.create(uow, **CHEAP, period_end=at_switch)
        deletions.delete_customer(uow, "acme")
        assert subscriptions.by_ids(uow.connection, [made.id])[made.id].status == "terminated"
        assert subscriptions.next_of(uow.connection, [made.id]) == {}


def test_a_plan_of_the_same_yearly_price_takes_over_at_once(begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        plan = plans.create(uow, code="pro", name="Pro", interval="yearly", amount_cents=12 * basic_plan.amount_cents, amount_currency="EUR")
        made = subscriptions.create(uow, **S, billing_time="anniversary", ending_at=NOW + 400 * DAY)
        new = subscriptions.create(uow, **{**S, "plan_code": "pro"})
        old = subscriptions.by_ids(uow.connection, [made.id])[made.id]
        assert subscriptions.get(uow.connection, S["external_id"], NOW) == new
    assert (old.status, old.terminated_at, old.valid_from) == ("terminated", new.started_at, new.valid_from)
    assert (new.plan_id, new.previous_subscription_id) == (plan.id, old.id)
    assert (new.subscription_at, new.billing_time, new.ending_at) == (made.subscription_at, "anniversary", made.ending_at)


def test_one_that_has_not_started_takes_the_other_plan(begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        plan = plans.create(uow, code="pro", name="Pro", interval="monthly", amount_cents=0, amount_currency="EUR")
        made = subscriptions.create(uow, **S, subscription_at=NOW + 9 * DAY)
        changed = subscriptions.create(uow, **{**S, "plan_code": "pro"})
    assert (changed.id, changed.plan_id) == (made.id, plan.id)


def test_a_batch_may_upgrade_what_it_begins(begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        plans.create(uow, code="pro", name="Pro", interval="monthly", amount_cents=10**9, amount_currency="EUR")
        old, new = subscriptions.create_many(uow, [S, {**S, "plan_code": "pro"}])
        assert new.previous_subscription_id == old.id
        assert subscriptions.get(uow.connection, S["external_id"], NOW) == new


def test_another_customers_external_id_is_taken(begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        subscriptions.create(uow, **S)
        with pytest.raises(ValidationError) as refused:
            subscriptions.create(uow, **{**S, "external_customer_id": "rival"})
    assert refused.value.details == {"external_id": ["value_already_exist"]}


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"external_id": ""}, {"external_id": ["value_is_mandatory"]}),
        ({"external_customer_id": ""}, {"external_customer_id": ["value_is_mandatory"]}),
        ({"billing_time": "lunar"}, {"billing_time": ["value_is_invalid"]}),
        ({"subscription_at": "soon"}, {"subscription_at": ["invalid_date"]}),
        ({"ending_at": NOW - DAY}, {"ending_at": ["invalid_date"]}),
        ({"subscription_at": NOW + 2 * DAY, "ending_at": NOW + DAY}, {"ending_at": ["invalid_date"]}),
    ],
)
def test_subscription_codes(
    begin: Begin, basic_plan: plans.Plan, change: dict[str, Any], codes: dict[str, list[str]]
) -> None:
    with begin() as uow, pytest.raises(ValidationError) as refused:
        subscriptions.create(uow, **{**S, **change})
    assert refused.value.details == codes


def test_a_future_start_is_pending_and_can_be_canceled(begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        made = subscriptions.create(uow, **S, subscription_at=NOW + DAY)
        assert (made.started_at, made.status_at(NOW), made.status_at(NOW + DAY)) == (NOW + DAY, "pending", "active")
        moved = subscriptions.update(uow, "s", subscription_at=NOW + 2 * DAY)
        assert moved.started_at == moved.subscription_at == NOW + 2 * DAY
        gone = subscriptions.terminate(uow, "s")
        assert gone.status == "canceled"
        with pytest.raises(NotFound):
            subscriptions.terminate(uow, "s")


def test_it_ends_now_and_a_new_one_does_not_start_before_that(
    begin: Begin, basic_plan: plans.Plan, clock: ManualClock
) -> None:
    anchor = datetime(2026, 1, 15)
    with begin() as uow:
        subscriptions.create(uow, **S, subscription_at=anchor, billing_time="anniversary")
    clock.advance(DAY)
    with begin() as uow:
        ended = subscriptions.terminate(uow, "s")
        assert (ended.status, ended.terminated_at, ended.on_termination_invoice) == (
            "terminated",
            NOW + DAY,
            "generate",
        )
    clock.advance(DAY)
    with begin() as uow:
        again = subscriptions.create(uow, **S, subscription_at=anchor)
        assert again.subscription_at == anchor, "the anchor is kept"
        assert again.started_at == ended.terminated_at, "the final invoice covers what was before"
        subscriptions.terminate(uow, "s", on_termination_invoice="skip")
        assert subscriptions.get(uow.connection, "s", clock.now()).on_termination_invoice == "skip"


def test_an_end_that_has_passed_needs_no_command(begin: Begin, basic_plan: plans.Plan, clock: ManualClock) -> None:
    with begin() as uow:
        first = subscriptions.create(uow, **S, ending_at=NOW + DAY)
    clock.set(NOW + 2 * DAY)
    with begin() as uow:
        assert first.status_at(clock.now()) == "terminated"
        ended = subscriptions.page(uow.connection, statuses=["terminated"], instant=clock.now())
        assert [row.id for row in ended.items] == [first.id]
        second = subscriptions.create(uow, **S)
        assert second.id != first.id
        assert subscriptions.get(uow.connection, "s", clock.now()).external_id == "s"
        active = subscriptions.page(uow.connection, instant=second.started_at)
        assert [row.id for row in active.items] == [second.id]


def test_after_a_passed_end_terminate_finds_the_running_one(
    begin: Begin, basic_plan: plans.Plan, clock: ManualClock
) -> None:
    with begin() as uow:
        subscriptions.create(uow, **S, ending_at=NOW + DAY)
    clock.set(NOW + 2 * DAY)
    with begin() as uow:
        second = subscriptions.create(uow, **S)
    with begin() as uow:
        assert subscriptions.terminate(uow, "s").id == second.id


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"external_id": " "}, {"external_id": ["value_is_mandatory"]}),
        ({"external_id": "a/b"}, {"external_id": ["value_is_invalid"]}),
        ({"currency": "EURO"}, {"currency": ["value_is_invalid"]}),
        ({"timezone": "Mars/Base"}, {"timezone": ["invalid_timezone"]}),
        ({"email": "nobody"}, {"email": ["invalid_email_format"]}),
        ({"country": "France"}, {"country": ["not_a_valid_country_code"]}),
        ({"finalize_zero_amount_invoice": "no"}, {"finalize_zero_amount_invoice": ["invalid_value"]}),
        ({"metadata": [{}] * 6}, {"metadata": ["invalid_count"]}),
        ({"net_payment_term": -1}, {"net_payment_term": ["value_is_out_of_range"]}),
    ],
)
def test_customer_codes(begin: Begin, change: dict[str, Any], codes: dict[str, list[str]]) -> None:
    with begin() as uow, pytest.raises(ValidationError) as refused:
        customers.upsert(uow, **{"external_id": "acme", **change})
    assert refused.value.details == codes


def test_upsert_keeps_what_is_absent_and_null_clears(begin: Begin) -> None:
    with begin() as uow:
        first = customers.upsert(uow, "acme", name="Acme", email="a@b.c", timezone="Europe/Paris")
        changed = customers.upsert(uow, "acme", email=None, name="Acme Ltd")
    assert changed.id == first.id
    assert (changed.name, changed.email, changed.timezone) == ("Acme Ltd", None, "Europe/Paris")


def test_creating_many_refuses_a_taken_or_repeated_external_id(begin: Begin) -> None:
    with begin() as uow:
        assert [row.sequential_id for row in customers.create_many(uow, [{"external_id": x} for x in "abc"])] == [
            1,
            2,
            3,
        ]
        for repeated in ("ad", "ee"):
            with pytest.raises(ValidationError):
                customers.create_many(uow, [{"external_id": x} for x in repeated])


def test_a_deleted_customer_is_gone_from_lists_but_still_current(begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        made = subscriptions.create(uow, **S)
    with begin() as uow:
        deletions.delete_customer(uow, "acme")
        assert subscriptions.by_ids(uow.connection, [made.id])[made.id].status == "terminated"
        assert customers.page(uow.connection).total == 0
        assert customers.by_id(uow.connection, made.customer_id).deleted_at is not None
        assert customers.upsert(uow, "acme").sequential_id == 2


def test_pages_are_newest_first_with_the_total(begin: Begin, clock: ManualClock) -> None:
    for name in "abc":
        with begin() as uow:
            customers.upsert(uow, name)
    with begin() as uow:
        page = customers.page(uow.connection, limit=2, offset=1)
    assert ([row.external_id for row in page.items], page.total) == (["b", "a"], 3)

"""Stamps: commit order is stamp order, on the wall clock and on test clocks (law 1)."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa

from core.catalog import customers, plans, subscriptions, taxes, test_clocks
from core.catalog.customers import CUSTOMERS
from core.catalog.engine import reading
from core.catalog.unit_of_work import unit_of_work
from core.clock import MICROSECOND, ManualClock, SystemClock
from core.errors import Conflict, NotFound
from tests.unit.core.catalog.conftest import NOW, Begin

WRITERS, ROUNDS = 8, 6
READING = datetime(2024, 1, 31)


def test_concurrent_writers_get_strictly_increasing_stamps_in_commit_order(catalog: sa.Engine, begin: Begin) -> None:
    """What a reader sees appear later always carries a later stamp than all it saw before."""
    failures: list[Exception] = []

    def write(writer: int) -> None:
        try:
            for number in range(ROUNDS):
                with unit_of_work(catalog, SystemClock()) as uow:
                    customers.upsert(uow, f"{writer}-{number}")
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    seen: set[int] = set()
    while any(thread.is_alive() for thread in threads):
        with reading(catalog) as connection:
            visible: set[int] = set(connection.execute(sa.select(CUSTOMERS.c.sequence)).scalars())
        fresh = visible - seen
        assert not fresh or not seen or min(fresh) > max(seen)
        seen = visible
    assert not failures
    with reading(catalog) as connection:
        rows = connection.execute(
            sa.select(CUSTOMERS.c.sequence, CUSTOMERS.c.recorded_at, CUSTOMERS.c.sequential_id).order_by(
                CUSTOMERS.c.sequence
            )
        ).all()
    assert len(rows) == WRITERS * ROUNDS
    for earlier, later in pairwise(rows):
        assert earlier.sequence < later.sequence
        assert earlier.recorded_at < later.recorded_at
    assert [row.sequential_id for row in rows] == list(range(1, WRITERS * ROUNDS + 1))


def test_recorded_at_increases_when_the_clock_stands_still_or_goes_back(begin: Begin, clock: ManualClock) -> None:
    with begin() as uow:
        first = customers.upsert(uow, "first")
    clock.set(NOW - timedelta(hours=1))
    with begin() as uow:
        second, third = customers.upsert(uow, "second"), customers.upsert(uow, "third")
    assert NOW <= first.recorded_at < second.recorded_at < third.recorded_at
    assert third.recorded_at == second.recorded_at + MICROSECOND
    assert second.valid_from == second.recorded_at


def test_a_block_that_raises_commits_nothing(catalog: sa.Engine, begin: Begin) -> None:
    with pytest.raises(RuntimeError), begin() as uow:
        customers.upsert(uow, "gone")
        raise RuntimeError
    with reading(catalog) as connection:
        assert customers.find(connection, "gone") is None


def test_a_customer_on_a_test_clock_lives_in_its_time(begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        test_clock = test_clocks.create(uow, "world", READING)
        customer = customers.upsert(uow, "acme", test_clock_id=test_clock.id)
        subscription = subscriptions.create(uow, external_id="s", external_customer_id="acme", plan_code="basic")
    assert customer.valid_from == READING
    assert subscription.valid_from == READING + MICROSECOND, "order is kept on one reading"
    assert subscription.started_at == READING, "but business times are what the clock shows"
    assert subscription.recorded_at >= NOW, "recorded_at is always the wall clock"
    with begin() as uow:
        later = customers.upsert(uow, "acme", name="Acme")
        assert later.valid_from == READING + 2 * MICROSECOND, "the order goes on over units of work"
        test_clocks.advance(uow, test_clock.id, READING + timedelta(days=29))
        ended = subscriptions.terminate(uow, "s")
    assert ended.terminated_at == ended.valid_from == READING + timedelta(days=29)


def test_a_test_clock_never_goes_back(begin: Begin) -> None:
    with begin() as uow:
        test_clock = test_clocks.create(uow, "world", READING)
    with begin() as uow, pytest.raises(Conflict, match="cannot go back"):
        test_clocks.advance(uow, test_clock.id, READING - MICROSECOND)


def test_a_small_step_of_a_test_clock_keeps_order(begin: Begin) -> None:
    with begin() as uow:
        test_clock = test_clocks.create(uow, "world", READING)
        made = [customers.upsert(uow, f"c{number}", test_clock_id=test_clock.id) for number in range(5)]
        test_clocks.advance(uow, test_clock.id, READING + MICROSECOND)
        made.append(customers.upsert(uow, "after", test_clock_id=test_clock.id))
    instants = [customer.valid_from for customer in made]
    assert instants == sorted(set(instants))


def test_a_shared_object_can_be_placed_on_a_test_clock(begin: Begin) -> None:
    with begin() as uow:
        test_clock = test_clocks.create(uow, "world", READING)
        tax = taxes.create(uow, code="vat", name="VAT", rate="20", test_clock_id=test_clock.id)
    assert tax.valid_from == READING


def test_an_object_of_the_wall_clock_cannot_change_in_a_test_clocks_past(begin: Begin) -> None:
    with begin() as uow:
        test_clock = test_clocks.create(uow, "world", READING)
        taxes.create(uow, code="vat", name="VAT", rate="20")
        with pytest.raises(Conflict, match="clock that it was created on"):
            taxes.update(uow, "vat", rate="21", test_clock_id=test_clock.id)


def test_unknown_owners_of_a_stamp_are_named(begin: Begin) -> None:
    with begin() as uow:
        with pytest.raises(NotFound, match="customer"):
            uow.stamp_for("nobody")
        with pytest.raises(NotFound, match="test_clock"):
            uow.stamp_for(test_clock_id="none")

"""Test clocks: a customer that carries one lives in its time, for stamps, schedules and bills (law 1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Version, Versions
from core.errors import Conflict, NotFound
from core.ids import new_id


@dataclass(frozen=True, kw_only=True, slots=True)
class TestClock(Version):
    """One reading of a test clock. `valid_from` is wall time here; `reading` is what it shows since then."""

    __test__ = False  # pytest would collect the name

    name: str
    reading: datetime


TEST_CLOCKS = Versions("test_clocks", TestClock)


def create(uow: UnitOfWork, name: str, reading: datetime) -> TestClock:
    """A new test clock that shows `reading` (naive UTC)."""
    clock = TEST_CLOCKS.add(uow, uow.stamp_for(), id=new_id(), name=name, reading=reading)
    uow.clock_was_set(clock.id, reading)
    return clock


def advance(uow: UnitOfWork, test_clock_id: str, to: datetime) -> TestClock:
    """Move the clock on to `to`. Raises NotFound, or Conflict `test_clock_runs_forward` for an earlier instant."""
    clock = get(uow.connection, test_clock_id)
    if to < clock.reading:
        raise Conflict(
            "test_clock_runs_forward", f"the clock shows {clock.reading} and cannot go back to {to}; create a new clock"
        )
    clock = TEST_CLOCKS.amend(uow, uow.stamp_for(), clock, reading=to)
    uow.clock_was_set(clock.id, to)
    return clock


def get(connection: sa.Connection, test_clock_id: str) -> TestClock:
    """The clock with its present reading. Raises NotFound."""
    clock = TEST_CLOCKS.first(connection, TEST_CLOCKS.c.id == test_clock_id)
    if clock is None:
        raise NotFound("test_clock", test_clock_id)
    return clock

"""Schedules: the ticks at which bills fall due. A schedule is a fact like any other, with history (law 1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Version, Versions
from core.domain.problems import Problems
from core.errors import NotFound
from core.ids import deterministic_id

NAMES = ("periodic", "trial", "ending", "usage", "finalize", "top_ups", "dunning")
FIRST_AT = datetime(1970, 1, 1)
HOURLY_SECONDS = 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule(Version):
    """Ticks at `first_at` + n * `every_seconds`, or listed one by one when `every_seconds` is None."""

    name: str
    test_clock_id: str | None
    first_at: datetime
    every_seconds: int | None
    catch_up: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleTick(Version):
    """One listed tick of a schedule."""

    schedule_id: str
    tick_at: datetime


SCHEDULES = Versions("schedules", Schedule, index=("name",))
SCHEDULE_TICKS = Versions("schedule_ticks", ScheduleTick, index=("schedule_id",))


def put(
    uow: UnitOfWork,
    name: str,
    *,
    first_at: datetime = FIRST_AT,
    every_seconds: int | None = HOURLY_SECONDS,
    catch_up: bool = True,
    test_clock_id: str | None = None,
) -> Schedule:
    """Create or change the schedule of this name, of everyone or of one test clock.

    `name` is one of NAMES. Raises ValidationError.
    """
    problems = Problems({"name": name, "every_seconds": every_seconds})
    problems.one_of("name", NAMES)
    problems.integer("every_seconds", least=1)
    problems.refuse()
    schedule_id = deterministic_id("schedule", name, test_clock_id or "")
    terms = {"first_at": first_at, "every_seconds": every_seconds, "catch_up": catch_up}
    current = SCHEDULES.first(uow.connection, SCHEDULES.c.id == schedule_id)
    stamp = uow.stamp_for(test_clock_id=test_clock_id)
    if current is not None:
        return SCHEDULES.amend(uow, stamp, current, **terms)
    return SCHEDULES.add(uow, stamp, id=schedule_id, name=name, test_clock_id=test_clock_id, **terms)


def add_ticks(uow: UnitOfWork, schedule: Schedule, ticks: Iterable[datetime]) -> None:
    """List more ticks (naive UTC) of a schedule; a tick that is listed already stays as it is."""
    stamp = uow.stamp_for(test_clock_id=schedule.test_clock_id)
    listed = {tick.tick_at for tick in SCHEDULE_TICKS.all(uow.connection, SCHEDULE_TICKS.c.schedule_id == schedule.id)}
    for tick_at in sorted(set(ticks) - listed):
        tick_id = deterministic_id(schedule.id, tick_at.isoformat())
        SCHEDULE_TICKS.add(uow, stamp, id=tick_id, schedule_id=schedule.id, tick_at=tick_at)


def get(connection: sa.Connection, name: str, test_clock_id: str | None = None) -> Schedule:
    """The schedule of this name, of everyone or of one test clock. Raises NotFound."""
    schedule = SCHEDULES.first(
        connection, SCHEDULES.c.name == name, SCHEDULES.c.test_clock_id.is_not_distinct_from(test_clock_id)
    )
    if schedule is None:
        raise NotFound("schedule", name)
    return schedule

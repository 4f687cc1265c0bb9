"""The only place that commits, the only source of stamps, and the only writer of what webhooks tell of commands.

A stamp is taken inside the write transaction, under the write lock. So the order of stamps is the order of commits, and
once a watermark has been stamped nothing can be committed with an earlier one (law 1).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.catalog import activities, webhooks
from core.catalog.activities import SYSTEM, Author
from core.catalog.engine import writing
from core.catalog.versions import METADATA, Instant, Version
from core.catalog.webhook_endpoints import WEBHOOK_ENDPOINTS
from core.catalog.webhook_facts import Changes
from core.clock import MICROSECOND, Clock
from core.errors import NotFound

STAMPS = sa.Table(
    "stamps",
    METADATA,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("test_clock_id", sa.Text),
    sa.Column("valid_from", Instant, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Index("ix_stamps_test_clock", "test_clock_id", "sequence"),
)
"""The last stamp of each unit of work, per test clock; append-only."""

# Named without their modules: those import this one.
_CLOCKS = sa.table("test_clocks", sa.column("id"), sa.column("valid_to"), sa.column("reading", Instant))
_CUSTOMERS = sa.table("customers", sa.column("id"), sa.column("valid_to"), sa.column("test_clock_id"))


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a change holds and when it was recorded.

    `valid_from` orders the changes of one clock strictly; `instant` is what that clock showed, without the microseconds
    added for order. Business times (`started_at`, `terminated_at`, `created_at`) are taken from `instant`, so that a
    termination at midnight of a test clock is at midnight.
    """

    valid_from: datetime
    recorded_at: datetime
    sequence: int
    instant: datetime


class UnitOfWork:
    """One transaction of commands. Get it from `unit_of_work`; it ends with the `with` block."""

    def __init__(self, connection: sa.Connection, clock: Clock, author: Author = SYSTEM) -> None:
        self.connection = connection
        self._author = author
        self._clock = clock
        last = connection.execute(
            sa.select(STAMPS.c.sequence, STAMPS.c.recorded_at).order_by(STAMPS.c.sequence.desc()).limit(1)
        ).one_or_none()
        self._sequence: int = last.sequence if last else 0
        self._recorded_at: datetime = last.recorded_at if last else datetime.min
        self._readings: dict[str, datetime] = {}
        self._last_of_clock: dict[str | None, Stamp] = {}
        self._clock_of_customer: dict[str, str | None] = {}
        self._changes = Changes()

    def ended(self, table: str, version: Version) -> None:
        """Tell the unit that it closed a version."""
        self._changes.ended(table, version)

    def wrote(self, table: str, version: Version) -> None:
        """Tell the unit that it wrote a version."""
        self._changes.wrote(table, version)

    def keep_facts(self) -> None:
        """Write down who did what, and what webhooks are to tell of it: if and only if the unit is committed."""
        activities.record(self, self._changes.touched(), self._author, self._sequence, self._recorded_at)
        if WEBHOOK_ENDPOINTS.first(self.connection) is not None:
            webhooks.record(self, self._changes.facts(self.connection))

    def stamp_for(self, customer_id: str | None = None, *, test_clock_id: str | None = None) -> Stamp:
        """The next stamp.

        `valid_from` is on the test clock of the customer, if it carries one, else on `test_clock_id` (how test support
        places shared objects in a clock's time), else the wall clock. Raises NotFound for an unknown test clock.
        """
        if customer_id is not None:
            test_clock_id = self._test_clock_of(customer_id)
        self._sequence += 1
        self._recorded_at = max(self._clock.now(), self._recorded_at + MICROSECOND)
        instant = valid_from = self._recorded_at
        if test_clock_id is not None:
            instant = valid_from = self._reading(test_clock_id)
            previous = self._last_valid_from(test_clock_id)
            if previous is not None:
                valid_from = max(valid_from, previous + MICROSECOND)
        stamp = Stamp(valid_from, self._recorded_at, self._sequence, instant)
        self._last_of_clock[test_clock_id] = stamp
        return stamp

    def place_on_clock(self, customer_id: str, test_clock_id: str | None) -> None:
        """Tell the unit which clock a customer created in it carries (its row may not be written yet)."""
        self._clock_of_customer[customer_id] = test_clock_id

    def clock_was_set(self, test_clock_id: str, reading: datetime) -> None:
        """Tell the unit that a test clock now shows `reading`."""
        self._readings[test_clock_id] = reading

    def keep_stamps(self) -> None:
        """Write down the last stamps, so that the next unit goes on from them."""
        if self._last_of_clock:
            self.connection.execute(
                STAMPS.insert(),
                [
                    {
                        "sequence": stamp.sequence,
                        "test_clock_id": clock_id,
                        "valid_from": stamp.valid_from,
                        "recorded_at": stamp.recorded_at,
                    }
                    for clock_id, stamp in self._last_of_clock.items()
                ],
            )

    def _test_clock_of(self, customer_id: str) -> str | None:
        if customer_id not in self._clock_of_customer:
            row = self.connection.execute(
                sa.select(_CUSTOMERS.c.test_clock_id).where(
                    _CUSTOMERS.c.id == customer_id, _CUSTOMERS.c.valid_to.is_(None)
                )
            ).one_or_none()
            if row is None:
                raise NotFound("customer", customer_id)
            self._clock_of_customer[customer_id] = row.test_clock_id
        return self._clock_of_customer[customer_id]

    def _reading(self, test_clock_id: str) -> datetime:
        if test_clock_id not in self._readings:
            row = self.connection.execute(
                sa.select(_CLOCKS.c.reading).where(_CLOCKS.c.id == test_clock_id, _CLOCKS.c.valid_to.is_(None))
            ).one_or_none()
            if row is None:
                raise NotFound("test_clock", test_clock_id)
            self._readings[test_clock_id] = row.reading
        return self._readings[test_clock_id]

    def _last_valid_from(self, test_clock_id: str) -> datetime | None:
        if test_clock_id in self._last_of_clock:
            return self._last_of_clock[test_clock_id].valid_from
        return self.connection.execute(
            sa.select(STAMPS.c.valid_from)
            .where(STAMPS.c.test_clock_id == test_clock_id)
            .order_by(STAMPS.c.sequence.desc())
            .limit(1)
        ).scalar_one_or_none()


def last_recorded_at(connection: sa.Connection) -> datetime:
    """When the newest change was recorded (wall clock, naive UTC); the beginning of time where there is none."""
    newest = sa.select(STAMPS.c.recorded_at).order_by(STAMPS.c.sequence.desc()).limit(1)
    found: datetime | None = connection.execute(newest).scalar_one_or_none()
    return found or datetime.min


@contextmanager
def unit_of_work(engine: sa.Engine, clock: Clock, author: Author = SYSTEM) -> Iterator[UnitOfWork]:
    """A write transaction: everything in the block is committed together, or nothing when it raises; `author` gives the commands.

    Holds the catalog's write lock, so keep it short.
    """
    with writing(engine) as connection:
        uow = UnitOfWork(connection, clock, author)
        yield uow
        uow.keep_facts()
        uow.keep_stamps()


class _Undone(Exception):
    """Ends a trial."""


@contextmanager
def trial(engine: sa.Engine, clock: Clock) -> Iterator[UnitOfWork]:
    """A unit of work that leaves no trace: what the block changes it can read, and afterwards it never was.

    For what-ifs and dry runs; an error in the block is raised as usual.
    """
    with suppress(_Undone), unit_of_work(engine, clock) as uow:
        yield uow
        raise _Undone

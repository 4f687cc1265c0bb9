"""The only source of now. Every instant in this system is a naive UTC datetime with microseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Anything that can tell the time."""

    def now(self) -> datetime:
        """The current instant, naive UTC."""
        ...


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> datetime:
        """The current instant, naive UTC."""
        return datetime.now(UTC).replace(tzinfo=None)


class ManualClock:
    """A clock for tests: stands still until it is moved."""

    def __init__(self, reading: datetime) -> None:
        self._reading = as_utc(reading)

    def now(self) -> datetime:
        """The reading it was last set to."""
        return self._reading

    def set(self, reading: datetime) -> None:
        """Show `reading` from now on; unlike a real clock it may go backwards."""
        self._reading = as_utc(reading)

    def advance(self, step: timedelta) -> None:
        """Move by `step`."""
        self._reading += step


def as_utc(instant: datetime) -> datetime:
    """The same instant as naive UTC. A value without a zone is taken to be UTC already."""
    if instant.tzinfo is None:
        return instant
    return instant.astimezone(UTC).replace(tzinfo=None)

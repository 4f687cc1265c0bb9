"""The tail of usage as this machine has it: the inbox and the landing zone."""

from __future__ import annotations

import pyarrow as pa

from ingestion.flush import pending_events
from ingestion.inbox import Inbox
from ingestion.landing import Landing


class LocalTail:
    """A `core.billing.tail.Tail`."""

    def __init__(self, inbox: Inbox, landing: Landing) -> None:
        self._inbox = inbox
        self._landing = landing

    def waiting(self) -> pa.Table:
        """What is acknowledged and still in the inbox."""
        return pending_events(self._inbox)

    def files_since(self, day: str) -> list[str]:
        """The landing files of that day (YYYY-MM-DD; empty for all) and later."""
        return self._landing.files_since(day)

    def read(self, file: str) -> pa.Table:
        """The events of a landing file."""
        return self._landing.read(file)

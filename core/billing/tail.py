"""The tail: usage that was received and that no published run has loaded yet."""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa

from core.billing.ledger import Ledger


class Tail(Protocol):
    """Where events wait before a run loads them. Tables are landing rows."""

    def waiting(self) -> pa.Table:
        """What is acknowledged and not in any file yet."""
        ...

    def files_since(self, day: str) -> list[str]:
        """The landing files of that day (YYYY-MM-DD; empty for all) and later."""
        ...

    def read(self, file: str) -> pa.Table:
        """The events of a file."""
        ...


def tail_events(tail: Tail, ledger: Ledger) -> list[pa.Table]:
    """All that came in since the published run, and perhaps some that it holds."""
    # The inbox before the files: an event that moves in between is then seen twice and never missed.
    waiting = tail.waiting()
    return [waiting, *(tail.read(file) for file in fresh_files(tail, ledger))]


def fresh_files(tail: Tail, ledger: Ledger) -> list[str]:
    """The landing files that the published warehouse does not hold.

    Look at the warehouse after it: a run that publishes in between then shows events twice, and never hides one.
    """
    first_day, loaded = ledger.loaded_files()
    return [file for file in tail.files_since(first_day) if file not in loaded]

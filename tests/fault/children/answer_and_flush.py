"""Appends one event, answers, flushes: python answer_and_flush.py HOME [SYNCHRONOUS], to be watched by strace."""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path

from core.clock import SystemClock
from ingestion import inbox as inbox_module
from ingestion.event import UsageEvent
from ingestion.flush import flush
from ingestion.inbox import Inbox
from ingestion.landing import Landing


def weaken(synchronous: str) -> None:
    """The negative control: the same inbox, but SQLite is told not to sync."""
    connect = inbox_module._connect

    def weak(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.execute(f"pragma synchronous = {synchronous}")
        return connection

    inbox_module._connect = weak


def main(home: Path, synchronous: str | None = None) -> None:
    if synchronous:
        weaken(synchronous)
    inbox = Inbox(home / "inbox.sqlite", SystemClock())
    landing = Landing(home / "landing")
    os.write(1, b"ready")
    inbox.append([UsageEvent("sub", "tx", "tokens", None, "{}")])
    os.write(1, b"200")
    flush(inbox, landing)
    os.write(1, b"flushed")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])

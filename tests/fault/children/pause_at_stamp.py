"""A writer that takes its stamp and then stands still, before the commit (or the rename), until it is told to go on.

    python pause_at_stamp.py append INBOX           one event through the inbox
    python pause_at_stamp.py ingest LANDING FILE    one file into the landing zone
prints `stamped`, waits for a line, goes on, prints `200`.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

from core.clock import SystemClock
from ingestion.event import UsageEvent
from ingestion.inbox import Inbox
from ingestion.landing import Landing
from ingestion.sources.files import ingest_paths


class PausingClock:
    """Reads the time, then waits: whoever asks is between stamp and commit, and holds what it holds there."""

    def now(self) -> datetime:
        now = SystemClock().now()
        os.write(1, b"stamped\n")
        sys.stdin.readline()
        return now


def main(road: str, *paths: str) -> None:
    if road == "append":
        Inbox(Path(paths[0]), PausingClock()).append([UsageEvent("sub", "paused", "tokens", None, "{}")])
    else:
        ingest_paths([paths[1]], Landing(paths[0]), PausingClock())
    os.write(1, b"200\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

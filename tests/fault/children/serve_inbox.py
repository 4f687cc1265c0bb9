"""A server without HTTP, made to be killed: threads that append and acknowledge, and one that flushes all the time.

    python serve_inbox.py HOME NAME
prints `NAME-thread-request size` after each append, in one write, which is the answer that a client would see.
"""

from __future__ import annotations

import os
import sys
import threading
from itertools import count
from pathlib import Path

from core.clock import SystemClock
from ingestion.event import UsageEvent
from ingestion.flush import flush
from ingestion.inbox import Inbox
from ingestion.landing import Landing


def append_forever(inbox: Inbox, name: str, thread: int) -> None:
    for request in count():
        size = 1 + (request * 7 + thread) % 20
        transactions = [f"{name}-{thread}-{request}/{size}/{i}" for i in range(size)]
        inbox.append([UsageEvent("sub", transaction, "tokens", None, '{"n":1}') for transaction in transactions])
        os.write(1, f"{name}-{thread}-{request} {size}\n".encode())


def main(home: Path, name: str) -> None:
    inbox = Inbox(home / "inbox.sqlite", SystemClock())
    landing = Landing(home / "landing")
    for thread in range(3):
        threading.Thread(target=append_forever, args=(inbox, name, thread), daemon=True).start()
    while True:
        flush(inbox, landing)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

"""The thread that moves the inbox to the landing zone while the API runs."""

from __future__ import annotations

import logging
import threading

from ingestion.flush import flush
from ingestion.inbox import Inbox
from ingestion.landing import Landing

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0


class Flusher:
    """Flushes every INTERVAL_SECONDS until it is stopped, and once more then."""

    def __init__(self, inbox: Inbox, landing: Landing) -> None:
        self._inbox = inbox
        self._landing = landing
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flusher", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Flush what is left and end. What cannot be flushed now stays in the inbox, durably, for the next start."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            is_last = self._stopping.wait(INTERVAL_SECONDS)
            try:
                flush(self._inbox, self._landing)
            except Exception:
                log.exception("the inbox could not be flushed; its events are kept and the flush is tried again")
            if is_last:
                return

"""The thread that delivers webhooks while the API runs, unless another process does."""

from __future__ import annotations

import logging
import threading

from api.deps import Services
from api.webhook_delivery import Delivery
from core.locks import Locked, exclusive

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0
PATIENCE_SECONDS = 5.0
"""How long an end waits for what is being sent."""


class Courier:
    """Looks for webhooks every INTERVAL_SECONDS until it is stopped; as long as it runs, no other process delivers."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End. What has not been delivered is in the outbox for the next start."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(INTERVAL_SECONDS):
            try:
                with exclusive(self._services.settings, "webhooks", 0):
                    self._deliver()
            except Locked:
                continue
            except Exception:
                log.exception("webhooks cannot be delivered now; they are kept and it is tried again")

    def _deliver(self) -> None:
        delivery = Delivery(self._services)
        try:
            while not self._stopping.is_set():
                if not delivery.step():
                    self._stopping.wait(INTERVAL_SECONDS)
        finally:
            delivery.stop(PATIENCE_SECONDS)

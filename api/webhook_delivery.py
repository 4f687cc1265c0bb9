"""Webhooks on their way: described, signed, sent, and what became of each recorded (lago_api §10).

One process of an installation delivers at a time (the lock `webhooks`, which its death frees), so nothing is sent by two at
once. An attempt is recorded when it has ended: one that a crash interrupted is made again, under the same key and with the
same bytes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from api import webhook_payloads, webhook_signatures
from api.deps import Services
from core.billing.webhook_facts import WebhookFacts
from core.catalog import webhook_keys, webhooks
from core.catalog.unit_of_work import unit_of_work
from core.catalog.webhook_endpoints import WebhookEndpoint
from core.catalog.webhook_keys import WebhookKeys
from core.catalog.webhooks import Webhook
from core.errors import TallystickError
from core.locks import exclusive

log = logging.getLogger(__name__)

SECONDS = 30.0
"""How long one attempt may take, from the first byte to the last."""
AT_ONCE = 100
"""Webhooks that are described, or handed to their endpoints, in one step."""
Due = Sequence[tuple[Webhook, WebhookEndpoint, str]]


@dataclass
class Delivered:
    """How many webhooks were taken, and how many attempts failed."""

    taken: int = 0
    failed: int = 0


class Delivery:
    """The deliveries of one process, one at a time to each endpoint and in the order of facts. Hold the lock meanwhile."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._facts = WebhookFacts(services.billing.ledger, services.engine, services.clock)
        self._client = httpx.Client(timeout=SECONDS, headers={"User-Agent": "Tallystick"})
        self._busy: dict[str, threading.Thread] = {}
        self._stopping = threading.Event()
        self._counting = threading.Lock()
        self.delivered = Delivered()

    def step(self) -> bool:
        """Gather and describe what is new, and hand what is due to the endpoints that are idle; whether there was anything to do."""
        self._facts.gather()
        has_described = self._describe()
        self._busy = {key: thread for key, thread in self._busy.items() if thread.is_alive()}
        services = self._services
        with services.look() as connection:
            found = webhooks.due(connection, services.clock.now(), AT_ONCE, but=list(self._busy))
            keys = webhook_keys.find(connection) if found else None
        if found and keys is None:
            with services.change() as uow:
                keys = webhook_keys.ensure(uow)
        for endpoint_id in {webhook.endpoint_id for webhook, _, _ in found}:
            own = [row for row in found if row[0].endpoint_id == endpoint_id]
            # A daemon: what it has not settled when the process ends is sent again by the next.
            thread = threading.Thread(target=self._send_all, args=(own, keys), name="webhooks", daemon=True)
            self._busy[endpoint_id] = thread
            thread.start()
        return has_described or bool(found)

    def wait(self) -> None:
        """Until every endpoint is idle."""
        for thread in self._busy.values():
            thread.join()

    def stop(self, patience: float) -> None:
        """Send nothing more, and wait so many seconds for what is under way."""
        self._stopping.set()
        until = time.monotonic() + patience
        for thread in self._busy.values():
            thread.join(max(0.0, until - time.monotonic()))
        self._client.close()

    def _describe(self) -> bool:
        services = self._services
        with services.look() as connection:
            fresh = webhooks.undescribed(connection, services.clock.now(), AT_ONCE)
        described: dict[str, str | None] = {}
        for webhook in fresh:
            try:
                described[webhook.fact_id] = webhook_payloads.body(services, webhook)
            except Exception as error:
                log.warning(
                    "webhook %s of %s cannot be described", webhook.webhook_type, webhook.object_id, exc_info=error
                )
                reason = error.message if isinstance(error, TallystickError) else repr(error)
                with unit_of_work(services.engine, services.clock) as uow:
                    webhooks.settle_fact(uow, webhook.fact_id, response=f"its object cannot be described: {reason}")
        if described:
            with unit_of_work(services.engine, services.clock) as uow:
                for fact_id, content in described.items():
                    webhooks.describe(uow, fact_id, content)
        return bool(fresh)

    def _send_all(self, due: Due, keys: WebhookKeys) -> None:
        for webhook, endpoint, content in due:
            if self._stopping.is_set():
                return
            try:
                self._send(webhook, endpoint, content.encode(), keys)
            except Exception:
                log.exception("what became of webhook %s could not be recorded; it is sent again", webhook.id)
                return

    def _send(self, webhook: Webhook, endpoint: WebhookEndpoint, content: bytes, keys: WebhookKeys) -> None:
        services = self._services
        signed = webhook_signatures.headers(
            content,
            webhook_id=webhook.id,
            algorithm=endpoint.signature_algo,
            keys=keys,
            issuer=services.settings.issuer,
            at=services.clock.now(),
        )
        http_status, response = _attempt(self._client, endpoint.webhook_url, content, signed)
        is_taken = http_status is not None and 200 <= http_status < 300
        with unit_of_work(services.engine, services.clock) as uow:
            webhooks.settle(uow, webhook.id, is_taken=is_taken, http_status=http_status, response=response)
        with self._counting:
            self.delivered.taken += is_taken
            self.delivered.failed += not is_taken


def deliver(services: Services) -> Delivered:
    """Deliver everything that is due now. Raises Locked while another process delivers, which then does."""
    with exclusive(services.settings, "webhooks", 0):
        delivery = Delivery(services)
        try:
            while delivery.step():
                delivery.wait()
        finally:
            delivery.stop(SECONDS)
        return delivery.delivered


def _attempt(client: httpx.Client, url: str, content: bytes, headers: dict[str, str]) -> tuple[int | None, str]:
    """(status, beginning of the answer), or (None, what went wrong). Redirects are not followed."""
    until = time.monotonic() + SECONDS
    try:
        with client.stream("POST", url, content=content, headers=headers) as response:
            read = b""
            for part in response.iter_bytes(1024):
                read += part
                if len(read) >= webhooks.MOST_OF_A_RESPONSE or time.monotonic() > until:
                    break
            return response.status_code, read.decode(errors="replace").replace("\x00", "")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return None, f"{type(error).__name__}: {error}"

"""Webhook endpoints on the wire (lago_api §7.15)."""

from __future__ import annotations

from typing import Any

from api.body import TEXT, TEXTS, Body
from api.schemas.wire import instant
from core.catalog.webhook_endpoints import WebhookEndpoint

FIELDS = {"webhook_url": TEXT, "signature_algo": TEXT, "name": TEXT, "event_types": TEXTS}
CREATE = Body("webhook_endpoint", FIELDS, mandatory=("webhook_url",))
UPDATE = Body("webhook_endpoint", FIELDS)


def webhook_endpoint_object(endpoint: WebhookEndpoint, organization_id: str) -> dict[str, Any]:
    """The endpoint."""
    return {
        "lago_id": endpoint.id,
        "lago_organization_id": organization_id,
        "webhook_url": endpoint.webhook_url,
        "signature_algo": endpoint.signature_algo,
        "name": endpoint.name,
        "event_types": endpoint.event_types,
        "created_at": instant(endpoint.created_at),
    }

"""Webhook endpoints (lago_api §7.15)."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, listed
from api.schemas.webhook_endpoints import CREATE, UPDATE, webhook_endpoint_object
from core.catalog import billing_entities, webhook_endpoints, webhooks
from core.catalog.webhook_endpoints import WebhookEndpoint

router = APIRouter(prefix="/webhook_endpoints", tags=["Webhooks"])


@router.post("", openapi_extra=CREATE.openapi)
def create(webhook_endpoint: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Name an address that hears of what is recorded from now on."""
    with served.billing.ledger.cursor() as cursor:
        newest = served.billing.ledger.books_snapshot(cursor)
    with served.change() as uow:
        return _one(uow.connection, webhooks.create_endpoint(uow, books_snapshot=newest, **webhook_endpoint))


@router.get("")
def index(served: Served, paging: Paged) -> Response:
    """List webhook endpoints."""
    with served.look() as connection:
        page = webhook_endpoints.page(connection, limit=paging.limit, offset=paging.offset)
        organization_id = billing_entities.get(connection).id
    items = [webhook_endpoint_object(row, organization_id) for row in page.items]
    return listed("webhook_endpoints", items, page.total, paging)


@router.get("/{lago_id}")
def show(lago_id: str, served: Served) -> Response:
    """Get a webhook endpoint."""
    with served.look() as connection:
        return _one(connection, webhook_endpoints.get(connection, lago_id))


@router.put("/{lago_id}", openapi_extra=UPDATE.openapi)
def update(lago_id: str, webhook_endpoint: Annotated[dict[str, Any], Depends(UPDATE)], served: Served) -> Response:
    """Change a webhook endpoint."""
    with served.change() as uow:
        return _one(uow.connection, webhook_endpoints.update(uow, lago_id, **webhook_endpoint))


@router.delete("/{lago_id}")
def destroy(lago_id: str, served: Served) -> Response:
    """Delete a webhook endpoint: what has not been delivered to it is not any more."""
    with served.change() as uow:
        return _one(uow.connection, webhooks.delete_endpoint(uow, lago_id))


def _one(connection: sa.Connection, endpoint: WebhookEndpoint) -> Response:
    return one("webhook_endpoint", webhook_endpoint_object(endpoint, billing_entities.get(connection).id))

"""Changes on the wire (lago_api §7.18)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from api.schemas.wire import instant
from core.catalog import billing_entities
from core.catalog.activity_log import Activity
from core.catalog.customers import CUSTOMERS


def activity_objects(connection: sa.Connection, rows: Sequence[Activity]) -> list[dict[str, Any]]:
    """Changes, each with the object after it (before it, where it ended) and what differs."""
    ids = [row.customer_id for row in rows if row.customer_id]
    owners = {customer.id: customer.external_id for customer in CUSTOMERS.where_in(connection, "id", ids)}
    organization_id = billing_entities.get(connection, billing_entities.DEFAULT_CODE).id
    return [
        {
            "activity_id": row.activity_id,
            "user_email": row.author,
            "activity_type": row.activity_type,
            "activity_source": row.source,
            "activity_object": _plain(row.after or row.before or {}),
            "activity_object_changes": _plain(row.changes),
            "external_customer_id": owners.get(row.customer_id or ""),
            "external_subscription_id": row.external_subscription_id,
            "resource_id": row.resource_id,
            "resource_type": row.resource_type,
            "organization_id": organization_id,
            "request_id": row.request_id,
            "logged_at": instant(row.recorded_at),
            "created_at": instant(row.recorded_at),
        }
        for row in rows
    ]


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _written(value) for name, value in fields.items()}


def _written(value: Any) -> Any:
    if isinstance(value, list):
        return [_written(item) for item in value]
    return instant(value) if isinstance(value, datetime) else value

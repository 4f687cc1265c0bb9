"""Requests on the wire (lago_api §7.18)."""

from __future__ import annotations

from typing import Any

import msgspec

from api.schemas.wire import instant
from core.catalog.api_logs import ApiLog


def api_log_object(row: ApiLog) -> dict[str, Any]:
    """A request, with its body and its answer as the objects that they were."""
    return {
        "request_id": row.request_id,
        "api_version": "v1",
        "client": row.client,
        "http_method": row.http_method,
        "http_status": row.http_status,
        "request_origin": row.request_origin,
        "request_path": row.request_path,
        "request_body": msgspec.Raw(row.request_body.encode()),
        "request_response": msgspec.Raw(row.request_response.encode()),
        "logged_at": instant(row.logged_at),
        "created_at": instant(row.logged_at),
    }

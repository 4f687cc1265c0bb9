"""The log of requests that asked for a change, events left out (lago_api §7.18)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers import one
from api.body import read_instant
from api.deps import Served
from api.pagination import Paged, listed
from api.schemas.api_logs import api_log_object
from core.catalog import api_logs
from core.catalog.api_logs import ApiLogFilter

router = APIRouter(tags=["Logs"])


@router.get("/api_logs")
def index(
    served: Served,
    paging: Paged,
    from_date: str | None = None,
    to_date: str | None = None,
    http_methods: Annotated[list[str], Query(alias="http_methods[]")] = [],  # noqa: B006 - FastAPI copies defaults
    http_statuses: Annotated[list[str], Query(alias="http_statuses[]")] = [],  # noqa: B006
    api_version: str | None = None,
    request_paths: str | None = None,
) -> Response:
    """List requests, newest first; days are UTC and both are included."""
    wanted = ApiLogFilter(
        since=read_instant(from_date, "from_date") if from_date else None,
        before=read_instant(to_date, "to_date") + timedelta(days=1) if to_date else None,
        methods=tuple(http_methods) or None,
        # There is one version, and of others no request.
        statuses=(tuple(http_statuses) or None) if api_version in (None, "", "v1") else ("none",),
        path=request_paths,
    )
    with served.look() as connection:
        page = api_logs.page(connection, wanted, limit=paging.limit, offset=paging.offset)
    return listed("api_logs", [api_log_object(row) for row in page.items], page.total, paging)


@router.get("/api_logs/{request_id}")
def show(request_id: str, served: Served) -> Response:
    """Get a request."""
    with served.look() as connection:
        return one("api_log", api_log_object(api_logs.get(connection, request_id)))

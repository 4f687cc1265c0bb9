"""The audit log (lago_api §7.18): every change, who made it, and the object before and after."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers import one
from api.body import read_instant
from api.deps import Served
from api.pagination import Paged, listed
from api.schemas.activity_logs import activity_objects
from core.catalog import activity_log, customers
from core.catalog.activity_log import ActivityFilter

router = APIRouter(tags=["Logs"])

@router.get("/activity_logs")
def index(
    served: Served,
    paging: Paged,
    from_date: str | None = None,
    to_date: str | None = None,
    activity_types: Annotated[list[str], Query(alias="activity_types[]")] = [],  # noqa: B006 - FastAPI copies defaults
    activity_sources: Annotated[list[str], Query(alias="activity_sources[]")] = [],  # noqa: B006
    user_emails: Annotated[list[str], Query(alias="user_emails[]")] = [],  # noqa: B006
    external_customer_id: str | None = None,
    external_subscription_id: str | None = None,
    resource_ids: Annotated[list[str], Query(alias="resource_ids[]")] = [],  # noqa: B006
    resource_types: Annotated[list[str], Query(alias="resource_types[]")] = [],  # noqa: B006
) -> Response:
    """List changes, newest first. `user_emails[]` are the names of keys; days are UTC and both are included."""
    with served.look() as connection:
        customer = customers.find(connection, external_customer_id) if external_customer_id else None
        wanted = ActivityFilter(
            since=read_instant(from_date, "from_date") if from_date else None,
            before=read_instant(to_date, "to_date") + timedelta(days=1) if to_date else None,
            types=tuple(activity_types) or None,
            sources=tuple(activity_sources) or None,
            authors=tuple(user_emails) or None,
            customer_id=(customer.id if customer else "") if external_customer_id else None,
            external_subscription_id=external_subscription_id,
            resource_ids=tuple(resource_ids) or None,
            resource_types=tuple(resource_types) or None,
        )
        page = activity_log.page(connection, wanted, limit=paging.limit, offset=paging.offset)
        return listed("activity_logs", activity_objects(connection, page.items), page.total, paging)


@router.get("/activity_logs/{activity_id}")
def show(activity_id: str, served: Served) -> Response:
    """Get a change."""
    with served.look() as connection:
        return one("activity_log", activity_objects(connection, [activity_log.get(connection, activity_id)])[0])

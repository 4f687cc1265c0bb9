"""Alerts of subscriptions (lago_api §7.7)."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Response

from api.answers import answer, one
from api.deps import Served, Services
from api.pagination import Paged, listed
from api.schemas.alerts import CREATE, UPDATE, alert_objects, one_or_many
from core.catalog import alerts, subscriptions
from core.catalog.subscription_versions import Subscription

router = APIRouter(tags=["Alerts"])

OF_SUBSCRIPTION = "/subscriptions/{external_id}/alerts"
OF_CODE = OF_SUBSCRIPTION + "/{code}"
Status = Annotated[str, Query(description="pending, active, terminated or canceled")]


@router.post(OF_SUBSCRIPTION, openapi_extra=CREATE.openapi)
def create(
    external_id: str,
    given: Annotated[dict[str, Any] | list[dict[str, Any]], Depends(one_or_many)],
    served: Served,
    subscription_status: Status = "active",
) -> Response:
    """Watch a value of a subscription; with a list under `alerts` several, all or none."""
    with served.change() as uow:
        subscription = _subscription(served, uow.connection, external_id, subscription_status)
        if isinstance(given, dict):
            rows = [alerts.create(uow, subscription, **given)]
        else:
            rows = alerts.create_many(uow, subscription, given)
        answered = alert_objects(served, uow.connection, rows)
    return one("alert", answered[0]) if isinstance(given, dict) else answer({"alerts": answered})


@router.get(OF_SUBSCRIPTION)
def index(external_id: str, served: Served, paging: Paged, subscription_status: Status = "active") -> Response:
    """List the alerts of a subscription."""
    with served.look() as connection:
        subscription = _subscription(served, connection, external_id, subscription_status)
        page = alerts.page(connection, subscription, limit=paging.limit, offset=paging.offset)
        return listed("alerts", alert_objects(served, connection, page.items), page.total, paging)


@router.delete(OF_SUBSCRIPTION)
def destroy_all(external_id: str, served: Served, subscription_status: Status = "active") -> Response:
    """End every alert of a subscription."""
    with served.change() as uow:
        subscription = _subscription(served, uow.connection, external_id, subscription_status)
        alerts.delete(uow, *alerts.alerts_of(uow.connection, subscription))
    return Response()


@router.get(OF_CODE)
def show(external_id: str, code: str, served: Served, subscription_status: Status = "active") -> Response:
    """Get an alert with the value at its last look."""
    with served.look() as connection:
        row = alerts.get(connection, _subscription(served, connection, external_id, subscription_status), code)
        return one("alert", alert_objects(served, connection, [row])[0])


@router.put(OF_CODE, openapi_extra=UPDATE.openapi)
def update(
    external_id: str,
    code: str,
    alert: Annotated[dict[str, Any], Depends(UPDATE)],
    served: Served,
    subscription_status: Status = "active",
) -> Response:
    """Change an alert; thresholds are the full set."""
    with served.change() as uow:
        subscription = _subscription(served, uow.connection, external_id, subscription_status)
        row = alerts.update(uow, alerts.get(uow.connection, subscription, code), **alert)
        (answered,) = alert_objects(served, uow.connection, [row])
    return one("alert", answered)


@router.delete(OF_CODE)
def destroy(external_id: str, code: str, served: Served, subscription_status: Status = "active") -> Response:
    """End an alert."""
    with served.change() as uow:
        row = alerts.get(uow.connection, _subscription(served, uow.connection, external_id, subscription_status), code)
        (answered,) = alert_objects(served, uow.connection, [row])
        alerts.delete(uow, row)
    return one("alert", answered)


def _subscription(served: Services, connection: sa.Connection, external_id: str, status: str) -> Subscription:
    return subscriptions.get(connection, external_id, served.clock.now(), status)

"""Alerts of subscriptions and wallets (lago_api §7.7, §7.12): the same routes below either."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Response

from api.answers import answer, one
from api.deps import Served, Services
from api.pagination import Paged, listed
from api.schemas.alerts import CREATE, UPDATE, alert_objects, one_or_many
from core.catalog import alerts, customers, subscriptions, wallets
from core.catalog.alerts import Subject

router = APIRouter(tags=["Alerts"])

Find = Callable[[Services, sa.Connection], Subject]
Status = Annotated[str, Query(description="pending, active, terminated or canceled")]


def _of_subscription(external_id: str, subscription_status: Status = "active") -> Find:
    return lambda served, connection: subscriptions.get(connection, external_id, served.clock.now(), subscription_status)


def _of_wallet(external_id: str, wallet_code: str) -> Find:
    return lambda _, connection: wallets.of_code(connection, customers.get(connection, external_id).id, wallet_code)


def _serve(path: str, finder: Callable[..., Find]) -> None:
    """The six routes below the address of what is watched."""

    @router.post(path, openapi_extra=CREATE.openapi)
    def create(
        given: Annotated[dict[str, Any] | list[dict[str, Any]], Depends(one_or_many)],
        served: Served,
        find: Find = Depends(finder),
    ) -> Response:
        """Watch a value; with a list under `alerts` several, all or none."""
        with served.change() as uow:
            subject = find(served, uow.connection)
            if isinstance(given, dict):
                rows = [alerts.create(uow, subject, **given)]
            else:
                rows = alerts.create_many(uow, subject, given)
            answered = alert_objects(served, uow.connection, rows)
        return one("alert", answered[0]) if isinstance(given, dict) else answer({"alerts": answered})

    @router.get(path)
    def index(served: Served, paging: Paged, find: Find = Depends(finder)) -> Response:
        """List alerts."""
        with served.look() as connection:
            page = alerts.page(connection, find(served, connection), limit=paging.limit, offset=paging.offset)
            return listed("alerts", alert_objects(served, connection, page.items), page.total, paging)

    @router.delete(path)
    def destroy_all(served: Served, find: Find = Depends(finder)) -> Response:
        """End every alert."""
        with served.change() as uow:
            alerts.delete(uow, *alerts.alerts_of(uow.connection, find(served, uow.connection)))
        return Response()

    @router.get(path + "/{code}")
    def show(code: str, served: Served, find: Find = Depends(finder)) -> Response:
        """Get an alert with the value at its last look."""
        with served.look() as connection:
            row = alerts.get(connection, find(served, connection), code)
            return one("alert", alert_objects(served, connection, [row])[0])

    @router.put(path + "/{code}", openapi_extra=UPDATE.openapi)
    def update(
        code: str, alert: Annotated[dict[str, Any], Depends(UPDATE)], served: Served, find: Find = Depends(finder)
    ) -> Response:
        """Change an alert; thresholds are the full set."""
        with served.change() as uow:
            row = alerts.update(uow, alerts.get(uow.connection, find(served, uow.connection), code), **alert)
            (answered,) = alert_objects(served, uow.connection, [row])
        return one("alert", answered)

    @router.delete(path + "/{code}")
    def destroy(code: str, served: Served, find: Find = Depends(finder)) -> Response:
        """End an alert."""
        with served.change() as uow:
            row = alerts.get(uow.connection, find(served, uow.connection), code)
            (answered,) = alert_objects(served, uow.connection, [row])
            alerts.delete(uow, row)
        return one("alert", answered)


_serve("/subscriptions/{external_id}/alerts", _of_subscription)
_serve("/customers/{external_id}/wallets/{wallet_code}/alerts", _of_wallet)

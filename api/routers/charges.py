"""Charges of a subscription: those of its plan, with its own terms (lago_api §7.7)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, listed
from api.schemas.plans import OVERRIDE_CHARGE, charge_objects
from api.sql_models import check_charges
from core.catalog import charges, subscriptions

router = APIRouter(tags=["Charges"])

OF_SUBSCRIPTION = "/subscriptions/{external_id}/charges"


@router.get(OF_SUBSCRIPTION)
def of_subscription(
    external_id: str, served: Served, paging: Paged, subscription_status: str | None = None
) -> Response:
    """List the charges of a subscription, the running one unless `subscription_status` says otherwise."""
    with served.look() as connection:
        subscription = subscriptions.get(connection, external_id, served.clock.now(), subscription_status)
        page = charges.page(connection, subscription.plan_id, limit=paging.limit, offset=paging.offset)
        answered = charge_objects(connection, page.items)
        return listed("charges", [answered[charge.id] for charge in page.items], page.total, paging)


@router.get(OF_SUBSCRIPTION + "/{charge_code}")
def show_of_subscription(
    external_id: str, charge_code: str, served: Served, subscription_status: str | None = None
) -> Response:
    """Get a charge of a subscription."""
    with served.look() as connection:
        subscription = subscriptions.get(connection, external_id, served.clock.now(), subscription_status)
        charge = charges.get(connection, subscription.plan_id, charge_code)
        return one("charge", charge_objects(connection, [charge])[charge.id])


@router.put(OF_SUBSCRIPTION + "/{charge_code}", openapi_extra=OVERRIDE_CHARGE.openapi)
def override(
    external_id: str, charge_code: str, charge: Annotated[dict[str, Any], Depends(OVERRIDE_CHARGE)], served: Served
) -> Response:
    """Give a subscription its own terms for one charge; its plan and other subscriptions stay as they are."""
    check_charges([charge])
    with served.change() as uow:
        _, row = subscriptions.override_charge(uow, external_id, charge_code, charge)
        answered = charge_objects(uow.connection, [row])[row.id]
    return one("charge", answered)

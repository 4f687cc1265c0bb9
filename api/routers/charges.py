"""Charges of a plan, and those of a subscription, which may have terms of their own (lago_api §7.4, §7.7)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, listed
from api.schemas.plans import CREATE_CHARGE, OVERRIDE_CHARGE, UPDATE_CHARGE, cascades, charge_objects
from api.sql_models import check_charges
from core.catalog import charges, plan_charges, plans, subscriptions

router = APIRouter(tags=["Charges"])

OF_PLAN = "/plans/{code}/charges"
OF_SUBSCRIPTION = "/subscriptions/{external_id}/charges"


@router.post(OF_PLAN, openapi_extra=CREATE_CHARGE.openapi)
def create(code: str, charge: Annotated[dict[str, Any], Depends(CREATE_CHARGE)], served: Served) -> Response:
    """Add a charge to a plan."""
    cascade = charge.pop("cascade_updates", None)
    check_charges([charge])
    with served.change() as uow:
        row = plan_charges.create(uow, code, charge, cascade_updates=cascade)
        answered = charge_objects(uow.connection, [row])[row.id]
    return one("charge", answered)


@router.get(OF_PLAN)
def index(code: str, served: Served, paging: Paged) -> Response:
    """List the charges of a plan."""
    with served.look() as connection:
        page = charges.page(connection, plans.get(connection, code).id, limit=paging.limit, offset=paging.offset)
        answered = charge_objects(connection, page.items)
        return listed("charges", [answered[charge.id] for charge in page.items], page.total, paging)


@router.get(OF_PLAN + "/{charge_code}")
def show(code: str, charge_code: str, served: Served) -> Response:
    """Get a charge of a plan."""
    with served.look() as connection:
        charge = charges.get(connection, plans.get(connection, code).id, charge_code)
        return one("charge", charge_objects(connection, [charge])[charge.id])


@router.put(OF_PLAN + "/{charge_code}", openapi_extra=UPDATE_CHARGE.openapi)
def update(
    code: str, charge_code: str, charge: Annotated[dict[str, Any], Depends(UPDATE_CHARGE)], served: Served
) -> Response:
    """Change a charge of a plan."""
    cascade = charge.pop("cascade_updates", None)
    check_charges([charge])
    with served.change() as uow:
        row = plan_charges.update(uow, code, charge_code, charge, cascade_updates=cascade)
        answered = charge_objects(uow.connection, [row])[row.id]
    return one("charge", answered)


@router.delete(OF_PLAN + "/{charge_code}")
def destroy(
    code: str, charge_code: str, cascade: Annotated[bool, Depends(cascades("charge"))], served: Served
) -> Response:
    """Take a charge off a plan; it is not billed any more."""
    with served.change() as uow:
        row = charges.get(uow.connection, plans.get(uow.connection, code).id, charge_code)
        answered = charge_objects(uow.connection, [row])[row.id]
        plan_charges.delete(uow, code, charge_code, cascade_updates=cascade)
    return one("charge", answered)


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

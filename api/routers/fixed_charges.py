"""Fixed charges of a plan, and a subscription's own units of them (lago_api §7.4, §7.7)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, listed
from api.schemas.fixed_charges import CREATE, OVERRIDE, UPDATE, fixed_charge_objects
from core.catalog import fixed_charges, plans, subscriptions
from core.catalog.fixed_charge_overrides import override_fixed_charge, override_units
from core.catalog.plan_overrides import cascading

router = APIRouter(tags=["Fixed charges"])

OF_PLAN = "/plans/{code}/fixed_charges"
OF_SUBSCRIPTION = "/subscriptions/{external_id}/fixed_charges"


@router.post(OF_PLAN, openapi_extra=CREATE.openapi)
def create(code: str, fixed_charge: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Add a fixed charge to a plan."""
    with served.change() as uow:
        plan = plans.get(uow.connection, code)
        with cascading(uow, plan, fixed_charge.pop("cascade_updates", None)):
            row = fixed_charges.create(uow, uow.stamp_for(), plan.id, fixed_charge)
        (answered,) = fixed_charge_objects(uow.connection, [row])
    return one("fixed_charge", answered)


@router.get(OF_PLAN)
def index(code: str, served: Served, paging: Paged) -> Response:
    """List the fixed charges of a plan."""
    with served.look() as connection:
        page = fixed_charges.page(connection, plans.get(connection, code).id, limit=paging.limit, offset=paging.offset)
        return listed("fixed_charges", fixed_charge_objects(connection, page.items), page.total, paging)


@router.get(OF_PLAN + "/{fixed_charge_code}")
def show(code: str, fixed_charge_code: str, served: Served) -> Response:
    """Get a fixed charge of a plan."""
    with served.look() as connection:
        row = fixed_charges.get(connection, plans.get(connection, code).id, fixed_charge_code)
        return one("fixed_charge", fixed_charge_objects(connection, [row])[0])


@router.put(OF_PLAN + "/{fixed_charge_code}", openapi_extra=UPDATE.openapi)
def update(
    code: str, fixed_charge_code: str, fixed_charge: Annotated[dict[str, Any], Depends(UPDATE)], served: Served
) -> Response:
    """Change a fixed charge; new units hold from the next period unless `apply_units_immediately`."""
    with served.change() as uow:
        plan = plans.get(uow.connection, code)
        old = fixed_charges.get(uow.connection, plan.id, fixed_charge_code)
        with cascading(uow, plan, fixed_charge.pop("cascade_updates", None)):
            row = fixed_charges.update(uow, uow.stamp_for(), old, fixed_charge)
        (answered,) = fixed_charge_objects(uow.connection, [row])
    return one("fixed_charge", answered)


@router.delete(OF_PLAN + "/{fixed_charge_code}")
def destroy(code: str, fixed_charge_code: str, served: Served) -> Response:
    """Take a fixed charge off a plan; it is not billed any more."""
    with served.change() as uow:
        row = fixed_charges.get(uow.connection, plans.get(uow.connection, code).id, fixed_charge_code)
        (answered,) = fixed_charge_objects(uow.connection, [row])
        fixed_charges.end_fixed_charge(uow, uow.stamp_for(), row)
    return one("fixed_charge", answered)


@router.get(OF_SUBSCRIPTION)
def of_subscription(external_id: str, served: Served, paging: Paged) -> Response:
    """List the fixed charges of a subscription with its own units."""
    with served.look() as connection:
        subscription = subscriptions.get(connection, external_id, served.clock.now())
        page = fixed_charges.page(connection, subscription.plan_id, limit=paging.limit, offset=paging.offset)
        items = fixed_charge_objects(connection, page.items, subscription.id)
        return listed("fixed_charges", items, page.total, paging)


@router.get(OF_SUBSCRIPTION + "/{fixed_charge_code}")
def show_of_subscription(external_id: str, fixed_charge_code: str, served: Served) -> Response:
    """Get a fixed charge of a subscription with its own units."""
    with served.look() as connection:
        subscription = subscriptions.get(connection, external_id, served.clock.now())
        row = fixed_charges.get(connection, subscription.plan_id, fixed_charge_code)
        return one("fixed_charge", fixed_charge_objects(connection, [row], subscription.id)[0])


@router.put(OF_SUBSCRIPTION + "/{fixed_charge_code}", openapi_extra=OVERRIDE.openapi)
def override(
    external_id: str, fixed_charge_code: str, fixed_charge: Annotated[dict[str, Any], Depends(OVERRIDE)], served: Served
) -> Response:
    """Give a subscription its own units, which stand beside it, or other terms of its own, which make a plan of its own."""
    at_once = bool(fixed_charge.get("apply_units_immediately"))
    with served.change() as uow:
        if fixed_charge.keys() <= {"units", "apply_units_immediately"}:
            units = fixed_charge.get("units")
            subscription, row = override_units(uow, external_id, fixed_charge_code, units, immediately=at_once)
        else:
            subscription, row = override_fixed_charge(uow, external_id, fixed_charge_code, fixed_charge)
        (answered,) = fixed_charge_objects(uow.connection, [row], subscription.id)
    if at_once and row.pay_in_advance:
        served.billing.issue_soon(subscription.customer_id)
    return one("fixed_charge", answered)

"""Filters of a charge, of a plan or of a subscription (lago_api §7.4, §7.7)."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Response

from api.answers import one
from api.deps import Served, Services
from api.pagination import Paged, Paging, listed
from api.schemas.plans import CREATE_FILTER, UPDATE_FILTER, cascades, filter_object
from core.catalog import charges, plan_charges, plans, subscriptions
from core.catalog.charges import Charge
from core.catalog.plan_charges import Write

router = APIRouter(tags=["Charges"])

OF_PLAN = "/plans/{code}/charges/{charge_code}/filters"
OF_SUBSCRIPTION = "/subscriptions/{external_id}/charges/{charge_code}/filters"
Created = Annotated[dict[str, Any], Depends(CREATE_FILTER)]
Changed = Annotated[dict[str, Any], Depends(UPDATE_FILTER)]


@router.post(OF_PLAN, openapi_extra=CREATE_FILTER.openapi)
def create(code: str, charge_code: str, filter: Created, served: Served) -> Response:
    """Add a filter to a charge of a plan."""
    cascade = filter.pop("cascade_updates", None)
    write = plan_charges.writer_of_plan(code, charge_code, cascade_updates=cascade)
    with served.change() as uow:
        charge, row = plan_charges.add_filter(uow, _of_plan(uow.connection, code, charge_code), filter, write)
    return one("filter", filter_object(charge, row))


@router.get(OF_PLAN)
def index(code: str, charge_code: str, served: Served, paging: Paged) -> Response:
    """List the filters of a charge of a plan."""
    with served.look() as connection:
        return _list(connection, _of_plan(connection, code, charge_code), paging)


@router.get(OF_PLAN + "/{filter_id}")
def show(code: str, charge_code: str, filter_id: str, served: Served) -> Response:
    """Get a filter of a charge of a plan."""
    with served.look() as connection:
        return _show(connection, _of_plan(connection, code, charge_code), filter_id)


@router.put(OF_PLAN + "/{filter_id}", openapi_extra=UPDATE_FILTER.openapi)
def update(code: str, charge_code: str, filter_id: str, filter: Changed, served: Served) -> Response:
    """Change a filter of a charge of a plan; with other values it is another filter."""
    cascade = filter.pop("cascade_updates", None)
    write = plan_charges.writer_of_plan(code, charge_code, cascade_updates=cascade)
    with served.change() as uow:
        found = _of_plan(uow.connection, code, charge_code)
        charge, row = plan_charges.change_filter(uow, found, filter_id, filter, write)
    return one("filter", filter_object(charge, row))


@router.delete(OF_PLAN + "/{filter_id}")
def destroy(
    code: str, charge_code: str, filter_id: str, cascade: Annotated[bool, Depends(cascades("filter"))], served: Served
) -> Response:
    """Take a filter off a charge of a plan."""
    write = plan_charges.writer_of_plan(code, charge_code, cascade_updates=cascade)
    with served.change() as uow:
        charge = _of_plan(uow.connection, code, charge_code)
        gone = plan_charges.remove_filter(uow, charge, filter_id, write)
    return one("filter", filter_object(charge, gone))


@router.post(OF_SUBSCRIPTION, openapi_extra=CREATE_FILTER.openapi)
def override(external_id: str, charge_code: str, filter: Created, served: Served) -> Response:
    """Add a filter to a subscription's charge, which has its own terms then."""
    filter.pop("cascade_updates", None)
    with served.change() as uow:
        found, write = _of_subscription(served, uow.connection, external_id, charge_code)
        charge, row = plan_charges.add_filter(uow, found, filter, write)
    return one("filter", filter_object(charge, row))


@router.get(OF_SUBSCRIPTION)
def of_subscription(external_id: str, charge_code: str, served: Served, paging: Paged) -> Response:
    """List the filters of a subscription's charge."""
    with served.look() as connection:
        return _list(connection, _of_subscription(served, connection, external_id, charge_code)[0], paging)


@router.get(OF_SUBSCRIPTION + "/{filter_id}")
def show_of_subscription(external_id: str, charge_code: str, filter_id: str, served: Served) -> Response:
    """Get a filter of a subscription's charge."""
    with served.look() as connection:
        return _show(connection, _of_subscription(served, connection, external_id, charge_code)[0], filter_id)


@router.put(OF_SUBSCRIPTION + "/{filter_id}", openapi_extra=UPDATE_FILTER.openapi)
def update_of_subscription(
    external_id: str, charge_code: str, filter_id: str, filter: Changed, served: Served
) -> Response:
    """Change a filter of a subscription's charge, which has its own terms then."""
    filter.pop("cascade_updates", None)
    with served.change() as uow:
        found, write = _of_subscription(served, uow.connection, external_id, charge_code)
        charge, row = plan_charges.change_filter(uow, found, filter_id, filter, write)
    return one("filter", filter_object(charge, row))


@router.delete(OF_SUBSCRIPTION + "/{filter_id}")
def destroy_of_subscription(external_id: str, charge_code: str, filter_id: str, served: Served) -> Response:
    """Take a filter off a subscription's charge, which has its own terms then."""
    with served.change() as uow:
        charge, write = _of_subscription(served, uow.connection, external_id, charge_code)
        gone = plan_charges.remove_filter(uow, charge, filter_id, write)
    return one("filter", filter_object(charge, gone))


def _of_plan(connection: sa.Connection, code: str, charge_code: str) -> Charge:
    return charges.get(connection, plans.get(connection, code).id, charge_code)


def _of_subscription(
    served: Services, connection: sa.Connection, external_id: str, charge_code: str
) -> tuple[Charge, Write]:
    subscription = subscriptions.get(connection, external_id, served.clock.now())
    charge = charges.get(connection, subscription.plan_id, charge_code)
    return charge, plan_charges.writer_of_subscription(external_id, charge_code)


def _list(connection: sa.Connection, charge: Charge, paging: Paging) -> Response:
    rows = plan_charges.filters(connection, charge)
    items = [filter_object(charge, row) for row in rows[paging.offset : paging.offset + paging.limit]]
    return listed("filters", items, len(rows), paging)


def _show(connection: sa.Connection, charge: Charge, filter_id: str) -> Response:
    return one("filter", filter_object(charge, plan_charges.find_filter(connection, charge, filter_id)))

"""Plans with their charges, filters and fixed charges (lago_api §7.4)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, listed
from api.schemas.plans import CREATE, UPDATE, plan_object, plan_objects
from api.sql_models import check_charges
from core.catalog import deletions, metadata, plans

router = APIRouter(prefix="/plans", tags=["Plans"])

OWNED = {
    "charges": "charges_input",
    "fixed_charges": "fixed_charges_input",
    "usage_thresholds": "usage_thresholds_input",
    "tax_codes": "tax_codes",
    "minimum_commitment": "minimum_commitment_input",
}
"""Field of a plan -> the argument under which the catalog takes it."""


@router.post("", openapi_extra=CREATE.openapi)
def create(plan: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Create a plan."""
    given: dict[str, Any] = {argument: plan.pop(name, None) or {} for name, argument in OWNED.items()}
    kept = plan.pop("metadata", None)
    check_charges(given["charges_input"])
    with served.change() as uow:
        row = plans.create(uow, **plan, **given)
        if kept is not None:
            metadata.replace(uow, row, kept)
        answered = plan_object(uow.connection, row)
    return one("plan", answered)


@router.get("")
def index(served: Served, paging: Paged) -> Response:
    """List plans."""
    with served.look() as connection:
        page = plans.page(connection, limit=paging.limit, offset=paging.offset)
        return listed("plans", plan_objects(connection, page.items), page.total, paging)


@router.get("/{code}")
def show(code: str, served: Served) -> Response:
    """Get a plan by its code."""
    with served.look() as connection:
        return one("plan", plan_object(connection, plans.get(connection, code)))


@router.put("/{code}", openapi_extra=UPDATE.openapi)
def update(code: str, plan: Annotated[dict[str, Any], Depends(UPDATE)], served: Served) -> Response:
    """Change a plan; charges, fixed charges and thresholds, where given, are the full sets."""
    given = {argument: plan.pop(name, None) for name, argument in OWNED.items()}
    more = plan.pop("metadata", None)
    check_charges(given["charges_input"])
    with served.change() as uow:
        row = plans.update(uow, code, **plan, **given)
        if more is not None:
            metadata.merge(uow, row, more)
        answered = plan_object(uow.connection, row)
    return one("plan", answered)


@router.delete("/{code}")
def destroy(code: str, served: Served) -> Response:
    """Delete a plan; its subscriptions end now."""
    with served.change() as uow:
        answered = plan_object(uow.connection, plans.get(uow.connection, code))
        deletions.delete_plan(uow, code)
    return one("plan", answered)

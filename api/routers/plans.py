"""Plans with their charges and filters (lago_api §7.4)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, listed
from api.schemas.plans import CREATE, UPDATE, plan_objects
from core.catalog import deletions, plans

router = APIRouter(prefix="/plans", tags=["Plans"])


@router.post("", openapi_extra=CREATE.openapi)
def create(plan: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Create a plan."""
    charges_input, tax_codes = plan.pop("charges", None) or (), plan.pop("tax_codes", None) or ()
    with served.change() as uow:
        row = plans.create(uow, **plan, charges_input=charges_input, tax_codes=tax_codes)
        (answered,) = plan_objects(uow.connection, [row])
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
        return one("plan", plan_objects(connection, [plans.get(connection, code)])[0])


@router.put("/{code}", openapi_extra=UPDATE.openapi)
def update(code: str, plan: Annotated[dict[str, Any], Depends(UPDATE)], served: Served) -> Response:
    """Change a plan; `charges`, where given, is the full set."""
    charges_input, tax_codes = plan.pop("charges", None), plan.pop("tax_codes", None)
    with served.change() as uow:
        row = plans.update(uow, code, **plan, charges_input=charges_input, tax_codes=tax_codes)
        (answered,) = plan_objects(uow.connection, [row])
    return one("plan", answered)


@router.delete("/{code}")
def destroy(code: str, served: Served) -> Response:
    """Delete a plan; its subscriptions end now."""
    with served.change() as uow:
        (answered,) = plan_objects(uow.connection, [plans.get(uow.connection, code)])
        deletions.delete_plan(uow, code)
    return one("plan", answered)

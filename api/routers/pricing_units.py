"""Pricing units. Lago has them in its own pages only; the shape follows its other resources."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, listed
from api.schemas.pricing_units import CREATE, UPDATE, pricing_unit_objects
from core.catalog import pricing_units

router = APIRouter(prefix="/pricing_units", tags=["Pricing units"])


@router.post("", openapi_extra=CREATE.openapi)
def create(pricing_unit: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Create a pricing unit."""
    with served.change() as uow:
        (answered,) = pricing_unit_objects([pricing_units.create(uow, **pricing_unit)])
    return one("pricing_unit", answered)


@router.get("")
def index(served: Served, paging: Paged) -> Response:
    """List pricing units."""
    with served.look() as connection:
        page = pricing_units.page(connection, limit=paging.limit, offset=paging.offset)
        return listed("pricing_units", pricing_unit_objects(page.items), page.total, paging)


@router.get("/{code}")
def show(code: str, served: Served) -> Response:
    """Get a pricing unit by its code."""
    with served.look() as connection:
        return one("pricing_unit", pricing_unit_objects([pricing_units.get(connection, code)])[0])


@router.put("/{code}", openapi_extra=UPDATE.openapi)
def update(code: str, pricing_unit: Annotated[dict[str, Any], Depends(UPDATE)], served: Served) -> Response:
    """Change the names of a pricing unit."""
    with served.change() as uow:
        (answered,) = pricing_unit_objects([pricing_units.update(uow, code, **pricing_unit)])
    return one("pricing_unit", answered)

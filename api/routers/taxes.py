"""Taxes (lago_api §7.10)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, listed
from api.schemas.taxes import CREATE, UPDATE, tax_objects
from core.catalog import billing_entities, taxes

router = APIRouter(prefix="/taxes", tags=["Taxes"])


@router.post("", openapi_extra=CREATE.openapi)
def create(tax: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Create a tax."""
    applies_by_default = tax.pop("applied_to_organization", None)
    with served.change() as uow:
        row = taxes.create(uow, **tax)
        if applies_by_default is not None:
            billing_entities.tax_by_default(uow, row.code, applies_by_default)
        (answered,) = tax_objects(uow.connection, [row])
    return one("tax", answered)


@router.get("")
def index(served: Served, paging: Paged) -> Response:
    """List taxes."""
    with served.look() as connection:
        page = taxes.page(connection, limit=paging.limit, offset=paging.offset)
        return listed("taxes", tax_objects(connection, page.items), page.total, paging)


@router.get("/{code}")
def show(code: str, served: Served) -> Response:
    """Get a tax by its code."""
    with served.look() as connection:
        return one("tax", tax_objects(connection, [taxes.get(connection, code)])[0])


@router.put("/{code}", openapi_extra=UPDATE.openapi)
def update(code: str, tax: Annotated[dict[str, Any], Depends(UPDATE)], served: Served) -> Response:
    """Change a tax."""
    applies_by_default = tax.pop("applied_to_organization", None)
    with served.change() as uow:
        row = taxes.update(uow, code, **tax)
        if applies_by_default is not None:
            billing_entities.tax_by_default(uow, row.code, applies_by_default)
        (answered,) = tax_objects(uow.connection, [row])
    return one("tax", answered)


@router.delete("/{code}")
def destroy(code: str, served: Served) -> Response:
    """Delete a tax; it comes off whatever it was set on."""
    with served.change() as uow:
        (answered,) = tax_objects(uow.connection, [taxes.get(uow.connection, code)])
        taxes.delete(uow, code)
    return one("tax", answered)

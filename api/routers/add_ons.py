"""Add-ons (lago_api §7.10)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, listed
from api.schemas.add_ons import CREATE, UPDATE, add_on_objects
from core.catalog import add_ons, deletions

router = APIRouter(prefix="/add_ons", tags=["Add-ons"])


@router.post("", openapi_extra=CREATE.openapi)
def create(add_on: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Create an add-on."""
    tax_codes = add_on.pop("tax_codes", None) or ()
    with served.change() as uow:
        row = add_ons.create(uow, **add_on, tax_codes=tax_codes)
        (answered,) = add_on_objects(uow.connection, [row])
    return one("add_on", answered)


@router.get("")
def index(served: Served, paging: Paged) -> Response:
    """List add-ons."""
    with served.look() as connection:
        page = add_ons.page(connection, limit=paging.limit, offset=paging.offset)
        return listed("add_ons", add_on_objects(connection, page.items), page.total, paging)


@router.get("/{code}")
def show(code: str, served: Served) -> Response:
    """Get an add-on by its code."""
    with served.look() as connection:
        return one("add_on", add_on_objects(connection, [add_ons.get(connection, code)])[0])


@router.put("/{code}", openapi_extra=UPDATE.openapi)
def update(code: str, add_on: Annotated[dict[str, Any], Depends(UPDATE)], served: Served) -> Response:
    """Change an add-on."""
    with served.change() as uow:
        row = add_ons.update(uow, code, **add_on)
        (answered,) = add_on_objects(uow.connection, [row])
    return one("add_on", answered)


@router.delete("/{code}")
def destroy(code: str, served: Served) -> Response:
    """Delete an add-on."""
    with served.change() as uow:
        (answered,) = add_on_objects(uow.connection, [add_ons.get(uow.connection, code)])
        deletions.delete_add_on(uow, code)
    return one("add_on", answered)

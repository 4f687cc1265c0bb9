"""Coupons (lago_api §7.11)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, listed
from api.schemas.coupons import CREATE, UPDATE, coupon_objects, coupon_terms
from core.catalog import applied_coupons, coupons

router = APIRouter(prefix="/coupons", tags=["Coupons"])


@router.post("", openapi_extra=CREATE.openapi)
def create(coupon: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Create a coupon."""
    with served.change() as uow:
        row = coupons.create(uow, **coupon_terms(coupon))
        (answered,) = coupon_objects(uow.connection, [row])
    return one("coupon", answered)


@router.get("")
def index(served: Served, paging: Paged) -> Response:
    """List coupons."""
    with served.look() as connection:
        page = coupons.page(connection, limit=paging.limit, offset=paging.offset)
        return listed("coupons", coupon_objects(connection, page.items), page.total, paging)


@router.get("/{code}")
def show(code: str, served: Served) -> Response:
    """Get a coupon by its code."""
    with served.look() as connection:
        return one("coupon", coupon_objects(connection, [coupons.get(connection, code)])[0])


@router.put("/{code}", openapi_extra=UPDATE.openapi)
def update(code: str, coupon: Annotated[dict[str, Any], Depends(UPDATE)], served: Served) -> Response:
    """Change a coupon; where it is applied already, its terms stay."""
    with served.change() as uow:
        row = coupons.update(uow, code, **coupon_terms(coupon, coupons.get(uow.connection, code)))
        (answered,) = coupon_objects(uow.connection, [row])
    return one("coupon", answered)


@router.delete("/{code}")
def destroy(code: str, served: Served) -> Response:
    """Delete a coupon, which stops it wherever it is applied."""
    with served.change() as uow:
        (answered,) = coupon_objects(uow.connection, [coupons.get(uow.connection, code)])
        applied_coupons.delete_coupon(uow, code)
    return one("coupon", answered)

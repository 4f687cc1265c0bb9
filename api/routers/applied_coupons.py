"""Applied coupons (lago_api §7.11)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, Paging, listed
from api.schemas.applied_coupons import CREATE, applied_coupon_objects
from core.catalog import applied_coupons, customers
from core.errors import NotFound

router = APIRouter(tags=["Applied coupons"])

CouponCodes = Annotated[list[str], Query(alias="coupon_code[]")]


@router.post("/applied_coupons", openapi_extra=CREATE.openapi)
def create(applied_coupon: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Apply a coupon to a customer."""
    with served.change() as uow:
        row = applied_coupons.apply(uow, **applied_coupon)
        (answered,) = applied_coupon_objects(uow.connection, [row])
    return one("applied_coupon", answered)


@router.get("/applied_coupons")
def index(
    served: Served,
    paging: Paged,
    external_customer_id: str | None = None,
    status: str | None = None,
    coupon_codes: CouponCodes = [],  # noqa: B006 - FastAPI copies defaults
) -> Response:
    """List applied coupons."""
    return _list(served, paging, external_customer_id, status, coupon_codes)


@router.get("/customers/{external_id}/applied_coupons")
def of_customer(
    external_id: str,
    served: Served,
    paging: Paged,
    status: str | None = None,
    coupon_codes: CouponCodes = [],  # noqa: B006
) -> Response:
    """List the coupons applied to a customer."""
    return _list(served, paging, external_id, status, coupon_codes)


@router.delete("/customers/{external_id}/applied_coupons/{applied_coupon_id}")
def terminate(external_id: str, applied_coupon_id: str, served: Served) -> Response:
    """Take a coupon off a customer."""
    with served.change() as uow:
        customer = customers.get(uow.connection, external_id)
        if applied_coupons.get(uow.connection, applied_coupon_id).customer_id != customer.id:
            raise NotFound("applied_coupon", applied_coupon_id)
        row = applied_coupons.terminate(uow, applied_coupon_id)
        (answered,) = applied_coupon_objects(uow.connection, [row])
    return one("applied_coupon", answered)


def _list(
    served: Served, paging: Paging, external_customer_id: str | None, status: str | None, coupon_codes: list[str]
) -> Response:
    with served.look() as connection:
        customer = None if external_customer_id is None else customers.get(connection, external_customer_id)
        page = applied_coupons.page(
            connection,
            customer_id=None if customer is None else customer.id,
            coupon_codes=coupon_codes,
            is_active={"active": True, "terminated": False}.get(status or ""),
            limit=paging.limit,
            offset=paging.offset,
        )
        items = [row | {"credits": []} for row in applied_coupon_objects(connection, page.items)]
    return listed("applied_coupons", items, page.total, paging)

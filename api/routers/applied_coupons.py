"""Applied coupons (lago_api §7.11)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, Paging, listed
from api.schemas.applied_coupons import CREATE, applied_coupon_objects, with_credits
from core.catalog import applied_coupons, customers
from core.catalog.applied_coupons import AppliedCoupon
from core.errors import NotFound
from core.warehouse import marts

router = APIRouter(tags=["Applied coupons"])

STATUSES = {"active": True, "terminated": False}
CouponCodes = Annotated[list[str], Query(alias="coupon_code[]")]


@router.post("/applied_coupons", openapi_extra=CREATE.openapi)
def create(applied_coupon: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Apply a coupon to a customer."""
    with served.change() as uow:
        row = applied_coupons.apply(uow, **applied_coupon)
    return _answered(served, row)


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
    return _answered(served, row)


def _answered(served: Served, row: AppliedCoupon) -> Response:
    with served.look() as connection:
        (answered,) = applied_coupon_objects(served, connection, [row])
    return one("applied_coupon", answered)


def _list(
    served: Served, paging: Paging, external_customer_id: str | None, status: str | None, coupon_codes: list[str]
) -> Response:
    with served.look() as connection, served.billing.ledger.cursor() as cursor:
        customer = None if external_customer_id is None else customers.get(connection, external_customer_id)
        customer_id = None if customer is None else customer.id
        if status in STATUSES:
            found = applied_coupons.page(connection, customer_id=customer_id, coupon_codes=coupon_codes).items
            exhausted = _exhausted(served, cursor, customer_id)
            rows = [row for row in found if (row.terminated_at is None and row.id not in exhausted) == STATUSES[status]]
            rows, total = rows[paging.offset : paging.offset + paging.limit], len(rows)
        else:
            page = applied_coupons.page(
                connection,
                customer_id=customer_id,
                coupon_codes=coupon_codes,
                limit=paging.limit,
                offset=paging.offset,
            )
            rows, total = page.items, page.total
        items = with_credits(connection, cursor, applied_coupon_objects(served, connection, rows))
    return listed("applied_coupons", items, total, paging)


def _exhausted(served: Served, cursor: Any, customer_id: str | None) -> set[str]:
    """Ids of the applied coupons that are used up: of one customer as of now, of all as of the last run."""
    if customer_id is None:
        return marts.exhausted_coupons(cursor)
    rows = served.billing.rows_without_usage([customer_id], "fct_applied_coupons")
    return {row["applied_coupon_id"] for row in rows if row["exhausted_at"] is not None}

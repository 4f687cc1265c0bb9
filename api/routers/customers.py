"""Customers (lago_api §7.6)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, listed
from api.schemas.customers import UPSERT, customer_objects, customer_terms
from api.schemas.dunning_campaigns import with_campaign
from core.catalog import customers, deletions

router = APIRouter(prefix="/customers", tags=["Customers"])


@router.post("", openapi_extra=UPSERT.openapi)
def upsert(customer: Annotated[dict[str, Any], Depends(UPSERT)], served: Served) -> Response:
    """Create a customer, or change the one with this external id."""
    with served.change() as uow:
        row = customers.upsert(uow, **with_campaign(uow.connection, customer_terms(customer)))
        (answered,) = customer_objects(uow.connection, [row])
    return one("customer", answered)


@router.get("")
def index(served: Served, paging: Paged) -> Response:
    """List customers."""
    with served.look() as connection:
        page = customers.page(connection, limit=paging.limit, offset=paging.offset)
        return listed("customers", customer_objects(connection, page.items), page.total, paging)


@router.get("/{external_id}")
def show(external_id: str, served: Served) -> Response:
    """Get a customer by its external id."""
    with served.look() as connection:
        return one("customer", customer_objects(connection, [customers.get(connection, external_id)])[0])


@router.delete("/{external_id}")
def destroy(external_id: str, served: Served) -> Response:
    """Delete a customer: its subscriptions and wallets end now."""
    with served.change() as uow:
        row = deletions.delete_customer(uow, external_id)
        (answered,) = customer_objects(uow.connection, [row])
    served.billing.issue_soon(row.id)
    return one("customer", answered)

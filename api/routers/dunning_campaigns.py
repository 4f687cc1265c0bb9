"""Dunning campaigns (ours; Lago has them on its pages alone). Customers and billing entities say which applies to them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, listed
from api.schemas.dunning_campaigns import CREATE, UPDATE, campaign_object
from core.catalog import dunning_campaigns

router = APIRouter(prefix="/dunning_campaigns", tags=["Dunning campaigns"])


@router.post("", openapi_extra=CREATE.openapi)
def create(dunning_campaign: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Create a dunning campaign; it asks nobody until it is applied."""
    with served.change() as uow:
        return one("dunning_campaign", campaign_object(dunning_campaigns.create(uow, **dunning_campaign)))


@router.get("")
def index(served: Served, paging: Paged) -> Response:
    """List dunning campaigns."""
    with served.look() as connection:
        page = dunning_campaigns.page(connection, limit=paging.limit, offset=paging.offset)
    return listed("dunning_campaigns", [campaign_object(row) for row in page.items], page.total, paging)


@router.get("/{code}")
def show(code: str, served: Served) -> Response:
    """Get a dunning campaign by its code."""
    with served.look() as connection:
        return one("dunning_campaign", campaign_object(dunning_campaigns.get(connection, code)))


@router.put("/{code}", openapi_extra=UPDATE.openapi)
def update(code: str, dunning_campaign: Annotated[dict[str, Any], Depends(UPDATE)], served: Served) -> Response:
    """Change a dunning campaign from now on."""
    with served.change() as uow:
        return one("dunning_campaign", campaign_object(dunning_campaigns.update(uow, code, **dunning_campaign)))


@router.delete("/{code}")
def destroy(code: str, served: Served) -> Response:
    """Delete a dunning campaign: it asks nobody any more. What it asked for stays."""
    with served.change() as uow:
        return one("dunning_campaign", campaign_object(dunning_campaigns.delete(uow, code)))

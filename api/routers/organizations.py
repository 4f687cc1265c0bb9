"""The organization (lago_api §7.16)."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Response

from api.answers import one
from api.deps import Served
from api.schemas.dunning_campaigns import with_campaign
from api.schemas.organizations import UPDATE, organization_object, organization_terms
from api.schemas.taxes import taxes_by_owner
from core.catalog import billing_entities, webhook_endpoints
from core.catalog.billing_entities import DEFAULT_CODE, BillingEntity

router = APIRouter(prefix="/organizations", tags=["Organization"])


@router.get("")
def show(served: Served) -> Response:
    """Get the organization."""
    with served.look() as connection:
        return _one(connection, billing_entities.get(connection))


@router.put("", openapi_extra=UPDATE.openapi)
def update(organization: Annotated[dict[str, Any], Depends(UPDATE)], served: Served) -> Response:
    """Change the organization, and with it the default billing entity: what is given, the rest stays."""
    with served.change() as uow:
        terms = with_campaign(uow.connection, organization_terms(organization))
        return _one(uow.connection, billing_entities.update(uow, DEFAULT_CODE, **terms))


def _one(connection: sa.Connection, entity: BillingEntity) -> Response:
    taxes = taxes_by_owner(connection, "billing_entity", [entity.id])[entity.id]
    urls = [endpoint.webhook_url for endpoint in webhook_endpoints.everyone(connection)]
    return one("organization", organization_object(entity, taxes, urls))

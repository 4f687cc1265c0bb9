"""Billing entities (lago_api §7.16)."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Response

from api.answers import answer, one
from api.deps import Served
from api.schemas.billing_entities import CREATE, UPDATE, entity_object, entity_terms
from api.schemas.dunning_campaigns import APPLIED, applied_code, with_campaign
from api.schemas.taxes import taxes_by_owner
from core.catalog import billing_entities
from core.catalog.billing_entities import BillingEntity

router = APIRouter(prefix="/billing_entities", tags=["Billing entities"])


@router.post("", openapi_extra=CREATE.openapi)
def create(billing_entity: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Create another seller; what is not given has Lago's defaults."""
    with served.change() as uow:
        entity = billing_entities.create(uow, **with_campaign(uow.connection, entity_terms(billing_entity)))
        return _one(uow.connection, entity)


@router.get("")
def index(served: Served) -> Response:
    """List billing entities; this list has no pages."""
    with served.look() as connection:
        entities = billing_entities.page(connection).items
    return answer({"billing_entities": [entity_object(entity) for entity in entities]})


@router.get("/{code}")
def show(code: str, served: Served) -> Response:
    """Get a billing entity by its code, with its taxes."""
    with served.look() as connection:
        return _one(connection, billing_entities.get(connection, code))


@router.put("/{code}", openapi_extra=UPDATE.openapi)
def update(code: str, billing_entity: Annotated[dict[str, Any], Depends(UPDATE)], served: Served) -> Response:
    """Change a billing entity: what is given, the rest stays. `invoice_email_subject` and `invoice_email_text` are templates."""
    with served.change() as uow:
        entity = billing_entities.update(uow, code, **with_campaign(uow.connection, entity_terms(billing_entity)))
        return _one(uow.connection, entity)


def _one(connection: sa.Connection, entity: BillingEntity) -> Response:
    taxes = taxes_by_owner(connection, "billing_entity", [entity.id])[entity.id]
    campaign = applied_code(connection, entity.applied_dunning_campaign_id)
    more = {"taxes": taxes, "selected_invoice_custom_sections": [], APPLIED: campaign}
    return one("billing_entity", entity_object(entity) | more)

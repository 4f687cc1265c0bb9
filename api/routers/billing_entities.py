"""Billing entities (lago_api §7.16)."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.answers import answer, one
from api.deps import Served
from api.schemas.billing_entities import entity_object
from api.schemas.taxes import taxes_by_owner
from core.catalog import billing_entities

router = APIRouter(prefix="/billing_entities", tags=["Billing entities"])


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
        entity = billing_entities.get(connection, code)
        taxes = taxes_by_owner(connection, "billing_entity", [entity.id])[entity.id]
    return one("billing_entity", entity_object(entity) | {"taxes": taxes, "selected_invoice_custom_sections": []})

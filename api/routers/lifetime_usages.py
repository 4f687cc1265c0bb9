"""Lifetime usage of a subscription (lago_api §7.7)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.answers import one
from api.deps import Served, Services
from api.schemas.lifetime_usages import MODELS, UPDATE, lifetime_usage_object
from api.schemas.usage_thresholds import applicable_to
from core.catalog import lifetime_usages, subscriptions
from core.catalog.subscription_versions import Subscription
from core.errors import NotFound

router = APIRouter(tags=["Subscriptions"])

PATH = "/subscriptions/{external_id}/lifetime_usage"


@router.get(PATH)
def show(external_id: str, served: Served) -> Response:
    """What a subscription has used since it began, and before it came here."""
    with served.look() as connection:
        subscription = subscriptions.get(connection, external_id, served.clock.now())
    return _answer(served, subscription)


@router.put(PATH, openapi_extra=UPDATE.openapi)
def update(external_id: str, lifetime_usage: Annotated[dict[str, Any], Depends(UPDATE)], served: Served) -> Response:
    """Say what a subscription had used before it came here."""
    with served.change() as uow:
        subscription = subscriptions.get(uow.connection, external_id, served.clock.now())
        lifetime_usages.put(uow, subscription, lifetime_usage["external_historical_usage_amount_cents"])
    return _answer(served, subscription)


def _answer(served: Services, subscription: Subscription) -> Response:
    with served.look() as connection:
        has_thresholds = bool(applicable_to(connection, subscription))
    rows = served.billing.rows(subscription.customer_id, *MODELS)
    described = lifetime_usage_object(subscription, rows, has_thresholds=has_thresholds)
    if described is None:
        raise NotFound("lifetime_usage", subscription.external_id)
    return one("lifetime_usage", described)

"""Current, projected and past usage (lago_api §7.6)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Response

from api.answers import one
from api.body import INTEGER, read_fields
from api.deps import Served, Services
from api.pagination import Paged, listed
from api.schemas.customers import applicable_timezone
from api.schemas.usage import (
    MODELS,
    UsageFilter,
    no_active_subscription,
    past_usage_objects,
    projected_usage_object,
    usage_object,
)
from core.catalog import billing_entities, customers, plans, subscriptions
from core.errors import NotFound, ValidationError
from core.warehouse.billed_usage import billed_periods

router = APIRouter(tags=["Customers"])


@router.get("/customers/{external_id}/current_usage")
def current_usage(
    external_id: str,
    served: Served,
    external_subscription_id: str = "",
    apply_taxes: str = "true",
    charge_id: str | None = None,
    charge_code: str | None = None,
    billable_metric_code: str | None = None,
    filter_by_presentation: str | None = None,
) -> Response:
    """What the open period of a subscription would be billed now, by the SQL of the bill.

    `filter_by_presentation`: presentation group keys, separated by commas, by which alone the units are broken down.
    """
    keys = tuple(key.strip() for key in (filter_by_presentation or "").split(",") if key.strip())
    wanted = UsageFilter(charge_id, charge_code, billable_metric_code, keys)
    with served.look() as connection:
        customer_id, subscription, timezone = _running(served, connection, external_id, external_subscription_id)
        rows = served.billing.rows(customer_id, *MODELS)
        usage = usage_object(
            connection, rows, subscription, timezone, wanted=wanted, apply_taxes=apply_taxes != "false"
        )
    return one("customer_usage", usage)


@router.get("/customers/{external_id}/projected_usage")
def projected_usage(
    external_id: str, served: Served, external_subscription_id: str = "", apply_taxes: str = "true"
) -> Response:
    """Current usage, and what it would be at the end of the period if it went on so: by days gone and all days, priced by the SQL of the bill."""
    with served.look() as connection:
        customer_id, subscription, timezone = _running(served, connection, external_id, external_subscription_id)
        usage, grown = (
            usage_object(
                connection, rows, subscription, timezone, wanted=UsageFilter(), apply_taxes=apply_taxes != "false"
            )
            for rows in served.billing.projected(customer_id, *MODELS)
        )
    return one("customer_projected_usage", projected_usage_object(usage, grown))


@router.get("/customers/{external_id}/past_usage")
def past_usage(
    external_id: str,
    served: Served,
    paging: Paged,
    external_subscription_id: str | None = None,
    billable_metric_code: str | None = None,
    periods_count: str | None = None,
) -> Response:
    """What the billed periods of a subscription came to, newest first; `periods_count`: the newest so many."""
    if not external_subscription_id:
        raise ValidationError({"external_subscription_id": ["value_is_mandatory"]})
    newest = read_fields({"periods_count": periods_count or None}, {"periods_count": INTEGER})["periods_count"]
    with served.billing.ledger.cursor() as cursor, served.look() as connection:
        customer = customers.get(connection, external_id)
        subscriptions.get(connection, external_subscription_id, served.clock.now())
        periods = billed_periods(cursor, customer.id, external_subscription_id)[:newest]
        told = past_usage_objects(connection, periods, UsageFilter(billable_metric_code=billable_metric_code))
    return listed("usage_periods", told[paging.offset : paging.offset + paging.limit], len(told), paging)


def _running(
    served: Services, connection: sa.Connection, external_id: str, external_subscription_id: str
) -> tuple[str, dict[str, Any], str]:
    """(customer id, the running subscription as `usage_object` takes it, the customer's time zone)."""
    customer = customers.get(connection, external_id)
    try:
        subscription = subscriptions.get(connection, external_subscription_id, served.clock.now())
    except NotFound as error:
        raise no_active_subscription(external_subscription_id) from error
    now = served.instant_of(connection, customer)
    if subscription.customer_id != customer.id or subscription.status_at(now) != "active":
        raise no_active_subscription(external_subscription_id)
    plan = plans.by_ids(connection, [subscription.plan_id])[subscription.plan_id]
    entity = billing_entities.by_id(connection, customer.billing_entity_id)
    described = {"id": subscription.id, "plan_id": plan.id, "currency": plan.amount_currency}
    return customer.id, described, applicable_timezone(customer, entity)

"""Current usage (lago_api §7.6)."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.answers import one
from api.deps import Served
from api.schemas.customers import applicable_timezone
from api.schemas.usage import MODELS, UsageFilter, no_active_subscription, usage_object
from core.catalog import billing_entities, customers, plans, subscriptions
from core.errors import NotFound

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
    with served.look() as connection:
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
        usage = usage_object(
            connection,
            served.billing.rows(customer.id, *MODELS),
            {"id": subscription.id, "plan_id": plan.id, "currency": plan.amount_currency},
            applicable_timezone(customer, entity),
            wanted=UsageFilter(charge_id, charge_code, billable_metric_code, keys),
            apply_taxes=apply_taxes != "false",
        )
    return one("customer_usage", usage)

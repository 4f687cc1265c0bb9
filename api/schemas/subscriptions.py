"""Subscriptions on the wire (lago_api §7.7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from api.body import BOOLEAN, INSTANT, TEXT, Body, nested, objects
from api.deps import Services
from api.schemas.customers import applicable_timezone
from api.schemas.plans import OVERRIDES, plan_object
from api.schemas.usage_thresholds import IN_PLAN_FIELDS, applicable_to, usage_threshold_objects
from api.schemas.wire import instant, instant_ms
from core.catalog import plans, subscriptions
from core.catalog.billing_entities import BILLING_ENTITIES
from core.catalog.customers import CUSTOMERS, Customer
from core.catalog.plan_versions import Plan
from core.catalog.subscription_versions import Subscription
from core.catalog.usage_thresholds import thresholds_of

OWN_TERMS = {
    "usage_thresholds": objects(IN_PLAN_FIELDS),
    "progressive_billing_disabled": BOOLEAN,
    "plan_overrides": nested(OVERRIDES),
}
CREATE = Body(
    "subscription",
    {
        "external_customer_id": TEXT,
        "plan_code": TEXT,
        "name": TEXT,
        "external_id": TEXT,
        "billing_time": TEXT,
        "subscription_at": INSTANT,
        "ending_at": INSTANT,
        "billing_entity_code": TEXT,
        **OWN_TERMS,
    },
    mandatory=("external_id", "external_customer_id", "plan_code"),
)
UPDATE = Body("subscription", {"name": TEXT, "subscription_at": INSTANT, "ending_at": INSTANT, **OWN_TERMS})


def subscription_objects(
    services: Services, connection: sa.Connection, rows: Sequence[Subscription]
) -> list[dict[str, Any]]:
    """The subscriptions with the status that each has now on its customer's clock."""
    owners = {row.id: row for row in CUSTOMERS.where_in(connection, "id", [row.customer_id for row in rows])}
    entities = {entity.id: entity for entity in BILLING_ENTITIES.all(connection)}
    previous = subscriptions.by_ids(connection, [row.previous_subscription_id for row in rows if row.previous_subscription_id])
    following = subscriptions.next_of(connection, [row.id for row in rows])
    plan_of = plans.by_ids(connection, [row.plan_id for row in (*rows, *previous.values(), *following.values())])
    answers = []
    for row in rows:
        customer = owners[row.customer_id]
        # A stamp may be a few microseconds ahead of the clock; what is recorded is not in the future.
        now = max(services.instant_of(connection, customer), row.created_at)
        entity = entities[row.billing_entity_id or customer.billing_entity_id]
        changes = {
            f"{side}_plan_code": plan_of[other.plan_id].code
            for side, other in (("previous", previous.get(row.previous_subscription_id or "")), ("next", following.get(row.id)))
            if other is not None
        }
        described = _subscription_object(row, customer, plan_of[row.plan_id], row.status_at(now)) | changes
        zone = ZoneInfo(applicable_timezone(customer, entities[customer.billing_entity_id]))
        if row.downgrade_at is not None and row.downgrade_at > now:
            described["downgrade_plan_date"] = row.downgrade_at.replace(tzinfo=UTC).astimezone(zone).date().isoformat()
        answers.append(described | {"billing_entity_code": entity.code})
    return answers


def subscription_object(services: Services, connection: sa.Connection, row: Subscription) -> dict[str, Any]:
    """One subscription with its plan."""
    (answered,) = subscription_objects(services, connection, [row])
    plan = plan_object(connection, plans.by_ids(connection, [row.plan_id])[row.plan_id])
    own = thresholds_of(connection, "subscription", [row.id]).get(row.id, [])
    return answered | {
        "plan": plan,
        "entitlements": [],
        "usage_thresholds": usage_threshold_objects(own),
        "applicable_usage_thresholds": applicable_to(connection, row),
    }


def _subscription_object(row: Subscription, customer: Customer, plan: Plan, status: str) -> dict[str, Any]:
    ended_at = row.terminated_at or (row.ends_at if status == "terminated" else None)
    return {
        "lago_id": row.id,
        "external_id": row.external_id,
        "lago_customer_id": row.customer_id,
        "external_customer_id": customer.external_id,
        "billing_time": row.billing_time,
        "name": row.name,
        "plan_code": plan.code,
        "plan_amount_cents": plan.amount_cents,
        "plan_amount_currency": plan.amount_currency,
        "status": status,
        "created_at": instant(row.created_at),
        "canceled_at": instant(ended_at) if status == "canceled" else None,
        "started_at": None if status in ("pending", "canceled") else instant_ms(row.started_at),
        "ending_at": instant(row.ending_at),
        "subscription_at": instant(row.subscription_at),
        "terminated_at": instant(ended_at) if status == "terminated" else None,
        "previous_plan_code": None,
        "next_plan_code": None,
        "downgrade_plan_date": None,
        "trial_ended_at": None,
        "current_billing_period_started_at": None,
        "current_billing_period_ending_at": None,
        "on_termination_credit_note": row.on_termination_credit_note if plan.pay_in_advance else None,
        "on_termination_invoice": row.on_termination_invoice,
        "consolidate_invoice": True,
        "progressive_billing_disabled": row.progressive_billing_disabled,
        "payment_method": {"payment_method_id": None, "payment_method_type": "provider"},
        "activation_rules": [],
    }

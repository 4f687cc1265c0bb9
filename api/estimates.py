"""Estimates of what an event would cost in advance (lago_api §7.2): the event is checked, then priced, and never stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import pyarrow as pa
import sqlalchemy as sa
from msgspec import structs

from api.body import parse
from api.deps import Services
from api.errors import BadRequest
from core.billing.as_of_now import Rows
from core.billing.estimates import EVENTS
from core.catalog import billable_metrics, charges, customers, subscriptions
from core.catalog.billable_metrics import BillableMetric
from core.catalog.customers import Customer
from core.errors import ValidationError
from ingestion.event import UsageEvent, WireEvent, to_micros
from ingestion.flush import ALL
from ingestion.tables import event_table
from ingestion.validate import BATCH_LIMIT, Verdict, validate_event

NUMERIC = {"sum_agg", "max_agg", "latest_agg", "weighted_sum_agg"}
INSTANT_MODELS = {"standard", "percentage"}
"""Charge models whose price of an event does not depend on what was used before it."""


def estimate(served: Services, fields: Mapping[str, Any], *, is_instant: bool) -> tuple[Customer, Mapping[str, Rows]]:
    """(whose event it would be, the rows of its fees). Raises NotFound, ValidationError."""
    with served.look() as connection:
        subscription = subscriptions.get(connection, fields.get("external_subscription_id") or "", served.clock.now())
        customer = customers.by_id(connection, subscription.customer_id)
        metric = billable_metrics.get(connection, fields.get("code") or "")
        _refuse_without_charge(connection, subscription.plan_id, metric, is_instant)
        now = served.instant_of(connection, customer)
    event = _event(served, fields, to_micros(now))

    def received(at: datetime) -> pa.Table:
        return event_table([event], [to_micros(at)], [ALL], ["estimate"], [None])

    estimated = served.billing.estimate(customer.id, event.transaction_id, received, is_instant=is_instant)
    if metric.aggregation_type in NUMERIC and any(row["field_value"] is None for row in estimated[EVENTS]):
        raise ValidationError(
            {"properties": ["value_is_not_valid_number"]},
            f'Send {metric.field_name} as a number such as 1200 or "0.5".',
        )
    return customer, estimated


def batch_of(body: bytes) -> list[Mapping[str, Any]]:
    """The events of a batch, each on its own or under `event` (lago_api §7.2). Raises BadRequest, ValidationError."""
    rows = parse(body).get("events")
    if not isinstance(rows, list):
        raise BadRequest("param is missing or the value is empty: events")
    if not rows:
        raise ValidationError({"events": ["no_events"]})
    if len(rows) > BATCH_LIMIT:
        raise ValidationError({"events": ["too_many_events"]})
    if not all(isinstance(row, dict) and isinstance(row.get("event", {}), dict) for row in rows):
        raise ValidationError({"events": ["value_is_invalid"]})
    return [row.get("event", row) for row in rows]


def _refuse_without_charge(connection: sa.Connection, plan_id: str, metric: BillableMetric, is_instant: bool) -> None:
    owned = charges.charges_of(connection, [plan_id]).get(plan_id, [])
    priced = [row for row in owned if row.billable_metric_id == metric.id and row.pay_in_advance]
    if is_instant:
        priced = [row for row in priced if row.charge_model in INSTANT_MODELS]
    if not priced:
        raise ValidationError(
            {"code": ["does_not_match_an_instant_charge"]},
            "The subscription's plan has no charge in advance on this metric that can be estimated.",
        )


def _event(served: Services, fields: Mapping[str, Any], now: int) -> UsageEvent:
    # Under an id of its own: one that was sent before would count once, and cost nothing.
    given = {**fields, "timestamp": None if fields.get("timestamp") is None else str(fields["timestamp"])}
    wire = WireEvent(**given | {"transaction_id": f"estimate-{uuid4()}"})
    verdict: Verdict = validate_event(wire)
    if isinstance(verdict, UsageEvent):
        timed = verdict if verdict.timestamp is not None else structs.replace(verdict, timestamp=now)
        verdict = served.calculations.completed(timed)
    if isinstance(verdict, UsageEvent):
        return verdict
    raise ValidationError({rejection.field or "event": [rejection.reason] for rejection in verdict}, verdict[0].message)

"""Billable metrics on the wire (lago_api §7.3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from api.body import (
    BOOLEAN,
    DECIMAL,
    INTEGER,
    MAPPING,
    TEXT,
    TEXTS,
    Body,
    nested,
    object_schema,
    objects,
    parse,
    read_fields,
)
from api.schemas.wire import instant
from core.catalog.billable_metrics import BillableMetric
from core.domain.problems import Problems
from core.warehouse.expressions import EventFacts
from ingestion.canonical import canonical, json_text
from ingestion.event import to_micros
from ingestion.instant import MICROS, unix_micros

FIELDS = {
    "name": TEXT,
    "code": TEXT,
    "description": TEXT,
    "aggregation_type": TEXT,
    "field_name": TEXT,
    "weighted_interval": TEXT,
    "expression": TEXT,
    "sql_metric": TEXT,
    "recurring": BOOLEAN,
    "rounding_function": TEXT,
    "rounding_precision": INTEGER,
    "filters": objects({"key": TEXT, "values": TEXTS}),
}
CREATE = Body("billable_metric", FIELDS, mandatory=("code", "name", "aggregation_type"))
UPDATE = Body("billable_metric", FIELDS)
EVALUATE = {"expression": TEXT, "event": nested({"code": TEXT, "timestamp": DECIMAL, "properties": MAPPING})}
"""The body of evaluate_expression, which has no root key."""


EVALUATE_OPENAPI = {"requestBody": {"content": {"application/json": {"schema": object_schema(EVALUATE)}}}}


def expression_and_event(body: bytes, now: datetime) -> tuple[str, EventFacts]:
    """What to evaluate, over which event; an event without a time happens `now`. Raises BadRequest, ValidationError."""
    given = read_fields(parse(body), EVALUATE)
    problems = Problems(given)
    problems.mandatory("expression")
    problems.refuse()  # alone: a client that sends no body is told of nothing else (lago_api §7.3)
    problems.mandatory("event")
    problems.refuse()
    event = given["event"]
    problems = Problems(event)
    problems.mandatory("code")
    sent = event.get("timestamp")
    micros = to_micros(now) if sent is None else unix_micros(str(sent))
    if micros is None:
        problems.add("timestamp", "invalid_format")
    problems.refuse()
    properties = json_text(canonical(event.get("properties") or {}))
    return given["expression"], EventFacts(event["code"], (micros or 0) // MICROS, properties)


def metric_object(metric: BillableMetric) -> dict[str, Any]:
    """The metric; `filters` is always a list because Lago's Python client insists on one."""
    return {
        "lago_id": metric.id,
        "name": metric.name,
        "code": metric.code,
        "description": metric.description,
        "aggregation_type": metric.aggregation_type,
        "field_name": metric.field_name,
        "weighted_interval": metric.weighted_interval,
        "expression": metric.expression,
        "sql_metric": metric.sql_metric,
        "recurring": metric.recurring,
        "rounding_function": metric.rounding_function,
        "rounding_precision": metric.rounding_precision,
        "filters": [{"key": row["key"], "values": row["values"]} for row in metric.filters],
        "active_subscriptions_count": 0,
        "draft_invoices_count": 0,
        "plans_count": 0,
        "created_at": instant(metric.created_at),
    }

"""Billable metrics on the wire (lago_api §7.3)."""

from __future__ import annotations

from typing import Any

from api.body import BOOLEAN, INTEGER, TEXT, TEXTS, Body, objects
from api.schemas.wire import instant
from core.catalog.billable_metrics import BillableMetric

FIELDS = {
    "name": TEXT,
    "code": TEXT,
    "description": TEXT,
    "aggregation_type": TEXT,
    "field_name": TEXT,
    "weighted_interval": TEXT,
    "recurring": BOOLEAN,
    "rounding_function": TEXT,
    "rounding_precision": INTEGER,
    "filters": objects({"key": TEXT, "values": TEXTS}),
}
CREATE = Body("billable_metric", FIELDS, mandatory=("code", "name", "aggregation_type"))
UPDATE = Body("billable_metric", FIELDS)


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
        "expression": None,
        "recurring": metric.recurring,
        "rounding_function": metric.rounding_function,
        "rounding_precision": metric.rounding_precision,
        "filters": [{"key": row["key"], "values": row["values"]} for row in metric.filters],
        "active_subscriptions_count": 0,
        "draft_invoices_count": 0,
        "plans_count": 0,
        "created_at": instant(metric.created_at),
    }

"""Alerts on the wire (lago_api §7.7, §7.12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from fastapi import Request

from api.body import BOOLEAN, DECIMAL, TEXT, Body, objects, parse, read_fields
from api.deps import Services
from api.schemas.billable_metrics import metric_object
from api.schemas.wire import decimal, instant
from core.catalog import billable_metrics, billing_entities, customers, subscriptions
from core.catalog.alerts import ALERTS, Alert
from core.catalog.wallets import WALLETS
from core.domain.monitoring import direction_of
from core.warehouse import marts

_THRESHOLD = {"code": TEXT, "value": DECIMAL, "recurring": BOOLEAN}
_CHANGEABLE = {"code": TEXT, "name": TEXT, "billable_metric_code": TEXT, "thresholds": objects(_THRESHOLD)}
_FIELDS = _CHANGEABLE | {"alert_type": TEXT}
_MANDATORY = ("alert_type", "code")
CREATE = Body("alert", _FIELDS, mandatory=_MANDATORY)
UPDATE = Body("alert", _CHANGEABLE)
_BATCH = {"alerts": objects(_FIELDS)}


async def one_or_many(request: Request) -> dict[str, Any] | list[dict[str, Any]]:
    """The fields of one alert, or those of each where the body has a list `alerts`. Raises BadRequest, ValidationError."""
    whole = parse(await request.body())
    if "alerts" not in whole:
        return await CREATE(request)
    rows = read_fields(whole, _BATCH)["alerts"] or []
    return [dict.fromkeys(_MANDATORY) | row for row in rows]


def alert_objects(services: Services, connection: sa.Connection, rows: Sequence[Alert]) -> list[dict[str, Any]]:
    """Alerts with the value at their last look, in minor units or units; before the first look it is 0."""
    metrics = billable_metrics.by_ids(connection, [row.billable_metric_id for row in rows if row.billable_metric_id])
    with services.billing.ledger.cursor() as cursor:
        looks = marts.alert_values(cursor, [row.id for row in rows])
    codes = {row.id: row.code for row in WALLETS.where_in(connection, "id", [row.wallet_id for row in rows if row.wallet_id])}
    organization_id = billing_entities.get(connection, billing_entities.DEFAULT_CODE).id
    return [
        _alert_object(row, looks.get(row.id), metric_object(metrics[row.billable_metric_id]) if row.billable_metric_id else None)
        | {"lago_organization_id": organization_id, "wallet_code": codes.get(row.wallet_id or "")}
        for row in rows
    ]


def _alert_object(alert: Alert, look: Mapping[str, Any] | None, metric: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "lago_id": alert.id,
        "external_subscription_id": alert.external_subscription_id,
        "subscription_external_id": alert.external_subscription_id,
        "lago_wallet_id": alert.wallet_id,
        "billable_metric": metric,
        "alert_type": alert.alert_type,
        "code": alert.code,
        "name": alert.name,
        "direction": direction_of(alert.alert_type),
        "previous_value": decimal(look["value"] if look else 0),
        "last_processed_at": instant(look["checked_at"] if look else None),
        "thresholds": [row | {"value": decimal(row["value"])} for row in alert.thresholds],
        "created_at": instant(alert.created_at),
    }


def triggered_alert_object(
    services: Services, connection: sa.Connection, crossings: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """One look at an alert that crossed thresholds: rows of `int_billing__alert_crossings` (lago_api §10)."""
    look = crossings[0]
    alert = ALERTS.history(connection, look["alert_id"])[-1]
    metrics = billable_metrics.by_ids(connection, [alert.billable_metric_id] if alert.billable_metric_id else [])
    subscription = subscriptions.get(connection, alert.external_subscription_id or "", services.clock.now())
    return {
        "lago_id": look["alert_check_id"],
        "lago_organization_id": billing_entities.get(connection, billing_entities.DEFAULT_CODE).id,
        "lago_alert_id": alert.id,
        "lago_subscription_id": subscription.id,
        "lago_wallet_id": None,
        "external_subscription_id": alert.external_subscription_id,
        "external_customer_id": customers.by_id(connection, alert.customer_id).external_id,
        "wallet_code": None,
        "billable_metric_code": next((metric.code for metric in metrics.values()), None),
        "alert_type": alert.alert_type,
        "alert_code": alert.code,
        "alert_name": alert.name,
        "current_value": decimal(look["value"]),
        "previous_value": decimal(look["previous_value"]),
        "triggered_at": instant(look["checked_at"]),
        "crossed_thresholds": [
            {"code": row["threshold_code"], "value": decimal(row["threshold_value"]), "recurring": row["is_recurring"]}
            for row in crossings
        ],
    }

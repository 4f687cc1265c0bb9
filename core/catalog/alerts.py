"""Alerts: values of a subscription or a wallet that somebody wants to hear of (rating §8.3, lago_api §7.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.catalog import billable_metrics
from core.catalog.subscription_versions import Subscription
from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Page, Version, Versions
from core.catalog.wallets import Wallet
from core.domain.monitoring import (
    SUBSCRIPTION_ALERTS,
    WALLET_ALERTS,
    names_a_metric,
    read_alert_thresholds,
)
from core.domain.problems import Problems
from core.errors import BatchRefused, NotFound, ValidationError
from core.ids import new_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert(Version):
    """An alert on a subscription (by its external id, so that it outlives a change of plan) or on a wallet.

    `thresholds` are mappings of code, value (decimal text) and recurring.
    """

    customer_id: str
    external_subscription_id: str | None
    wallet_id: str | None
    alert_type: str
    billable_metric_id: str | None
    code: str
    name: str | None
    thresholds: list[dict[str, Any]]


ALERTS = Versions("alerts", Alert, index=("external_subscription_id", "wallet_id"))
Subject = Subscription | Wallet


def create(
    uow: UnitOfWork,
    subject: Subject,
    *,
    alert_type: str | None,
    code: str | None,
    name: str | None = None,
    billable_metric_code: str | None = None,
    thresholds: Sequence[Mapping[str, Any]] | None = None,
) -> Alert:
    """A new alert. Raises ValidationError (`value_already_exist` under `code`, `alert_already_exists` under `base`, …),
    NotFound `billable_metric`.
    """
    problems = Problems({"alert_type": alert_type, "code": code, "name": name})
    problems.key("code")
    problems.text("name")
    problems.mandatory("alert_type")
    problems.one_of("alert_type", WALLET_ALERTS if isinstance(subject, Wallet) else SUBSCRIPTION_ALERTS, "invalid_type")
    kept = read_alert_thresholds(thresholds, problems)
    siblings = alerts_of(uow.connection, subject)
    if code in {row.code for row in siblings}:
        problems.add("code", "value_already_exist")
    metric_id = _metric_id(uow.connection, alert_type or "", billable_metric_code, problems)
    if (alert_type, metric_id) in {(row.alert_type, row.billable_metric_id) for row in siblings}:
        problems.add("base", "alert_already_exists")
    problems.refuse()
    stamp = uow.stamp_for(subject.customer_id)
    terms = {"alert_type": alert_type, "billable_metric_id": metric_id, "code": code, "name": name, "thresholds": kept}
    return ALERTS.add(uow, stamp, id=new_id(), customer_id=subject.customer_id, **_owner(subject), **terms)


def create_many(uow: UnitOfWork, subject: Subject, rows: Sequence[Mapping[str, Any]]) -> list[Alert]:
    """Several alerts, all or none. Each row is what `create` takes, by name.

    Raises ValidationError `no_alerts`, BatchRefused with the details of each refused row, NotFound `billable_metric`.
    """
    if not rows:
        raise ValidationError({"alerts": ["no_alerts"]})
    made: list[Alert] = []
    refused: dict[int, dict[str, list[str]]] = {}
    for place, row in enumerate(rows):
        try:
            made.append(create(uow, subject, **row))
        except ValidationError as error:
            refused[place] = error.details
    if refused:
        raise BatchRefused(refused)
    return made


def update(uow: UnitOfWork, alert: Alert, **fields: Any) -> Alert:
    """Change any of code, name, billable_metric_code and thresholds (the full set). Raises as `create` does."""
    values = {"code": alert.code, "name": alert.name} | {key: fields[key] for key in ("code", "name") if key in fields}
    problems = Problems(values)
    problems.key("code")
    problems.text("name")
    changes: dict[str, Any] = dict(values)
    if "thresholds" in fields:
        changes["thresholds"] = read_alert_thresholds(fields["thresholds"], problems)
    if "billable_metric_code" in fields:
        metric_id = _metric_id(uow.connection, alert.alert_type, fields["billable_metric_code"], problems)
        changes["billable_metric_id"] = metric_id
    siblings = [row for row in _siblings(uow.connection, alert) if row.id != alert.id]
    if values["code"] in {row.code for row in siblings}:
        problems.add("code", "value_already_exist")
    watched = (alert.alert_type, changes.get("billable_metric_id", alert.billable_metric_id))
    if watched in {(row.alert_type, row.billable_metric_id) for row in siblings}:
        problems.add("base", "alert_already_exists")
    problems.refuse()
    return ALERTS.amend(uow, uow.stamp_for(alert.customer_id), alert, **changes)


def delete(uow: UnitOfWork, *alerts: Alert) -> None:
    """End alerts; what they reported is kept."""
    for alert in alerts:
        ALERTS.end(uow, uow.stamp_for(alert.customer_id), alert)


def get(connection: sa.Connection, subject: Subject, code: str) -> Alert:
    """The subject's alert of this code. Raises NotFound."""
    alert = ALERTS.first(connection, _is_of(subject), ALERTS.c.code == code)
    if alert is None:
        raise NotFound("alert", code)
    return alert


def alerts_of(connection: sa.Connection, subject: Subject) -> list[Alert]:
    """Every alert of a subject, oldest first."""
    return ALERTS.all(connection, _is_of(subject))


def page(connection: sa.Connection, subject: Subject, *, limit: int | None = None, offset: int = 0) -> Page[Alert]:
    """Alerts of a subject, newest first."""
    return ALERTS.page(connection, _is_of(subject), limit=limit, offset=offset)


def _owner(subject: Subject) -> dict[str, str | None]:
    if isinstance(subject, Wallet):
        return {"external_subscription_id": None, "wallet_id": subject.id}
    return {"external_subscription_id": subject.external_id, "wallet_id": None}


def _is_of(subject: Subject) -> sa.ColumnElement[bool]:
    if isinstance(subject, Wallet):
        return ALERTS.c.wallet_id == subject.id
    return (ALERTS.c.external_subscription_id == subject.external_id) & (ALERTS.c.customer_id == subject.customer_id)


def _siblings(connection: sa.Connection, alert: Alert) -> list[Alert]:
    c = ALERTS.c
    same = c.external_subscription_id.is_not_distinct_from(alert.external_subscription_id)
    return ALERTS.all(
        connection, c.customer_id == alert.customer_id, same, c.wallet_id.is_not_distinct_from(alert.wallet_id)
    )


def _metric_id(connection: sa.Connection, alert_type: str, code: str | None, problems: Problems) -> str | None:
    """The metric that an alert of this type must name and others must not. Raises NotFound."""
    if not names_a_metric(alert_type):
        if code:
            problems.add("billable_metric", "value_must_be_blank")
        return None
    if not code:
        problems.add("billable_metric", "value_is_mandatory")
        return None
    return billable_metrics.get(connection, code).id

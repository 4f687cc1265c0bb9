"""Current and past usage on the wire (lago_api §7.6)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from api.schemas.wire import day, decimal, instant, last_instant
from core.catalog import billable_metrics, charges
from core.catalog.billable_metrics import BillableMetric
from core.catalog.charges import Charge, ChargeFilter
from core.errors import Conflict, NotFound, UsageOutOfDomain
from core.money.rounding import round_half_away

Fee = Mapping[str, Any]

WINDOWS, FEES, TAX_RATES = "int_metering__usage_windows", "int_billing__fees", "int_billing__fee_tax_rates"
UNITS, PRESENTATION = "int_billing__fee_units", "int_metering__presentation_units"
HELD = "int_billing__held_usage"
MODELS = (WINDOWS, FEES, TAX_RATES, UNITS, PRESENTATION, HELD)
"""The models that a usage answer is made of."""


class UsageFilter(NamedTuple):
    """Which charges to show; None means any."""

    charge_id: str | None = None
    charge_code: str | None = None
    billable_metric_code: str | None = None
    presentation_keys: tuple[str, ...] = ()
    """Break units down by these keys alone."""

    def keeps(self, charge: Charge, metric: BillableMetric) -> bool:
        """Whether the charge is shown."""
        return (
            self.charge_id in (None, charge.id)
            and self.charge_code in (None, charge.code)
            and self.billable_metric_code in (None, metric.code)
        )


def usage_object(
    connection: sa.Connection,
    rows: Mapping[str, Sequence[Fee]],
    subscription: Mapping[str, Any],
    timezone: str,
    *,
    wanted: UsageFilter,
    apply_taxes: bool,
) -> dict[str, Any]:
    """The open period of a subscription: one entry per charge of its plan, those without usage too.

    `rows` are those of MODELS for its customer; `subscription` has id, plan_id and currency.
    Raises Conflict `no_active_subscription` when none of its periods is open, NotFound `charge` when `wanted` matches none, and
    UsageOutOfDomain when what is shown cannot be priced.
    """
    window = _open_window(rows[WINDOWS], subscription["id"])
    shown = _shown(connection, subscription["plan_id"], wanted)
    charge_ids = {charge.id for charge, _ in shown}
    held = [
        row
        for row in rows[HELD]
        if (row["subscription_id"], row["bill_state"]) == (subscription["id"], "open")
        and row["charge_id"] in charge_ids
    ]
    if held:
        raise UsageOutOfDomain(held)
    details = _details(rows, wanted.presentation_keys)
    fees = [
        {**row, **details[row["fee_id"]]}
        for row in rows[FEES]
        if row["fee_state"] == "open"
        and row["charge_id"] in charge_ids
        and (row["subscription_id"], row["from_at"]) == (subscription["id"], window["from_at"])
    ]
    period = {
        "from_at": window["from_at"],
        "to_at": window["to_at"],
        "issuing_date": _local_date(window["to_at"], timezone),
        "invoice_id": None,
        "currency": subscription["currency"],
    }
    return _period(connection, period, shown, fees, rows[TAX_RATES] if apply_taxes else [])


def projected_usage_object(now: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, Any]:
    """Usage as it is `now`, with what it would be `then`, at the end of its period: both are `usage_object`s of the same charges."""
    return {
        **now,
        "projected_amount_cents": then["amount_cents"],
        "charges_usage": [
            _projected(charge, later)
            | {
                "filters": _projected_filters(charge["filters"], later["filters"]),
                "grouped_usage": [
                    _projected(group, grown) | {"filters": _projected_filters(group["filters"], grown["filters"])}
                    for group, grown in zip(charge["grouped_usage"], later["grouped_usage"], strict=True)
                ],
            }
            for charge, later in zip(now["charges_usage"], then["charges_usage"], strict=True)
        ],
    }


def _projected(now: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in now.items() if name != "total_aggregated_units"} | {
        "projected_units": then["units"],
        "projected_amount_cents": then["amount_cents"],
        "projected_presentation_breakdowns": [],
    }


def _projected_filters(now: Sequence[Mapping[str, Any]], then: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Python's client takes no null for the values of what matched no filter here (lago_api §7.6)."""
    return [_projected(row, later) | {"values": row["values"] or {}} for row, later in zip(now, then, strict=True)]


def past_usage_objects(
    connection: sa.Connection, periods: Sequence[Mapping[str, Any]], wanted: UsageFilter
) -> list[dict[str, Any]]:
    """Billed periods, each with a row per charge of its plan that there still is. `periods` are those of `core.warehouse.billed_usage`.

    Raises NotFound `billable_metric` when no charge of any of them is `wanted`.
    """
    told = []
    for period in periods:
        shown = [row for row in _charges(connection, period["plan_id"]) if wanted.keeps(*row)]
        if not shown and wanted != UsageFilter():
            continue
        charge_ids = {charge.id for charge, _ in shown}
        fees = [fee for fee in period["fees"] if fee["charge_id"] in charge_ids]
        told.append(_period(connection, period, shown, fees, period["taxes"]))
    if periods and not told:
        raise NotFound("billable_metric", wanted.billable_metric_code)
    return told


def _period(
    connection: sa.Connection,
    period: Mapping[str, Any],
    shown: Sequence[tuple[Charge, BillableMetric]],
    fees: Sequence[Fee],
    taxes: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    amount_cents, taxes_cents = _sum(fees, "amount_cents"), _taxes_cents(fees, taxes)
    return {
        "from_datetime": instant(period["from_at"]),
        "to_datetime": last_instant(period["to_at"]),
        "issuing_date": day(period["issuing_date"]),
        "lago_invoice_id": period["invoice_id"],
        "currency": period["currency"],
        "amount_cents": amount_cents,
        "taxes_amount_cents": taxes_cents,
        "total_amount_cents": amount_cents + taxes_cents,
        "charges_usage": _charges_usage(connection, shown, fees, period["currency"]),
    }


def _details(rows: Mapping[str, Sequence[Fee]], keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Fee id -> its aggregated units and its presentation groups: [(JSON text of the group, units)], by `keys` if there are any."""
    details: dict[str, dict[str, Any]] = {
        row["fee_id"]: {"total_aggregated_units": row["total_aggregated_units"], "groups": []} for row in rows[UNITS]
    }
    for row in rows[PRESENTATION]:
        if row["usage_id"] not in details:
            continue
        group = row["presentation_key"]
        if keys:
            named = {name: value for name, value in json.loads(group).items() if name in keys}
            if not named:
                continue
            group = json.dumps(named)
        details[row["usage_id"]]["groups"].append((group, row["units"]))
    return details


def _charges(connection: sa.Connection, plan_id: str) -> list[tuple[Charge, BillableMetric]]:
    owned = charges.charges_of(connection, [plan_id]).get(plan_id, [])
    metrics = billable_metrics.by_ids(connection, [charge.billable_metric_id for charge in owned])
    return [(charge, metrics[charge.billable_metric_id]) for charge in owned]


def _shown(connection: sa.Connection, plan_id: str, wanted: UsageFilter) -> list[tuple[Charge, BillableMetric]]:
    shown = [row for row in _charges(connection, plan_id) if wanted.keeps(*row)]
    if not shown and wanted[:3] != UsageFilter()[:3]:
        raise NotFound("charge", wanted)
    return shown


def _charges_usage(
    connection: sa.Connection, shown: Sequence[tuple[Charge, BillableMetric]], fees: Sequence[Fee], currency: str
) -> list[dict[str, Any]]:
    filters = charges.filters_of(connection, [charge.id for charge, _ in shown])
    return [
        _charge_usage(
            charge,
            metric,
            filters.get(charge.id, []),
            [fee for fee in fees if fee["charge_id"] == charge.id],
            currency,
        )
        for charge, metric in shown
    ]


def _charge_usage(
    charge: Charge, metric: BillableMetric, filters: Sequence[ChargeFilter], fees: Sequence[Fee], currency: str
) -> dict[str, Any]:
    groups = sorted({fee["group_key"] for fee in fees if fee["group_key"] is not None})
    return _totals(fees) | {
        "amount_currency": currency,
        "charge": {
            "lago_id": charge.id,
            "code": charge.code,
            "charge_model": charge.charge_model,
            "invoice_display_name": charge.invoice_display_name,
        },
        "billable_metric": {
            "lago_id": metric.id,
            "name": metric.name,
            "code": metric.code,
            "aggregation_type": metric.aggregation_type,
        },
        "filters": _filters(filters, fees),
        "grouped_usage": [_group(key, filters, [fee for fee in fees if fee["group_key"] == key]) for key in groups],
        "pricing_unit_details": None,
    }


def _filters(filters: Sequence[ChargeFilter], fees: Sequence[Fee]) -> list[dict[str, Any]]:
    """One row per filter, then the row of what matched none; nothing at all for a charge without filters."""
    if not filters:
        return []
    named = [(row.id, row.invoice_display_name, row.values) for row in filters]
    return [
        _totals([fee for fee in fees if fee["charge_filter_id"] == filter_id])
        | {"invoice_display_name": name, "values": values}
        for filter_id, name, values in [*named, (None, None, None)]
    ]


def _group(key: str, filters: Sequence[ChargeFilter], fees: Sequence[Fee]) -> dict[str, Any]:
    return _totals(fees) | {
        "grouped_by": without_nulls(json.loads(key)),
        "filters": _filters(filters, fees),
    }


def without_nulls(group: Mapping[str, Any]) -> dict[str, str]:
    """A group's properties; those that the events lacked are left out, because Python's client takes no null there."""
    return {name: str(value) for name, value in group.items() if value is not None}


def _totals(fees: Iterable[Fee]) -> dict[str, Any]:
    fees = list(fees)
    return {
        "units": decimal(sum((fee["units"] for fee in fees), Decimal(0))),
        "total_aggregated_units": decimal(sum((fee["total_aggregated_units"] for fee in fees), Decimal(0))),
        "events_count": _sum(fees, "events_count"),
        "amount_cents": _sum(fees, "amount_cents"),
        "presentation_breakdowns": presentation_breakdowns(group for fee in fees for group in fee["groups"]),
    }


def presentation_breakdowns(groups: Iterable[tuple[str, Decimal]]) -> list[dict[str, Any]]:
    """The units of each presentation group: of (JSON text of the group, units), those of one group added up."""
    units: dict[str, Decimal] = {}
    for key, part in groups:
        units[key] = units.get(key, Decimal(0)) + part
    return [
        {"presentation_by": without_nulls(json.loads(key)), "units": decimal(part)}
        for key, part in sorted(units.items())
    ]


def _taxes_cents(fees: Sequence[Fee], rates: Sequence[Mapping[str, Any]]) -> int:
    """Rounded once over all fees, as on an invoice (invoicing §4.5)."""
    cents = {fee["fee_id"]: fee["amount_cents"] for fee in fees}
    precise = (cents.get(rate["fee_id"], 0) * rate["tax_rate"] / 100 for rate in rates)
    return int(round_half_away(sum(precise, Decimal(0)), 0))


def _sum(fees: Iterable[Fee], name: str) -> int:
    return sum(int(fee[name] or 0) for fee in fees)


def _open_window(windows: Sequence[Mapping[str, Any]], subscription_id: str) -> Mapping[str, Any]:
    """The newest one: a period that has ended stays open beside it until its bill's tick."""
    own = [row for row in windows if row["subscription_id"] == subscription_id and row["window_state"] == "open"]
    if not own:
        raise no_active_subscription(subscription_id)
    return max(own, key=lambda row: row["from_at"])


def no_active_subscription(key: str) -> Conflict:
    """Lago's word for a subscription that is unknown, somebody else's or not running (lago_api §7.6)."""
    return Conflict("no_active_subscription", f"{key!r} is no active subscription of this customer")


def _local_date(at: datetime, timezone: str) -> Any:
    return at.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).date()

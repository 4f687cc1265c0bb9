"""Charges of a plan and their filters. Prices stay in their wire form; export spells them out as rows (rating §3, §4)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.catalog import billable_metrics, pricing_units, taxes
from core.catalog.billable_metrics import BillableMetric
from core.catalog.unit_of_work import Stamp, UnitOfWork
from core.catalog.versions import Page, Version, Versions, as_stored
from core.domain.compatibility import check_compatibility
from core.domain.pricing import CHARGE_MODELS, default_properties, parse_properties
from core.domain.problems import Problems
from core.errors import NotFound, ValidationError, inside
from core.ids import new_id

ALL_FILTER_VALUES = "__ALL_FILTER_VALUES__"
"""The marker that stands for every declared value of a key (rating §3.1)."""
LATE_USAGE_POLICIES = ("next_invoice", "credit_note", "ignore")
"""What late usage adds is on the next bill; what it takes off pays the next bill, corrects the invoice itself, or neither is done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge(Version):
    """A metric priced on a plan. `properties` is the wire form; `position` orders charges on the plan from 1."""

    plan_id: str
    code: str
    billable_metric_id: str
    charge_model: str
    invoice_display_name: str | None
    pay_in_advance: bool
    prorated: bool
    invoiceable: bool
    min_amount_cents: int
    """In minor units of what the charge is priced in: its pricing unit, else the plan's currency."""
    late_usage_policy: str
    """How usage that becomes known after the bill of its period is settled: one of LATE_USAGE_POLICIES."""
    position: int
    properties: dict[str, Any]
    pricing_unit_id: str | None
    conversion_rate: str | None
    """Units of the plan's currency per pricing unit, as decimal text; None without a pricing unit."""
    parent_id: str | None
    """The charge of the parent plan that this one overrides; None on a plan for all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChargeFilter(Version):
    """A price for events with given property values. `position` is the order of creation on the charge, from 1.

    `charge_model` and `billable_metric_id` repeat the charge's, so that a version can be read on its own.
    """

    charge_id: str
    charge_model: str
    billable_metric_id: str
    invoice_display_name: str | None
    position: int
    properties: dict[str, Any]
    values: dict[str, list[str]]
    parent_id: str | None
    """The filter of the same values on the charge that this one's charge overrides."""


CHARGES = Versions("charges", Charge, index=("plan_id", "billable_metric_id"))
CHARGE_FILTERS = Versions("charge_filters", ChargeFilter, index=("charge_id",))
_OPTIONAL: dict[str, Any] = {
    "invoice_display_name": None,
    "pay_in_advance": False,
    "prorated": False,
    "invoiceable": True,
    "min_amount_cents": 0,
    "late_usage_policy": "next_invoice",
    "parent_id": None,
}


def replace_charges(
    uow: UnitOfWork,
    stamp: Stamp,
    plan_id: str,
    inputs: Sequence[Mapping[str, Any]],
    *,
    customer_id: str | None = None,
    is_new: bool = False,
) -> list[Charge]:
    """Make the plan's charges exactly `inputs` (the wire form of lago_api §7.4), in that order.

    An input with the `id` of a charge, or without an id but with its `code`, changes that charge; another one is new;
    a charge that is not among them ends. `customer_id` is the plan's. Raises ValidationError, or NotFound `billable_metrics`, `charge` or `pricing_unit`.
    """
    metrics = billable_metrics.by_ids(uow.connection, [row.get("billable_metric_id") or "" for row in inputs])
    current = [] if is_new else charges_of(uow.connection, [plan_id]).get(plan_id, [])
    matched = _match(inputs, current)
    for charge in current:
        if charge.id not in {old.id for old in matched if old}:
            end_charge(uow, stamp, charge)
    codes = {charge.code for charge in matched if charge} | {str(row["code"]) for row in inputs if row.get("code")}
    charges = []
    for position, (row, old) in enumerate(zip(inputs, matched, strict=True), start=1):
        metric = metrics[row["billable_metric_id"]]
        code = row.get("code") or (old.code if old else _free_code(metric.code, codes))
        codes.add(code)
        with inside(f"charges[{code}]"):
            place: dict[str, Any] = {"code": code, "position": position, "customer_id": customer_id}
            charges.append(_put(uow, stamp, plan_id, row, old, metric, **place))
    if len({charge.code for charge in charges}) != len(charges):
        raise ValidationError({"code": ["value_already_exist"]})
    return charges


def end_charge(uow: UnitOfWork, stamp: Stamp, charge: Charge) -> None:
    """End a charge with its filters and taxes."""
    for row in filters_of(uow.connection, [charge.id]).get(charge.id, []):
        CHARGE_FILTERS.end(uow, stamp, row)
    taxes.set_taxes(uow, stamp, "charge", charge.id, [])
    CHARGES.end(uow, stamp, charge)


def charges_of(connection: sa.Connection, plan_ids: Iterable[str]) -> dict[str, list[Charge]]:
    """Plan id -> its charges in order; plans without any are absent."""
    owned: dict[str, list[Charge]] = {}
    for charge in CHARGES.all(connection, CHARGES.c.plan_id.in_(list(plan_ids)), order=CHARGES.c.position):
        owned.setdefault(charge.plan_id, []).append(charge)
    return owned


def get(connection: sa.Connection, plan_id: str, code: str) -> Charge:
    """The charge of this code on the plan. Raises NotFound."""
    found = CHARGES.first(connection, CHARGES.c.plan_id == plan_id, CHARGES.c.code == code)
    if found is None:
        raise NotFound("charge", code)
    return found


def page(connection: sa.Connection, plan_id: str, *, limit: int | None = None, offset: int = 0) -> Page[Charge]:
    """The charges of a plan, newest first."""
    return CHARGES.page(connection, CHARGES.c.plan_id == plan_id, limit=limit, offset=offset)


def filters_of(connection: sa.Connection, charge_ids: Iterable[str]) -> dict[str, list[ChargeFilter]]:
    """Charge id -> its filters in order of creation; charges without any are absent."""
    owned: dict[str, list[ChargeFilter]] = {}
    condition = CHARGE_FILTERS.c.charge_id.in_(list(charge_ids))
    for row in CHARGE_FILTERS.all(connection, condition, order=CHARGE_FILTERS.c.position):
        owned.setdefault(row.charge_id, []).append(row)
    return owned


def _match(inputs: Sequence[Mapping[str, Any]], current: Sequence[Charge]) -> list[Charge | None]:
    by_id = {charge.id: charge for charge in current}
    by_code = {charge.code: charge for charge in current}
    matched: list[Charge | None] = []
    for row in inputs:
        if row.get("id"):
            if row["id"] not in by_id:
                raise NotFound("charge", row["id"])
            matched.append(by_id[row["id"]])
        else:
            matched.append(by_code.get(row.get("code") or ""))
    return matched


def _free_code(wanted: str, taken: set[str]) -> str:
    code, number = wanted, 1
    while code in taken:
        number += 1
        code = f"{wanted}_{number}"
    return code


def _put(
    uow: UnitOfWork,
    stamp: Stamp,
    plan_id: str,
    row: Mapping[str, Any],
    old: Charge | None,
    metric: BillableMetric,
    *,
    code: str,
    position: int,
    customer_id: str | None,
) -> Charge:
    before = _OPTIONAL if old is None else {name: getattr(old, name) for name in _OPTIONAL}
    # A null clears the name; of a term that must have a value it says nothing.
    given = {
        name: row[name]
        for name in _OPTIONAL
        if name in row and (row[name] is not None or name == "invoice_display_name")
    }
    model = row.get("charge_model") or (old.charge_model if old else None)
    properties = row.get("properties")
    if properties is None:
        same_model = old is not None and old.charge_model == model
        properties = (
            old.properties if old and same_model else default_properties(model) if model in CHARGE_MODELS else {}
        )
    applied = {name: getattr(old, name, None) for name in ("pricing_unit_id", "conversion_rate")}
    values = (
        before
        | pricing_units.applied_terms(uow.connection, row, applied)
        | given
        | {
            "code": code,
            "billable_metric_id": metric.id,
            "charge_model": model,
            "properties": dict(properties),
            "position": position,
        }
    )
    _check(values, metric)
    if old is None:
        charge = CHARGES.add(uow, stamp, id=new_id(), plan_id=plan_id, **values)
    else:
        charge = CHARGES.amend(uow, stamp, old, **values)
    if row.get("tax_codes") is not None:
        codes = row["tax_codes"]
        taxes.set_taxes(uow, stamp, "charge", charge.id, codes, customer_id=customer_id, is_new=old is None)
    if row.get("filters") is not None or (old is not None and charge is not old):
        _replace_filters(uow, stamp, charge, metric, row.get("filters"), is_new=old is None)
    return charge


def _check(values: Mapping[str, Any], metric: BillableMetric) -> None:
    problems = Problems(values)
    problems.key("code")
    problems.mandatory("charge_model")
    problems.one_of("charge_model", CHARGE_MODELS)
    problems.boolean("pay_in_advance", "prorated", "invoiceable")
    problems.cents("min_amount_cents")
    problems.one_of("late_usage_policy", LATE_USAGE_POLICIES)
    check_compatibility(values, metric.aggregation_type, metric.recurring, problems)
    problems.refuse()
    parse_properties(values["charge_model"], as_stored(values["properties"]))


def _replace_filters(
    uow: UnitOfWork,
    stamp: Stamp,
    charge: Charge,
    metric: BillableMetric,
    inputs: Sequence[Mapping[str, Any]] | None,
    *,
    is_new: bool,
) -> None:
    """Make the charge's filters exactly `inputs`; None keeps them and carries the charge's model over.

    A filter has neither id nor code on the wire: the same values are the same filter, and equal twins match in order.
    """
    current = [] if is_new else filters_of(uow.connection, [charge.id]).get(charge.id, [])
    if inputs is None:
        inputs = [
            {"values": row.values, "properties": row.properties, "invoice_display_name": row.invoice_display_name}
            for row in current
        ]
    left = _by_values(current)
    position = max((row.position for row in current), default=0)
    overridden = _filters_by_values(uow.connection, charge.parent_id)
    for place, filter_input in enumerate(inputs):
        with inside(f"filters[{place}]"):
            values = _check_filter(filter_input, charge, metric)
        twins = left.get(_values_key(values["values"]), [])
        if twins:
            CHARGE_FILTERS.amend(uow, stamp, twins.pop(0), **values)
        else:
            position += 1
            parents = overridden.get(_values_key(values["values"]), [])
            parent_id = parents.pop(0).id if parents else None
            owner = {"charge_id": charge.id, "position": position, "parent_id": parent_id}
            CHARGE_FILTERS.add(uow, stamp, id=new_id(), **owner, **values)
    for twins in left.values():
        for gone in twins:
            CHARGE_FILTERS.end(uow, stamp, gone)


def _filters_by_values(connection: sa.Connection, charge_id: str | None) -> dict[str, list[ChargeFilter]]:
    return _by_values(filters_of(connection, [charge_id]).get(charge_id, [])) if charge_id else {}


def _by_values(rows: Iterable[ChargeFilter]) -> dict[str, list[ChargeFilter]]:
    owned: dict[str, list[ChargeFilter]] = {}
    for row in rows:
        owned.setdefault(_values_key(row.values), []).append(row)
    return owned


def _values_key(values: Mapping[str, Sequence[str]]) -> str:
    return json.dumps({key: sorted(accepted) for key, accepted in values.items()}, sort_keys=True)


def _check_filter(row: Mapping[str, Any], charge: Charge, metric: BillableMetric) -> dict[str, Any]:
    declared = {declaration["key"]: set(declaration["values"]) for declaration in metric.filters}
    values = row.get("values")
    if not isinstance(values, Mapping) or not values or not all(values.values()):
        raise ValidationError({"values": ["value_is_mandatory"]})
    for key, accepted in values.items():
        if key not in declared or not set(accepted) <= declared[key] | {ALL_FILTER_VALUES}:
            raise ValidationError({"values": ["value_is_invalid"]})
    properties = row.get("properties")
    if properties is None:
        properties = default_properties(charge.charge_model)
    parse_properties(charge.charge_model, as_stored(properties))
    return {
        "charge_model": charge.charge_model,
        "billable_metric_id": charge.billable_metric_id,
        "invoice_display_name": row.get("invoice_display_name"),
        "properties": dict(properties),
        "values": {key: list(accepted) for key, accepted in values.items()},
    }

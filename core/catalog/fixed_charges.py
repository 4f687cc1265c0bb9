"""Fixed charges of a plan: units of an add-on, priced without usage (rating §7, lago_api §7.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.catalog import add_ons, fixed_charge_units, taxes
from core.catalog.add_ons import AddOn
from core.catalog.unit_of_work import Stamp, UnitOfWork
from core.catalog.versions import Page, Version, Versions, as_stored
from core.domain.pricing import default_properties, parse_properties
from core.domain.problems import Problems
from core.errors import NotFound, ValidationError, inside
from core.ids import new_id

MODELS = ("standard", "graduated", "volume")


@dataclass(frozen=True, kw_only=True, slots=True)
class FixedCharge(Version):
    """An add-on on a plan. `properties` is the wire form; `position` orders fixed charges on the plan from 1.

    How many units it has is in `fixed_charge_units`, since units change at instants of their own.
    """

    plan_id: str
    code: str
    add_on_id: str
    charge_model: str
    invoice_display_name: str | None
    pay_in_advance: bool
    prorated: bool
    position: int
    properties: dict[str, Any]
    parent_id: str | None
    """The fixed charge of the parent plan that this one overrides; None on a plan for all."""


FIXED_CHARGES = Versions("fixed_charges", FixedCharge, index=("plan_id", "add_on_id"))
_OPTIONAL: dict[str, Any] = {
    "invoice_display_name": None,
    "pay_in_advance": False,
    "prorated": False,
    "parent_id": None,
}


def replace_fixed_charges(
    uow: UnitOfWork,
    stamp: Stamp,
    plan_id: str,
    inputs: Sequence[Mapping[str, Any]],
    *,
    customer_id: str | None = None,
    is_new: bool = False,
) -> list[FixedCharge]:
    """Make the plan's fixed charges exactly `inputs` (the wire form of lago_api §7.4), in that order.

    An input with the `id` of a fixed charge, or without an id but with its `code`, changes that one; another one is new;
    one that is not among them ends. `customer_id` is the plan's. Raises ValidationError, or NotFound `add_ons` or `fixed_charge`.
    """
    current = [] if is_new else fixed_charges_of(uow.connection, [plan_id]).get(plan_id, [])
    matched = [_match(row, current) for row in inputs]
    sold = [_add_on(uow.connection, row, old) for row, old in zip(inputs, matched, strict=True)]
    if missing := [row for row, add_on in zip(inputs, sold, strict=True) if add_on is None]:
        raise NotFound("add_ons", [row.get("add_on_id") or row.get("add_on_code") for row in missing])
    for gone in current:
        if gone.id not in {kept.id for kept in matched if kept}:
            end_fixed_charge(uow, stamp, gone)
    codes = {old.code for old in matched if old} | {str(row["code"]) for row in inputs if row.get("code")}
    rows = []
    for position, (row, old, add_on) in enumerate(zip(inputs, matched, sold, strict=True), start=1):
        assert add_on is not None  # checked above
        code = row.get("code") or (old.code if old else _free_code(add_on.code, codes))
        codes.add(code)
        with inside(f"fixed_charges[{code}]"):
            place: dict[str, Any] = {"code": code, "position": position, "customer_id": customer_id}
            rows.append(_put(uow, stamp, plan_id, row, old, add_on, **place))
    if len({row.code for row in rows}) != len(rows):
        raise ValidationError({"code": ["value_already_exist"]})
    return rows


def create(uow: UnitOfWork, stamp: Stamp, plan_id: str, row: Mapping[str, Any]) -> FixedCharge:
    """Add one fixed charge to a plan. Raises ValidationError, NotFound `add_on` or `tax`."""
    add_on = _add_on(uow.connection, row, None)
    if add_on is None:
        raise NotFound("add_on", row.get("add_on_id") or row.get("add_on_code"))
    current = fixed_charges_of(uow.connection, [plan_id]).get(plan_id, [])
    codes = {old.code for old in current}
    if row.get("code") in codes:
        raise ValidationError({"code": ["value_already_exist"]})
    code = row.get("code") or _free_code(add_on.code, codes)
    position = max((old.position for old in current), default=0) + 1
    return _put(uow, stamp, plan_id, row, None, add_on, code=code, position=position)


def update(uow: UnitOfWork, stamp: Stamp, old: FixedCharge, row: Mapping[str, Any]) -> FixedCharge:
    """Change what `row` gives, keep the rest. Raises ValidationError, NotFound `add_on` or `tax`."""
    add_on = _add_on(uow.connection, row, old)
    if add_on is None:
        raise NotFound("add_on", row.get("add_on_id") or row.get("add_on_code"))
    code = row.get("code") or old.code
    siblings = fixed_charges_of(uow.connection, [old.plan_id]).get(old.plan_id, [])
    if code in {other.code for other in siblings if other.id != old.id}:
        raise ValidationError({"code": ["value_already_exist"]})
    return _put(uow, stamp, old.plan_id, row, old, add_on, code=code, position=old.position)


def end_fixed_charge(uow: UnitOfWork, stamp: Stamp, fixed_charge: FixedCharge) -> None:
    """End a fixed charge with its taxes."""
    taxes.set_taxes(uow, stamp, "fixed_charge", fixed_charge.id, [])
    FIXED_CHARGES.end(uow, stamp, fixed_charge)


def fixed_charges_of(connection: sa.Connection, plan_ids: Iterable[str]) -> dict[str, list[FixedCharge]]:
    """Plan id -> its fixed charges in order; plans without any are absent."""
    owned: dict[str, list[FixedCharge]] = {}
    for row in FIXED_CHARGES.all(
        connection, FIXED_CHARGES.c.plan_id.in_(list(plan_ids)), order=FIXED_CHARGES.c.position
    ):
        owned.setdefault(row.plan_id, []).append(row)
    return owned


def get(connection: sa.Connection, plan_id: str, code: str) -> FixedCharge:
    """The fixed charge of this code on the plan. Raises NotFound."""
    found = FIXED_CHARGES.first(connection, FIXED_CHARGES.c.plan_id == plan_id, FIXED_CHARGES.c.code == code)
    if found is None:
        raise NotFound("fixed_charge", code)
    return found


def page(connection: sa.Connection, plan_id: str, *, limit: int | None = None, offset: int = 0) -> Page[FixedCharge]:
    """The fixed charges of a plan, newest first."""
    return FIXED_CHARGES.page(connection, FIXED_CHARGES.c.plan_id == plan_id, limit=limit, offset=offset)


def _match(row: Mapping[str, Any], current: Sequence[FixedCharge]) -> FixedCharge | None:
    if row.get("id"):
        found = next((old for old in current if old.id == row["id"]), None)
        if found is None:
            raise NotFound("fixed_charge", row["id"])
        return found
    return next((old for old in current if old.code == row.get("code")), None)


def _add_on(connection: sa.Connection, row: Mapping[str, Any], old: FixedCharge | None) -> AddOn | None:
    c = add_ons.ADD_ONS.c
    if row.get("add_on_code") and not row.get("add_on_id"):
        return add_ons.ADD_ONS.first(connection, c.code == row["add_on_code"])
    return add_ons.ADD_ONS.first(connection, c.id == (row.get("add_on_id") or (old.add_on_id if old else "")))


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
    old: FixedCharge | None,
    add_on: AddOn,
    *,
    code: str,
    position: int,
    customer_id: str | None = None,
) -> FixedCharge:
    before = _OPTIONAL if old is None else {name: getattr(old, name) for name in _OPTIONAL}
    given = {
        name: row[name]
        for name in _OPTIONAL
        if name in row and (row[name] is not None or name == "invoice_display_name")
    }
    model = row.get("charge_model") or (old.charge_model if old else None)
    properties = row.get("properties")
    if properties is None and old is not None and old.charge_model == model:
        properties = old.properties
    if properties is None:
        properties = default_properties(model) if model in MODELS else {}
    own = {
        "code": code,
        "add_on_id": add_on.id,
        "charge_model": model,
        "properties": dict(properties),
        "position": position,
    }
    values = before | given | own
    units = _check(values, row.get("units"))
    if old is None:
        fixed_charge = FIXED_CHARGES.add(uow, stamp, id=new_id(), plan_id=plan_id, **values)
    else:
        fixed_charge = FIXED_CHARGES.amend(uow, stamp, old, **values)
    if row.get("tax_codes") is not None:
        codes = row["tax_codes"]
        taxes.set_taxes(uow, stamp, "fixed_charge", fixed_charge.id, codes, customer_id=customer_id, is_new=old is None)
    if old is None or units is not None:
        at_once = bool(row.get("apply_units_immediately"))
        fixed_charge_units.change(uow, stamp, fixed_charge.id, units or "0", immediately=at_once)
    return fixed_charge


def _check(values: Mapping[str, Any], units: Any) -> str | None:
    """The units as the catalog keeps them, or None where none are given. Raises ValidationError."""
    problems = Problems(values)
    problems.key("code")
    problems.mandatory("charge_model")
    problems.one_of("charge_model", MODELS)
    problems.boolean("pay_in_advance", "prorated")
    kept = None if units is None else fixed_charge_units.read_units(units, problems)
    if values["pay_in_advance"] and values["charge_model"] == "volume":
        problems.add("pay_in_advance", "invalid_aggregation_type_or_charge_model")
    if values["pay_in_advance"] and values["prorated"] and values["charge_model"] == "graduated":
        problems.add("prorated", "invalid_billable_metric_or_charge_model")
    problems.refuse()
    parse_properties(values["charge_model"], as_stored(values["properties"]))
    return kept

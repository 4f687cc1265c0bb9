"""What a subscription's own terms make of its plan's, and what a change of the plan makes of them (invoicing §13).

Terms are the wire form of a plan (lago_api §7.4) as mappings; nothing here knows where they are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.errors import ValidationError

Terms = dict[str, Any]
OF_PLAN = (
    "name",
    "invoice_display_name",
    "description",
    "amount_cents",
    "amount_currency",
    "trial_period",
    "tax_codes",
    "minimum_commitment",
    "usage_thresholds",
)
OF_CHARGE = ("invoice_display_name", "min_amount_cents", "properties", "filters", "tax_codes", "applied_pricing_unit")
OF_FIXED_CHARGE = ("invoice_display_name", "units", "apply_units_immediately", "properties", "tax_codes")
CLEARABLE = ("invoice_display_name", "description")
"""What a null clears; of other terms it says nothing."""
_AGREED = ("trial_period", "bill_charges_monthly", "bill_fixed_charges_monthly")
"""What a subscription keeps as its plan said it when it was made."""
_TOGETHER = (("charge_model", "properties"), ("units", "apply_units_immediately"))
"""Terms that mean something only together."""


def overridden(terms: Mapping[str, Any], overrides: Mapping[str, Any]) -> Terms:
    """`terms` with what `overrides` says in their place; what cannot be overridden is not looked at.

    Raises ValidationError that names the entry of `charges` or `fixed_charges` that matches nothing, or more than one.
    """
    charges = _with_entries(terms["charges"], overrides.get("charges") or (), OF_CHARGE, "charges", _charges_meant)
    sold = [dict(row) | {"apply_units_immediately": False} for row in terms["fixed_charges"]]
    fixed_charges = _with_entries(
        sold, overrides.get("fixed_charges") or (), OF_FIXED_CHARGE, "fixed_charges", _fixed_charges_meant
    )
    stated = _stated(overrides, OF_PLAN)
    if stated.get("minimum_commitment"):
        stated["minimum_commitment"] = (terms["minimum_commitment"] or {}) | stated["minimum_commitment"]
    return dict(terms) | stated | {"charges": charges, "fixed_charges": fixed_charges}


def cascaded(before: Mapping[str, Any], after: Mapping[str, Any], own: Mapping[str, Any]) -> Terms:
    """What a child with the terms `own` says once its parent's change from `before` to `after` has reached it.

    A term that still has the parent's old value takes the new one; a charge that is new to the parent is new to the child,
    and one that ended on the parent ends on the child.
    """
    plain = {name: value for name, value in after.items() if name not in ("charges", "fixed_charges", *_AGREED)}
    return (
        dict(own)
        | _followed(before, plain, own)
        | {kind: _followed_rows(before[kind], after[kind], own[kind]) for kind in ("charges", "fixed_charges")}
    )


def _stated(said: Mapping[str, Any], names: Sequence[str]) -> Terms:
    return {name: said[name] for name in names if name in said and (said[name] is not None or name in CLEARABLE)}


def _with_entries(
    rows: Sequence[Mapping[str, Any]],
    entries: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    field: str,
    meant: Callable[[Sequence[Mapping[str, Any]], Mapping[str, Any]], list[str]],
) -> list[Terms]:
    said: dict[str, Terms] = {}
    for place, entry in enumerate(entries):
        found = meant(rows, entry)
        if len(found) != 1 or found[0] in said:
            _refuse(f"{field}[{place}]", field.rstrip("s"), entry, found)
        row = next(row for row in rows if row["id"] == found[0])
        said[row["id"]] = _entry(row, entry, names, f"{field}[{place}]")
    return [dict(row) | said.get(row["id"], {}) for row in rows]


def _entry(row: Mapping[str, Any], entry: Mapping[str, Any], names: Sequence[str], place: str) -> Terms:
    if entry.get("charge_model") not in (None, row["charge_model"]):
        raise ValidationError(
            {place: ["cannot_override_charge_model"]},
            f"{place} is priced by the model {row['charge_model']} on the plan, and stays so; leave charge_model out",
        )
    stated = _stated(entry, names)
    if "applied_pricing_unit" in stated:
        if row["applied_pricing_unit"] is None:
            raise ValidationError(
                {place: ["pricing_unit_not_found"]},
                f"{place} is priced in the currency of the plan, and has no rate; leave applied_pricing_unit out",
            )
        rate = {"conversion_rate": stated["applied_pricing_unit"].get("conversion_rate")}
        stated["applied_pricing_unit"] = row["applied_pricing_unit"] | rate
    return stated


def _charges_meant(rows: Sequence[Mapping[str, Any]], entry: Mapping[str, Any]) -> list[str]:
    """Ids of the charges that an entry may mean: of its id, else its code, else its metric."""
    if entry.get("id") or entry.get("code"):
        return _named(rows, entry)
    return [row["id"] for row in rows if entry.get("billable_metric_id") == row["billable_metric_id"]]


def _fixed_charges_meant(rows: Sequence[Mapping[str, Any]], entry: Mapping[str, Any]) -> list[str]:
    return _named(rows, entry) if entry.get("id") or entry.get("code") else []


def _named(rows: Sequence[Mapping[str, Any]], entry: Mapping[str, Any]) -> list[str]:
    if entry.get("id"):
        return [row["id"] for row in rows if entry["id"] in (row["id"], row["parent_id"])]
    return [row["id"] for row in rows if entry["code"] == row["code"]]


def _refuse(place: str, kind: str, entry: Mapping[str, Any], found: Sequence[str]) -> None:
    named = {name: entry[name] for name in ("id", "code", "billable_metric_id") if entry.get(name)}
    if not found:
        raise ValidationError(
            {place: [f"{kind}_not_found"]},
            f"{place} ({named}) matches no {kind} of the plan; name it by its id or code",
        )
    raise ValidationError(
        {place: ["value_is_ambiguous"]},
        f"{place} ({named}) matches a {kind} that another entry or another {kind} matches too; name each once, by its id or code",
    )


def _followed(before: Mapping[str, Any], after: Mapping[str, Any], own: Mapping[str, Any]) -> Terms:
    """The terms of `after` that changed, where `own` has the value of `before`."""
    taken: Terms = {}
    for name, value in after.items():
        together = next((names for names in _TOGETHER if name in names), (name,))
        names = [each for each in together if each in after]
        if value != before[name] and all(
            _same(own[each], before[each]) for each in names if each != "apply_units_immediately"
        ):
            taken |= {each: after[each] for each in names}
    return taken


def _followed_rows(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], own: Sequence[Mapping[str, Any]]
) -> list[Terms]:
    old, mine = {row["id"]: row for row in before}, {row["parent_id"]: row for row in own}
    kept = [dict(row) for row in own if row["parent_id"] not in old]
    rows = []
    for row in after:
        if row["id"] not in old:
            rows.append({name: value for name, value in row.items() if name != "id"} | {"parent_id": row["id"]})
        elif row["id"] in mine:
            rows.append(_followed_row(old[row["id"]], row, mine[row["id"]]))
    return rows + kept


def _followed_row(before: Mapping[str, Any], after: Mapping[str, Any], own: Mapping[str, Any]) -> Terms:
    plain = {name: value for name, value in after.items() if name not in ("id", "parent_id", "filters")}
    row = {name: value for name, value in own.items() if name != "apply_units_immediately"} | _followed(
        before, plain, own
    )
    if "filters" in own:
        row["filters"] = _followed_filters(before["filters"], after["filters"], own["filters"])
    return row


def _followed_filters(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], own: Sequence[Mapping[str, Any]]
) -> list[Terms]:
    """A filter is known by its values: one that the child has as the parent had it becomes what the parent's became."""
    if _same(list(own), list(before)):
        return [dict(each) for each in after]
    old, new = ({_key(each): dict(each) for each in rows} for rows in (before, after))
    kept = [new.get(_key(each)) if _same(dict(each), old.get(_key(each))) else dict(each) for each in own]
    added = [each for key, each in new.items() if key not in old and key not in {_key(mine) for mine in own}]
    return [each for each in kept if each is not None] + added


def _key(each: Mapping[str, Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(sorted((key, tuple(sorted(values))) for key, values in each["values"].items()))


def _same(one: Any, other: Any) -> bool:
    """Lists of codes say the same in any order."""
    if isinstance(one, list) and isinstance(other, list) and all(isinstance(each, str) for each in one + other):
        return sorted(one) == sorted(other)
    return bool(one == other)

"""Units of fixed charges by the SQL, against the reference read word by word in plain fractions."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from core.warehouse.pricing_graph import PricingGraph
from tests.support.facts import give_all, open_connection, rows_of
from tests.support.oracle_fees import local_date
from tests.support.oracle_fixed_charges import Change, Period, added_units, full_units, prorated_units

TARGET = "int_metering__fixed_charge_quantities"
ALWAYS, EVER = datetime(1970, 1, 1), datetime(9999, 1, 1)
BEGIN = datetime(2026, 3, 1)
MICROSECOND = timedelta(microseconds=1)
ZONES = ("UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Pacific/Apia")
CASES, EXAMPLES = 25, 120
"""Cases per run of the SQL, and runs: 3,000 draws in all."""

quantities = st.one_of(
    st.sampled_from(("0", "1", "10", "0.000001", "0.0000005", "0.333333333333", "1000000000000", "999999999999.999999999999", "-5")),
    st.decimals(0, 10**6, places=6).map(str),
)  # fmt: skip
# Near the bounds of the period and of days; many at the same instant.
instants = st.builds(
    lambda day, hour, nudge: BEGIN + timedelta(days=day, hours=hour) + nudge * MICROSECOND,
    st.integers(-20, 45), st.sampled_from((0, 0, 5, 10, 18, 23)), st.sampled_from((0, 0, -1, 1)),
)  # fmt: skip
periods = st.builds(
    lambda days, hours, zone, cut: {"from_at": BEGIN + timedelta(hours=hours), "days": days, "zone": zone, "cut": min(cut, days)},
    st.sampled_from((7, 28, 31, 90, 365)), st.sampled_from((0, 5, 12)), st.sampled_from(ZONES), st.integers(1, 400),
)  # fmt: skip
cases = st.fixed_dictionaries(
    {"period": periods, "prorated": st.booleans(), "changes": st.lists(st.tuples(quantities, instants), max_size=7)}
)


@cache
def graph() -> PricingGraph:
    return PricingGraph.load()


def period_of(case: dict[str, Any]) -> Period:
    """A period of so many days, which the end of the service may cut short."""
    terms = case["period"]
    to_at = terms["from_at"] + timedelta(days=terms["cut"])
    return Period(terms["from_at"], to_at, local_date(to_at - MICROSECOND, terms["zone"]), terms["days"], terms["zone"])


def changes_of(case: dict[str, Any]) -> list[Change]:
    return [Change(Fraction(units), effective_at) for units, effective_at in case["changes"]]


def settle(windows: list[dict[str, Any]], charges: list[dict[str, Any]], changes: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """(window, side) -> its quantity by the SQL."""
    always: dict[str, Any] = {"valid_from": ALWAYS, "recorded_at": ALWAYS, "sequence": 1}
    names = {row["fixed_charge_id"] for row in charges}
    facts = {
        "int_metering__fixed_charge_windows": windows,
        "stg_catalog__fixed_charges": [row | always for row in charges],
        "stg_catalog__plans": [{"plan_id": name, **always} for name in names],
        "stg_catalog__subscriptions": [{"subscription_id": name, "plan_id": name, "started_at": ALWAYS, **always} for name in names],
        "stg_catalog__fixed_charge_units": changes,
    }
    with open_connection() as connection:
        graph().run(connection, [TARGET], give_all(connection, graph(), [TARGET], facts))
        of_window = {row["window_fixed_charge_id"]: row["invoice_id"] for row in rows_of(connection, "int_metering__window_fixed_charges")}
        return {(of_window[row["window_fixed_charge_id"]], row["side"]): row for row in rows_of(connection, TARGET)}


def facts_of(drawn: list[dict[str, Any]], *, in_advance: bool) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Fixed charges and changes of units of the drawn cases; made in the order of the list, in time order where in advance."""
    charges, changes = [], []
    for number, case in enumerate(drawn):
        name = f"case-{number}"
        charges.append({"fixed_charge_id": name, "plan_id": name, "pay_in_advance": in_advance, "prorated": case["prorated"], "charge_model": "standard"})
        for place, (units, effective_at) in enumerate(case["changes"]):
            made_at = effective_at if in_advance else BEGIN + timedelta(seconds=place // 2)
            changes.append({"fixed_charge_id": name, "units": Decimal(units), "effective_at": effective_at, "valid_from": made_at, "recorded_at": made_at, "sequence": len(changes)})
    return charges, changes


def window(name: str, plan: str, period: Period, side: str, **columns: Any) -> dict[str, Any]:
    shown = {"period_from_at": period.from_at, "from_at": period.from_at, "to_at": period.to_at, "last_at": period.to_at - MICROSECOND, "period_days": period.days}
    return {"fixed_charge_window_id": name, "invoice_id": name, "subscription_id": plan, "plan_id": plan, "timezone": period.zone, "horizon_at": EVER, "billing_side": side, **shown, **columns}


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(cases, min_size=CASES, max_size=CASES))
def test_units_of_a_period_that_ends(drawn: list[dict[str, Any]]) -> None:
    """Simple and prorated, with changes made in any order, at any time of the period and around it."""
    charges, changes = facts_of(drawn, in_advance=False)
    windows = [window(f"case-{number}", f"case-{number}", period_of(case), "arrears") for number, case in enumerate(drawn)]
    found = settle(windows, charges, changes)
    for number, case in enumerate(drawn):
        row, period, made = found[f"case-{number}", "after"], period_of(case), changes_of(case)
        full = full_units(made, period)
        expected = prorated_units(made, period) if case["prorated"] else full or Fraction(0)
        assert (Fraction(row["full_units"]), Fraction(row["units"]), row["is_in_force"]) == (full or 0, expected, full is not None), case
        event(f"changes that reach the period: {min(len(made), 3)}")


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(cases, min_size=CASES, max_size=CASES))
def test_what_changes_add_to_a_period(drawn: list[dict[str, Any]]) -> None:
    """Changes made one after the other: each adds what exceeds the most units so far, and all of them add up to the peak."""
    drawn = [case | {"changes": sorted(((units.strip("-"), at) for units, at in case["changes"]), key=lambda change: change[1])} for case in drawn]
    charges, changes = facts_of(drawn, in_advance=True)
    windows = []
    for number, case in enumerate(drawn):
        period, name = period_of(case), f"case-{number}"
        windows.append(window(f"{name}-opening", name, period, "advance"))
        sequences = [row["sequence"] for row in changes if row["fixed_charge_id"] == name]
        for place, change in enumerate(changes_of(case)):
            if period.from_at < change.effective_at < period.to_at:
                windows.append(window(f"{name}-{place}", name, period, "change", from_at=change.effective_at, change_sequence=sequences[place]))
    found = settle(windows, charges, changes)
    for number, case in enumerate(drawn):
        period, made, name = period_of(case), changes_of(case), f"case-{number}"
        opening = found[f"{name}-opening", "after"]
        peak = Fraction(opening["full_units"])
        for place, change in enumerate(made):
            if not period.from_at < change.effective_at < period.to_at:
                continue
            after, before = found[f"{name}-{place}", "after"], found.get((f"{name}-{place}", "before"))
            added, for_the_days = added_units(made, period, change, prorated=case["prorated"])
            taken_off = Fraction(before["units"]) if before else Fraction(0)
            assert (Fraction(after["full_units"]) - taken_off, Fraction(after["units"]) - taken_off) == (added, for_the_days), case
            assert (before is not None) == any(other.effective_at <= period.from_at or period.from_at < other.effective_at for other in made[:place])
            peak += added
            assert Fraction(after["full_units"]) == peak
            event(f"adds: {added > 0}")

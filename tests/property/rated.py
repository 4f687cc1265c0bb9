"""The rating of many drawn quantities in one run of the SQL, and how it must compare with exact fractions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cache
from typing import Any

from core.catalog.export_schema import EXPLODED
from core.catalog.price_rows import price_rows
from core.warehouse.pricing_graph import PricingGraph
from tests.support import oracle_charge_models as oracle
from tests.support.facts import give_all, open_connection, rows_of
from tests.support.oracle_charge_models import Properties, Usage
from tests.support.oracle_fees import half_up

Row = dict[str, Any]
ALWAYS = datetime(1970, 1, 1)
VALID = (ALWAYS, None, ALWAYS, 1)
PLACES = 15
"""Decimals of a working amount."""
TOLERANCE = Fraction(1, 10**12)
MINOR_UNITS = {"EUR": 100, "JPY": 1, "KWD": 1000}
OUT_OF_DOMAIN = "int_rating__usage_out_of_domain"
TARGETS = ("int_rating__charges", "int_rating__charge_tiers", "int_billing__charge_amounts", OUT_OF_DOMAIN)


@dataclass(frozen=True)
class Draw:
    """One quantity on one price."""

    model: str
    properties: Properties
    usage: Usage
    is_exact: bool = True
    currency: str = "EUR"

    @property
    def minor_units(self) -> int:
        """Of one currency unit."""
        return MINOR_UNITS[self.currency]


@cache
def graph() -> PricingGraph:
    return PricingGraph.load()


def text(numerator: int, places: int) -> str:
    """A decimal as the wire has it."""
    whole_part, rest = divmod(abs(numerator), 10**places)
    return ("-" if numerator < 0 else "") + (f"{whole_part}.{rest:0{places}}" if places else str(whole_part))


def number(value: Fraction) -> str:
    """A fraction that has at most 15 decimals, as text."""
    scaled = value * 10**PLACES
    assert scaled.denominator == 1
    return text(int(scaled), PLACES)


def rate(draws: Sequence[Draw]) -> dict[str, list[Row]]:
    """Model -> its rows, of all the draws in one run; a draw's number is its usage."""
    facts: dict[str, list[Row]] = {
        name: [] for name in ("int_metering__chargeable_quantities", "int_metering__event_changes", "int_metering__window_charges")
    }
    for place, draw in enumerate(draws):
        name, usage = f"{place:05}", draw.usage
        facts["int_metering__window_charges"].append(
            {"window_charge_id": name, "charge_id": name, "currency": draw.currency, "horizon_at": ALWAYS, "aggregation_type": "sum_agg"}
        )
        facts["int_metering__chargeable_quantities"].append(
            {
                "usage_id": name, "usage_kind": "period", "window_charge_id": name, "charge_id": name, "charge_model": draw.model, "currency": draw.currency,
                "prorated": usage.is_prorated, "horizon_at": ALWAYS, "units": number(usage.units), "full_units": number(usage.full_units),
                "total_aggregated_units": number(usage.full_units), "events_count": usage.events, "precise_total_amount_cents": number(usage.cents),
            }
        )  # fmt: skip
        moves = usage.changes if usage.is_prorated else [(value, value) for value in usage.values]
        facts["int_metering__event_changes"] += [
            {"window_charge_id": name, "event_number": event, "is_carried": False, "change_quantity": number(full), "prorated_quantity": number(prorated)}
            for event, (full, prorated) in enumerate(moves, 1)
        ]
    priced = price_rows((f"{place:05}", None, draw.model, draw.properties, VALID) for place, draw in enumerate(draws))
    for name in ("charge_prices", "charge_tiers"):
        facts[f"catalog.{name}"] = [dict(zip(EXPLODED[name].names, row, strict=True)) for row in priced[name]]
    connection = open_connection()
    graph().run(connection, TARGETS, give_all(connection, graph(), TARGETS, facts, empty=["int_metering__fixed_charge_quantities"]))
    return {name: rows_of(connection, name) for name in TARGETS}


def outside(rated: dict[str, list[Row]]) -> set[int]:
    """The places of the draws that are out of the domain: listed, and not priced."""
    found = {row["usage_id"] for row in rated[OUT_OF_DOMAIN]}
    assert not found & {row["usage_id"] for row in rated["int_rating__charges"]}
    return {int(name) for name in found}


def compare(draws: Sequence[Draw], rated: dict[str, list[Row]], without: Collection[int] = ()) -> None:
    """Raises AssertionError at the first draw that differs, those at the places `without` left out."""
    charges = {row["usage_id"]: row for row in rated["int_rating__charges"]}
    settled = {row["usage_id"]: row["amount_cents"] for row in rated["int_billing__charge_amounts"]}
    stepped: dict[str, Fraction] = {}
    for step in rated["int_rating__charge_tiers"]:
        stepped[step["usage_id"]] = stepped.get(step["usage_id"], Fraction(0)) + Fraction(step["amount"])
    for place, draw in enumerate(draws):
        if place in without:
            continue
        charge = charges[f"{place:05}"]
        units, due = oracle.billed(draw.model, draw.properties, draw.usage, draw.minor_units)
        # An amount that is negative by less than a working amount's last digit is zero, and bills its units.
        if draw.is_exact or not -TOLERANCE < oracle.amount(draw.model, draw.properties, draw.usage, draw.minor_units) < 0:
            assert Fraction(charge["units"]) == units, draw
        assert abs(Fraction(charge["amount"]) - due) <= (0 if draw.is_exact else TOLERANCE), (draw, charge["amount"], due)
        unit = oracle.unit_amount(draw.model, draw.properties, draw.usage, draw.minor_units)
        assert abs(Fraction(charge["unit_amount"]) - unit) <= unit_tolerance(draw), (draw, charge["unit_amount"], unit)
        if draw.is_exact or not is_nearly_half(due * draw.minor_units):
            assert settled[f"{place:05}"] == half_up(due * draw.minor_units), (draw, due)
        is_billed = draw.usage.full_units >= 0 and stepped[f"{place:05}"] >= 0
        assert Fraction(charge["amount"]) == (stepped[f"{place:05}"] if is_billed else 0), draw


def unit_tolerance(draw: Draw) -> Fraction:
    """The unit amount of an amount that was rounded is off by as much per unit."""
    units = abs(draw.usage.full_units)
    return TOLERANCE if draw.is_exact or units == 0 else max(TOLERANCE, TOLERANCE / units)


def is_nearly_half(minor_units: Fraction) -> bool:
    """Within the tolerance of half a minor unit, where an amount that was rounded at 15 decimals may settle to either side."""
    return abs(minor_units % 1 - Fraction(1, 2)) <= TOLERANCE * max(MINOR_UNITS.values())

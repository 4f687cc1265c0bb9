"""The edge of the domain that rating's README states: right inside, set aside outside, never wrong, and nothing stops the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from tests.property.drawn_charges import MODELS, drawn, far_scales
from tests.property.rated import Draw, compare, outside, rate
from tests.support.oracle_charge_models import Change, Usage

EDGE = 10**14
"""Where a product of units and price, or units that an amount is divided by, leave the domain."""


def tier(price: dict[str, str], flat: str = "0") -> dict[str, str | None]:
    return {"from_value": "0", "to_value": None, "flat_amount": flat} | price


def used(model: str, properties: dict[str, Any], units: int | Fraction, changes: Sequence[Change] = (), cents: int = 0) -> Draw:
    """That many units, sent by one event."""
    whole = Fraction(units)
    return Draw(model, properties, Usage(whole, whole, 1, changes, Fraction(cents), is_prorated=bool(changes), values=[whole]))


def moved(units: int) -> Draw:
    """Half of each unit's period, over a bound, so that its parts are divided."""
    ranges = [tier({"per_unit_amount": "1"}) | {"to_value": "1"}, tier({"per_unit_amount": "1"}) | {"from_value": "2"}]
    return used("graduated", {"graduated_ranges": ranges}, units, [(Fraction(units), Fraction(units, 2))])


LARGEST = "99999999999999.99"
INSIDE = {
    "standard": used("standard", {"amount": "1"}, EDGE - 1),
    "standard, price": used("standard", {"amount": LARGEST}, 1),
    "standard, smallest": used("standard", {"amount": "0.000000000001"}, Fraction(1, 1000)),
    "graduated": used("graduated", {"graduated_ranges": [tier({"per_unit_amount": "1"}, LARGEST[1:])]}, EDGE - 1),
    "graduated, prorated": moved(10**11 - 1),
    "graduated percentage": used("graduated_percentage", {"graduated_percentage_ranges": [tier({"rate": "100"})]}, EDGE - 1),
    "volume": used("volume", {"volume_ranges": [tier({"per_unit_amount": "1"}, LARGEST[1:])]}, EDGE - 1),
    "package": used("package", {"amount": "1", "package_size": 1, "free_units": 0}, EDGE - 1),
    "percentage": used("percentage", {"rate": "100"}, EDGE - 1),
    "percentage, minimum": used("percentage", {"rate": "0", "per_transaction_min_amount": LARGEST}, 1),
    "dynamic": used("dynamic", {}, 1, cents=100 * (EDGE - 1)),
}
OUTSIDE = {
    "standard": used("standard", {"amount": "1"}, EDGE),
    "standard, price": used("standard", {"amount": "100000000000000"}, 1),
    "graduated": used("graduated", {"graduated_ranges": [tier({"per_unit_amount": "1"})]}, EDGE),
    "graduated, prorated": moved(10**12),
    "graduated percentage": used("graduated_percentage", {"graduated_percentage_ranges": [tier({"rate": "100"})]}, EDGE),
    "volume": used("volume", {"volume_ranges": [tier({"per_unit_amount": "1"})]}, EDGE),
    "package": used("package", {"amount": "1", "package_size": 1, "free_units": 0}, EDGE),
    "percentage": used("percentage", {"rate": "100"}, EDGE),
    "percentage, minimum": used("percentage", {"rate": "0", "per_transaction_min_amount": "100000000000000"}, 1),
    "dynamic": used("dynamic", {}, 1, cents=10**20),
}


def test_at_the_edge_every_digit_is_right() -> None:
    draws = list(INSIDE.values())
    compare(draws, rate(draws))


def test_beyond_the_edge_usage_is_set_aside_and_the_others_are_priced() -> None:
    draws = [*OUTSIDE.values(), *INSIDE.values()]
    rated = rate(draws)
    assert outside(rated) == set(range(len(OUTSIDE)))
    compare(draws, rated, outside(rated))


def test_what_is_far_outside_is_set_aside_or_right() -> None:
    draws = [draw for strategy in MODELS.values() for draw in far_out(strategy(far_scales()))]
    rated = rate(draws)
    assert 0 < len(outside(rated)) < len(draws)
    compare(draws, rated, outside(rated))


def far_out(strategy: st.SearchStrategy[Draw]) -> list[Draw]:
    """Draws of very much usage, among all that were drawn."""
    grown = drawn(st.tuples(strategy, st.integers(0, 10)).map(lambda pair: larger(*pair)), 200)
    return [draw for draw in grown if abs(draw.usage.units) >= EDGE or abs(draw.usage.cents) >= 100 * EDGE] + grown[:10]


def larger(draw: Draw, power: int) -> Draw:
    """The draw with all that was used multiplied by a power of ten."""
    usage, factor = draw.usage, 10**power
    return replace(
        draw,
        usage=replace(
            usage,
            units=usage.units * factor,
            full_units=usage.full_units * factor,
            cents=usage.cents * factor,
            values=[value * factor for value in usage.values],
            changes=[(full * factor, prorated * factor) for full, prorated in usage.changes],
        ),
    )

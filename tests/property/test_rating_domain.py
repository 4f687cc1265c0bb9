"""The edge of the domain that rating's README states: right inside, refused with words outside, never wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import strategies as st

from core.warehouse.pricing_graph import OutOfDomain
from tests.property.drawn_charges import MODELS, drawn, far_scales
from tests.property.rated import Draw, compare, rate
from tests.support.oracle_charge_models import Change, Usage

EDGE = 10**14
"""Where a product of units and price, or units that an amount is divided by, leave the domain."""
FAR_DRAWS = 5


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


@pytest.mark.parametrize("name", OUTSIDE)
def test_beyond_the_edge_the_engine_refuses(name: str) -> None:
    with pytest.raises(OutOfDomain, match=r"^int_(rating|billing)__\w+ cannot be computed: .*README.md; correct the price or the usage"):
        rate([OUTSIDE[name]])


def test_what_is_far_outside_is_refused_or_right() -> None:
    outcomes = [is_refused(draw) for strategy in MODELS.values() for draw in far_out(strategy(far_scales()))]
    assert any(outcomes)
    assert not all(outcomes)


def far_out(strategy: st.SearchStrategy[Draw]) -> list[Draw]:
    """A few draws of very much usage, spread over all that were drawn."""
    grown = [draw for draw in drawn(st.tuples(strategy, st.integers(0, 10)).map(lambda pair: larger(*pair)), 200) if abs(draw.usage.units) >= EDGE]
    return grown[:: max(len(grown) // FAR_DRAWS, 1)][:FAR_DRAWS]


def is_refused(draw: Draw) -> bool:
    """Whether the engine refuses; what it does not refuse must be right."""
    try:
        rated = rate([draw])
    except OutOfDomain:
        return True
    compare([draw], rated)
    return False


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

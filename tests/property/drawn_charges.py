"""Draws of one quantity on one price, for every charge model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.property.rated import MINOR_UNITS, PLACES, Draw, Row, number, text
from tests.support.oracle_charge_models import Usage
from tests.support.oracle_fees import half_up

PRICE_PLACES = 12
MOST = 10**13
SIZES = (10, 10**4, 10**9, MOST)
LIMITS = (None, "0", "0.01", "1", "2.5", "1000")


@dataclass(frozen=True)
class Scale:
    """How fine and how large quantities are, how fine prices, and what a quantity may cost at most."""

    places: int
    most: int
    price_places: int
    dearest: int = MOST

    @property
    def step(self) -> Fraction:
        """The smallest difference between two quantities."""
        return Fraction(1, 10**self.places)

    @property
    def is_exact(self) -> bool:
        """Whether every product of a quantity and a price fits a working amount."""
        return self.places + self.price_places <= PLACES

    @property
    def prices(self) -> st.SearchStrategy[str]:
        """Prices, of which about one in eight is zero."""
        return _prices(min(max(self.dearest // self.most, 1), 10**6) * 10**self.price_places, self.price_places)

    @property
    def rates(self) -> st.SearchStrategy[str]:
        """Rates in percent: as a share of one they have two decimals more."""
        return replace(self, price_places=max(self.price_places - 2, 0)).prices


Scales = st.SearchStrategy[Scale]


@cache
def whole(least: int, most: int) -> st.SearchStrategy[int]:
    """Whole numbers; made once, because making a strategy costs as much as drawing from it."""
    return st.integers(least, most)


@cache
def _prices(dearest: int, places: int) -> st.SearchStrategy[str]:
    return st.integers(-(dearest // 8), dearest).map(lambda value: text(max(value, 0), places))


@st.composite
def scales(draw: st.DrawFn) -> Scale:
    """Of four, three whose amounts are exact."""
    places = draw(whole(0, 12))
    fits = draw(whole(0, 3)) > 0
    return Scale(places, SIZES[draw(whole(0, 3))], min(PRICE_PLACES, PLACES - places) if fits else PRICE_PLACES)


@st.composite
def quantities(draw: st.DrawFn, scale: Scale, bounds: Sequence[Fraction] = ()) -> Fraction:
    """Zero, small, fractional, huge, negative, or a bound with its neighbours at the smallest step."""
    kind = draw(whole(-6, 3 * len(bounds) - 1))
    if kind >= 0:
        return bounds[kind // 3] + (kind % 3 - 1) * scale.step
    if kind == -1:
        return Fraction(draw(whole(-20, 20)))
    if kind == -2:
        return (draw(whole(0, 2)) - 1) * scale.step
    return draw(whole(-scale.most * 10**scale.places, scale.most * 10**scale.places)) * scale.step


@st.composite
def tiers(draw: st.DrawFn, name: str, scale: Scale) -> tuple[dict[str, Any], list[Fraction]]:
    """(properties, bounds): up to four tiers, each adjacent or gapped to the one before it, whatever the others are."""
    by_rate = name == "graduated_percentage_ranges"
    rows: list[Row] = []
    bounds: list[Fraction] = []
    for is_last in (False,) * draw(whole(0, 3)) + (True,):
        kind = draw(whole(0, 3))
        is_gapped = not bounds or kind % 2 == 0
        start = (bounds[-1] + (1 if is_gapped else 0)) if bounds else Fraction(kind % 2)
        row = {"from_value": number(start), "to_value": None, "flat_amount": draw(scale.prices)}
        row |= {"rate": draw(scale.rates)} if by_rate else {"per_unit_amount": draw(scale.prices)}
        rows.append(row)
        if not is_last:
            width = Fraction(draw(whole(0, 10))) if kind > 1 else draw(whole(0, scale.most)) * scale.step
            bounds.append(start + (width if is_gapped else max(width, scale.step)))
            row["to_value"] = number(bounds[-1])
    switch = ({}, {"flat_fee_without_usage": True}, {"flat_fee_without_usage": False})[draw(whole(0, 2))]
    return {name: rows} | switch, bounds


@st.composite
def prorated_scales(draw: st.DrawFn) -> Scale:
    """Of changes that are divided; what is divided is rounded, so prices have few decimals."""
    return Scale(draw(whole(0, 6)), (10, 10**4, 10**6)[draw(whole(0, 2))], 3, dearest=10**10)


@st.composite
def far_scales(draw: st.DrawFn) -> Scale:
    """At the edge of the domain and beyond it."""
    most = 10 ** draw(whole(10, 14))
    return Scale(draw(whole(0, 12)), most, PRICE_PLACES, dearest=most * 10 ** draw(whole(0, 6)))


@st.composite
def standard(draw: st.DrawFn, scales: Scales) -> Draw:
    scale = draw(scales)
    return Draw("standard", {"amount": draw(scale.prices)}, draw(priced_apart(scale)), scale.is_exact)


@st.composite
def graduated(draw: st.DrawFn, scales: Scales) -> Draw:
    scale = draw(scales)
    properties, bounds = draw(tiers("graduated_ranges", scale))
    return Draw("graduated", properties, Usage.plain(draw(quantities(scale, bounds))), scale.is_exact)


@st.composite
def graduated_percentage(draw: st.DrawFn, scales: Scales) -> Draw:
    scale = draw(scales)
    properties, bounds = draw(tiers("graduated_percentage_ranges", scale))
    return Draw("graduated_percentage", properties, Usage.plain(draw(quantities(scale, bounds))), scale.is_exact)


@st.composite
def volume(draw: st.DrawFn, scales: Scales) -> Draw:
    scale = draw(scales)
    properties, bounds = draw(tiers("volume_ranges", scale))
    return Draw("volume", properties, draw(priced_apart(scale, bounds)), scale.is_exact)


@st.composite
def package(draw: st.DrawFn, scales: Scales) -> Draw:
    scale = draw(scales)
    size, free = draw(whole(1, scale.most)), draw(whole(0, scale.most))
    properties = {"amount": draw(scale.prices), "package_size": size, "free_units": free}
    bounds = [Fraction(free), Fraction(free + size), Fraction(free + 2 * size)]
    return Draw("package", properties, Usage.plain(draw(quantities(scale, bounds))))


@st.composite
def dynamic(draw: st.DrawFn, scales: Scales) -> Draw:
    scale = draw(scales)
    cents = draw(quantities(Scale(12, 10**9, 12)))
    return Draw("dynamic", {}, Usage.plain(draw(quantities(scale)), cents=cents))


@st.composite
def percentage(draw: st.DrawFn, scales: Scales, is_per_transaction: bool = False) -> Draw:
    scale = draw(scales)
    # A few whole values come together often enough to use allowances up exactly.
    values = [Fraction((1, 2, 5)[draw(whole(0, 2))]) if draw(whole(0, 1)) else draw(quantities(scale)) for _ in range(draw(whole(0, 5)))]
    free_events, free_units = draw(whole(0, 4)), draw(whole(-4, 10))
    properties = {
        "rate": draw(scale.rates),
        "fixed_amount": draw(scale.prices) if draw(whole(0, 2)) else None,
        "free_units_per_events": free_events or None,
        "free_units_per_total_aggregation": None if free_units < 0 else str(free_units),
    }
    if is_per_transaction:
        most = draw(whole(2, 5))
        least = draw(whole(0, most))
        properties |= {"per_transaction_min_amount": LIMITS[least], "per_transaction_max_amount": LIMITS[most if draw(whole(0, 3)) or not least else 0]}
    events = len(values) if draw(whole(0, 1)) else draw(whole(0, 6))
    return Draw("percentage", properties, Usage.plain(sum(values, Fraction(0)), events=events, values=values), scale.is_exact)


@st.composite
def prorated(draw: st.DrawFn, scales: Scales) -> Draw:
    """Changes of a recurring metric, each for a part of the period. What is divided is rounded, so prices have few decimals."""
    scale = draw(scales)
    properties, bounds = draw(tiers("graduated_ranges", scale))
    changes = []
    for _ in range(draw(whole(0, 5))):
        full = draw(quantities(scale, bounds))
        # What metering gives: the days' share at 12 decimals.
        changes.append((full, Fraction(half_up(full * draw(whole(0, 31)) / 31 * 10**12), 10**12)))
    units = sum((change for _, change in changes), Fraction(0))
    usage = Usage(units, sum((full for full, _ in changes), Fraction(0)), changes=changes, is_prorated=True)
    return Draw("graduated", properties, usage, is_exact=False)


@st.composite
def priced_apart(draw: st.DrawFn, scale: Scale, bounds: list[Fraction] | None = None) -> Usage:
    """Units that are those of the full period, or others."""
    full = draw(quantities(scale, bounds or ()))
    return Usage(full if draw(whole(0, 1)) else draw(quantities(scale)), full)


MODELS: dict[str, Callable[[Scales], st.SearchStrategy[Draw]]] = {
    "standard": standard,
    "graduated": graduated,
    "graduated_prorated": prorated,
    "graduated_percentage": graduated_percentage,
    "package": package,
    "percentage": percentage,
    "percentage_per_transaction": lambda scales: percentage(scales, is_per_transaction=True),
    "volume": volume,
    "dynamic": dynamic,
}


def drawn(strategy: st.SearchStrategy[Draw], count: int) -> list[Draw]:
    """At least that many draws, over the currencies in turn."""
    draws: list[Draw] = []

    # Nothing fails while drawing, so there is nothing to shrink: the comparison comes after, over all of them, and names its draw.
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(strategy)
    def collect(draw: Draw) -> None:
        draws.append(replace(draw, currency=tuple(MINOR_UNITS)[len(draws) % len(MINOR_UNITS)]))

    collect()
    assert len(draws) >= count
    return draws

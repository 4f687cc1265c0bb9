"""Every charge model against exact fractions: settled minor units are equal, working values within 10^-12, steps sum to the amount.

Hypothesis draws at least 2,000 quantities per charge model; one run of the SQL prices them all.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from tests.property.drawn_charges import MODELS, drawn, prorated_scales, scales
from tests.property.rated import compare, rate

DRAWS = 2_000


@pytest.mark.parametrize("name", MODELS)
def test_the_sql_charges_what_exact_fractions_say(name: str) -> None:
    draws = drawn(MODELS[name](prorated_scales() if name == "graduated_prorated" else scales()), DRAWS)
    compare(draws, rate(draws))


def test_a_price_that_is_one_step_off_is_found() -> None:
    """Negative control: the smallest other price than the one that was rated."""
    draws = [draw for draw in drawn(MODELS["standard"](scales()), 50) if draw.is_exact and draw.usage.units >= 1 and draw.usage.full_units > 0]
    dearer = [replace(draw, properties={"amount": str(Fraction(draw.properties["amount"]) + Fraction(1, 10**12))}) for draw in draws]
    rated = rate(draws)
    compare(draws, rated)
    with pytest.raises(AssertionError):
        compare(dearer, rated)

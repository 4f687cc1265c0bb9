"""Currencies and their exponents, read from the one table that SQL joins too."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

# The seed is the single table of currencies; Python reads the same file that dbt loads.
SEED = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds" / "currencies.csv"


@cache
def exponents() -> dict[str, int]:
    """Currency code -> number of decimals of its minor unit (EUR 2, JPY 0, KWD 3)."""
    with SEED.open(newline="", encoding="utf-8") as lines:
        return {row["code"]: int(row["exponent"]) for row in csv.DictReader(lines)}


def is_currency(code: object) -> bool:
    """Whether this is an ISO 4217 code that we can settle in."""
    return isinstance(code, str) and code in exponents()


def exponent(code: str) -> int:
    """Decimals of the currency's minor unit. Raises ValueError for a code that is not in the table."""
    try:
        return exponents()[code]
    except KeyError:
        raise ValueError(f"{code!r} is not a known currency; add it to {SEED.name} or correct the code") from None

"""What kind of change another plan is (invoicing §6)."""

from __future__ import annotations

PERIODS_A_YEAR = {"weekly": 52, "monthly": 12, "quarterly": 4, "semiannual": 2, "yearly": 1}


def is_upgrade(old_interval: str, old_amount_cents: int, new_interval: str, new_amount_cents: int) -> bool:
    """Whether a year on the new plan costs no less than one on the old: it then begins now, else with the next period.

    Amounts are minor units of an interval; what is used is not looked at.
    """
    return new_amount_cents * PERIODS_A_YEAR[new_interval] >= old_amount_cents * PERIODS_A_YEAR[old_interval]

"""What the terms of a coupon may say (invoicing §5, lago_api §7.11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.domain.decimals import read_amount
from core.domain.problems import MOST_DAYS, Problems

COUPON_TYPES = ("fixed_amount", "percentage")
FREQUENCIES = ("once", "recurring", "forever")


def check_coupon_terms(coupon_type: str | None, terms: Mapping[str, Any], problems: Problems) -> None:
    """Check amount and currency, or rate, and the frequency; shared by a coupon and by its overrides when applied.

    `terms` has amount_cents (minor units), amount_currency, percentage_rate (percent, 0 to 100), frequency and
    frequency_duration (a number of invoices).
    """
    if coupon_type == "fixed_amount":
        problems.mandatory("amount_cents", "amount_currency")
        problems.cents("amount_cents", least=1)
        problems.currency("amount_currency")
    elif coupon_type == "percentage":
        rate = read_amount(terms.get("percentage_rate"))
        if terms.get("percentage_rate") is None:
            problems.add("percentage_rate", "value_is_mandatory")
        elif rate is None or not 0 < rate <= 100:
            problems.add("percentage_rate", "invalid_rate")
    else:
        problems.add("coupon_type", "value_is_invalid")
    problems.mandatory("frequency")
    problems.one_of("frequency", FREQUENCIES)
    if terms.get("frequency") == "recurring":
        problems.mandatory("frequency_duration")
        problems.integer("frequency_duration", least=1, most=MOST_DAYS)

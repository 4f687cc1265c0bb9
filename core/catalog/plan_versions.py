"""What the catalog keeps of a plan, and what it may say (lago_api §7.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.catalog.versions import Version, Versions
from core.domain.decimals import decimal_text, read_decimal
from core.domain.problems import Problems

MOST_TRIAL_DAYS = 36_500
MOST_TRIAL_DECIMALS = 6
"""A millionth of a day is 86,400 microseconds, so a trial ends at a whole microsecond."""
LONG_INTERVALS = ("semiannual", "yearly")
INTERVALS = ("weekly", "monthly", "quarterly", "semiannual", "yearly")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan(Version):
    """A plan. `amount_cents` is the fee of one interval in minor units."""

    code: str
    name: str
    invoice_display_name: str | None
    description: str | None
    interval: str
    amount_cents: int
    amount_currency: str
    pay_in_advance: bool
    trial_period: str
    """Days of 24 hours without a plan fee, as decimal text; a subscription keeps what its plan said when it was made."""
    bill_charges_monthly: bool
    bill_fixed_charges_monthly: bool
    """Whether a semiannual or yearly plan bills usage, or fixed charges, every month."""
    minimum_commitment_amount_cents: int | None
    """What a whole period costs at least, in minor units; None without a minimum."""
    minimum_commitment_display_name: str | None
    parent_id: str | None
    """The plan that this one overrides for one subscription; None for a plan for all."""
    customer_id: str | None
    """Whose subscription an override is for: its versions are on that customer's clock."""
    deleted_at: datetime | None
    """A deleted plan is kept current, because what ran on it is still to be billed; lists leave it out."""


PLANS = Versions("plans", Plan, index=("code", "parent_id"))


def check_plan(values: Mapping[str, Any]) -> Problems:
    """What is wrong with the fields of a plan, all of which are in `values`."""
    problems = Problems(values)
    problems.key("code")
    problems.mandatory("name", "amount_cents")
    problems.cents("amount_cents")
    for name in ("interval", "amount_currency"):
        if not values[name]:
            problems.add(name, "value_is_invalid")
    problems.one_of("interval", INTERVALS)
    problems.currency("amount_currency")
    problems.boolean("pay_in_advance", "bill_charges_monthly", "bill_fixed_charges_monthly")
    if (
        values["bill_fixed_charges_monthly"]
        and values["interval"] in LONG_INTERVALS
        and not values["bill_charges_monthly"]
    ):
        problems.add(
            "bill_fixed_charges_monthly", "feature_unavailable", "it is served together with bill_charges_monthly"
        )
    if not _is_trial(values["trial_period"]):
        problems.add("trial_period", "value_is_out_of_range")
    return problems


def committed(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a plan that say its minimum commitment; an empty input says none. Raises ValidationError."""
    problems = Problems(given)
    if given:
        problems.mandatory("amount_cents")
    problems.cents("amount_cents")
    problems.text("invoice_display_name")
    problems.refuse()
    return {
        "minimum_commitment_amount_cents": given.get("amount_cents"),
        "minimum_commitment_display_name": given.get("invoice_display_name"),
    }


def days_text(days: Any) -> str:
    """The days of a trial as the catalog keeps them."""
    return decimal_text(read_decimal(days, MOST_TRIAL_DECIMALS) or Decimal(0))


def _is_trial(days: Any) -> bool:
    if days is None:
        return True
    number = read_decimal(days, MOST_TRIAL_DECIMALS)
    return number is not None and 0 <= number <= MOST_TRIAL_DAYS

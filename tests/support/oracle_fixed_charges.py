"""How many units a fixed charge has in a period, by plain fractions and lists, word by word from the reference (rating §7). No SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from tests.support.oracle_fees import at_places, local_date


@dataclass(frozen=True)
class Change:
    """Units from `effective_at` (naive UTC) on. Changes come in the order in which they were made."""

    units: Fraction
    effective_at: datetime


@dataclass(frozen=True)
class Period:
    """[from_at, to_at) of a subscription; `last_on` is its last local day, and `days` those of the whole period."""

    from_at: datetime
    to_at: datetime
    last_on: date
    days: int
    zone: str


def candidates(changes: Sequence[Change], period: Period) -> list[Change]:
    """The changes inside, and of those before the period only the one made last."""
    before = [change for change in changes if change.effective_at < period.from_at]
    return [
        change
        for change in changes
        if period.from_at <= change.effective_at < period.to_at or (before and change is before[-1])
    ]


def full_units(changes: Sequence[Change], period: Period) -> Fraction | None:
    """The units made last, or None where there is no candidate."""
    found = candidates(changes, period)
    return found[-1].units if found else None


def prorated_units(changes: Sequence[Change], period: Period) -> Fraction:
    """Each candidate that no later-made one precedes holds until the next, the last one to the period's last day inclusive."""
    found = candidates(changes, period)
    surviving = [
        change
        for place, change in enumerate(found)
        if all(later.effective_at >= change.effective_at for later in found[place + 1 :])
    ]
    first_on = local_date(period.from_at, period.zone)
    starts = [max(local_date(change.effective_at, period.zone), first_on) for change in surviving]
    ends = [*starts[1:], date.fromordinal(period.last_on.toordinal() + 1)]
    shares = [
        at_places(change.units * (end - start).days / period.days, 6)
        for change, start, end in zip(surviving, starts, ends, strict=False)
        if change.units > 0
    ]
    return sum(shares, Fraction(0))


def added_units(
    changes: Sequence[Change], period: Period, change: Change, *, prorated: bool
) -> tuple[Fraction, Fraction]:
    """(units, units for the days that are left) that a change inside a period adds to what the period has billed before it.

    Billed are the units with which the period opened, and what each earlier change inside it added.
    """
    place = next(index for index, made in enumerate(changes) if made is change)
    opening = [made for made in changes[:place] if made.effective_at <= period.from_at]
    billed = opening[-1].units if opening else Fraction(0)
    for made in changes[:place]:
        if made.effective_at > period.from_at:
            billed += max(made.units - billed, Fraction(0))
    added = max(change.units - billed, Fraction(0))
    days = (period.last_on - local_date(change.effective_at, period.zone)).days + 1
    return added, at_places(added * days / period.days, 6) if prorated else added

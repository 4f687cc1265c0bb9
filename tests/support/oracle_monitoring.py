"""Crossings, read from the reference (rating §8) and walked step by step: what the SQL must agree with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

Passed = tuple[bool, int]
"""Whether a threshold recurs, and its amount or step."""
Number = TypeVar("Number", int, Fraction)


@dataclass(frozen=True)
class Look:
    """What is known of a subscription at a tick, in minor units; `period` tells one period from the next."""

    period: int
    settled: int
    current: int


def passed(done: int, total: int, fixed: Iterable[int], step: int | None) -> list[Passed]:
    """The thresholds that usage passes on its way from `done` to `total`; a recurring one is told once."""
    fixed = sorted(fixed)
    found = [(False, amount) for amount in fixed if done < amount <= total]
    if step is not None and next(_steps(fixed, step, done, total), None) is not None:
        found.append((True, step))
    return found


def walked(looks: Sequence[Look], fixed: Sequence[int], step: int | None) -> list[list[Passed]]:
    """Per look, what it passes: usage counts from what is on invoices, and in its period from what was billed progressively."""
    found: list[list[Passed]] = []
    billed, period = 0, -1
    for look in looks:
        if look.period != period:
            billed, period = 0, look.period
        found.append(passed(look.settled + billed, look.settled + look.current, fixed, step))
        if found[-1]:
            billed = max(billed, look.current)
    return found


def crossed(before: Fraction, now: Fraction, values: Iterable[Fraction], step: Fraction | None, direction: str) -> list[Fraction]:
    """The values of an alert between two looks, the first excluded and the second included."""
    if direction == "decreasing":
        return sorted(-value for value in crossed(-before, -now, (-value for value in values), step, "increasing"))
    values = list(values)
    found = [value for value in values if before < value <= now]
    if step is not None:
        found += _steps(values, step, before, now)
    return sorted(found)


def _steps(values: Sequence[Number], step: Number, above: Number, up_to: Number) -> Iterator[Number]:
    place = max(values, default=step - step) + step
    while place <= up_to:
        if place > above:
            yield place
        place += step

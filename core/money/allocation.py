"""Splits whose parts add up to the whole."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction


def allocate(total: int, weights: Sequence[int | Decimal]) -> list[int]:
    """`total` minor units split in proportion to `weights` by largest remainder; the parts sum to `total`.

    Equal remainders go to the earlier part. A negative total gives the mirror image of its positive twin.
    Raises ValueError for a negative weight, and when there is something to split but nothing to split it over.
    """
    shares = [Fraction(weight) for weight in weights]
    if any(share < 0 for share in shares):
        raise ValueError(f"weights must not be negative: {list(weights)}")
    whole = sum(shares)
    if whole == 0:
        if total:
            raise ValueError(f"cannot split {total} over weights that sum to zero: {list(weights)}")
        return [0] * len(shares)
    size = abs(total)
    exact = [size * share / whole for share in shares]
    parts = [value.numerator // value.denominator for value in exact]
    by_remainder = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index], index))
    for index in by_remainder[: size - sum(parts)]:
        parts[index] += 1
    return parts if total >= 0 else [-part for part in parts]

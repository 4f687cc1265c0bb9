"""An amount of money that is settled: whole minor units of one currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from core.money.currency import exponent
from core.money.rounding import round_half_away, scaled


@dataclass(frozen=True, slots=True)
class Money:
    """`cents` minor units of `currency` (the name follows Lago's `_cents`; a JPY cent is one yen)."""

    cents: int
    currency: str

    def __post_init__(self) -> None:
        # bool is an int to Python, and a float would carry binary error into the books.
        if isinstance(self.cents, bool) or not isinstance(self.cents, int):
            raise TypeError(
                f"Money holds whole minor units, not {self.cents!r}; use Money.rounded for a decimal amount"
            )
        exponent(self.currency)

    @classmethod
    def rounded(cls, amount: Decimal, currency: str) -> Money:
        """`amount` in currency units (12.345 EUR), rounded half away from zero to the minor unit.

        Raises TypeError for anything but a Decimal.
        """
        if not isinstance(amount, Decimal):
            raise TypeError(f"an amount must be a Decimal, not {amount!r}")
        places = exponent(currency)
        return cls(int(scaled(round_half_away(amount, places), places)), currency)

    @property
    def amount(self) -> Decimal:
        """The amount in currency units, at the currency's own number of decimals."""
        return Decimal(self.cents).scaleb(-exponent(self.currency))

    def __add__(self, other: Money) -> Money:
        return Money(self.cents + self._same(other).cents, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.cents - self._same(other).cents, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.cents, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.cents < self._same(other).cents

    def __le__(self, other: Money) -> bool:
        return self.cents <= self._same(other).cents

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def _same(self, other: Money) -> Money:
        if not isinstance(other, Money):
            raise TypeError(f"cannot combine {self} with {other!r}, which is not Money")
        if other.currency != self.currency:
            raise ValueError(f"cannot combine {self} with {other}: the currencies differ")
        return other

"""Collecting what is wrong with an input, in Lago's words, so that the caller hears everything at once (lago_api §4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from core.domain.addresses import COUNTRIES
from core.errors import ValidationError
from core.money.currency import is_currency

MOST_CENTS = 10**14
"""The most minor units of one stated amount: 64 bits hold the sum of tens of thousands of them."""
MOST_DAYS = 36_500
LONGEST_KEY = 255
"""Characters of an id or code that a caller gives (DECISIONS)."""

# Any path segment must carry these keys, and no client percent-encodes it (lago_api §12.10).
_UNREACHABLE = frozenset("/?#")


class Problems:
    """Field -> codes, gathered by checks and raised together. `fields` are the values being checked, by wire name."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields
        self.details: dict[str, list[str]] = {}
        self._advice: list[str] = []

    def add(self, field: str, code: str, advice: str = "") -> None:
        """Record `code` under `field` once; `advice` says in words what the code cannot."""
        codes = self.details.setdefault(field, [])
        if code not in codes:
            codes.append(code)
        if advice:
            self._advice.append(advice)

    def refuse(self) -> None:
        """Raise ValidationError with everything found, if anything was."""
        if self.details:
            raise ValidationError(self.details, "; ".join(self._advice))

    def mandatory(self, *names: str) -> None:
        """Blank or absent gives `value_is_mandatory`."""
        for name in names:
            value = self._fields.get(name)
            if value is None or (isinstance(value, str) and not value.strip()):
                self.add(name, "value_is_mandatory")

    def text(self, *names: str) -> None:
        """Anything but text or null gives `value_is_invalid`."""
        self._each(names, lambda value: isinstance(value, str), "value_is_invalid")

    def key(self, name: str) -> None:
        """A caller's key: mandatory text of at most LONGEST_KEY characters that a URL path segment can carry."""
        self.mandatory(name)
        self._each((name,), lambda value: not isinstance(value, str) or len(value) <= LONGEST_KEY, "value_is_too_long")
        self._each((name,), lambda value: isinstance(value, str) and not _UNREACHABLE & set(value), "value_is_invalid")

    def one_of(self, name: str, allowed: Collection[str], code: str = "value_is_invalid") -> None:
        """A value outside `allowed` gives `code`; null is left to `mandatory`."""
        self._each((name,), lambda value: isinstance(value, str) and value in allowed, code)

    def boolean(self, *names: str) -> None:
        """Anything but true, false or absent gives `value_is_invalid`; null too, where the key is present."""
        for name in names:
            if name in self._fields and not isinstance(self._fields[name], bool):
                self.add(name, "value_is_invalid")

    def integer(self, name: str, least: int = 0, most: int | None = None) -> None:
        """A whole number within bounds, else `value_is_out_of_range` (or `value_is_invalid` for another type)."""
        value = self._fields.get(name)
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, int):
            self.add(name, "value_is_invalid")
        elif value < least or (most is not None and value > most):
            self.add(name, "value_is_out_of_range")

    def cents(self, name: str, least: int = 0) -> None:
        """Minor units of one price or limit, within MOST_CENTS."""
        self.integer(name, least, MOST_CENTS)

    def days(self, name: str) -> None:
        """A number of days, within MOST_DAYS."""
        self.integer(name, most=MOST_DAYS)

    def currency(self, *names: str) -> None:
        """An unknown currency code gives `value_is_invalid`."""
        self._each(names, is_currency, "value_is_invalid")

    def timezone(self, name: str) -> None:
        """A name outside the IANA list gives `invalid_timezone`."""
        self._each((name,), lambda value: value in _timezones(), "invalid_timezone")

    def country(self, name: str) -> None:
        """A code that ISO 3166 has not assigned gives `not_a_valid_country_code`."""
        self.one_of(name, COUNTRIES, "not_a_valid_country_code")

    def email(self, name: str) -> None:
        """Addresses, comma-separated, without an @ between two parts give `invalid_email_format`."""
        self._each((name,), _is_email_list, "invalid_email_format")

    def instant(self, *names: str) -> None:
        """Anything but a datetime gives `invalid_date`; the edge has parsed text before it comes here."""
        self._each(names, lambda value: isinstance(value, datetime), "invalid_date")

    def _each(self, names: Collection[str], holds: Any, code: str) -> None:
        for name in names:
            value = self._fields.get(name)
            if value is not None and value != "" and not holds(value):
                self.add(name, code)


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())


def _is_email_list(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    for address in value.split(","):
        name, at, host = address.strip().rpartition("@")
        if not (name and at and host) or " " in address.strip():
            return False
    return True

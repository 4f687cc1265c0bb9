"""Errors that a caller can act on. They carry codes and words, never an HTTP status: that is the API's edge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any


class TallystickError(Exception):
    """The base of every error raised on purpose. `code` is for machines, `message` says what was wrong and what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.places: list[str] = []
        """Where in the input the problem is, outermost first, e.g. `charges[tokens]`; the wire does not tell it."""


@contextmanager
def inside(place: str) -> Iterator[None]:
    """What is refused within is at `place` of the input."""
    try:
        yield
    except TallystickError as error:
        error.places.insert(0, place)
        raise


class NotFound(TallystickError):
    """Nothing of that kind has this key. `resource` is Lago's 404 word (lago_api §4), e.g. `plan` or `billable_metrics`."""

    def __init__(self, resource: str, key: object) -> None:
        super().__init__(
            f"{resource}_not_found", f"There is no {resource} {key!r}. Check the identifier or create it first."
        )
        self.resource = resource
        self.key = key


class ValidationError(TallystickError):
    """Input was refused. `details` is field -> codes in Lago's words, e.g. {"code": ["value_already_exist"]} (lago_api §4).

    `advice` says in words what a code cannot, such as the position in an expression.
    """

    def __init__(self, details: Mapping[str, Sequence[str]], advice: str = "") -> None:
        self.advice = advice
        self.details: dict[str, list[str]] = {field: list(codes) for field, codes in details.items()}
        listed = "; ".join(f"{field}: {', '.join(codes)}" for field, codes in self.details.items())
        super().__init__(
            "validation_errors",
            f"The input was refused ({listed}). {advice or 'Correct these fields and send it again.'}",
        )


class UsageOutOfDomain(ValidationError):
    """Usage that cannot be priced: its quantity, or its product with its prices, may leave the domain of money (the rating README).

    `rows` are those of `int_billing__held_usage`, or others with `units`; the first is told.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        first = rows[0]
        of = (
            f" of {first['item_code']} on subscription {first['external_subscription_id']}"
            if "item_code" in first
            else ""
        )
        super().__init__(
            {"units": ["out_of_domain"]},
            f"{first['units'].normalize():f} units{of} cannot be priced: the quantity, or its product with its prices, reaches 10^14. "
            "Correct the usage with another event, or lower the price.",
        )


class BatchRefused(TallystickError):
    """Rows of a batch were refused, and so is the whole: place in the batch -> field -> codes (lago_api §4)."""

    def __init__(self, rows: Mapping[int, Mapping[str, Sequence[str]]]) -> None:
        self.details = {str(place): {field: list(codes) for field, codes in row.items()} for place, row in rows.items()}
        super().__init__(
            "validation_errors", f"Rows of the batch were refused ({self.details}). Correct them and send it again."
        )


class Conflict(TallystickError):
    """The input is well formed but the object's state forbids it. `code` is Lago's, e.g. `wallet_not_active`."""

"""Subscription states, wallet credits, addresses and the collecting of problems."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.domain.addresses import postal_address
from core.domain.problems import Problems
from core.domain.subscriptions import status_at
from core.domain.wallets import check_credits
from core.errors import ValidationError

START, END = datetime(2026, 1, 1), datetime(2026, 2, 1)
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("instant", "expected"),
    [(START - MOMENT, "pending"), (START, "active"), (END - MOMENT, "active"), (END, "terminated")],
)
def test_a_state_follows_from_the_instants(instant: datetime, expected: str) -> None:
    assert status_at("active", START, END, instant) == expected
    assert status_at("canceled", START, END, instant) == "canceled"


def test_without_an_end_it_stays_active() -> None:
    assert status_at("active", START, None, datetime(2099, 1, 1)) == "active"


@pytest.mark.parametrize(
    ("value", "credits"), [("1.234567", "1.23456"), (None, "0"), (3, "3"), (Decimal("0.000009"), "0")]
)
def test_credits_are_cut_to_five_decimals(value: Any, credits: str) -> None:
    problems = Problems({})
    assert check_credits("paid_credits", value, problems) == Decimal(credits)
    assert problems.details == {}


def test_an_address_prints_what_is_there() -> None:
    parts = {"address_line1": "1 Road", "zipcode": "75001", "city": "Paris", "state": None, "country": "FR"}
    assert postal_address(parts) == "1 Road\n75001 Paris\nFR"
    assert postal_address({}) is None


def test_all_problems_are_told_at_once_and_each_code_once() -> None:
    problems = Problems({"code": "", "count": "7", "flag": None})
    problems.mandatory("code", "name")
    problems.mandatory("code")
    problems.integer("count")
    problems.boolean("flag", "absent")
    with pytest.raises(ValidationError) as refused:
        problems.refuse()
    assert refused.value.details == {
        "code": ["value_is_mandatory"],
        "name": ["value_is_mandatory"],
        "count": ["value_is_invalid"],
        "flag": ["value_is_invalid"],
    }


def test_a_key_has_at_most_255_characters() -> None:
    problems = Problems({"code": "c" * 255, "external_id": "é" * 256, "other": 7})
    for name in ("code", "external_id", "other"):
        problems.key(name)
    assert problems.details == {"external_id": ["value_is_too_long"], "other": ["value_is_invalid"]}


def test_nothing_wrong_raises_nothing() -> None:
    problems = Problems({"email": "a@b.c, d@e.f", "zone": "Europe/Paris", "code": "a.b:c@d e"})
    problems.email("email")
    problems.timezone("zone")
    problems.key("code")
    problems.refuse()

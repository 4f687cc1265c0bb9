"""Another plan for a subscription, on the wire (lago_api §7.7)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.unit.api.conftest import Api

ZONE = "Pacific/Auckland"


@pytest.fixture()
def plans(api: Api) -> Api:
    """Three plans, and a customer whose days begin twelve hours before UTC's."""
    for code, amount_cents in (("pro", 3000), ("basic", 1000), ("free", 0)):
        plan = {"code": code, "name": code, "interval": "monthly", "amount_cents": amount_cents, "amount_currency": "EUR"}
        api.ok("POST", "/plans", {"plan": plan | {"pay_in_advance": False}})
    api.ok("POST", "/customers", {"customer": {"external_id": "changing", "timezone": ZONE}})
    return api


def subscribe(api: Api, plan_code: str) -> dict[str, Any]:
    content = {"external_customer_id": "changing", "plan_code": plan_code, "external_id": "s"}
    return dict(api.ok("POST", "/subscriptions", {"subscription": content})["subscription"])


def next_first() -> str:
    """The first of the next month, where the customer is."""
    today = datetime.now(UTC).astimezone(ZoneInfo(ZONE)).date()
    return (today.replace(day=1) + timedelta(days=32)).replace(day=1).isoformat()


def test_a_cheaper_plan_waits_and_is_called_off(plans: Api) -> None:
    made = subscribe(plans, "pro")
    assert (made["next_plan_code"], made["previous_plan_code"], made["downgrade_plan_date"]) == (None, None, None)
    answered = subscribe(plans, "basic")
    assert (answered["lago_id"], answered["plan_code"], answered["status"]) == (made["lago_id"], "pro", "active")
    assert (answered["next_plan_code"], answered["downgrade_plan_date"]) == ("basic", next_first())
    waiting = plans.ok("GET", "/subscriptions/s?status=pending")["subscription"]
    assert (waiting["plan_code"], waiting["previous_plan_code"], waiting["status"], waiting["started_at"]) == ("basic", "pro", "pending", None)
    assert subscribe(plans, "free")["next_plan_code"] == "free"
    (listed,) = plans.ok("GET", "/subscriptions?external_customer_id=changing")["subscriptions"]
    assert (listed["plan_code"], listed["next_plan_code"], listed["downgrade_plan_date"]) == ("pro", "free", next_first())
    canceled = plans.ok("DELETE", "/subscriptions/s?status=pending")["subscription"]
    assert (canceled["lago_id"], canceled["plan_code"], canceled["status"]) == (waiting["lago_id"], "free", "canceled")
    shown = plans.ok("GET", "/subscriptions/s")["subscription"]
    assert (shown["plan_code"], shown["next_plan_code"], shown["downgrade_plan_date"], shown["status"]) == ("pro", None, None, "active")
    assert plans.refused("DELETE", "/subscriptions/s?status=pending")["code"] == "subscription_not_found"


def test_a_dearer_plan_names_what_it_takes_over_from(plans: Api) -> None:
    subscribe(plans, "basic")
    upgraded = subscribe(plans, "pro")
    assert (upgraded["plan_code"], upgraded["previous_plan_code"], upgraded["next_plan_code"]) == ("pro", "basic", None)
    (ended,) = plans.ok("GET", "/subscriptions?external_customer_id=changing&status[]=terminated")["subscriptions"]
    assert (ended["next_plan_code"], ended["downgrade_plan_date"]) == ("pro", None)

"""Usage thresholds over the wire: on plans, and a subscription's own."""

from __future__ import annotations

from tests.unit.api.conftest import Api
from tests.unit.api.test_resources import PLAN

STEPS = [
    {"amount_cents": 500, "threshold_display_name": "Soft", "recurring": False},
    {"amount_cents": 200, "threshold_display_name": None, "recurring": True},
]


def test_a_plan_carries_its_thresholds(api: Api) -> None:
    plan = api.ok("POST", "/plans", {"plan": PLAN | {"usage_thresholds": STEPS[::-1]}})["plan"]
    assert [{key: row[key] for key in STEPS[0]} for row in plan["usage_thresholds"]] == STEPS
    assert plan["usage_thresholds"][0].keys() == {"lago_id", "created_at", "updated_at", *STEPS[0]}
    assert plan["applicable_usage_thresholds"] == STEPS
    assert api.ok("GET", "/plans/basic")["plan"] == plan == api.ok("GET", "/plans")["plans"][0] | {"fixed_charges": []}
    changed = api.ok("PUT", "/plans/basic", {"plan": {"usage_thresholds": STEPS[:1]}})["plan"]
    assert changed["usage_thresholds"] == plan["usage_thresholds"][:1]
    assert api.ok("PUT", "/plans/basic", {"plan": {"usage_thresholds": []}})["plan"]["usage_thresholds"] == []
    refused = api.refused("PUT", "/plans/basic", {"plan": {"usage_thresholds": [{"amount_cents": -1}]}})
    assert refused["error_details"] == {"usage_thresholds": ["value_is_out_of_range"]}


def test_a_subscriptions_thresholds_replace_the_plans(api: Api) -> None:
    api.ok("POST", "/plans", {"plan": PLAN | {"usage_thresholds": STEPS}})
    row = {
        "external_customer_id": "acme",
        "external_id": "s",
        "plan_code": "basic",
        "progressive_billing_disabled": None,
    }
    made = api.ok("POST", "/subscriptions", {"subscription": row})["subscription"]
    assert (made["progressive_billing_disabled"], made["usage_thresholds"], made["applicable_usage_thresholds"]) == (
        False,
        [],
        STEPS,
    )
    own = [{"amount_cents": 7, "threshold_display_name": None, "recurring": False}]
    changed = api.ok("PUT", "/subscriptions/s", {"subscription": {"usage_thresholds": own}})["subscription"]
    assert (changed["applicable_usage_thresholds"], changed["usage_thresholds"][0]["amount_cents"]) == (own, 7)
    opted_out = api.ok("PUT", "/subscriptions/s", {"subscription": {"progressive_billing_disabled": True}})[
        "subscription"
    ]
    assert (opted_out["progressive_billing_disabled"], opted_out["applicable_usage_thresholds"]) == (True, [])
    assert opted_out["usage_thresholds"] == changed["usage_thresholds"]
    back = api.ok(
        "PUT", "/subscriptions/s", {"subscription": {"progressive_billing_disabled": False, "usage_thresholds": []}}
    )["subscription"]
    assert back["applicable_usage_thresholds"] == STEPS

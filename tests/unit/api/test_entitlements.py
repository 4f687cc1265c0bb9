"""Features, and entitlements of plans and subscriptions, over the wire (lago_api §7.5)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.conftest import Api
from tests.unit.api.test_resources import PLAN

SEATS = {
    "code": "seats",
    "name": "Seats",
    "description": "People who may log in",
    "privileges": [
        {"code": "max", "name": "At most", "value_type": "integer"},
        {"code": "sso", "value_type": "boolean"},
        {"code": "level", "value_type": "select", "config": {"select_options": ["basic", "full"]}},
    ],
}
SUPPORT = {"code": "support", "privileges": [{"code": "channel"}]}


@pytest.fixture
def sold(api: Api) -> Api:
    """Two features, a plan and a subscription on it."""
    for feature in (SEATS, SUPPORT):
        api.ok("POST", "/features", {"feature": feature})
    api.ok("POST", "/plans", {"plan": PLAN})
    subscription = {"external_customer_id": "acme", "plan_code": "basic", "external_id": "s"}
    api.ok("POST", "/subscriptions", {"subscription": subscription})
    return api


def of_plan(api: Api) -> dict[str, dict[str, Any]]:
    """Feature -> privilege -> value, of the plan."""
    rows = api.ok("GET", "/plans/basic/entitlements")["entitlements"]
    assert api.ok("GET", "/plans/basic")["plan"]["entitlements"] == rows
    return {row["code"]: {item["code"]: item["value"] for item in row["privileges"]} for row in rows}


def of_subscription(api: Api, rows: Any = None) -> dict[str, dict[str, Any]]:
    """Feature -> privilege -> value, plan's value and own value, of the subscription."""
    rows = rows or api.ok("GET", "/subscriptions/s/entitlements")["entitlements"]
    parts = ("value", "plan_value", "override_value")
    for row in rows:
        assert row["overrides"] == {item["code"]: item["override_value"] for item in row["privileges"] if item["override_value"] is not None}
    return {row["code"]: {item["code"]: tuple(item[part] for part in parts) for item in row["privileges"]} for row in rows}


def test_a_feature_is_made_read_changed_and_deleted(api: Api) -> None:
    made = api.ok("POST", "/features", {"feature": SEATS})["feature"]
    assert made["privileges"] == [
        {"code": "max", "name": "At most", "value_type": "integer", "config": {}},
        {"code": "sso", "name": None, "value_type": "boolean", "config": {}},
        {"code": "level", "name": None, "value_type": "select", "config": {"select_options": ["basic", "full"]}},
    ]
    assert api.ok("GET", "/features/seats")["feature"] == made == api.ok("GET", "/features")["features"][0]
    change = {"name": None, "privileges": [{"code": "sso", "name": "Single sign-on"}, {"code": "note"}]}
    changed = api.ok("PUT", "/features/seats", {"feature": change})["feature"]
    assert (changed["name"], changed["description"]) == (None, SEATS["description"])
    assert [(row["code"], row["name"], row["value_type"]) for row in changed["privileges"]] == [
        ("max", "At most", "integer"), ("sso", "Single sign-on", "boolean"), ("level", None, "select"), ("note", None, "string"),
    ]  # fmt: skip
    left = api.ok("DELETE", "/features/seats/privileges/max")["feature"]
    assert [row["code"] for row in left["privileges"]] == ["sso", "level", "note"]
    assert api.refused("DELETE", "/features/seats/privileges/max")["code"] == "privilege_not_found"
    assert api.ok("DELETE", "/features/seats")["feature"] == left
    assert api.refused("GET", "/features/seats")["code"] == "feature_not_found"


@pytest.mark.parametrize(
    ("feature", "details"),
    [
        ({"name": "x"}, {"code": ["value_is_mandatory"]}),
        ({"code": "x", "privileges": [{"code": "a"}, {"code": "a"}]}, {"privilege.code": ["value_is_duplicated"]}),
        ({"code": "x", "privileges": [{"name": "a"}]}, {"privilege.code": ["value_is_mandatory"]}),
        ({"code": "x", "privileges": [{"code": "a", "value_type": "list"}]}, {"privilege.value_type": ["value_is_invalid"]}),
        ({"code": "x", "privileges": [{"code": "a", "value_type": "select"}]}, {"privilege.config": ["value_is_mandatory"]}),
        ({"code": "x", "privileges": [{"code": "a", "config": {"select_options": ["b"]}}]}, {"privilege.config": ["value_must_be_blank"]}),
    ],
)  # fmt: skip
def test_a_feature_that_cannot_be_is_refused(api: Api, feature: dict[str, Any], details: dict[str, Any]) -> None:
    assert api.refused("POST", "/features", {"feature": feature})["error_details"] == details
    assert api.ok("GET", "/features")["features"] == []


def test_a_code_of_a_feature_is_taken_once(api: Api) -> None:
    api.ok("POST", "/features", {"feature": SUPPORT})
    assert api.refused("POST", "/features", {"feature": SUPPORT})["error_details"] == {"code": ["value_already_exist"]}


def test_a_plan_entitles_to_what_it_says(sold: Api) -> None:
    path = "/plans/basic/entitlements"
    assert of_plan(sold) == {}
    sold.ok("POST", path, {"entitlements": {"seats": {"max": 5, "sso": False}, "support": {}}})
    assert of_plan(sold) == {"seats": {"max": 5, "sso": False}, "support": {}}
    sold.ok("PATCH", path, {"entitlements": {"seats": {"max": 10, "level": "full"}}})
    assert of_plan(sold) == {"seats": {"max": 10, "sso": False, "level": "full"}, "support": {}}
    one = sold.ok("GET", f"{path}/seats")["entitlement"]
    assert (one["name"], [row["value"] for row in one["privileges"]]) == ("Seats", [10, False, "full"])
    left = sold.ok("DELETE", f"{path}/seats/privileges/max")["entitlement"]
    assert [row["code"] for row in left["privileges"]] == ["sso", "level"]
    assert sold.ok("DELETE", f"{path}/support")["entitlement"]["code"] == "support"
    assert sold.refused("GET", f"{path}/support")["code"] == "entitlement_not_found"
    sold.ok("POST", path, {"entitlements": {"seats": {"max": 1}}})
    assert of_plan(sold) == {"seats": {"max": 1}}


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({"seats": {"max": "5"}}, 422, None),
        ({"seats": {"max": True}}, 422, None),
        ({"seats": {"sso": 1}}, 422, None),
        ({"seats": {"level": "other"}}, 422, None),
        ({"support": {"channel": 3}}, 422, None),
        ({"seats": {"none": 3}}, 404, "privilege_not_found"),
        ({"none": {}}, 404, "feature_not_found"),
        ({"seats": 3}, 400, None),
    ],
)
def test_values_are_of_their_privileges_types(sold: Api, values: Any, status: int, code: str | None) -> None:
    for verb, path in (("POST", "/plans/basic/entitlements"), ("PATCH", "/subscriptions/s/entitlements")):
        refused = sold.refused(verb, path, {"entitlements": values})
        assert refused["status"] == status
        if status == 422:
            assert refused["error_details"] == {"privilege.value": ["value_is_invalid"]}
        if code:
            assert refused["code"] == code
    assert of_plan(sold) == {}


def test_a_subscription_has_its_plans_and_its_own(sold: Api) -> None:
    path = "/subscriptions/s/entitlements"
    sold.ok("POST", "/plans/basic/entitlements", {"entitlements": {"seats": {"max": 5, "sso": False}, "support": {"channel": "mail"}}})
    assert of_subscription(sold)["seats"] == {"max": (5, 5, None), "sso": (False, False, None)}
    answered = sold.ok("PATCH", path, {"entitlements": {"seats": {"max": 50, "level": "full"}}})["entitlements"]
    assert of_subscription(sold) == of_subscription(sold, answered)
    assert of_subscription(sold)["seats"] == {"max": (50, 5, 50), "sso": (False, False, None), "level": ("full", None, "full")}
    taken = sold.ok("DELETE", f"{path}/seats/privileges/sso")["entitlements"]
    assert of_subscription(sold, taken)["seats"] == {"max": (50, 5, 50), "level": ("full", None, "full")}
    taken = sold.ok("DELETE", f"{path}/seats/privileges/max")["entitlements"]
    assert of_subscription(sold, taken)["seats"] == {"level": ("full", None, "full")}
    assert sold.refused("DELETE", f"{path}/seats/privileges/max")["code"] == "privilege_not_found"
    sold.ok("DELETE", f"{path}/support")
    assert set(of_subscription(sold)) == {"seats"}
    assert sold.refused("DELETE", f"{path}/support")["code"] == "entitlement_not_found"
    sold.ok("PATCH", path, {"entitlements": {"support": {"channel": "phone"}, "seats": {"sso": True}}})
    assert of_subscription(sold) == {"seats": {"sso": (True, False, True), "level": ("full", None, "full")}, "support": {"channel": ("phone", "mail", "phone")}}
    assert of_plan(sold) == {"seats": {"max": 5, "sso": False}, "support": {"channel": "mail"}}


def test_what_is_deleted_nobody_is_entitled_to(sold: Api) -> None:
    sold.ok("POST", "/plans/basic/entitlements", {"entitlements": {"seats": {"max": 5, "sso": True}, "support": {"channel": "mail"}}})
    sold.ok("PATCH", "/subscriptions/s/entitlements", {"entitlements": {"seats": {"max": 6}}})
    sold.ok("DELETE", "/features/seats/privileges/max")
    sold.ok("DELETE", "/features/support")
    assert of_plan(sold) == {"seats": {"sso": True}}
    assert of_subscription(sold) == {"seats": {"sso": (True, True, None)}}


def test_an_override_of_a_plan_entitles_as_its_plan_does(sold: Api) -> None:
    sold.ok("POST", "/plans/basic/entitlements", {"entitlements": {"seats": {"max": 5}}})
    sold.ok("PUT", "/subscriptions/s", {"subscription": {"plan_overrides": {"amount_cents": 7}}})
    assert of_subscription(sold) == {"seats": {"max": (5, 5, None)}}
    sold.ok("PATCH", "/plans/basic/entitlements", {"entitlements": {"seats": {"max": 6}}})
    assert of_subscription(sold) == {"seats": {"max": (6, 6, None)}}

"""Fixed charges over the wire: inside plans, on their own, and a subscription's own units."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.conftest import Api
from tests.unit.api.test_resources import ADD_ON, PLAN

ROW = {"charge_model": "standard", "units": "2.50", "properties": {"amount": "30"}, "invoice_display_name": None}


@pytest.fixture
def add_on_id(api: Api) -> str:
    found: str = api.ok("POST", "/add_ons", {"add_on": ADD_ON})["add_on"]["lago_id"]
    return found


def test_a_plan_carries_its_fixed_charges(api: Api, add_on_id: str) -> None:
    row = ROW | {"add_on_id": add_on_id, "pay_in_advance": True, "prorated": True}
    plan = api.ok("POST", "/plans", {"plan": PLAN | {"fixed_charges": [row]}})["plan"]
    (made,) = plan["fixed_charges"]
    assert made | {"lago_id": "", "created_at": ""} == {
        "lago_id": "", "created_at": "", "lago_add_on_id": add_on_id, "add_on_code": "setup", "code": "setup", "invoice_display_name": "Setup",
        "charge_model": "standard", "pay_in_advance": True, "prorated": True, "properties": {"amount": "30"}, "units": 2.5, "lago_parent_id": None, "taxes": [],
    }  # fmt: skip
    assert b'"units":2.5' in api("GET", "/plans/basic").content, "a JSON number, or Go cannot read it"
    assert api.ok("GET", "/plans/basic")["plan"] == plan
    assert "fixed_charges" not in api.ok("GET", "/plans")["plans"][0]
    assert api.ok("PUT", "/plans/basic", {"plan": {"name": "Other"}})["plan"]["fixed_charges"] == [made]
    changed = {"id": made["lago_id"], "units": 4, "apply_units_immediately": True}
    (after,) = api.ok("PUT", "/plans/basic", {"plan": {"fixed_charges": [changed]}})["plan"]["fixed_charges"]
    assert after == made | {"units": 4}
    assert api.ok("PUT", "/plans/basic", {"plan": {"fixed_charges": []}})["plan"]["fixed_charges"] == []
    missing = api.refused("POST", "/plans", {"plan": PLAN | {"code": "b", "fixed_charges": [ROW | {"add_on_id": "x"}]}})
    assert (missing["status"], missing["code"]) == (404, "add_ons_not_found")


def test_life_of_a_fixed_charge(api: Api, add_on_id: str) -> None:
    api.ok("POST", "/plans", {"plan": PLAN})
    path = "/plans/basic/fixed_charges"
    made = api.ok("POST", path, {"fixed_charge": ROW | {"add_on_code": "setup", "code": "seats"}})["fixed_charge"]
    assert (made["code"], made["lago_add_on_id"], made["units"]) == ("seats", add_on_id, 2.5)
    assert api.ok("GET", f"{path}/seats")["fixed_charge"] == made
    listed = api.ok("GET", path)
    assert listed["fixed_charges"] == [made] and listed["meta"]["total_count"] == 1
    changed = api.ok("PUT", f"{path}/seats", {"fixed_charge": {"invoice_display_name": "Seats", "units": "3"}})
    assert changed["fixed_charge"] == made | {"invoice_display_name": "Seats", "units": 3}
    assert api.ok("DELETE", f"{path}/seats")["fixed_charge"] == changed["fixed_charge"]
    missing = {"status": 404, "error": "Not Found", "code": "fixed_charge_not_found"}
    for method in ("GET", "DELETE"):
        assert api.refused(method, f"{path}/seats") == missing
    refused = api.refused("POST", path, {"fixed_charge": ROW | {"add_on_code": "setup", "units": "x"}})
    assert refused["error_details"] == {"units": ["value_is_invalid"]}
    assert api.refused("POST", path, {"fixed_charge": ROW})["code"] == "add_on_not_found"
    assert api.refused("GET", "/plans/none/fixed_charges")["code"] == "plan_not_found"


def test_a_subscriptions_own_units(api: Api, add_on_id: str) -> None:
    row = ROW | {"add_on_id": add_on_id, "code": "seats"}
    api.ok("POST", "/plans", {"plan": PLAN | {"fixed_charges": [row]}})
    subscription: dict[str, Any] = {"external_customer_id": "acme", "external_id": "s", "plan_code": "basic"}
    api.ok("POST", "/subscriptions", {"subscription": subscription})
    path = "/subscriptions/s/fixed_charges"
    (of_plan,) = api.ok("GET", path)["fixed_charges"]
    assert of_plan["units"] == 2.5
    own = api.ok("PUT", f"{path}/seats", {"fixed_charge": {"units": "7"}})["fixed_charge"]
    assert own == of_plan | {"units": 7}
    assert api.ok("GET", path)["fixed_charges"] == [own]
    assert api.ok("GET", f"{path}/seats")["fixed_charge"] == own
    assert api.ok("GET", "/plans/basic/fixed_charges/seats")["fixed_charge"] == of_plan, "the plan keeps its units"
    assert api.refused("PUT", f"{path}/none", {"fixed_charge": {"units": "7"}})["code"] == "fixed_charge_not_found"
    assert api.refused("GET", "/subscriptions/none/fixed_charges")["code"] == "subscription_not_found"

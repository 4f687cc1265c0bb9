"""Key/value metadata of plans and wallets (lago_api §7.1), and wallets by their customer and code (§7.12)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.conftest import Api
from tests.unit.api.test_resources import PLAN

WALLET = {"name": "Prepaid", "code": "prepaid", "rate_amount": "1", "currency": "EUR"}


def owners(api: Api) -> dict[str, str]:
    """Addresses of a plan and of a wallet, by its id and by its code."""
    api.ok("POST", "/plans", {"plan": PLAN})
    api.ok("POST", "/customers", {"customer": {"external_id": "acme", "currency": "EUR"}})
    wallet = api.ok("POST", "/customers/acme/wallets", {"wallet": WALLET})["wallet"]
    return {"plan": "/plans/basic", "wallet": f"/wallets/{wallet['lago_id']}", "by code": "/customers/acme/wallets/prepaid"}


def shown(api: Api, path: str) -> Any:
    (content,) = api.ok("GET", path).values()
    return content.get("metadata", "absent")


@pytest.mark.parametrize("owner", ["plan", "wallet", "by code"])
def test_metadata_is_replaced_merged_and_dropped(api: Api, owner: str) -> None:
    path = owners(api)[owner]
    assert shown(api, path) == "absent"
    assert api.refused("DELETE", f"{path}/metadata/region")["code"] == "metadata_not_found"
    assert api.ok("POST", f"{path}/metadata", {"metadata": {"region": "eu", "tier": None}}) == {"metadata": {"region": "eu", "tier": None}}
    assert api.ok("PATCH", f"{path}/metadata", {"metadata": {"tier": "gold"}})["metadata"] == {"region": "eu", "tier": "gold"}
    assert shown(api, path) == {"region": "eu", "tier": "gold"}
    assert api.ok("DELETE", f"{path}/metadata/region")["metadata"] == {"tier": "gold"}
    assert api.ok("POST", f"{path}/metadata", {"metadata": {}})["metadata"] == {}
    assert api.ok("DELETE", f"{path}/metadata") == {"metadata": None}
    assert shown(api, path) == "absent"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({str(number): "x" for number in range(51)}, "too_many_keys"),
        ({"k" * 101: "x"}, "key_too_long"),
        ({"key": "x" * 256}, "value_is_too_long"),
        ({"key": 1}, "invalid_key_value_pair"),
    ],
)
def test_metadata_has_limits(api: Api, given: dict[str, Any], code: str) -> None:
    path = owners(api)["plan"]
    for verb in ("POST", "PATCH"):
        assert api.refused(verb, f"{path}/metadata", {"metadata": given})["error_details"] == {"metadata": [code]}
    assert shown(api, path) == "absent"


def test_metadata_may_come_with_its_owner(api: Api) -> None:
    api.ok("POST", "/customers", {"customer": {"external_id": "acme", "currency": "EUR"}})
    made = api.ok("POST", "/plans", {"plan": PLAN | {"metadata": {"a": "1"}}})["plan"]
    assert made["metadata"] == {"a": "1"}
    assert api.ok("PUT", "/plans/basic", {"plan": {"metadata": {"b": "2"}}})["plan"]["metadata"] == {"a": "1", "b": "2"}
    assert api.ok("GET", "/plans")["plans"][0]["metadata"] == {"a": "1", "b": "2"}
    api.ok("POST", "/wallets", {"wallet": WALLET | {"external_customer_id": "acme", "metadata": {"a": "1"}}})
    changed = api.ok("PUT", "/customers/acme/wallets/prepaid", {"wallet": {"metadata": {"b": None}}})["wallet"]
    assert changed["metadata"] == {"a": "1", "b": None}
    assert api.refused("POST", "/plans", {"plan": PLAN | {"code": "other", "metadata": {"k": 1}}})["status"] == 422
    assert api.refused("GET", "/plans/other")["code"] == "plan_not_found"


def test_a_wallet_by_its_code_is_the_same_wallet(api: Api) -> None:
    paths = owners(api)
    assert api.ok("GET", paths["by code"]) == api.ok("GET", paths["wallet"])
    changed = api.ok("PUT", paths["by code"], {"wallet": {"name": "Credits", "priority": 3}})["wallet"]
    assert (changed["name"], changed["priority"]) == ("Credits", 3)
    assert api.ok("DELETE", paths["by code"])["wallet"]["status"] == "terminated"
    again = api.ok("POST", "/customers/acme/wallets", {"wallet": WALLET})["wallet"]
    assert api.ok("GET", paths["by code"])["wallet"] == again
    assert api.refused("GET", "/customers/acme/wallets/none")["code"] == "wallet_not_found"
    assert api.refused("GET", "/customers/none/wallets/prepaid")["code"] == "customer_not_found"
    assert api.refused("POST", "/customers/none/wallets", {"wallet": WALLET})["code"] == "customer_not_found"

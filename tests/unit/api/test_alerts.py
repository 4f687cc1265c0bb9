"""Alerts and lifetime usage of a subscription over the wire (lago_api §7.7), on a clock that the tests move."""

from __future__ import annotations

from tests.unit.api.conftest import Api, Ticking
from tests.unit.api.test_progressive import subscribe, use
from tests.unit.api.test_resources import METRIC

ALERTS = "/subscriptions/sub/alerts"
SPENT = {"alert_type": "current_usage_amount", "code": "spent", "name": "Spending", "thresholds": [{"code": "warn", "value": 1000}, {"value": "500.5", "recurring": True}]}  # fmt: skip
UNITS = {"alert_type": "billable_metric_current_usage_units", "code": "units", "billable_metric_code": METRIC["code"], "thresholds": [{"value": 7}]}  # fmt: skip


def test_an_alert_is_made_read_changed_and_ended(api: Api) -> None:
    subscribe(api, [])
    made = api.ok("POST", ALERTS, {"alert": SPENT})["alert"]
    assert {key: made[key] for key in ("code", "name", "alert_type", "direction", "billable_metric", "previous_value")} == {
        "code": "spent", "name": "Spending", "alert_type": "current_usage_amount", "direction": "increasing", "billable_metric": None, "previous_value": "0.0",
    }  # fmt: skip
    assert (made["external_subscription_id"], made["last_processed_at"], made["lago_wallet_id"]) == ("sub", None, None)
    assert made["thresholds"] == [
        {"code": "warn", "value": "1000.0", "recurring": False},
        {"code": None, "value": "500.5", "recurring": True},
    ]
    assert api.ok("GET", f"{ALERTS}/spent")["alert"] == made
    changed = api.ok("PUT", f"{ALERTS}/spent", {"alert": {"name": None, "code": "cost"}})["alert"]
    assert changed == made | {"name": None, "code": "cost"}
    assert api.refused("GET", f"{ALERTS}/spent")["code"] == "alert_not_found"
    assert api.ok("DELETE", f"{ALERTS}/cost")["alert"] == changed
    assert api.ok("GET", ALERTS) == {"alerts": [], "meta": {"current_page": 0, "next_page": None, "prev_page": None, "total_pages": 0, "total_count": 0}}  # fmt: skip


def test_several_alerts_are_made_together_or_not_at_all(api: Api) -> None:
    subscribe(api, [])
    refused = api.refused("POST", ALERTS, {"alerts": [SPENT, UNITS | {"billable_metric_code": None}, {"thresholds": []}]})
    assert refused["error_details"]["1"] == {"billable_metric": ["value_is_mandatory"]}
    assert refused["error_details"]["2"] == {"alert_type": ["value_is_mandatory"], "code": ["value_is_mandatory"], "thresholds": ["value_is_mandatory"]}  # fmt: skip
    assert api.ok("GET", ALERTS)["alerts"] == []
    made = api.ok("POST", ALERTS, {"alerts": [SPENT, UNITS]})["alerts"]
    assert [row["code"] for row in made] == ["spent", "units"]
    assert made[1]["billable_metric"]["code"] == METRIC["code"]
    assert api.ok("GET", f"{ALERTS}?per_page=1")["alerts"] == [made[1]]
    assert api.refused("POST", ALERTS, {"alert": SPENT | {"code": "other"}})["error_details"] == {"base": ["alert_already_exists"]}
    assert api.refused("POST", ALERTS, {"alerts": None})["error_details"] == {"alerts": ["no_alerts"]}
    assert api("DELETE", ALERTS).content == b""
    assert api.ok("GET", ALERTS)["meta"]["total_count"] == 0


def test_alerts_are_of_a_running_subscription_unless_another_status_is_asked_for(api: Api) -> None:
    subscribe(api, [])
    made = api.ok("POST", ALERTS, {"alert": SPENT})["alert"]
    api.ok("DELETE", "/subscriptions/sub")
    assert api.refused("GET", ALERTS)["code"] == "subscription_not_found"
    assert api.ok("GET", f"{ALERTS}?subscription_status=terminated")["alerts"] == [made]
    assert api.refused("POST", "/subscriptions/none/alerts", {"alert": SPENT})["code"] == "subscription_not_found"


def test_lifetime_usage_is_what_came_before_and_what_was_used_since(timed: Api, clock: Ticking) -> None:
    path = "/subscriptions/sub/lifetime_usage"
    assert timed.refused("GET", path)["code"] == "subscription_not_found"
    customer_id = subscribe(timed, [{"amount_cents": 1000}, {"amount_cents": 3000}])
    before = timed.ok("PUT", path, {"lifetime_usage": {"external_historical_usage_amount_cents": 500}})["lifetime_usage"]
    assert (before["external_historical_usage_amount_cents"], before["current_usage_amount_cents"]) == (500, 0)
    assert [(row["amount_cents"], row["completion_ratio"], row["reached_at"]) for row in before["usage_thresholds"]] == [(1000, 0.5, None), (3000, 0, None)]  # fmt: skip
    use(timed, clock, customer_id, 15)
    usage = timed.ok("GET", path)["lifetime_usage"]
    assert (usage["lago_id"], usage["invoiced_usage_amount_cents"], usage["current_usage_amount_cents"]) == (before["lago_id"], 0, 1500)  # fmt: skip
    first, second = usage["usage_thresholds"]
    assert (first["completion_ratio"], second["completion_ratio"], second["reached_at"]) == (1, 0.5, None)
    assert first["reached_at"] is not None
    missing = timed.refused("PUT", path, {"lifetime_usage": {"other": 1}})
    assert missing["error_details"] == {"external_historical_usage_amount_cents": ["value_is_mandatory"]}


def test_lifetime_usage_names_thresholds_only_where_there_are_some(api: Api) -> None:
    subscribe(api, [])
    assert "usage_thresholds" not in api.ok("GET", "/subscriptions/sub/lifetime_usage")["lifetime_usage"]


def test_alerts_of_a_wallet_watch_its_balance_fall(api: Api) -> None:
    api.ok("POST", "/customers", {"customer": {"external_id": "acme", "currency": "EUR"}})
    wallet = {"external_customer_id": "acme", "rate_amount": "1", "currency": "EUR", "code": "prepaid"}
    owner = api.ok("POST", "/wallets", {"wallet": wallet})["wallet"]
    path = "/customers/acme/wallets/prepaid/alerts"
    low = {"alert_type": "wallet_balance_amount", "code": "low", "thresholds": [{"code": "warn", "value": 1000}]}
    made = api.ok("POST", path, {"alert": low})["alert"]
    assert (made["lago_wallet_id"], made["wallet_code"], made["external_subscription_id"]) == (owner["lago_id"], "prepaid", None)
    assert (made["direction"], made["previous_value"], made["billable_metric"]) == ("decreasing", "0.0", None)
    assert api.refused("POST", path, {"alert": SPENT})["error_details"] == {"alert_type": ["invalid_type"]}
    credits = low | {"alert_type": "wallet_credits_ongoing_balance", "code": "credits"}
    (second,) = api.ok("POST", path, {"alerts": [credits]})["alerts"]
    assert api.ok("GET", path)["alerts"] == [second, made]
    assert api.ok("PUT", f"{path}/credits", {"alert": {"name": "Credits"}})["alert"]["name"] == "Credits"
    assert api.ok("DELETE", f"{path}/credits")["alert"]["code"] == "credits"
    assert api.ok("GET", f"{path}/low")["alert"] == made
    assert api("DELETE", path).content == b""
    assert api.refused("GET", f"{path}/low")["code"] == "alert_not_found"
    assert api.refused("GET", "/customers/acme/wallets/none/alerts")["code"] == "wallet_not_found"

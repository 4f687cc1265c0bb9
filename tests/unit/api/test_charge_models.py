"""Plans with every charge model over the wire, and charges in pricing units (lago_api §7.4, rating §4)."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.pricing import CHARGE_MODELS
from tests.unit.api.conftest import Api

TIERS = [
    {"from_value": 0, "to_value": 10, "per_unit_amount": "0.5", "flat_amount": "1"},
    {"from_value": 11, "to_value": None, "per_unit_amount": "0.25", "flat_amount": "0"},
]
RATES = [
    {"from_value": 0, "to_value": 10, "rate": "1.5", "flat_amount": "1"},
    {"from_value": 10, "to_value": None, "rate": "0.0000000001", "flat_amount": "0"},
]
PROPERTIES: dict[str, dict[str, Any]] = {
    "standard": {"amount": "0.000000000001"},
    "graduated": {"graduated_ranges": TIERS, "flat_fee_without_usage": False},
    "graduated_percentage": {"graduated_percentage_ranges": RATES},
    "package": {"amount": "3", "package_size": 100, "free_units": 5},
    "percentage": {
        "rate": "1.5",
        "fixed_amount": "0.1",
        "free_units_per_events": 3,
        "free_units_per_total_aggregation": "250.0",
        "per_transaction_min_amount": "0.05",
        "per_transaction_max_amount": "9",
    },
    "volume": {"volume_ranges": TIERS},
    "dynamic": {},
    "custom": {
        "sql_charge": "storage_zones",
        "custom_properties": {"ranges": [{"from": "0", "to": None, "eu": "0.1"}]},
    },
}
PLAN = {"name": "Basic", "code": "basic", "interval": "monthly", "amount_cents": 0, "amount_currency": "EUR", "pay_in_advance": False}  # fmt: skip
CREDITS = {"code": "credits", "name": "Credits", "short_name": "CR", "description": None, "exponent": 3}


@pytest.fixture
def metric_id(api: Api) -> str:
    metric = {"name": "Calls", "code": "calls", "aggregation_type": "sum_agg", "field_name": "n"}
    return str(api.ok("POST", "/billable_metrics", {"billable_metric": metric})["billable_metric"]["lago_id"])


def charge(metric_id: str, model: str = "standard", **fields: Any) -> dict[str, Any]:
    return {"billable_metric_id": metric_id, "charge_model": model, "properties": PROPERTIES[model], **fields}


def test_every_charge_model_goes_round(api: Api, metric_id: str) -> None:
    assert PROPERTIES.keys() == set(CHARGE_MODELS)
    sent = [charge(metric_id, model, min_amount_cents=5) for model in CHARGE_MODELS]
    created = api.ok("POST", "/plans", {"plan": PLAN | {"charges": sent}})["plan"]
    assert [(row["charge_model"], row["properties"]) for row in created["charges"]] == list(PROPERTIES.items())
    assert {row["min_amount_cents"] for row in created["charges"]} == {5}

    # What was answered, sent back, changes nothing.
    again = [
        {name: row[name] for name in ("charge_model", "properties", "min_amount_cents", "code")}
        | {"id": row["lago_id"], "billable_metric_id": metric_id}
        for row in api.ok("GET", "/plans/basic")["plan"]["charges"]
    ]
    assert api.ok("PUT", "/plans/basic", {"plan": {"charges": again}})["plan"] == created


@pytest.mark.parametrize("model", [model for model in CHARGE_MODELS if model != "custom"])
def test_every_charge_model_but_that_of_sql_has_defaults(api: Api, metric_id: str, model: str) -> None:
    row = {"billable_metric_id": metric_id, "charge_model": model}
    assert api.ok("POST", "/plans", {"plan": PLAN | {"charges": [row]}})["plan"]["charges"][0]["charge_model"] == model


def test_a_pricing_unit_is_made_shown_listed_and_renamed(api: Api) -> None:
    created = api.ok("POST", "/pricing_units", {"pricing_unit": CREDITS})["pricing_unit"]
    assert created.items() >= CREDITS.items()
    assert api.ok("GET", "/pricing_units/credits")["pricing_unit"] == created
    assert api.ok("GET", "/pricing_units")["pricing_units"] == [created]
    renamed = api.ok("PUT", "/pricing_units/credits", {"pricing_unit": {"name": "Tokens"}})["pricing_unit"]
    assert renamed == created | {"name": "Tokens"}
    assert api.refused("POST", "/pricing_units", {"pricing_unit": CREDITS})["error_details"] == {
        "code": ["value_already_exist"]
    }
    assert api.refused("PUT", "/pricing_units/credits", {"pricing_unit": {"exponent": 2}})["error_details"] == {
        "exponent": ["value_is_invalid"]
    }
    assert api.refused("POST", "/pricing_units", {"pricing_unit": CREDITS | {"code": "x", "exponent": 13}})[
        "error_details"
    ] == {"exponent": ["value_is_out_of_range"]}
    assert api.refused("GET", "/pricing_units/none")["code"] == "pricing_unit_not_found"


def test_a_charge_in_a_pricing_unit(api: Api, metric_id: str) -> None:
    api.ok("POST", "/pricing_units", {"pricing_unit": CREDITS})
    applied = {"code": "credits", "conversion_rate": "0.50"}
    plan = api.ok("POST", "/plans", {"plan": PLAN | {"charges": [charge(metric_id, applied_pricing_unit=applied)]}})
    (row,) = plan["plan"]["charges"]
    assert row["applied_pricing_unit"] == {"code": "credits", "conversion_rate": "0.5"}

    def put(**fields: Any) -> Any:
        change = charge(metric_id, id=row["lago_id"], **fields)
        (changed,) = api.ok("PUT", "/plans/basic", {"plan": {"charges": [change]}})["plan"]["charges"]
        return changed["applied_pricing_unit"]

    assert put() == {"code": "credits", "conversion_rate": "0.5"}
    assert put(applied_pricing_unit={"conversion_rate": "2"}) == {"code": "credits", "conversion_rate": "2"}
    assert put(applied_pricing_unit=None) is None


@pytest.mark.parametrize("rate", ["0", "-1", None])
def test_a_conversion_rate_is_positive(api: Api, metric_id: str, rate: Any) -> None:
    api.ok("POST", "/pricing_units", {"pricing_unit": CREDITS})
    applied = {"code": "credits", "conversion_rate": rate}
    refused = api.refused(
        "POST", "/plans", {"plan": PLAN | {"charges": [charge(metric_id, applied_pricing_unit=applied)]}}
    )
    assert refused["error_details"] == {"conversion_rate": ["value_is_invalid"]}


def test_a_charge_needs_a_pricing_unit_that_exists(api: Api, metric_id: str) -> None:
    for applied in ({"code": "none", "conversion_rate": "1"}, {"conversion_rate": "1"}):
        body = {"plan": PLAN | {"charges": [charge(metric_id, applied_pricing_unit=applied)]}}
        assert api.refused("POST", "/plans", body)["code"] == "pricing_unit_not_found"

"""What charge properties may say (rating §4), and decimals as text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.decimals import decimal_text, read_amount, read_decimal
from core.domain.pricing import CHARGE_MODELS, default_properties, parse_properties
from core.errors import ValidationError


def tier(from_value: Any, to_value: Any, per_unit: Any = "1", flat: Any = "0") -> dict[str, Any]:
    return {"from_value": from_value, "to_value": to_value, "per_unit_amount": per_unit, "flat_amount": flat}


def codes(model: str, properties: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        parse_properties(model, properties)
    (found,) = refused.value.details.values()
    return found


@pytest.mark.parametrize(
    "amount", [None, "", "abc", "-1", "NaN", "Infinity", 1, 1.5, "1e16", "0.0000000000001", "1234567890123456"]
)
def test_an_amount_is_text_finite_and_not_negative(amount: Any) -> None:
    assert codes("standard", {"amount": amount}) == ["invalid_amount"]


@pytest.mark.parametrize("amount", [" 1 ", "１", "1_0", "1 0", "0x1", "infinity", "١"])
def test_a_number_is_spelled_as_sql_reads_it(amount: str) -> None:
    assert codes("standard", {"amount": amount}) == ["invalid_amount"]


@pytest.mark.parametrize("amount", ["0", "0.000000000001", "999999999999999.999999999999", "1e3", "0.10"])
def test_amounts_are_read_exactly(amount: str) -> None:
    assert parse_properties("standard", {"amount": amount}).amount == Decimal(amount)


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, ["invalid_amount", "invalid_package_size"]),
        ({"amount": "1", "package_size": 0}, ["invalid_package_size"]),
        ({"amount": "1", "package_size": "10"}, ["invalid_package_size"]),
        ({"amount": "1", "package_size": True}, ["invalid_package_size"]),
        ({"amount": "1", "package_size": 10, "free_units": -1}, ["invalid_free_units"]),
    ],
)
def test_package_codes(properties: dict[str, Any], expected: list[str]) -> None:
    assert codes("package", properties) == expected


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, ["invalid_rate"]),
        ({"rate": "0.00000000001"}, ["invalid_rate"]),  # eleven decimals
        ({"rate": 1}, ["invalid_rate"]),
        ({"rate": "1", "fixed_amount": "-1"}, ["invalid_fixed_amount"]),
        ({"rate": "1", "free_units_per_events": 0}, ["invalid_free_units_per_events"]),
        ({"rate": "1", "free_units_per_events": "3"}, ["invalid_free_units_per_events"]),
        ({"rate": "1", "free_units_per_total_aggregation": 5}, ["invalid_free_units_per_total_aggregation"]),
        ({"rate": "1", "per_transaction_min_amount": "x"}, ["invalid_amount"]),
        (
            {"rate": "1", "per_transaction_min_amount": "2", "per_transaction_max_amount": "1"},
            ["per_transaction_max_lower_than_per_transaction_min"],
        ),
    ],
)
def test_percentage_codes(properties: dict[str, Any], expected: list[str]) -> None:
    assert codes("percentage", properties) == expected


def test_percentage_terms_may_be_left_out_and_be_equal() -> None:
    terms = parse_properties(
        "percentage",
        {
            "rate": "0.0000000001",
            "fixed_amount": "",
            "free_units_per_events": None,
            "per_transaction_min_amount": "2",
            "per_transaction_max_amount": "2",
        },
    )
    assert (terms.rate, terms.fixed_amount, terms.free_units_per_events) == (Decimal("1e-10"), None, None)
    assert terms.per_transaction_min_amount == terms.per_transaction_max_amount == 2


def test_a_graduated_percentage_tier_has_a_rate() -> None:
    row = {"from_value": 0, "to_value": None, "rate": "1.5", "flat_amount": "2"}
    (parsed,) = parse_properties("graduated_percentage", {"graduated_percentage_ranges": [row]}).tiers
    assert (parsed.rate, parsed.per_unit_amount, parsed.flat_amount) == (Decimal("1.5"), None, 2)
    assert codes("graduated_percentage", {"graduated_percentage_ranges": [row | {"rate": 1}]}) == ["invalid_rate"]
    assert codes("graduated_percentage", {}) == ["missing_graduated_percentage_ranges"]


def test_the_flat_fee_without_usage_is_due_unless_switched_off() -> None:
    ranges = {"graduated_ranges": [tier(0, None)]}
    assert parse_properties("graduated", ranges).bills_flat_without_usage
    assert not parse_properties("graduated", ranges | {"flat_fee_without_usage": False}).bills_flat_without_usage
    assert codes("graduated", ranges | {"flat_fee_without_usage": "no"}) == ["invalid_type"]


@pytest.mark.parametrize("model", ["graduated", "volume"])
@pytest.mark.parametrize(
    "ranges",
    [
        [tier(0, 10)],  # the last one is bounded
        [tier(0, 10), tier(12, None)],  # a hole
        [tier(0, 10), tier(9, None)],  # an overlap
        [tier(5, None)],  # does not start at the bottom
        [tier(0, None), tier(1, None)],  # unbounded in the middle
        [tier(0, 10), tier(11, 5), tier(6, None)],  # upside down
        [tier("x", None)],
        [tier(0, "x")],
        "all of it",
    ],
)
def test_tiers_must_be_contiguous(model: str, ranges: Any) -> None:
    assert codes(model, {f"{model}_ranges": ranges}) == [f"invalid_{model}_ranges"]


@pytest.mark.parametrize("model", ["graduated", "volume"])
def test_tiers_must_exist_and_have_amounts(model: str) -> None:
    assert codes(model, {}) == [f"missing_{model}_ranges"]
    assert codes(model, {f"{model}_ranges": [tier(0, None, per_unit=1)]}) == ["invalid_amount"]


@pytest.mark.parametrize(
    "ranges",
    [
        [tier(0, None)],
        [tier(1, 10), tier(11, None)],
        [tier(0, 10), tier(10, None)],
        [tier("0", "0.01"), tier("0.01", "10"), tier("11", None)],
    ],
)
def test_gapped_and_adjacent_tiers_are_taken(ranges: list[dict[str, Any]]) -> None:
    tiers = parse_properties("graduated", {"graduated_ranges": ranges}).tiers
    assert [row.position for row in tiers] == list(range(1, len(ranges) + 1))
    assert tiers[-1].to_value is None
    assert tiers[0].from_value == Decimal(ranges[0]["from_value"])


def test_group_keys_are_read_under_both_names() -> None:
    for name in ("pricing_group_keys", "grouped_by"):
        assert parse_properties("standard", {"amount": "1", name: ["model", "model", "zone"]}).group_keys == (
            "model",
            "zone",
        )
    for none in (None, "", []):
        stated = {"amount": "1", "pricing_group_keys": none, "grouped_by": ["zone"]}
        assert parse_properties("standard", stated).group_keys == ("zone",)
    for wrong in ("model", 0, Decimal("0.0"), False, {}, [1], [""]):
        assert codes("standard", {"amount": "1", "pricing_group_keys": wrong}) == ["invalid_type"]


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ([{"value": "cloud"}], ("cloud",)),
        ([{"value": "cloud", "options": {"display_in_invoice": True}}, {"value": "zone", "options": {}}], ("cloud", "zone")),
        ([{"value": "cloud"}, {"value": "zone"}, {"value": "cloud"}], ("cloud", "zone")),
        ([], ()),
        (None, ()),
    ],
)
def test_presentation_group_keys_are_read(keys: Any, wanted: tuple[str, ...]) -> None:
    assert parse_properties("standard", {"amount": "1", "presentation_group_keys": keys}).presentation_keys == wanted


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ([{"value": "a"}, {"value": "b"}, {"value": "c"}], "invalid_count"),
        (["cloud"], "invalid_type"),
        ("cloud", "invalid_type"),
        ([{"value": ""}], "invalid_type"),
        ([{"value": 1}], "invalid_type"),
        ([{"value": "a", "options": []}, {"value": "b", "options": "x"}], "invalid_type"),
        ([{"value": "a", "options": {"display_in_invoice": "yes"}}], "invalid_type"),
    ],
)
def test_presentation_group_keys_are_refused(keys: Any, code: str) -> None:
    assert codes("standard", {"amount": "1", "presentation_group_keys": keys}) == [code]


def test_the_default_properties_are_valid_and_free() -> None:
    for model in CHARGE_MODELS:
        if model == "custom":  # nobody can say which SQL charge is meant
            assert codes(model, default_properties(model)) == ["invalid_sql_charge"]
            continue
        terms = parse_properties(model, default_properties(model))
        assert not terms.amount and not terms.rate
        assert all(not (row.per_unit_amount or row.rate or row.flat_amount) for row in terms.tiers)


def test_a_custom_charge_states_rows_of_parameters() -> None:
    stated = {
        "cap": 10,
        "note": None,
        "strict": True,
        "price": Decimal("0.50"),
        "ranges": [{"from": "0", "eu": "0.1"}, {"to": None}],
    }
    terms = parse_properties("custom", {"sql_charge": "zones", "custom_properties": stated})
    assert terms.sql_charge == "zones"
    assert [(row.name, row.position, row.key, row.value) for row in terms.parameters] == [
        ("cap", 0, "", "10"), ("note", 0, "", None), ("strict", 0, "", "true"), ("price", 0, "", "0.50"),
        ("ranges", 1, "from", "0"), ("ranges", 1, "eu", "0.1"), ("ranges", 2, "to", None),
    ]  # fmt: skip


@pytest.mark.parametrize("stated", ["text", [1], {"a": 1.5}, {"a": {"b": 1}}, {"a": [1]}, {"a": [{"b": [1]}]}])
def test_parameters_that_are_no_rows_are_refused(stated: object) -> None:
    assert codes("custom", {"sql_charge": "zones", "custom_properties": stated}) == ["invalid_custom_properties"]


def test_another_model_is_refused() -> None:
    assert codes("timebased", {}) == ["value_is_invalid"]
    assert parse_properties("dynamic", {}).amount is None


def test_floats_are_never_read() -> None:
    assert read_decimal(1.5) is None and read_decimal(True) is None
    assert read_amount("-0.5") is None and read_decimal("-0.5") == Decimal("-0.5")


@given(st.decimals(min_value=-(10**14), max_value=10**14, places=12))
def test_text_and_back_is_exact_and_has_one_spelling(number: Decimal) -> None:
    read = read_decimal(str(number))
    assert read == number
    assert read is not None
    text = decimal_text(read)
    assert "E" not in text and Decimal(text) == number
    assert text == decimal_text(number) or number == 0

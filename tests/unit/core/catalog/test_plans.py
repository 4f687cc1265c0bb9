"""Plans, charges and filters: validation codes, and ids that stay over updates."""

from __future__ import annotations

from typing import Any

import pytest

from core.catalog import billable_metrics, charges, deletions, plans, subscriptions, taxes
from core.errors import NotFound, ValidationError
from tests.unit.core.catalog.conftest import NOW, Begin

PLAN: dict[str, Any] = {"name": "P", "interval": "monthly", "amount_cents": 0, "amount_currency": "EUR"}


def details(refused: pytest.ExceptionInfo[ValidationError]) -> dict[str, list[str]]:
    return refused.value.details


def test_a_charge_gets_its_code_from_the_metric(begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        metric = billable_metrics.get(uow.connection, "calls")
        twice = [{"billable_metric_id": metric.id, "charge_model": "standard"}] * 2
        plan = plans.create(uow, code="two", charges_input=twice, **PLAN)
        rows = charges.charges_of(uow.connection, [plan.id])[plan.id]
    assert [(row.code, row.position, row.properties) for row in rows] == [
        ("calls", 1, {"amount": "0"}),
        ("calls_2", 2, {"amount": "0"}),
    ]


def test_charges_keep_their_ids_when_matched_by_id_or_code(begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        (before,) = charges.charges_of(uow.connection, [basic_plan.id])[basic_plan.id]
        (filter_before,) = charges.filters_of(uow.connection, [before.id])[before.id]
    for key in ({"id": before.id}, {"code": "calls"}):
        with begin() as uow:
            change = {
                **key,
                "billable_metric_id": before.billable_metric_id,
                "charge_model": "standard",
                "properties": {"amount": str(len(key.get("id", "x")))},
                "filters": [
                    {"values": {"region": ["us"]}, "properties": {"amount": "3"}},
                    {"values": {"region": ["eu"]}, "properties": {"amount": "4"}},
                ],
            }
            plans.update(uow, "basic", charges_input=[change])
            (after,) = charges.charges_of(uow.connection, [basic_plan.id])[basic_plan.id]
            filters = charges.filters_of(uow.connection, [after.id])[after.id]
        assert after.id == before.id and after.code == "calls"
        assert after.properties == change["properties"]
        assert [(row.values, row.position) for row in filters] == [({"region": ["eu"]}, 1), ({"region": ["us"]}, 2)]
        assert filters[0].id == filter_before.id and filters[0].properties == {"amount": "4"}


def test_an_unchanged_charge_gets_no_new_version(begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        (before,) = charges.charges_of(uow.connection, [basic_plan.id])[basic_plan.id]
        plans.update(
            uow,
            "basic",
            amount_cents=5,
            charges_input=[{"id": before.id, "billable_metric_id": before.billable_metric_id}],
        )
        (after,) = charges.charges_of(uow.connection, [basic_plan.id])[basic_plan.id]
        assert plans.get(uow.connection, "basic").amount_cents == 5
    assert after == before


def test_a_change_of_model_carries_over_to_the_filters(begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        (charge,) = charges.charges_of(uow.connection, [basic_plan.id])[basic_plan.id]
        package = {"amount": "1", "package_size": 10, "free_units": 0}
        own = {"id": charge.id, "billable_metric_id": charge.billable_metric_id, "charge_model": "package"}
        with pytest.raises(ValidationError) as refused:
            plans.update(uow, "basic", charges_input=[{**own, "properties": package}])
    assert details(refused) == {"properties": ["invalid_package_size"]}, "the filter's prices no longer fit"


def test_a_charge_left_out_ends_with_its_filters_and_taxes(begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        taxes.create(uow, code="vat", name="VAT", rate=20)
        (charge,) = charges.charges_of(uow.connection, [basic_plan.id])[basic_plan.id]
        taxed = {"id": charge.id, "billable_metric_id": charge.billable_metric_id, "tax_codes": ["vat"]}
        plans.update(uow, "basic", charges_input=[taxed])
        assert [tax.code for tax in taxes.taxes_of(uow.connection, "charge", [charge.id])[charge.id]] == ["vat"]
    with begin() as uow:
        plans.update(uow, "basic", charges_input=[])
        assert charges.charges_of(uow.connection, [basic_plan.id]) == {}
        assert charges.filters_of(uow.connection, [charge.id]) == {}
        assert taxes.taxes_of(uow.connection, "charge", [charge.id]) == {}


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"code": ""}, {"code": ["value_is_mandatory"]}),
        ({"code": "a/b"}, {"code": ["value_is_invalid"]}),
        ({"code": "basic"}, {"code": ["value_already_exist"]}),
        ({"name": " "}, {"name": ["value_is_mandatory"]}),
        ({"amount_cents": None}, {"amount_cents": ["value_is_mandatory"]}),
        ({"amount_cents": -1}, {"amount_cents": ["value_is_out_of_range"]}),
        ({"amount_cents": 1.5}, {"amount_cents": ["value_is_invalid"]}),
        ({"interval": "daily"}, {"interval": ["value_is_invalid"]}),
        ({"interval": None}, {"interval": ["value_is_invalid"]}),
        ({"amount_currency": "XXX"}, {"amount_currency": ["value_is_invalid"]}),
        ({"pay_in_advance": None}, {"pay_in_advance": ["value_is_invalid"]}),
        ({"trial_period": -1}, {"trial_period": ["value_is_out_of_range"]}),
        ({"trial_period": "36500.1"}, {"trial_period": ["value_is_out_of_range"]}),
        ({"trial_period": "0.0000001"}, {"trial_period": ["value_is_out_of_range"]}),
        ({"trial_period": "a week"}, {"trial_period": ["value_is_out_of_range"]}),
    ],
)
def test_plan_codes(begin: Begin, basic_plan: plans.Plan, change: dict[str, Any], codes: dict[str, list[str]]) -> None:
    with begin() as uow, pytest.raises(ValidationError) as refused:
        plans.create(uow, **{"code": "new", **PLAN, **change})
    assert details(refused) == codes


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"charge_model": "timebased"}, {"charge_model": ["value_is_invalid"]}),
        ({"charge_model": "percentage", "properties": {}}, {"properties": ["invalid_rate"]}),
        ({"properties": {"amount": "-1"}}, {"properties": ["invalid_amount"]}),
        ({"invoiceable": False}, {"invoiceable": ["must_be_true_unless_pay_in_advance"]}),
        ({"prorated": True}, {"prorated": ["invalid_billable_metric_or_charge_model"]}),
        (
            {"pay_in_advance": True, "charge_model": "volume"},
            {"pay_in_advance": ["invalid_aggregation_type_or_charge_model"]},
        ),
        ({"filters": [{"values": {}}]}, {"values": ["value_is_mandatory"]}),
        ({"filters": [{"values": {"region": ["mars"]}}]}, {"values": ["value_is_invalid"]}),
        ({"filters": [{"values": {"planet": ["eu"]}}]}, {"values": ["value_is_invalid"]}),
        ({"min_amount_cents": -1}, {"min_amount_cents": ["value_is_out_of_range"]}),
        ({"late_usage_policy": "later"}, {"late_usage_policy": ["value_is_invalid"]}),
    ],
)
def test_charge_codes(
    begin: Begin, basic_plan: plans.Plan, change: dict[str, Any], codes: dict[str, list[str]]
) -> None:
    with begin() as uow:
        metric = billable_metrics.get(uow.connection, "calls")
        row = {"billable_metric_id": metric.id, "charge_model": "standard", **change}
        with pytest.raises(ValidationError) as refused:
            plans.create(uow, code="new", charges_input=[row], **PLAN)
    assert details(refused) == codes


def test_unknown_references_are_not_found(begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        with pytest.raises(NotFound) as missing:
            plans.create(uow, code="a", charges_input=[{"billable_metric_id": "x", "charge_model": "standard"}], **PLAN)
        assert missing.value.code == "billable_metrics_not_found"
        with pytest.raises(NotFound, match="tax"):
            plans.create(uow, code="b", tax_codes=["none"], **PLAN)
        with pytest.raises(NotFound, match="plan"):
            plans.get(uow.connection, "none")


def test_a_deleted_plan_ends_its_subscriptions_and_frees_its_code(begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        subscriptions.create(uow, external_id="s", external_customer_id="acme", plan_code="basic")
    with begin() as uow:
        deletions.delete_plan(uow, "basic")
        assert subscriptions.get(uow.connection, "s", NOW).status == "terminated"
        assert plans.page(uow.connection).total == 0
        again = plans.create(uow, code="basic", **PLAN)
    assert again.id != basic_plan.id


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"field_name": None}, {"field_name": ["value_is_mandatory"]}),
        ({"aggregation_type": "median"}, {"aggregation_type": ["value_is_invalid"]}),
        ({"aggregation_type": "max_agg", "recurring": True}, {"recurring": ["not_compatible_with_aggregation_type"]}),
        (
            {"aggregation_type": "weighted_sum_agg", "weighted_interval": "hours"},
            {"weighted_interval": ["value_is_invalid"]},
        ),
        ({"aggregation_type": "weighted_sum_agg", "field_name": None}, {"field_name": ["value_is_mandatory"]}),
        ({"filters": [{"key": "k", "values": []}]}, {"values": ["value_is_mandatory"]}),
        ({"rounding_function": "up"}, {"rounding_function": ["value_is_invalid"]}),
        ({"code": "calls"}, {"code": ["value_already_exist"]}),
    ],
)
def test_metric_codes(
    begin: Begin, basic_plan: plans.Plan, change: dict[str, Any], codes: dict[str, list[str]]
) -> None:
    fields = {"code": "new", "name": "New", "aggregation_type": "sum_agg", "field_name": "n", **change}
    with begin() as uow, pytest.raises(ValidationError) as refused:
        billable_metrics.create(uow, **fields)
    assert details(refused) == codes


def test_a_weighted_sum_counts_seconds_and_may_recur(begin: Begin) -> None:
    fields = {"code": "level", "name": "Level", "field_name": "n", "aggregation_type": "weighted_sum_agg"}
    with begin() as uow:
        metric = billable_metrics.create(uow, **fields, recurring=True, weighted_interval="seconds")
        assert (metric.weighted_interval, metric.recurring) == ("seconds", True)
        assert billable_metrics.update(uow, "level", name="Level of use").weighted_interval == "seconds"
        assert billable_metrics.update(uow, "level", aggregation_type="sum_agg").weighted_interval is None


def test_a_count_metric_has_no_field_and_values_come_back_sorted(begin: Begin) -> None:
    with begin() as uow:
        filters = [{"key": "k", "values": ["b", "a", "b"]}]
        metric = billable_metrics.create(
            uow, code="c", name="C", aggregation_type="count_agg", field_name="n", filters=filters
        )
    assert metric.field_name is None
    assert metric.filters == [{"key": "k", "values": ["a", "b"]}]

"""Terms of one subscription: a child of its plan, edits of it, and changes of the plan that cascade (invoicing §13)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core.catalog import (
    add_ons,
    billable_metrics,
    charges,
    customers,
    deletions,
    fixed_charges,
    plan_terms,
    plans,
    subscriptions,
    taxes,
    test_clocks,
    usage_thresholds,
)
from core.catalog.fixed_charge_overrides import override_fixed_charge, override_units
from core.catalog.plan_versions import PLANS, Plan
from core.catalog.subscription_versions import Subscription
from core.catalog.unit_of_work import UnitOfWork
from core.domain.plan_overrides import cascaded
from core.errors import ValidationError
from tests.unit.core.catalog.conftest import NOW, Begin

S: dict[str, Any] = {"external_id": "s", "external_customer_id": "acme", "plan_code": "full"}


@pytest.fixture
def full(begin: Begin, basic_plan: Plan) -> Plan:
    """Plan `full`: everything that can be overridden, and a charge of the same metric twice."""
    with begin() as uow:
        for code in ("vat", "gst"):
            taxes.create(uow, code=code, name=code, rate="10")
        add_ons.create(uow, code="seat", name="Seat", amount_cents=100, amount_currency="EUR")
        metric = billable_metrics.get(uow.connection, "calls")
        other = billable_metrics.create(uow, code="storage", name="Storage", aggregation_type="count_agg")
        priced = {"charge_model": "standard", "properties": {"amount": "1"}}
        filters = [{"values": {"region": ["eu"]}, "properties": {"amount": "2"}}]
        return plans.create(
            uow,
            code="full",
            name="Full",
            interval="monthly",
            amount_cents=3000,
            amount_currency="EUR",
            trial_period="3",
            tax_codes=["vat"],
            minimum_commitment_input={"amount_cents": 5000, "invoice_display_name": "At least", "tax_codes": ["gst"]},
            usage_thresholds_input=[{"amount_cents": 700}],
            charges_input=[
                {"code": "calls", "billable_metric_id": metric.id, "filters": filters, "tax_codes": ["vat"], **priced},
                {"code": "storage", "billable_metric_id": other.id, **priced},
                {"code": "storage_2", "billable_metric_id": other.id, **priced},
            ],
            fixed_charges_input=[{"code": "seats", "add_on_code": "seat", "charge_model": "standard", "units": "2", "properties": {"amount": "5"}}],
        )


def plan_of(uow: UnitOfWork, subscription: Subscription) -> Plan:
    return plans.by_ids(uow.connection, [subscription.plan_id])[subscription.plan_id]


def terms(uow: UnitOfWork, plan: Plan) -> dict[str, Any]:
    """What a plan says without what tells one plan from another."""
    said = plan_terms.terms_of(uow.connection, plan)
    rows = {kind: [{name: row[name] for name in row.keys() - {"id", "parent_id"}} for row in said[kind]] for kind in ("charges", "fixed_charges")}
    return said | rows


def test_a_child_copies_everything_but_what_is_overridden(begin: Begin, full: Plan) -> None:
    with begin() as uow:
        made = subscriptions.create(uow, **S, plan_overrides_input={"amount_cents": 10, "name": "Deal"})
        child = plan_of(uow, made)
        assert (child.parent_id, child.customer_id, child.code) == (full.id, made.customer_id, "full")
        assert terms(uow, child) == terms(uow, full) | {"amount_cents": 10, "name": "Deal"}
        owned, parents = (charges.charges_of(uow.connection, [plan.id])[plan.id] for plan in (child, full))
        assert [charge.parent_id for charge in owned] == [charge.id for charge in parents]
        assert {charge.id for charge in owned}.isdisjoint(charge.id for charge in parents)
        filters = charges.filters_of(uow.connection, [owned[0].id, parents[0].id])
        assert filters[owned[0].id][0].parent_id == filters[parents[0].id][0].id
        (sold,) = fixed_charges.fixed_charges_of(uow.connection, [child.id])[child.id]
        assert sold.parent_id == fixed_charges.get(uow.connection, full.id, "seats").id
        assert plans.get(uow.connection, "full") == full
        assert "full" in [plan.code for plan in plans.page(uow.connection).items]
        assert child.id not in [plan.id for plan in plans.page(uow.connection).items]


def test_every_term_that_can_be_overridden(begin: Begin, full: Plan) -> None:
    overrides = {
        "invoice_display_name": "Shown", "description": "Why", "amount_currency": "USD", "trial_period": "0", "tax_codes": [],
        "minimum_commitment": {"amount_cents": 4000}, "usage_thresholds": [],
        "charges": [{"code": "calls", "min_amount_cents": 9, "invoice_display_name": "Calls", "tax_codes": ["gst"], "properties": {"amount": "0.5"}, "filters": []}],
        "fixed_charges": [{"code": "seats", "units": "7", "properties": {"amount": "4"}, "tax_codes": ["gst"], "invoice_display_name": "Seats"}],
    }  # fmt: skip
    with begin() as uow:
        said = terms(uow, plan_of(uow, subscriptions.create(uow, **S, plan_overrides_input=overrides)))
    plain = {name: said[name] for name in ("invoice_display_name", "description", "amount_currency", "trial_period", "tax_codes", "usage_thresholds")}
    assert plain == {name: overrides[name] for name in plain}
    assert said["minimum_commitment"] == {"amount_cents": 4000, "invoice_display_name": "At least", "tax_codes": ["gst"]}
    assert {name: said["charges"][0][name] for name in overrides["charges"][0]} == overrides["charges"][0]
    assert {name: said["fixed_charges"][0][name] for name in overrides["fixed_charges"][0]} == overrides["fixed_charges"][0]


def test_a_running_one_gets_a_child_and_later_overrides_edit_it(catalog: sa.Engine, begin: Begin, full: Plan) -> None:
    with begin() as uow:
        made = subscriptions.create(uow, **S)
    with begin() as uow:
        changed = subscriptions.update(uow, "s", plan_overrides_input={"amount_cents": 10})
        first = plan_of(uow, changed)
    with begin() as uow:
        again = subscriptions.update(uow, "s", plan_overrides_input={"name": "Deal"})
        second = plan_of(uow, again)
    assert (changed.id, again) == (made.id, changed)
    assert (second.id, second.amount_cents, second.name) == (first.id, 10, "Deal")
    with catalog.connect() as connection:
        assert [version.name for version in PLANS.history(connection, first.id)] == ["Full", "Deal"]
    with begin() as uow:
        assert subscriptions.create(uow, **S) == again
        assert subscriptions.create(uow, **S, plan_overrides_input={"name": "Deal"}) == again
        renamed = subscriptions.create(uow, **S, plan_overrides_input={"name": "Better deal"})
        assert (renamed, plan_of(uow, renamed).name) == (again, "Better deal")


@pytest.mark.parametrize(
    ("entry", "place", "code"),
    [
        ({"id": "x"}, "charges[1]", "charge_not_found"),
        ({"code": "x"}, "charges[1]", "charge_not_found"),
        ({}, "charges[1]", "charge_not_found"),
        ({"code": "calls"}, "charges[1]", "value_is_ambiguous"),
        ({"code": "storage", "charge_model": "volume"}, "charges[1]", "cannot_override_charge_model"),
        ({"code": "storage", "applied_pricing_unit": {"conversion_rate": "2"}}, "charges[1]", "pricing_unit_not_found"),
    ],
)
def test_an_entry_that_does_not_mean_one_charge_is_named(begin: Begin, full: Plan, entry: dict[str, Any], place: str, code: str) -> None:
    with pytest.raises(ValidationError) as refused, begin() as uow:
        subscriptions.create(uow, **S, plan_overrides_input={"charges": [{"code": "calls"}, entry]})
    assert refused.value.details == {place: [code]}
    assert place in refused.value.advice


def test_charges_match_by_id_of_either_plan_by_code_or_by_a_metric_of_one_charge(begin: Begin, full: Plan) -> None:
    def priced(amount: str, **named: str) -> dict[str, Any]:
        return {"charges": [named | {"properties": {"amount": amount}}]}

    with begin() as uow:
        parent = charges.get(uow.connection, full.id, "calls")
        made = subscriptions.create(uow, **S, plan_overrides_input=priced("0.1", id=parent.id))
        own = charges.get(uow.connection, made.plan_id, "calls")
    for amount, named in (
        ("0.2", {"code": "calls"}), ("0.3", {"billable_metric_id": parent.billable_metric_id}),
        ("0.4", {"id": parent.id}), ("0.5", {"id": own.id}),
    ):  # fmt: skip
        with begin() as uow:
            subscriptions.update(uow, "s", plan_overrides_input=priced(amount, **named))
            assert charges.get(uow.connection, made.plan_id, "calls").properties == {"amount": amount}
    with pytest.raises(ValidationError) as refused, begin() as uow:
        storage = charges.get(uow.connection, full.id, "storage").billable_metric_id
        subscriptions.update(uow, "s", plan_overrides_input=priced("1", billable_metric_id=storage))
    assert refused.value.details == {"charges[0]": ["value_is_ambiguous"]}


def test_the_trial_stays_as_agreed_once_it_has_begun(begin: Begin, full: Plan) -> None:
    with begin() as uow:
        subscriptions.create(uow, **S)
        plans.update(uow, "full", trial_period="9")
    with begin() as uow:
        child = plan_of(uow, subscriptions.update(uow, "s", plan_overrides_input={"trial_period": "3.0", "name": "Deal"}))
        assert (child.trial_period, child.name) == ("3", "Deal")
    with pytest.raises(ValidationError) as refused, begin() as uow:
        subscriptions.update(uow, "s", plan_overrides_input={"trial_period": "30"})
    assert refused.value.details == {"trial_period": ["value_is_invalid"]}


def test_another_trial_before_the_start_is_agreed_anew(begin: Begin, full: Plan) -> None:
    with begin() as uow:
        made = subscriptions.create(uow, **S, subscription_at=NOW + timedelta(days=9), plan_overrides_input={"amount_cents": 10})
        parents = [charge.id for charge in charges.charges_of(uow.connection, [full.id])[full.id]]
    with begin() as uow:
        changed = subscriptions.update(uow, "s", plan_overrides_input={"trial_period": "30"})
        child = plan_of(uow, changed)
        assert changed.plan_id != made.plan_id
        assert (child.parent_id, child.amount_cents, child.trial_period) == (full.id, 10, "30")
        assert [charge.parent_id for charge in charges.charges_of(uow.connection, [child.id])[child.id]] == parents


def test_a_child_lives_on_its_customers_clock(begin: Begin, full: Plan) -> None:
    with begin() as uow:
        clock_id = test_clocks.create(uow, "clock", NOW + timedelta(days=400)).id
        customers.upsert(uow, "acme", test_clock_id=clock_id)
        made = subscriptions.create(uow, **S, plan_overrides_input={"charges": [{"code": "calls", "tax_codes": ["gst"]}]})
        assert plan_of(uow, made).valid_from == made.valid_from
    with begin() as uow:
        plans.update(uow, "full", amount_cents=1, cascade_updates=True)
        deletions.delete_metric(uow, "storage")
        deletions.delete_add_on(uow, "seat")
        taxes.delete(uow, "gst")
        child = plan_of(uow, made)
        assert (child.amount_cents, child.valid_from > made.valid_from) == (1, True)
        assert [charge.code for charge in charges.charges_of(uow.connection, [child.id])[child.id]] == ["calls"]
        assert terms(uow, child)["charges"][0]["tax_codes"] == []


def test_a_cascade_reaches_what_is_still_the_plans(begin: Begin, full: Plan) -> None:
    with begin() as uow:
        own = {"amount_cents": 10, "charges": [{"code": "calls", "properties": {"amount": "0.5"}}]}
        made = subscriptions.create(uow, **S, plan_overrides_input=own)
        rows = plan_terms.terms_of(uow.connection, full)
    rows["charges"] = [
        rows["charges"][0] | {"properties": {"amount": "9"}, "min_amount_cents": 4, "tax_codes": ["gst"]},
        rows["charges"][1] | {"properties": {"amount": "8"}, "filters": None},
        rows["charges"][2] | {"id": None, "code": "storage_3"},
    ]
    rows["fixed_charges"][0] |= {"units": "6", "apply_units_immediately": True}
    change = {"amount_cents": 4000, "name": "Fuller", "trial_period": "8", "tax_codes": ["vat", "gst"]}
    with begin() as uow:
        before = terms(uow, plan_of(uow, made))
        plans.update(uow, "full", name="Passed by")
        assert terms(uow, plan_of(uow, made)) == before
        plans.update(uow, "full", name="Full")
    with begin() as uow:
        plans.update(
            uow, "full", **change, minimum_commitment_input={}, usage_thresholds_input=[{"amount_cents": 9}],
            charges_input=rows["charges"], fixed_charges_input=rows["fixed_charges"], cascade_updates=True,
        )  # fmt: skip
        said = terms(uow, plan_of(uow, made))
        parents = [charge.id for charge in charges.charges_of(uow.connection, [full.id])[full.id]]
        owned = charges.charges_of(uow.connection, [made.plan_id])[made.plan_id]
    assert {name: said[name] for name in change} == change | {"amount_cents": 10, "trial_period": "3"}
    assert (said["minimum_commitment"], [row["amount_cents"] for row in said["usage_thresholds"]]) == (None, [9])
    assert [(row["code"], row["properties"], row["min_amount_cents"], row["tax_codes"]) for row in said["charges"]] == [
        ("calls", {"amount": "0.5"}, 4, ["gst"]), ("storage", {"amount": "8"}, 0, []), ("storage_3", {"amount": "1"}, 0, []),
    ]  # fmt: skip
    assert [charge.parent_id for charge in owned] == parents
    assert (said["fixed_charges"][0]["units"], said["fixed_charges"][0]["apply_units_immediately"]) == ("6", True)


def test_filters_follow_one_by_one() -> None:
    def each(region: str, amount: str) -> dict[str, Any]:
        return {"values": {"region": [region]}, "properties": {"amount": amount}, "invoice_display_name": None}

    def plan(*filters: dict[str, Any], row_id: str = "c", parent_id: str | None = None) -> dict[str, Any]:
        return {"charges": [{"id": row_id, "parent_id": parent_id, "filters": list(filters)}], "fixed_charges": []}

    before = plan(each("eu", "1"), each("us", "1"), each("asia", "1"))
    after = plan(each("eu", "2"), each("us", "2"), each("africa", "2"))
    own = plan(each("eu", "1"), each("us", "7"), each("asia", "1"), row_id="d", parent_id="c")
    (charge,) = cascaded(before, after, own)["charges"]
    assert charge["filters"] == [each("eu", "2"), each("us", "7"), each("africa", "2")]
    assert cascaded(before, after, plan(*before["charges"][0]["filters"], row_id="d", parent_id="c"))["charges"][0]["filters"] == after["charges"][0]["filters"]


def test_a_child_keeps_the_code_of_its_plan(begin: Begin, full: Plan) -> None:
    with begin() as uow:
        made = subscriptions.create(uow, **S, plan_overrides_input={"amount_cents": 10})
        plans.update(uow, "full", code="fuller", amount_cents=4000)
        child = plan_of(uow, made)
    assert (child.code, child.amount_cents) == ("fuller", 10)


def test_a_plan_is_deleted_with_its_children(begin: Begin, full: Plan) -> None:
    with begin() as uow:
        made = subscriptions.create(uow, **S, plan_overrides_input={"amount_cents": 10})
        deletions.delete_plan(uow, "full")
        (ended,) = subscriptions.by_ids(uow.connection, [made.id]).values()
        assert (ended.status, plan_of(uow, made).deleted_at is None) == ("terminated", False)


def test_another_plan_drops_the_overrides_and_may_bring_its_own(begin: Begin, full: Plan) -> None:
    with begin() as uow:
        subscriptions.create(uow, **S, plan_overrides_input={"amount_cents": 10})
    with begin() as uow:
        # 1000 of the other plan is dearer than the overridden 10, though the plan itself costs 3000.
        upgraded = subscriptions.create(uow, **S | {"plan_code": "basic"}, plan_overrides_input={"name": "Deal"})
        child = plan_of(uow, upgraded)
    assert (upgraded.previous_subscription_id is None, child.name, child.amount_cents) == (False, "Deal", 1000)
    assert child.parent_id is not None


def test_lists_show_children_under_their_plan(begin: Begin, full: Plan) -> None:
    with begin() as uow:
        one = subscriptions.create(uow, **S, plan_overrides_input={"amount_cents": 10})
        two = subscriptions.create(uow, **S | {"external_id": "t"})
        instant = two.started_at

        def ids(**asked: Any) -> set[str]:
            return {row.id for row in subscriptions.page(uow.connection, instant=instant, **asked).items}

        assert ids(plan_id=full.id) == {one.id, two.id}
        assert ids(overridden=True) == {one.id}
        assert ids(overridden=False) == {two.id}


def test_units_beside_the_subscription_go_into_its_child(begin: Begin, full: Plan) -> None:
    with begin() as uow:
        subscriptions.create(uow, **S)
        override_units(uow, "s", "seats", "4")
    with begin() as uow:
        made, sold = override_fixed_charge(uow, "s", "seats", {"properties": {"amount": "3"}})
        said = plan_terms.terms_of(uow.connection, plan_of(uow, made))["fixed_charges"][0]
        assert (said["units"], said["properties"], sold.plan_id) == ("4", {"amount": "3"}, made.plan_id)
        assert plan_terms.terms_of(uow.connection, full)["fixed_charges"][0]["units"] == "2"
    with begin() as uow:
        override_units(uow, "s", "seats", "5")
    with begin() as uow:
        subscriptions.update(uow, "s", plan_overrides_input={"fixed_charges": [{"code": "seats", "units": "6"}]})
        assert plan_terms.terms_of(uow.connection, plan_of(uow, made), made.id)["fixed_charges"][0]["units"] == "6"


def test_one_charge_of_a_subscription(begin: Begin, full: Plan) -> None:
    with begin() as uow:
        subscriptions.create(uow, **S)
        made, charge = subscriptions.override_charge(uow, "s", "calls", {"min_amount_cents": 7})
        assert (charge.plan_id, charge.min_amount_cents, charge.properties) == (made.plan_id, 7, {"amount": "1"})
        assert charges.get(uow.connection, full.id, "calls").min_amount_cents == 0
        assert usage_thresholds.thresholds_of(uow.connection, "plan", [made.plan_id])[made.plan_id][0].amount_cents == 700

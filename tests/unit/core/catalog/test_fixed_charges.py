"""Fixed charges: validation codes, ids that stay over updates, and the changes of units that are kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core.catalog import add_ons, deletions, fixed_charges, plans, subscriptions, taxes
from core.catalog.engine import reading
from core.catalog.export import export
from core.catalog.fixed_charge_overrides import override_units
from core.catalog.fixed_charge_units import FIXED_CHARGE_UNITS, units_of
from core.catalog.fixed_charges import FixedCharge
from core.clock import ManualClock
from core.errors import NotFound, ValidationError
from tests.unit.core.catalog.conftest import NOW, Begin

SEATS: dict[str, Any] = {"add_on_code": "seat", "charge_model": "standard", "units": "3"}
TIER = {"from_value": 0, "to_value": None, "per_unit_amount": "1", "flat_amount": "2"}


@pytest.fixture
def seats(begin: Begin, basic_plan: plans.Plan) -> FixedCharge:
    """Three seats on plan `basic`, and a subscription `s` on it."""
    with begin() as uow:
        taxes.create(uow, code="vat", name="VAT", rate="20")
        add_ons.create(uow, code="seat", name="Seat", amount_cents=500, amount_currency="EUR")
        plans.update(uow, "basic", fixed_charges_input=[SEATS])
        subscriptions.create(uow, external_id="s", external_customer_id="acme", plan_code="basic")
        (made,) = fixed_charges.fixed_charges_of(uow.connection, [basic_plan.id])[basic_plan.id]
    return made


def changes(engine: sa.Engine) -> list[tuple[str, bool, datetime | None]]:
    """Units, whether they are a subscription's own, and from when, in order."""
    with reading(engine) as connection:
        rows = FIXED_CHARGE_UNITS.all(connection, order=FIXED_CHARGE_UNITS.c.sequence)
    return [(row.units, row.subscription_id is not None, row.effective_at) for row in rows]


def test_a_fixed_charge_gets_its_code_from_the_add_on(begin: Begin, seats: FixedCharge) -> None:
    with begin() as uow:
        sold = add_ons.get(uow.connection, "seat")
        rows = [{"add_on_id": sold.id, "charge_model": model} for model in ("standard", "graduated", "volume")]
        plan = plans.create(uow, code="more", name="P", interval="monthly", amount_cents=0, amount_currency="EUR", fixed_charges_input=rows)  # fmt: skip
        made = fixed_charges.fixed_charges_of(uow.connection, [plan.id])[plan.id]
        assert [(row.code, row.position, row.pay_in_advance, row.prorated) for row in made] == [
            ("seat", 1, False, False),
            ("seat_2", 2, False, False),
            ("seat_3", 3, False, False),
        ]
        assert set(units_of(uow.connection, [row.id for row in made]).values()) == {"0"}
        assert (
            made[0].properties == {"amount": "0"} and made[2].properties["volume_ranges"][0]["per_unit_amount"] == "0"
        )


def test_ids_stay_and_what_is_left_out_ends(begin: Begin, basic_plan: plans.Plan, seats: FixedCharge) -> None:
    with begin() as uow:
        plans.update(uow, "basic", fixed_charges_input=[{"id": seats.id, "tax_codes": ["vat"]}, SEATS | {"code": "b"}])
        kept, new = fixed_charges.fixed_charges_of(uow.connection, [basic_plan.id])[basic_plan.id]
        assert kept == seats and new.code == "b"
        assert [tax.code for tax in taxes.taxes_of(uow.connection, "fixed_charge", [seats.id])[seats.id]] == ["vat"]
    with begin() as uow:
        plans.update(uow, "basic", fixed_charges_input=[{"code": "b", "properties": {"amount": "9"}}])
        (left,) = fixed_charges.fixed_charges_of(uow.connection, [basic_plan.id])[basic_plan.id]
        assert (left.id, left.position, left.properties) == (new.id, 1, {"amount": "9"})
        assert taxes.taxes_of(uow.connection, "fixed_charge", [seats.id]) == {}
    with begin() as uow:
        plans.update(uow, "basic", name="Untouched")
        assert fixed_charges.get(uow.connection, basic_plan.id, "b") == left


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"charge_model": "package"}, {"charge_model": ["value_is_invalid"]}),
        ({"charge_model": None}, {"charge_model": ["value_is_mandatory"]}),
        ({"units": "-1"}, {"units": ["value_is_invalid"]}),
        ({"units": "many"}, {"units": ["value_is_invalid"]}),
        ({"units": "1000000000000.1"}, {"units": ["value_is_out_of_range"]}),
        ({"code": "a/b"}, {"code": ["value_is_invalid"]}),
        ({"properties": {"amount": "-1"}}, {"properties": ["invalid_amount"]}),
        ({"charge_model": "volume", "pay_in_advance": True}, {"pay_in_advance": ["invalid_aggregation_type_or_charge_model"]}),
        (
            {"charge_model": "graduated", "pay_in_advance": True, "prorated": True},
            {"prorated": ["invalid_billable_metric_or_charge_model"]},
        ),
    ],
)  # fmt: skip
def test_codes(begin: Begin, seats: FixedCharge, change: dict[str, Any], codes: dict[str, list[str]]) -> None:
    row = {"code": "new", **SEATS, **change}
    with begin() as uow, pytest.raises(ValidationError) as refused:
        plans.update(uow, "basic", fixed_charges_input=[row])
    assert refused.value.details == codes


@pytest.mark.parametrize(
    "change",
    [
        {"charge_model": "graduated", "pay_in_advance": True, "properties": {"graduated_ranges": [TIER]}},
        {"charge_model": "graduated", "prorated": True, "properties": {"graduated_ranges": [TIER]}},
        {"charge_model": "volume", "prorated": True, "properties": {"volume_ranges": [TIER]}},
        {"pay_in_advance": True, "prorated": True},
    ],
)
def test_allowed_together(begin: Begin, basic_plan: plans.Plan, seats: FixedCharge, change: dict[str, Any]) -> None:
    with begin() as uow:
        plans.update(uow, "basic", fixed_charges_input=[{**SEATS, **change}])
        (made,) = fixed_charges.fixed_charges_of(uow.connection, [basic_plan.id])[basic_plan.id]
    assert {name: getattr(made, name) for name in change} == change


def test_a_code_is_taken_once_on_a_plan(begin: Begin, seats: FixedCharge) -> None:
    twice = [SEATS | {"code": "x"}, SEATS | {"code": "x"}]
    with begin() as uow, pytest.raises(ValidationError) as refused:
        fixed_charges.create(uow, uow.stamp_for(), seats.plan_id, SEATS | {"code": "seat"})
    assert refused.value.details == {"code": ["value_already_exist"]}
    with begin() as uow, pytest.raises(ValidationError) as refused:
        plans.update(uow, "basic", fixed_charges_input=twice)
    assert refused.value.details == {"code": ["value_already_exist"]}


def test_unknown_references_are_not_found(begin: Begin, seats: FixedCharge) -> None:
    cases = [
        ("add_ons", [{"add_on_id": "x", "charge_model": "standard"}]),
        ("fixed_charge", [{"id": "x"}]),
        ("tax", [SEATS | {"tax_codes": ["none"]}]),
    ]
    for resource, rows in cases:
        with begin() as uow, pytest.raises(NotFound) as missing:
            plans.update(uow, "basic", fixed_charges_input=rows)
        assert missing.value.resource == resource
    with begin() as uow, pytest.raises(NotFound) as missing:
        fixed_charges.create(uow, uow.stamp_for(), seats.plan_id, {"add_on_code": "x"})
    assert missing.value.resource == "add_on"


def test_units_change_now_or_with_the_next_period(
    catalog: sa.Engine, begin: Begin, clock: ManualClock, seats: FixedCharge
) -> None:
    assert changes(catalog) == [("3", False, None)]
    later = NOW + timedelta(hours=1)
    clock.set(later)
    for change in ({"units": "3.0"}, {"units": 5}, {"units": 5}, {"properties": {"amount": "2"}}):
        with begin() as uow:
            fixed_charges.update(uow, uow.stamp_for(), seats, change)
    assert changes(catalog) == [("3", False, None), ("5", False, None)], "the same units are no change"
    for _ in range(2):
        with begin() as uow:
            fixed_charges.update(uow, uow.stamp_for(), seats, {"units": "5", "apply_units_immediately": True})
    applied = changes(catalog)[2:]
    assert [(units, own) for units, own, _ in applied] == [("5", False)], "what was to come is now"
    assert applied[0][2] is not None and abs(applied[0][2] - later) < timedelta(seconds=1)


def test_a_subscription_has_units_of_its_own(catalog: sa.Engine, begin: Begin, seats: FixedCharge) -> None:
    with begin() as uow:
        subscription, _ = override_units(uow, "s", "seat", "8", immediately=True)
        override_units(uow, "s", "seat", 8)
        assert units_of(uow.connection, [seats.id]) == {seats.id: "3"}
        assert units_of(uow.connection, [seats.id], subscription.id) == {seats.id: "8"}
        for units, code in ((None, "value_is_mandatory"), ("x", "value_is_invalid"), ("-1", "value_is_invalid")):
            with pytest.raises(ValidationError) as refused:
                override_units(uow, "s", "seat", units)
            assert refused.value.details == {"units": [code]}
    assert [(units, own) for units, own, _ in changes(catalog)] == [("3", False), ("8", True)]
    with begin() as uow:
        with pytest.raises(NotFound, match="fixed_charge"):
            override_units(uow, "s", "none", 1)
        subscriptions.terminate(uow, "s")
        with pytest.raises(NotFound, match="subscription"):
            override_units(uow, "s", "seat", 1)


def test_a_deleted_add_on_takes_its_fixed_charges_along(begin: Begin, seats: FixedCharge) -> None:
    with begin() as uow:
        deletions.delete_add_on(uow, "seat")
        assert fixed_charges.fixed_charges_of(uow.connection, [seats.plan_id]) == {}


def test_export_has_prices_by_the_same_tables_and_only_own_overrides(
    catalog: sa.Engine, begin: Begin, seats: FixedCharge
) -> None:
    with begin() as uow:
        subscriptions.create(uow, external_id="other", external_customer_id="else", plan_code="basic")
        override_units(uow, "other", "seat", 9)
        acme = subscriptions.get(uow.connection, "s", NOW).customer_id
    with reading(catalog) as connection:
        everything, own = export(connection), export(connection, [acme])
    prices = [row for row in everything["charge_prices"].to_pylist() if row["charge_id"] == seats.id]
    assert [row["amount"] for row in prices] == ["0"]
    assert everything["fixed_charge_units"]["units"].to_pylist() == ["3", "9"]
    assert own["fixed_charge_units"]["units"].to_pylist() == ["3"]

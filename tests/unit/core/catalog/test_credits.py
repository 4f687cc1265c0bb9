"""Coupons, wallets, add-ons, one-off invoices, payments, taxes and API keys."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.catalog import (
    add_ons,
    adjusted_fees,
    api_keys,
    applied_coupons,
    billing_entities,
    coupons,
    customers,
    invoice_commands,
    one_off_invoices,
    payments,
    plans,
    set_aside_events,
    taxes,
    wallet_transactions,
    wallets,
)
from core.clock import ManualClock
from core.errors import Conflict, NotFound, ValidationError
from core.ids import deterministic_id
from tests.unit.core.catalog.conftest import NOW, Begin

FIXED: dict[str, Any] = {
    "code": "five",
    "name": "Five",
    "coupon_type": "fixed_amount",
    "amount_cents": 500,
    "amount_currency": "EUR",
    "frequency": "once",
}
WALLET: dict[str, Any] = {"external_customer_id": "acme", "rate_amount": "1.0", "currency": "EUR"}


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"name": ""}, {"name": ["value_is_mandatory"]}),
        ({"amount_cents": None}, {"amount_cents": ["value_is_mandatory"]}),
        ({"amount_cents": 0}, {"amount_cents": ["value_is_out_of_range"]}),
        ({"amount_currency": "eur"}, {"amount_currency": ["value_is_invalid"]}),
        ({"coupon_type": "gift"}, {"coupon_type": ["value_is_invalid"]}),
        ({"coupon_type": "percentage"}, {"percentage_rate": ["value_is_mandatory"]}),
        ({"coupon_type": "percentage", "percentage_rate": "101"}, {"percentage_rate": ["invalid_rate"]}),
        ({"frequency": "daily"}, {"frequency": ["value_is_invalid"]}),
        ({"frequency": "recurring"}, {"frequency_duration": ["value_is_mandatory"]}),
    ],
)
def test_coupon_codes(begin: Begin, change: dict[str, Any], codes: dict[str, list[str]]) -> None:
    with begin() as uow, pytest.raises(ValidationError) as refused:
        coupons.create(uow, **{**FIXED, **change})
    assert refused.value.details == codes


def test_applying_copies_the_terms_with_overrides(begin: Begin) -> None:
    with begin() as uow:
        customers.upsert(uow, "acme")
        coupons.create(uow, **FIXED)
        applied = applied_coupons.apply(
            uow, external_customer_id="acme", coupon_code="five", amount_cents=300, frequency="forever"
        )
        coupons.update(uow, "five", amount_cents=900)
        kept = applied_coupons.get(uow.connection, applied.id)
    assert (kept.amount_cents, kept.amount_currency, kept.frequency) == (300, "EUR", "forever")


def test_a_coupon_that_is_not_reusable_is_applied_once_ever(begin: Begin) -> None:
    with begin() as uow:
        customers.upsert(uow, "acme")
        coupons.create(uow, **FIXED, reusable=False)
        applied = applied_coupons.apply(uow, external_customer_id="acme", coupon_code="five")
        applied_coupons.terminate(uow, applied.id)
        with pytest.raises(ValidationError) as refused:
            applied_coupons.apply(uow, external_customer_id="acme", coupon_code="five")
    assert refused.value.details == {"coupon": ["coupon_is_not_reusable"]}


def test_coupons_with_a_target_in_common_exclude_each_other(begin: Begin, basic_plan: plans.Plan) -> None:
    with begin() as uow:
        customers.upsert(uow, "acme")
        coupons.create(uow, **FIXED, plan_codes=["basic"])
        coupons.create(uow, **{**FIXED, "code": "metric"}, billable_metric_codes=["calls"])
        coupons.create(uow, **{**FIXED, "code": "free"})
        first = applied_coupons.apply(uow, external_customer_id="acme", coupon_code="five")
        applied_coupons.apply(uow, external_customer_id="acme", coupon_code="free")
        with pytest.raises(Conflict) as refused:
            applied_coupons.apply(uow, external_customer_id="acme", coupon_code="metric")
        assert refused.value.code == "plan_overlapping"
        applied_coupons.terminate(uow, first.id)
        applied_coupons.apply(uow, external_customer_id="acme", coupon_code="metric")
        with pytest.raises(Conflict, match="not to both"):
            coupons.create(uow, **{**FIXED, "code": "x"}, plan_codes=["basic"], billable_metric_codes=["calls"])


@pytest.mark.parametrize("target", [{"plan_codes": ["basic"]}, {"billable_metric_codes": ["calls"]}])
def test_a_limited_coupon_overlaps_with_itself(
    begin: Begin, basic_plan: plans.Plan, target: dict[str, list[str]]
) -> None:
    with begin() as uow:
        customers.upsert(uow, "acme")
        customers.upsert(uow, "other")
        coupons.create(uow, **FIXED, **target)
        first = applied_coupons.apply(uow, external_customer_id="acme", coupon_code="five")
        with pytest.raises(Conflict) as refused:
            applied_coupons.apply(uow, external_customer_id="acme", coupon_code="five")
        assert refused.value.code == "plan_overlapping"
        applied_coupons.apply(uow, external_customer_id="other", coupon_code="five")
        applied_coupons.terminate(uow, first.id)
        applied_coupons.apply(uow, external_customer_id="acme", coupon_code="five")


def test_an_unlimited_coupon_may_be_applied_several_times(begin: Begin) -> None:
    with begin() as uow:
        customers.upsert(uow, "acme")
        coupons.create(uow, **FIXED)
        made = {applied_coupons.apply(uow, external_customer_id="acme", coupon_code="five").id for _ in range(3)}
    assert len(made) == 3


def test_an_expired_coupon_can_no_longer_be_applied(begin: Begin, clock: ManualClock) -> None:
    with begin() as uow:
        customers.upsert(uow, "acme")
        coupons.create(uow, **FIXED, expiration_at=NOW + timedelta(days=1))
        applied_coupons.apply(uow, external_customer_id="acme", coupon_code="five")
    clock.advance(timedelta(days=1))
    with begin() as uow, pytest.raises(NotFound, match="coupon"):
        applied_coupons.apply(uow, external_customer_id="acme", coupon_code="five")


def test_deleting_a_coupon_stops_it_where_it_is_applied(begin: Begin) -> None:
    with begin() as uow:
        customers.upsert(uow, "acme")
        coupons.create(uow, **FIXED)
        applied = applied_coupons.apply(uow, external_customer_id="acme", coupon_code="five")
        applied_coupons.delete_coupon(uow, "five")
        assert applied_coupons.get(uow.connection, applied.id).terminated_at is not None
        with pytest.raises(NotFound):
            coupons.get(uow.connection, "five")


def test_granted_credits_settle_at_once_and_paid_ones_wait(begin: Begin) -> None:
    with begin() as uow:
        customers.upsert(uow, "acme")
        wallet = wallets.create(uow, **WALLET, name="Prepaid", paid_credits="10.123456", granted_credits=5)
        transactions = wallet_transactions.page(uow.connection, wallet.id).items
    states = {(row.transaction_status, row.status, row.credit_amount, row.settled_at is None) for row in transactions}
    assert states == {("purchased", "pending", "10.12345", True), ("granted", "settled", "5", False)}
    assert (wallet.code, wallet.rate_amount, wallet.priority) == ("prepaid", "1", 50)
    assert len({row.sequence for row in transactions}) == 2, "credits of one command are burned in a known order"
    pending = next(row for row in transactions if row.status == "pending")
    with begin() as uow:
        settled = wallet_transactions.settle_transaction(uow, pending.id)
        assert settled.status == "settled" and settled.settled_at is not None
        assert wallet_transactions.settle_transaction(uow, pending.id) == settled


def test_a_declined_payment_may_still_come_in(begin: Begin) -> None:
    with begin() as uow:
        customers.upsert(uow, "acme")
        wallet = wallets.create(uow, **WALLET, invoice_requires_successful_payment=True)
        bought, granted = wallet_transactions.top_up(uow, wallet, paid_credits="3", granted_credits="1")
        assert (bought.invoice_requires_successful_payment, granted.invoice_requires_successful_payment) == (True, False)
        invoice_id = deterministic_id("credit", bought.id)
        assert wallet_transactions.waiting_for_payment(uow.connection, invoice_id) == bought
        (own,) = wallet_transactions.top_up(uow, wallet, paid_credits="3", invoice_requires_successful_payment=False)
        assert not own.invoice_requires_successful_payment
    with begin() as uow:
        failed = wallet_transactions.fail_transaction(uow, bought.id)
        assert (failed.status, failed.failed_at is None, failed.settled_at) == ("failed", False, None)
        assert wallet_transactions.fail_transaction(uow, bought.id) == failed
    with begin() as uow:
        settled = wallet_transactions.settle_transaction(uow, bought.id)
        assert (settled.status, settled.failed_at, settled.settled_at is None) == ("settled", None, False)
        assert wallet_transactions.fail_transaction(uow, bought.id) == settled
        with pytest.raises(NotFound):
            wallet_transactions.waiting_for_payment(uow.connection, invoice_id)


def test_voided_credits_go_out(begin: Begin) -> None:
    with begin() as uow:
        customers.upsert(uow, "acme")
        wallet = wallets.create(uow, **WALLET)
        (row,) = wallet_transactions.void(uow, wallet, voided_credits="2.5", balance_credits=Decimal("2.5"))
        assert (row.transaction_type, row.transaction_status, row.status) == ("outbound", "voided", "settled")
        assert wallet_transactions.top_up(uow, wallet, granted_credits="0") == []


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"external_customer_id": "nobody"}, {"customer": ["customer_not_found"]}),
        ({"rate_amount": "0"}, {"rate_amount": ["invalid_rate"]}),
        ({"currency": None}, {"currency": ["value_is_mandatory"]}),
        ({"priority": 51}, {"priority": ["value_is_out_of_range"]}),
        ({"paid_credits": "-1"}, {"paid_credits": ["invalid_paid_credits", "invalid_amount"]}),
        ({"granted_credits": 1.5}, {"granted_credits": ["invalid_granted_credits", "invalid_amount"]}),
        ({"paid_credits": "0.001"}, {"paid_credits": ["amount_rounds_to_zero"]}),
        ({"expiration_at": NOW}, {"expiration_at": ["invalid_date"]}),
    ],
)
def test_wallet_codes(begin: Begin, change: dict[str, Any], codes: dict[str, list[str]]) -> None:
    with begin() as uow:
        customers.upsert(uow, "acme")
        with pytest.raises(ValidationError) as refused:
            wallets.create(uow, **{**WALLET, **change})
    assert refused.value.details == codes


def test_six_active_wallets_are_the_most(begin: Begin) -> None:
    with begin() as uow:
        customers.upsert(uow, "acme")
        made = [wallets.create(uow, **WALLET, name="W") for _ in range(6)]
        assert len({wallet.code for wallet in made}) == 6
        with pytest.raises(ValidationError, match="wallet_limit_reached"):
            wallets.create(uow, **WALLET)
        closed = wallets.terminate(uow, made[0].id)
        wallets.create(uow, **WALLET)
        with pytest.raises(ValidationError, match="wallet_is_terminated"):
            wallet_transactions.top_up(uow, closed, granted_credits=1)


def test_a_one_off_invoice_takes_the_add_ons_price_by_default(begin: Begin) -> None:
    with begin() as uow:
        customers.upsert(uow, "acme", currency="EUR")
        taxes.create(uow, code="vat", name="VAT", rate="20")
        add_ons.create(uow, code="setup", name="Setup", amount_cents=500, amount_currency="EUR")
        fees: list[dict[str, Any]] = [
            {"add_on_code": "setup"},
            {"add_on_code": "setup", "units": "2.50", "unit_amount_cents": 7},
        ]
        fees[1]["tax_codes"] = ["vat"]
        invoice = one_off_invoices.create(uow, external_customer_id="acme", fees=fees)
        rows = one_off_invoices.fees_of(uow.connection, invoice.id)
        assert list(taxes.taxes_of(uow.connection, "one_off_fee", [row.id for row in rows])) == [rows[1].id]
    assert [(row.units, row.unit_amount_cents) for row in rows] == [("1", 500), ("2.5", 7)]
    with begin() as uow:
        for refused, fees in (("fees", []), ("add_on", [{"add_on_code": "none"}])):
            with pytest.raises(NotFound) as missing:
                one_off_invoices.create(uow, external_customer_id="acme", fees=fees)
            assert missing.value.resource == refused


def test_payments_add_up_and_commands_are_given_once(begin: Begin) -> None:
    with begin() as uow:
        customer = customers.upsert(uow, "acme")
        for cents in (300, 200):
            payments.record(uow, invoice_id="i", customer_id=customer.id, amount_cents=cents, reference="wire")
        assert payments.paid_cents(uow.connection, ["i", "j"]) == {"i": 500}
        with pytest.raises(ValidationError, match="invalid_value"):
            payments.record(uow, invoice_id="i", customer_id=customer.id, amount_cents=0, reference="wire")
        command = invoice_commands.finalize(uow, invoice_id="i", customer_id=customer.id)
        assert invoice_commands.finalize(uow, invoice_id="i", customer_id=customer.id) == command
        event = {"customer_id": customer.id, "external_subscription_id": "s", "transaction_id": "t"}
        aside = set_aside_events.set_aside(uow, reason=" a test ", set_aside_by="us", **event)
        assert (aside.reason, set_aside_events.find(uow.connection, "s", "t")) == ("a test", aside)
        assert set_aside_events.set_aside(uow, reason="again", set_aside_by="others", **event) == aside
        with pytest.raises(ValidationError, match="reason: value_is_mandatory; set_aside_by: value_is_mandatory"):
            set_aside_events.set_aside(uow, reason=" ", set_aside_by="", **event | {"transaction_id": "u"})


def test_a_draft_is_held_once_and_released_once(begin: Begin) -> None:
    with begin() as uow:
        draft = {"invoice_id": "i", "customer_id": customers.upsert(uow, "acme").id}
        with pytest.raises(ValidationError, match="reason: value_is_mandatory; given_by: value_is_mandatory"):
            invoice_commands.hold(uow, **draft, reason=" ", given_by="")
        with pytest.raises(Conflict, match="not on hold"):
            invoice_commands.release(uow, **draft)
        held = invoice_commands.hold(uow, **draft, reason=" odd usage ", given_by=" ann ")
        assert (held.command, held.reason, held.given_by) == ("hold", "odd usage", "ann")
        assert invoice_commands.hold(uow, **draft, reason="again", given_by="bob") == held
        assert invoice_commands.on_hold(uow.connection, "i") == held and invoice_commands.on_hold(uow.connection, "j") is None
        released = invoice_commands.release(uow, **draft, given_by="bob")
        assert invoice_commands.on_hold(uow.connection, "i") is None
        with pytest.raises(Conflict, match="not on hold"):
            invoice_commands.release(uow, **draft)
        again = invoice_commands.hold(uow, **draft, reason="once more", given_by="ann")
        assert invoice_commands.of(uow.connection, "i") == [held, released, again]


def test_a_fee_of_a_draft_is_corrected_by_the_newest_word(begin: Begin) -> None:
    with begin() as uow:
        customer_id = customers.upsert(uow, "acme").id
    fee: dict[str, Any] = {
        "fee_id": "f", "invoice_id": "i", "customer_id": customer_id, "fee_type": "charge", "charge_model": "graduated", "true_up_parent_fee_id": None,
        "corrected_invoice_id": None, "pricing_unit_id": None, "units": Decimal(7), "unit_amount": Decimal(2),
    }  # fmt: skip
    why = {"reason": " agreed ", "adjusted_by": " ann "}
    for changes, said, codes in (
        ({}, {}, "units: value_is_mandatory"),
        ({}, {"units": "5"}, "unit_precise_amount: value_is_mandatory"),
        ({}, {"units": "-1", "unit_precise_amount": "x"}, "units: value_is_invalid; unit_precise_amount: value_is_invalid"),
        ({}, {"units": "999999999999999", "unit_precise_amount": "999999999999999"}, "units: value_is_out_of_range"),
        ({"true_up_parent_fee_id": "g"}, {"invoice_display_name": "N"}, "fee_id: cannot_be_adjusted"),
        ({"corrected_invoice_id": "j"}, {"invoice_display_name": "N"}, "fee_id: cannot_be_adjusted"),
        ({"pricing_unit_id": "p"}, {"invoice_display_name": "N"}, "fee_id: cannot_be_adjusted"),
        ({"fee_type": "commitment"}, {"invoice_display_name": "N"}, "fee_id: cannot_be_adjusted"),
    ):
        with begin() as uow, pytest.raises(ValidationError, match=codes):
            adjusted_fees.adjust(uow, fee | changes, **why, **said)
    with begin() as uow, pytest.raises(ValidationError, match="reason: value_is_mandatory; adjusted_by: value_is_mandatory"):
        adjusted_fees.adjust(uow, fee, reason=" ", adjusted_by="", units="1", unit_precise_amount="1")
    with begin() as uow:
        first = adjusted_fees.adjust(uow, fee, **why, units="5.0", unit_precise_amount="1.50")
        assert (first.units, first.unit_precise_amount, first.reason, first.adjusted_by) == ("5", "1.5", "agreed", "ann")
    with begin() as uow:
        adjusted_fees.adjust(uow, fee | {"charge_model": "standard"}, **why, units=4)
        (said_now,) = adjusted_fees.of(uow.connection, "i").values()
        assert (said_now.fee_id, said_now.units, said_now.unit_precise_amount) == ("f", "4", None)
    with begin() as uow:
        adjusted_fees.withdraw(uow, "f", customer_id)
        assert adjusted_fees.of(uow.connection, "i") == {}
        with pytest.raises(NotFound, match="adjusted_fee"):
            adjusted_fees.withdraw(uow, "f", customer_id)


def test_a_tax_taken_off_and_set_again_has_a_gap(begin: Begin) -> None:
    for codes in (["vat"], [], ["vat"]):
        with begin() as uow:
            if taxes.page(uow.connection).total == 0:
                taxes.create(uow, code="vat", name="VAT", rate="20")
            entity = billing_entities.update(uow, "default", tax_codes=codes)
    with begin() as uow:
        (applied,) = taxes.APPLIED_TAXES.all(uow.connection)
        history = taxes.APPLIED_TAXES.history(uow.connection, applied.id)
        assert [row.valid_to is None for row in history] == [False, True]
        assert history[0].valid_to is not None and history[0].valid_to < history[1].valid_from
        assert applied.owner_id == entity.id
        taxes.delete(uow, "vat")
        assert taxes.taxes_of(uow.connection, "billing_entity", [entity.id]) == {}


@pytest.mark.parametrize("rate", ["99999999999999", "1000.000001", "-1", "1 %"])
def test_a_tax_takes_its_rate_from_0_to_1000_percent(begin: Begin, rate: str) -> None:
    with begin() as uow:
        assert [taxes.create(uow, code=f"t{most}", name="T", rate=most).rate for most in ("0", "1000")] == ["0", "1000"]
        for refuse in (
            lambda: taxes.create(uow, code="vat", name="VAT", rate=rate),
            lambda: taxes.update(uow, "t0", rate=rate),
        ):
            with pytest.raises(ValidationError, match="from 0 to 1,000") as refused:
                refuse()
            assert refused.value.details == {"rate": ["invalid_rate"]}


def test_an_api_key_is_kept_as_a_hash_and_ends_when_revoked(begin: Begin) -> None:
    with begin() as uow:
        row, plaintext = api_keys.create(uow, "ci")
        other, _ = api_keys.create(uow)
    assert plaintext not in repr(row) and row.key_hash != plaintext
    with begin() as uow:
        assert api_keys.verify(uow.connection, plaintext, NOW) == row
        assert api_keys.verify(uow.connection, plaintext[:-1] + "!", NOW) is None
        assert api_keys.verify(uow.connection, "", NOW) is None
        api_keys.revoke(uow, row.id)
        assert api_keys.verify(uow.connection, plaintext, NOW) is None
        assert [key.id for key in api_keys.page(uow.connection).items] == [other.id]

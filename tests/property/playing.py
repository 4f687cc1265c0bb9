"""Plays drawn worlds through the catalog's commands, each on a test clock of its own, up to chosen readings."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from core.catalog import (
    add_ons,
    applied_coupons,
    billable_metrics,
    billing_entities,
    coupons,
    credit_notes,
    customers,
    invoice_commands,
    invoice_voids,
    one_off_invoices,
    payments,
    plans,
    schedules,
    subscriptions,
    taxes,
    test_clocks,
    wallet_transactions,
    wallets,
)
from core.errors import Conflict, NotFound, ValidationError
from tests.property.worlds import BEGINS_AT, Action, Script
from tests.support.world import World


class Player:
    """One script in the world. Commands that the catalog refuses change nothing and are kept in `refused`."""

    def __init__(self, world: World, script: Script) -> None:
        self.world, self.script = world, script
        self.waiting = list(script.actions)
        self.refused: list[tuple[Action, str]] = []
        self.played = 0
        self.reading = BEGINS_AT
        self.wallet_ids: dict[str, str] = {}
        self.transaction_ids: dict[str, str] = {}
        self.paid: dict[str, int] = {}
        self.void: set[str] = set()
        self.held: set[str] = set()
        self.released: set[str] = set()
        with world.unit() as uow:
            self.clock_id = test_clocks.create(uow, script.name, BEGINS_AT).id
            self._set_up(uow)
            self.customer_id = customers.get(uow.connection, script.name).id

    def play_until(self, instant: datetime) -> None:
        """Everything that happens at or before `instant`, to which the clock then moves."""
        while self.waiting and self.waiting[0].at <= instant:
            action = self.waiting.pop(0)
            self._move_to(action.at)
            self._do(action)
        self._move_to(instant)

    def finalize(self, invoice_id: str) -> None:
        """A command to issue a draft, at the clock's reading."""
        with self.world.unit() as uow:
            invoice_commands.finalize(uow, invoice_id=invoice_id, customer_id=self.customer_id)

    def hold(self, invoice_id: str) -> None:
        """A command to hold a draft, at the clock's reading."""
        self.held.add(invoice_id)
        with self.world.unit() as uow:
            invoice_commands.hold(uow, invoice_id=invoice_id, customer_id=self.customer_id, reason="drawn", given_by="drawn")

    def release(self, invoice_id: str) -> None:
        """The release of a draft on hold, at the clock's reading."""
        self.held.discard(invoice_id)
        self.released.add(invoice_id)
        with self.world.unit() as uow:
            invoice_commands.release(uow, invoice_id=invoice_id, customer_id=self.customer_id)

    def pay(self, invoice_id: str, amount_cents: int) -> None:
        """A payment on an issued invoice, at the clock's reading, once."""
        if invoice_id in self.paid:
            return
        self.paid[invoice_id] = amount_cents
        with self.world.unit() as uow:
            payments.record(uow, invoice_id=invoice_id, customer_id=self.customer_id, amount_cents=amount_cents, reference="drawn")

    def credit(self, invoice_id: str, items: list[dict[str, Any]], **parts: int) -> None:
        """A credit note by hand on an issued invoice, at the clock's reading."""
        with self.world.unit() as uow:
            credit_notes.create(uow, invoice_id=invoice_id, customer_id=self.customer_id, items=items, **parts)

    def void_credit_note(self, credit_note_id: str) -> None:
        """The void of an issued credit note, at the clock's reading."""
        with self.world.unit() as uow:
            credit_notes.void(uow, credit_note_id=credit_note_id, customer_id=self.customer_id)

    def void_invoice(self, invoice_id: str) -> None:
        """The void of an issued invoice, at the clock's reading."""
        self.void.add(invoice_id)
        with self.world.unit() as uow:
            invoice_voids.void(uow, invoice_id=invoice_id, customer_id=self.customer_id)

    def do(self, what: str, **terms: Any) -> None:
        """An action that no script has, at the clock's reading."""
        self._do(Action(self.reading, what, terms))

    def later(self) -> datetime:
        """A minute after the clock's reading."""
        return self.reading + timedelta(minutes=1)

    def _move_to(self, instant: datetime) -> None:
        if instant > self.reading:
            self.world.advance(self.clock_id, instant)
            self.reading = instant

    def _do(self, action: Action) -> None:
        self.played += 1
        if action.do == "event":
            terms = action.terms
            self.world.send_event(terms["external_id"], terms["code"], terms["timestamp"], terms["properties"])
            return
        try:
            with self.world.unit() as uow:
                getattr(self, f"_{action.do}")(uow, **action.terms)
        except (Conflict, NotFound, ValidationError) as error:
            self.refused.append((action, str(error)))

    def _set_up(self, uow: Any) -> None:
        script = self.script
        clock: dict[str, Any] = {"test_clock_id": self.clock_id}
        for name in ("periodic", "trial", "ending"):
            schedule = schedules.put(uow, name, catch_up=True, **clock, **script.schedule)
            schedules.add_ticks(uow, schedule, script.ticks)
        for tax in script.taxes:
            taxes.create(uow, name=tax["code"], **tax, **clock)
        billing_entities.create(uow, code=script.name, name=script.name, document_number_prefix=script.name.upper(), **script.entity, **clock)
        customers.upsert(uow, script.name, billing_entity_code=script.name, name=script.name, currency=script.currency, timezone=script.zone, **script.customer, **clock)
        for metric in script.metrics:
            field = {} if metric["aggregation_type"] == "count_agg" else {"field_name": "value"}
            billable_metrics.create(uow, name=metric["code"], **metric, **field, **clock)
        for plan in script.plans:
            terms = {name: value for name, value in plan.items() if name != "charges"}
            plans.create(uow, name=plan["code"], amount_currency=script.currency, charges_input=self._charges(uow, plan["charges"]), **terms, **clock)
        for coupon in script.coupons:
            coupons.create(uow, name=coupon["code"], **coupon, **clock)
        for add_on in script.add_ons:
            add_ons.create(uow, name=add_on["code"], amount_currency=script.currency, **add_on, **clock)

    @staticmethod
    def _charges(uow: Any, charges: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [charge | {"billable_metric_id": billable_metrics.get(uow.connection, charge["metric"]).id} for charge in charges]

    def _subscribe(self, uow: Any, plan: str, **terms: Any) -> None:
        subscriptions.create(uow, external_customer_id=self.script.name, plan_code=plan, period_end=self.world.period_end, **terms)

    def _override(self, uow: Any, external_id: str, overrides: dict[str, Any]) -> None:
        subscriptions.update(uow, external_id, plan_overrides_input=overrides)

    def _undo(self, uow: Any, external_id: str) -> None:
        subscriptions.cancel_pending(uow, external_id)

    def _terminate(self, uow: Any, external_id: str, **choices: str) -> None:
        subscriptions.terminate(uow, external_id, **choices)

    def _apply_coupon(self, uow: Any, coupon: str) -> None:
        applied_coupons.apply(uow, external_customer_id=self.script.name, coupon_code=coupon)

    def _create_wallet(self, uow: Any, **terms: Any) -> None:
        self.wallet_ids[terms["code"]] = wallets.create(uow, external_customer_id=self.script.name, currency=self.script.currency, **terms).id

    def _update_wallet(self, uow: Any, code: str, **terms: Any) -> None:
        if code not in self.wallet_ids:
            raise NotFound("wallet", code)
        wallets.update(uow, self.wallet_ids[code], **terms)

    def _top_up(self, uow: Any, wallet: str, reference: str | None = None, **credits: Any) -> None:
        if wallet not in self.wallet_ids:
            raise NotFound("wallet", wallet)
        for transaction in wallet_transactions.top_up(uow, wallets.get(uow.connection, self.wallet_ids[wallet]), **credits):
            if reference is not None:
                self.transaction_ids[reference] = transaction.id

    def _void(self, uow: Any, wallet: str, credits: str) -> None:
        """More may be asked for than the wallet holds: two commands may look at one balance, and the SQL gives what is there."""
        if wallet not in self.wallet_ids:
            raise NotFound("wallet", wallet)
        wallet_transactions.void(uow, wallets.get(uow.connection, self.wallet_ids[wallet]), voided_credits=credits, balance_credits=Decimal(10**6))

    def _settle(self, uow: Any, reference: str) -> None:
        if reference not in self.transaction_ids:
            raise NotFound("wallet_transaction", reference)
        wallet_transactions.settle_transaction(uow, self.transaction_ids[reference])

    def _one_off(self, uow: Any, fees: list[dict[str, Any]]) -> None:
        one_off_invoices.create(uow, external_customer_id=self.script.name, fees=fees, currency=self.script.currency)

    def _update_plan(self, uow: Any, code: str, charges: list[dict[str, Any]] | None = None, **terms: Any) -> None:
        edited = None if charges is None else self._charges(uow, charges)
        plans.update(uow, code, charges_input=edited, test_clock_id=self.clock_id, **terms)

    def _update_tax(self, uow: Any, code: str, **terms: Any) -> None:
        taxes.update(uow, code, test_clock_id=self.clock_id, **terms)

    def _update_customer(self, uow: Any, **terms: Any) -> None:
        customers.upsert(uow, self.script.name, **terms)


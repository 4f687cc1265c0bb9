"""Golden invoicing cases as commands: the actions of a timeline become the catalog functions that the API calls."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from unittest import mock

from core.billing import credit_notes as notes_to_give
from core.billing.credit_notes import credit_status
from core.catalog import (
    add_ons,
    adjusted_fees,
    applied_coupons,
    billable_metrics,
    billing_entities,
    coupons,
    credit_notes,
    customers,
    dunning_campaigns,
    invoice_commands,
    invoice_voids,
    one_off_invoices,
    payments,
    plans,
    recurring_rules,
    schedules,
    subscriptions,
    taxes,
    test_clocks,
    wallet_transactions,
    wallets,
)
from core.catalog.plan_terms import terms_of
from core.errors import ValidationError
from tests.golden.built_invoices import Rows, built, is_built, notes_before
from tests.golden.rating.facts import instant
from tests.support.world import TICK, World

Case = dict[str, Any]

ACTIONS = {
    "create_subscription", "run_billing", "send_event", "apply_coupon", "create_wallet", "top_up", "check", "terminate_subscription",
    "create_one_off_invoice", "update_billing_entity", "update_customer", "finalize_invoice", "refresh_invoice", "run_periodic_biller",
    "run_trial_biller", "run_ending_subscriptions", "void_credits", "refresh_wallets", "set_payment_status", "record_payment",
    "check_usage_thresholds", "run_finalizer", "provider_payment", "change_plan", "create_credit_note", "estimate_credit_note",
    "void_invoice", "run_overdue", "run_dunning", "create_overdue_invoice", "hold_invoice", "release_invoice", "adjust_fee", "override_plan", "update_plan",
}  # fmt: skip
RUNS = {
    "periodic": {"run_billing", "run_periodic_biller"}, "trial": {"run_billing", "run_trial_biller"}, "ending": {"run_ending_subscriptions"},
    "usage": {"check_usage_thresholds", "refresh_wallets"}, "dunning": {"run_dunning"},
}  # fmt: skip
"""Schedule -> the actions that are its ticks. `run_overdue` is none: overdue is what SQL says of any instant."""
OVERDUE_ADD_ON = "overdue"
"""What `create_overdue_invoice` bills."""


def is_in_scope(case: Case) -> bool:
    """Whether the SQL claims this case's features so far; what is outside is listed in DECISIONS.md."""
    setup, timeline = case["setup"], case.get("timeline", [])
    if case["kind"] == "calculation":
        return is_built(case) or all(action["do"] == "evaluate_threshold_rule" for action in timeline)
    if any(plan.get("bill_fixed_charges_monthly") for plan in setup.get("plans", [])):
        return False
    return {action["do"] for action in timeline} <= ACTIONS


class Timeline:
    """One case in the world: its objects carry the case's id in their codes, and its customers the case's clock."""

    def __init__(self, world: World, case: Case) -> None:
        self.world, self.case = world, case
        self.begins_at = min(instant(action["at"]) for action in case["timeline"])
        with world.unit() as uow:
            self.clock_id = test_clocks.create(uow, case["id"], self.begins_at).id
            self._set_up(uow)
        self.wallet_ids: dict[str, str] = {}
        self.transaction_ids: dict[str, str] = {}
        """Key of a top-up -> inbound transaction."""
        self.invoice_ids: dict[str, str] = {}
        self.moments: list[datetime] = []
        self.checked: list[dict[str, list[Case]]] = []
        """Rows about wallets at each of `checks`."""
        self.stood: dict[str, Case] = {}
        """Invoices of the whole world as they stand at the end, by id: rows of the mart."""
        self.refused: list[tuple[Case, str]] = []
        """Actions that were refused, with the code."""
        self.estimated: list[tuple[Case, Case]] = []
        """Estimates of credit notes: the action, and what it gave."""
        self.topped_up: list[Case] = []
        """What a rule made of the balance that a case states."""
        self.notes: list[Case] = []
        """Credit notes of the books before what the case calculates."""
        self.given: Rows = {}
        """Model -> rows of invoices that the case only calculates."""

    def code(self, code: str) -> str:
        return f"{self.case['id']}--{code}"

    def codes(self, codes: list[str] | None) -> list[str]:
        return [self.code(code) for code in codes or []]

    def own_number(self, number: str) -> str:
        """The number as if the case were alone: customers are counted over the whole world."""
        with self.world.engine.connect() as connection:
            counted = [
                customers.get(connection, self.code(customer["id"])).sequential_id
                for customer in self.case["setup"]["customers"]
            ]
        for position, sequential_id in enumerate(counted, 1):
            number = number.replace(f"-{sequential_id:03d}-", f"-{position:03d}-")
        return number

    def status_of(self, subscription: str) -> str:
        """The subscription's status when the timeline ends."""
        with self.world.engine.connect() as connection:
            reading = test_clocks.get(connection, self.clock_id).reading
            return subscriptions.get(connection, self.code(subscription), reading).status_at(reading)

    def play(self) -> None:
        """Every action at its own instant; actions of one instant follow each other by a millisecond."""
        offset, last = TICK * 0, None
        moments = []
        for action in self.case["timeline"]:
            at = instant(action["at"])
            offset = offset + TICK if at == last else TICK
            last = at
            moments.append((at + offset, action))
        by_hand: Case = {"first_at": self.begins_at, "every_seconds": None, "catch_up": False}
        with self.world.unit() as uow:
            for name, runs in RUNS.items():
                schedule = schedules.put(uow, name, test_clock_id=self.clock_id, **by_hand)
                schedules.add_ticks(uow, schedule, [moment for moment, action in moments if action["do"] in runs])
        if self.case["kind"] == "calculation":
            self._fill_wallets()
        for moment, action in moments:
            self.world.advance(self.clock_id, moment)
            handler = getattr(self, f"_{action['do']}", None)
            if handler is not None:
                handler(action)

    def _set_up(self, uow: Any) -> None:
        setup, clock = self.case["setup"], {"test_clock_id": self.clock_id}
        for tax in setup.get("taxes", []):
            taxes.create(uow, code=self.code(tax["code"]), name=tax["code"], rate=tax["rate"], **clock)
        for entity in setup["billing_entities"]:
            billing_entities.create(
                uow, code=self.code(entity["code"]), name=entity["code"], **self._entity_fields(entity), **clock
            )
        for customer in setup["customers"]:
            fields = self._customer_fields(customer)
            customers.upsert(
                uow,
                self.code(customer["id"]),
                billing_entity_code=self.code(customer["billing_entity"]),
                **fields,
                **clock,
            )
        for metric in setup.get("metrics", []):
            field = {"field_name": metric.get("field") or "value"} if metric["aggregation"] != "count" else {}
            billable_metrics.create(
                uow,
                code=self.code(metric["code"]),
                name=metric["code"],
                aggregation_type=f"{metric['aggregation']}_agg",
                recurring=metric.get("recurring", False),
                **field,
                **clock,
            )
        for add_on in setup.get("add_ons", []):
            add_ons.create(
                uow, code=self.code(add_on["code"]), name=add_on["code"], amount_cents=add_on["amount_cents"], amount_currency=add_on.get("currency", "EUR"),
                tax_codes=self.codes(add_on.get("tax_codes")), **clock,
            )  # fmt: skip
        for plan in setup.get("plans", []):
            self._create_plan(uow, plan)
        for coupon in setup.get("coupons", []):
            self._create_coupon(uow, coupon)
        if any(action["do"] == "create_overdue_invoice" for action in self.case["timeline"]):
            add_ons.create(uow, code=self.code(OVERDUE_ADD_ON), name="overdue", amount_cents=1, amount_currency="EUR", **clock)
        if "dunning_campaign" in setup:
            self._create_campaign(uow, setup["dunning_campaign"])

    def _create_campaign(self, uow: Any, campaign: Case) -> None:
        terms = {name: campaign[name] for name in ("max_attempts", "days_between_attempts", "thresholds")}
        code, applied_to = self.code(campaign["code"]), campaign["applied_to"]
        dunning_campaigns.create(uow, code=code, name=campaign["code"], test_clock_id=self.clock_id, **terms)
        if applied_to in {customer["id"] for customer in self.case["setup"]["customers"]}:
            dunning_campaigns.apply_to_customer(uow, self.code(applied_to), code)
        else:
            dunning_campaigns.apply_to_billing_entity(uow, self.code(applied_to), code, test_clock_id=self.clock_id)

    def _entity_fields(self, entity: Case) -> Case:
        names = {
            "timezone": "timezone",
            "document_number_prefix": "document_number_prefix",
            "document_numbering": "document_numbering",
            "invoice_grace_period_days": "invoice_grace_period",
            "net_payment_term_days": "net_payment_term",
            "finalize_zero_amount_invoice": "finalize_zero_amount_invoice",
            "subscription_invoice_issuing_date_anchor": "issuing_date_anchor",
            "subscription_invoice_issuing_date_adjustment": "issuing_date_adjustment",
            "exclude_from_dunning_campaign": "exclude_from_dunning_campaign",
        }
        fields = {ours: entity[theirs] for theirs, ours in names.items() if theirs in entity}
        return fields | ({"tax_codes": self.codes(entity["tax_codes"])} if "tax_codes" in entity else {})

    def _customer_fields(self, customer: Case) -> Case:
        fields = self._entity_fields(customer)
        return fields | ({"currency": customer["currency"]} if "currency" in customer else {})

    def _create_plan(self, uow: Any, plan: Case) -> None:
        charges = [
            {
                "code": self.code(charge["code"]),
                "billable_metric_id": billable_metrics.get(uow.connection, self.code(charge["metric"])).id,
                "charge_model": charge["model"],
                "prorated": charge.get("prorated", False),
                "pay_in_advance": charge.get("pay_in_advance", False),
                "invoiceable": charge.get("invoiceable", True),
                "min_amount_cents": charge.get("min_amount_cents", 0),
                "late_usage_policy": charge.get("late_usage_policy"),
                "properties": charge["properties"],
                "tax_codes": self.codes(charge.get("tax_codes")),
            }
            for charge in plan.get("charges", [])
        ]
        fixed_charges = [
            {
                "code": self.code(row["code"]),
                "add_on_code": self.code(row["add_on"]),
                "charge_model": row["model"],
                "units": row["units"],
                "properties": row["properties"],
                "pay_in_advance": row.get("pay_in_advance", False),
                "prorated": row.get("prorated", False),
                "tax_codes": self.codes(row.get("tax_codes")),
            }
            for row in plan.get("fixed_charges", [])
        ]
        plans.create(
            uow, code=self.code(plan["code"]), name=plan["code"], interval=plan.get("interval", "monthly"), amount_cents=plan["amount_cents"],
            amount_currency=plan.get("currency", "EUR"), pay_in_advance=plan.get("pay_in_advance", False), trial_period=plan.get("trial_period_days"), bill_charges_monthly=plan.get("bill_charges_monthly", False), minimum_commitment_input=self._commitment(plan), charges_input=charges, fixed_charges_input=fixed_charges, usage_thresholds_input=plan.get("usage_thresholds", []),
            tax_codes=self.codes(plan.get("tax_codes")), test_clock_id=self.clock_id,
        )  # fmt: skip

    def _commitment(self, plan: Case) -> Case | None:
        terms = plan.get("minimum_commitment")
        return terms and terms | {"tax_codes": self.codes(terms.get("tax_codes"))}

    def _create_coupon(self, uow: Any, coupon: Case) -> None:
        terms = {
            "amount_cents": coupon.get("amount_cents"),
            "amount_currency": coupon.get("currency"),
            "percentage_rate": coupon.get("percentage_rate"),
        }
        coupons.create(
            uow, code=self.code(coupon["code"]), name=coupon["code"], coupon_type=coupon["type"], frequency=coupon["frequency"],
            plan_codes=self.codes(coupon.get("limited_to_plans")), billable_metric_codes=self.codes(coupon.get("limited_to_metrics")),
            frequency_duration=coupon.get("frequency_duration"), reusable=coupon.get("reusable", True), test_clock_id=self.clock_id,
            **{name: value for name, value in terms.items() if value is not None},
        )  # fmt: skip

    def _create_subscription(self, action: Case) -> None:
        with self.world.unit() as uow:
            subscriptions.create(
                uow, external_id=self.code(action["subscription"]), external_customer_id=self.code(action["customer"]), plan_code=self.code(action["plan"]),
                billing_time=action.get("billing_time", "calendar"), subscription_at=instant(action.get("subscription_at", action["at"])),
                ending_at=instant(action["ending_at"]) if "ending_at" in action else None,
                billing_entity_code=self.code(action["billing_entity"]) if "billing_entity" in action else None,
                plan_overrides_input=self._entries(action.get("plan_overrides", {})),
            )  # fmt: skip

    def _entries(self, terms: Case) -> Case:
        """Terms of a plan whose charges are named by their codes in the case."""
        named = {
            kind: [{name: value for name, value in row.items() if name != word} | {"code": self.code(row[word])} for row in terms[kind]]
            for kind, word in (("charges", "charge"), ("fixed_charges", "fixed_charge"))
            if kind in terms
        }
        return terms | named

    def _override_plan(self, action: Case) -> None:
        with self.world.unit() as uow:
            overrides = self._entries(action["overrides"])
            subscriptions.update(uow, self.code(action["subscription"]), plan_overrides_input=overrides)

    def _update_plan(self, action: Case) -> None:
        """The full sets of charges with what the action says of some, as a caller sends them."""
        said = self._entries(action)
        with self.world.unit() as uow:
            terms = terms_of(uow.connection, plans.get(uow.connection, self.code(action["plan"])))
            sets = {}
            for kind in ("charges", "fixed_charges"):
                changed = {row["code"]: row for row in said.get(kind, [])}
                sets[f"{kind}_input"] = [row | changed.get(row["code"], {}) for row in terms[kind]]
            fields = {name: said[name] for name in ("amount_cents",) if name in said}
            cascade = action.get("cascade_updates", False)
            plans.update(uow, terms["code"], cascade_updates=cascade, test_clock_id=self.clock_id, **fields, **sets)

    def _change_plan(self, action: Case) -> None:
        (created,) = [
            row
            for row in self.case["timeline"]
            if row["do"] == "create_subscription" and row["subscription"] == action["subscription"]
        ]
        with self.world.unit() as uow:
            subscriptions.create(
                uow, external_id=self.code(action["subscription"]), external_customer_id=self.code(created["customer"]), plan_code=self.code(action["plan"]),
                plan_overrides_input=self._entries(action.get("plan_overrides", {})), period_end=self.world.period_end,
            )  # fmt: skip

    def _terminate_subscription(self, action: Case) -> None:
        with self.world.unit() as uow:
            if action.get("status") == "pending":  # cases of our own
                subscriptions.cancel_pending(uow, self.code(action["subscription"]))
                return
            subscriptions.terminate(
                uow, self.code(action["subscription"]), on_termination_invoice=action.get("invoice", "generate"),
                on_termination_credit_note=action.get("credit_note", "credit"),
            )  # fmt: skip

    def _send_event(self, action: Case) -> None:
        timestamp = instant(action.get("timestamp", action["at"]))
        self.world.send_event(
            self.code(action["subscription"]), self.code(action["metric"]), timestamp, action.get("properties") or {}
        )

    def _apply_coupon(self, action: Case) -> None:
        overrides = {"amount_cents": action["amount_cents"]} if "amount_cents" in action else {}
        with self.world.unit() as uow:
            applied_coupons.apply(
                uow,
                external_customer_id=self.code(action["customer"]),
                coupon_code=self.code(action["coupon"]),
                **overrides,
            )

    def _fill_wallets(self) -> None:
        """Calculations begin with wallets that hold something, and with more of them than a customer may open."""
        with mock.patch.object(wallets, "MOST_ACTIVE_WALLETS", 99):
            for terms in self.case["setup"].get("wallets", []):
                self._create_wallet({"wallet": terms["code"]})
                if "balance_cents" in terms:
                    self._top_up({"wallet": terms["code"], "granted_credits": Decimal(terms["balance_cents"]) / 100})

    def _build_invoice(self, action: Case) -> None:
        with self.world.unit() as uow:
            customer = customers.get(uow.connection, self.code(action["customer"]))
            metrics = [metric["code"] for metric in self.case["setup"].get("metrics", [])]
            ids = {code: billable_metrics.get(uow.connection, self.code(code)).id for code in metrics}
            at = test_clocks.get(uow.connection, self.clock_id).reading
            for step in action["apply"]:
                if "coupon" in step:
                    self._create_coupon(uow, step["coupon"])
                    coupon_code = self.code(step["coupon"]["code"])
                    applied_coupons.apply(uow, external_customer_id=customer.external_id, coupon_code=coupon_code)
        self.given = built(action, self.code("invoice"), at + TICK, customer, ids)
        self.notes = notes_before(action, self.code("invoice"), at, customer)

    def _evaluate_threshold_rule(self, action: Case) -> None:
        """What the rule makes of a balance: the check is the case's, and what follows from it is the SQL's."""
        wallet_id = self.wallet_ids[action["wallet"]]
        with self.world.engine.connect() as connection:
            customer_id = wallets.get(connection, wallet_id).customer_id
            (rule,) = recurring_rules.of_wallets(connection, [wallet_id])
        check = {"recurring_transaction_rule_id": rule.id, "wallet_id": wallet_id, "customer_id": customer_id, "checked_at": self.now(), "is_declined": False}
        balances = {name: Decimal(action[name]) for name in ("credits_ongoing_balance", "pending_credits")}
        control = {"prefix_limit": 1, "rank_number": 0, "sql_bundle_id": "case"}
        given = {"int_billing__top_up_checks": [check | balances], "settlement.control": [control]}
        self.topped_up = self.world.compute(["int_billing__top_ups"], given=given)["int_billing__top_ups"]

    def _create_wallet(self, action: Case) -> None:
        (terms,) = [wallet for wallet in self.case["setup"]["wallets"] if wallet["code"] == action["wallet"]]
        with self.world.unit() as uow:
            wallet = wallets.create(
                uow, external_customer_id=self.code(terms["customer"]), rate_amount=terms.get("rate_amount", "1"), currency=terms["currency"],
                code=terms["code"], priority=terms.get("priority", 50), granted_credits=terms.get("granted_credits"),
                paid_credits=terms.get("paid_credits"), recurring_transaction_rules=terms.get("recurring_rules"),
                paid_top_up_min_amount_cents=terms.get("paid_top_up_min_amount_cents"), paid_top_up_max_amount_cents=terms.get("paid_top_up_max_amount_cents"),
                applies_to={"fee_types": terms.get("limited_to_fee_types"), "billable_metric_codes": self.codes(terms.get("limited_to_metrics"))},
            )  # fmt: skip
        self.wallet_ids[action["wallet"]] = wallet.id

    def _top_up(self, action: Case) -> None:
        with self.world.unit() as uow:
            wallet = wallets.get(uow.connection, self.wallet_ids[action["wallet"]])
            credits = {name: action.get(name) for name in ("paid_credits", "granted_credits", "invoice_requires_successful_payment")}
            for transaction in wallet_transactions.top_up(uow, wallet, **credits):
                self.transaction_ids[action.get("key", "")] = transaction.id

    def _set_payment_status(self, action: Case) -> None:
        """What became of the payment of a top-up."""
        self._tell_top_up(action, action["status"])

    def _tell_top_up(self, action: Case, status: str) -> None:
        tell = {"succeeded": wallet_transactions.settle_transaction, "failed": wallet_transactions.fail_transaction}[status]
        settlement, drafts = self.world.settle()
        (invoice,) = [row for row in invoices_of(self, settlement, drafts) if row["ref"] == action["invoice"]]
        with self.world.unit() as uow:
            for fee in invoice["fees"]:
                if fee["wallet_transaction_id"]:
                    tell(uow, fee["wallet_transaction_id"])

    def _provider_payment(self, action: Case) -> None:
        """A provider has taken all that is due, or nothing."""
        if action["result"] == "failed":
            self._tell_top_up(action, "failed")
            return
        settlement, drafts = self.world.settle()
        (invoice,) = [row for row in invoices_of(self, settlement, drafts) if row["ref"] == action["invoice"]]
        self._record_payment(action | {"amount_cents": invoice["total_amount_cents"]})

    def _record_payment(self, action: Case) -> None:
        """As the API does: what pays all that is due settles the credits of a top-up."""
        settlement, drafts = self.world.settle()
        (invoice,) = [row for row in invoices_of(self, settlement, drafts) if row["ref"] == action["invoice"]]
        with self.world.engine.connect() as connection:
            paid = payments.paid_cents(connection, [invoice["invoice_id"]]).get(invoice["invoice_id"], 0)
        with self.world.unit() as uow:
            for fee in invoice["fees"]:
                if fee["wallet_transaction_id"] and paid + action["amount_cents"] == invoice["total_amount_cents"]:
                    wallet_transactions.settle_transaction(uow, fee["wallet_transaction_id"])
            payments.record(
                uow, invoice_id=invoice["invoice_id"], customer_id=invoice["customer_id"], amount_cents=action["amount_cents"], reference="case",
            )  # fmt: skip

    def _void_credits(self, action: Case) -> None:
        wallet_id = self.wallet_ids[action["wallet"]]
        (balance,) = [row for row in self.balances_now() if row["wallet_id"] == wallet_id]
        try:
            with self.world.unit() as uow:
                wallet = wallets.get(uow.connection, wallet_id)
                credits = balance["balance_credits"]
                wallet_transactions.void(uow, wallet, voided_credits=action["credits"], balance_credits=credits)
        except ValidationError as error:
            self.refused.append((action, str(error.details)))

    def _noted(self, action: Case) -> tuple[Case, list[Case], notes_to_give.Estimate]:
        """(the invoice, the items of a note on it, what the note would be), as the API looks at it."""
        parts = {name: action.get(name, 0) for name in credit_notes.PARTS}
        as_of = dict.fromkeys(self.owners(), self.now())
        settlement, drafts = self.world.settle(as_of=as_of)
        (invoice,) = [row for row in invoices_of(self, settlement, drafts) if row["ref"] == action["invoice"]]
        items = [{"fee_id": self._fee(invoice, item["fee"])["fee_id"], "amount_cents": item["amount_cents"]} for item in action["items"]]
        estimate = self.world.estimate_note(settlement.tables, invoice, items, self.now(), **parts)
        if invoice["invoice_type"] == "credit":
            notes_to_give.refuse(estimate.problems)
            transactions = self.world.compute([notes_to_give.TOP_UPS], settlement.tables, as_of)[notes_to_give.TOP_UPS]
            notes_to_give.refuse_beyond_top_up(parts["refund_amount_cents"], transactions, invoice["fees"])
        return invoice, items, estimate

    def _fee(self, invoice: Case, wanted: Case) -> Case:
        """The line of the invoice that a case selects."""
        found = [
            fee
            for fee in invoice["fees"]
            if wanted.get("amount_cents", fee["amount_cents"]) == fee["amount_cents"]
            and wanted.get("type", fee["fee_type"]) == ("charge_true_up" if fee["true_up_parent_fee_id"] and "type" in wanted else fee["fee_type"])
            and all(self.code(wanted[name]) == fee["item_code"] for name in ("plan", "charge", "add_on") if name in wanted)
        ]
        (fee,) = found
        return fee

    def _estimate_credit_note(self, action: Case) -> None:
        self.estimated.append((action["expect"], dict(self._noted(action)[2].sums)))

    def _create_credit_note(self, action: Case) -> None:
        try:
            invoice, items, estimate = self._noted(action)
            notes_to_give.refuse(estimate.problems)
            with self.world.unit() as uow:
                parts = {name: action.get(name, 0) for name in credit_notes.PARTS}
                credit_notes.create(
                    uow, invoice_id=invoice["invoice_id"], customer_id=invoice["customer_id"], items=items, reason=action["reason"], **parts
                )  # fmt: skip
        except ValidationError as error:
            self.refused.append((action, str(error.details)))

    def _void_invoice(self, action: Case) -> None:
        settlement, drafts = self.world.settle(as_of=dict.fromkeys(self.owners(), self.now()))
        (invoice,) = [row for row in invoices_of(self, settlement, drafts) if row["ref"] == action["invoice"]]
        parts = {name: action.get(f"{name}_cents") for name in ("credit_amount", "refund_amount")}
        terms = {"generate_credit_note": action.get("generate_credit_note"), **parts}
        try:
            asked = invoice_voids.read(**terms)
            if sum(asked.values()):
                notes_to_give.refuse(self.world.estimate_void(settlement.tables, invoice, self.now(), **asked).problems)
            with self.world.unit() as uow:
                invoice_voids.void(uow, invoice_id=invoice["invoice_id"], customer_id=invoice["customer_id"], **terms)
        except ValidationError as error:
            self.refused.append((action, str(error.details)))

    def now(self) -> datetime:
        """What the case's clock shows."""
        with self.world.engine.connect() as connection:
            return test_clocks.get(connection, self.clock_id).reading

    def _check(self, action: Case) -> None:
        self.moments.append(self.now())

    def checks(self) -> list[datetime]:
        """The moments of the case's checks, and its end."""
        return [*self.moments, self.now()]

    def balances_now(self) -> list[Case]:
        """The wallets of the case at this moment, after what is due by now."""
        as_of = dict.fromkeys(self.owners(), self.now())
        settlement, _ = self.world.settle(as_of=as_of)
        return self.world.compute(["fct_wallet_balances"], settlement.tables, as_of)["fct_wallet_balances"]

    def owners(self) -> set[str]:
        """Ids of the case's customers."""
        with self.world.engine.connect() as connection:
            return {
                customers.get(connection, self.code(customer["id"])).id for customer in self.case["setup"]["customers"]
            }

    def _create_one_off_invoice(self, action: Case) -> None:
        fees = []
        for fee in action["fees"]:
            row = {"add_on_code": self.code(fee["add_on"])} | {
                name: fee[name] for name in ("units", "unit_amount_cents") if name in fee
            }
            fees.append(row | ({"tax_codes": self.codes(fee["tax_codes"])} if "tax_codes" in fee else {}))
        with self.world.unit() as uow:
            one_off_invoices.create(
                uow, external_customer_id=self.code(action["customer"]), fees=fees, currency=action.get("currency")
            )

    def _create_overdue_invoice(self, action: Case) -> None:
        """Issued now; it is overdue from the next day on, if the customer has no days to pay."""
        fees = [{"add_on_code": self.code(OVERDUE_ADD_ON), "unit_amount_cents": action["total_amount_cents"]}]
        with self.world.unit() as uow:
            one_off_invoices.create(
                uow, external_customer_id=self.code(action["customer"]), fees=fees, currency=action["currency"]
            )

    def requests(self, settlement: Any) -> list[Case]:
        """What campaigns asked the case's customers for, oldest first."""
        owners = self.owners()
        rows = [row for row in settlement.tables["payment_requests"].to_pylist() if row["customer_id"] in owners]
        return sorted(rows, key=lambda row: (row["requested_at"], row["amount_cents"]))

    def _update_billing_entity(self, action: Case) -> None:
        with self.world.unit() as uow:
            billing_entities.update(
                uow, self.code(action["billing_entity"]), test_clock_id=self.clock_id, **self._entity_fields(action)
            )

    def _update_customer(self, action: Case) -> None:
        with self.world.unit() as uow:
            customers.upsert(uow, self.code(action["customer"]), **self._customer_fields(action))

    def _finalize_invoice(self, action: Case) -> None:
        owner = self._draft(action)
        with self.world.unit() as uow:
            invoice_commands.finalize(uow, **owner)

    def _hold_invoice(self, action: Case) -> None:
        owner = self._draft(action)
        with self.world.unit() as uow:
            invoice_commands.hold(uow, **owner, reason="a case of our own", given_by="finance")

    def _release_invoice(self, action: Case) -> None:
        owner = self._draft(action)
        with self.world.unit() as uow:
            invoice_commands.release(uow, **owner)

    def _adjust_fee(self, action: Case) -> None:
        wanted = action["fee"]
        (fee,) = [
            fee
            for fee in self._invoice(action)["fees"]
            if fee["fee_type"] == wanted["type"] and wanted.get("charge") in (None, (fee["item_code"] or "").removeprefix(self.code("")))
        ]
        said = {name: action[name] for name in ("units", "unit_precise_amount", "invoice_display_name") if name in action}
        with self.world.unit() as uow:
            adjusted_fees.adjust(uow, fee, reason="a case", adjusted_by="finance", **said)

    def _draft(self, action: Case) -> dict[str, str]:
        invoice = self._invoice(action)
        return {"invoice_id": invoice["invoice_id"], "customer_id": invoice["customer_id"]}

    def _invoice(self, action: Case) -> Case:
        settlement, drafts = self.world.settle()
        (invoice,) = [row for row in invoices_of(self, settlement, drafts) if row["ref"] == action["invoice"]]
        return invoice


def invoices_of(timeline: Timeline, settlement: Any, drafts: Any, until: datetime | None = None) -> list[Case]:
    """The case's invoices in creation order, drafts included, each with its fees, as the schema of the cases names things."""
    owners = timeline.owners()
    issued = {
        row["invoice_id"]: row for row in settlement.tables["invoices"].to_pylist() if row["customer_id"] in owners
    }
    void = {row["invoice_id"] for row in settlement.tables["invoice_voids"].to_pylist()}
    order = {row["invoice_id"]: row for row in drafts["draft_invoices"] if row["customer_id"] in owners}
    rows = []
    for invoice_id, draft in sorted(
        order.items(), key=lambda item: (item[1]["ready_at"], item[1]["creation_sequence"])
    ):
        row = issued.get(invoice_id) or draft | {"status": "draft" if draft["is_due"] or draft["invoice_type"] != "credit" else "open"}
        row["status"] = "voided" if invoice_id in void else row["status"]
        row["fees"] = [fee for fee in settlement.tables["fees"].to_pylist() if fee["invoice_id"] == invoice_id]
        row["fees"] = row["fees"] or [fee for fee in drafts["draft_fees"] if fee["invoice_id"] == invoice_id]
        uses = [use for use in settlement.tables["wallet_uses"].to_pylist() if use["invoice_id"] == invoice_id]
        for kind in ("granted", "purchased"):
            paid = [use["amount_cents"] for use in uses if use["credit_class"] == kind]
            row[f"prepaid_{kind}_credit_amount_cents"] = sum(paid)
        row["credits"] = [
            use for use in settlement.tables["coupon_uses"].to_pylist() if use["invoice_id"] == invoice_id
        ]
        row["noted"] = [use for use in settlement.tables["credit_note_uses"].to_pylist() if use["invoice_id"] == invoice_id]
        row["subscriptions"] = [
            link for link in settlement.tables["invoice_subscriptions"].to_pylist() if link["invoice_id"] == invoice_id
        ]
        row["ref"] = f"inv{len(rows) + 1}"
        if until is None or row["ready_at"] <= until:
            rows.append(row)
    return rows


def credit_notes_of(timeline: Timeline, settlement: Any, invoices: list[Case]) -> list[Case]:
    """The case's credit notes in the order of their moments, each with its items and what is left of its credit."""
    refs = {invoice["invoice_id"]: invoice["ref"] for invoice in invoices}
    tables = {
        name: settlement.tables[name].to_pylist()
        for name in ("credit_notes", "credit_note_items", "credit_note_uses", "credit_note_voids")
    }
    notes = [row for row in tables["credit_notes"] if row["invoice_id"] in refs and row["status"] == "finalized"]
    rows = []
    for note in sorted(notes, key=lambda row: (row["issued_at"], row["invoice_id"], row["sequential_id"])):
        own = {
            name: [row for row in tables[name] if row["credit_note_id"] == note["credit_note_id"]] for name in tables
        }
        used = sum(use["amount_cents"] for use in own["credit_note_uses"])
        voids = own["credit_note_voids"]
        left = note["credit_amount_cents"] - used - sum(void["amount_cents"] for void in voids)
        items = sum(item["precise_amount_cents"] for item in own["credit_note_items"])
        rows.append(
            note | {"ref": f"cn{len(rows) + 1}", "invoice": refs[note["invoice_id"]], "balance_amount_cents": left, "credit_status": credit_status(note | {"is_voided": voids != [], "balance_amount_cents": left}), "items_precise_amount_cents": items}
        )  # fmt: skip
    return rows

"""Drawn worlds: what happens to one customer in a year, as a list of dated actions, biased towards the instants that hurt.

Ties, local midnights, month ends, ticks and the bounds of tiers are drawn far more often than chance would have them.
A world is drawn from its seed alone; `tests.property.playing` turns the actions into catalog commands and events.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

Terms = dict[str, Any]

BEGINS_AT = datetime(2024, 1, 9, 15, 30)
ENDS_AT = datetime(2025, 2, 14, 11)
MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
UTC = ZoneInfo("UTC")
ZONES = (
    "UTC", "Europe/Paris", "America/New_York", "America/St_Johns", "America/Sao_Paulo", "America/Santiago", "Asia/Tokyo", "Asia/Kolkata",
    "Asia/Kathmandu", "Asia/Beirut", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Auckland", "Pacific/Apia", "Pacific/Kiritimati",
    "Pacific/Pago_Pago", "America/Anchorage", "Atlantic/Azores", "Pacific/Chatham", "America/Havana",
)  # fmt: skip
CURRENCIES = ("EUR", "USD", "JPY", "KWD")
INTERVALS = ("weekly", "monthly", "monthly", "monthly", "quarterly", "semiannual", "yearly")
AGGREGATIONS = ("count_agg", "sum_agg", "sum_agg", "max_agg", "unique_count_agg", "latest_agg")
IN_ADVANCE = ("count_agg", "sum_agg", "unique_count_agg")
REGIONS = ("eu", "us", "asia")
LATE_USAGE_POLICIES = ("next_invoice", "next_invoice", "credit_note", "ignore")
VALUES = ("0", "1", "1", "2", "5", "9", "10", "10.5", "11", "20", "100", "100.5", "0.333333333333", "-3", "1e3", None)
PRICES = ("0", "0.01", "0.005", "0.0000025", "1", "1.5", "12.345678901234")


@dataclass(frozen=True)
class Action:
    """One thing that happens at `at` (naive UTC, on the customer's clock)."""

    at: datetime
    do: str
    terms: Terms


@dataclass
class Script:
    """One world: what exists from its beginning, and its actions in order. Codes are unique to the world."""

    name: str
    zone: str
    currency: str
    entity: Terms
    customer: Terms
    schedule: Terms
    ticks: list[datetime] = field(default_factory=list)
    taxes: list[Terms] = field(default_factory=list)
    metrics: list[Terms] = field(default_factory=list)
    plans: list[Terms] = field(default_factory=list)
    coupons: list[Terms] = field(default_factory=list)
    add_ons: list[Terms] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)


def draw(seed: int) -> Script:
    """The world of this seed."""
    return _Drawing(seed).script


def near_bounds(random: Random, zone: str, after: datetime, before: datetime) -> datetime:
    """An instant in [after, before], likely at, or a hair beside, a local midnight, a month's end or a full hour."""
    drawn = after + (before - after) * random.random()
    kind = random.randrange(6)
    if kind < 3:
        local = drawn.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, day=1 if kind == 0 else local.day)
        drawn = midnight.astimezone(UTC).replace(tzinfo=None)
    elif kind == 3:
        drawn = drawn.replace(minute=0, second=0, microsecond=0)
    if kind < 4:
        drawn += random.choice((timedelta(), timedelta(), MICROSECOND, -MICROSECOND, HOUR))
    return min(max(drawn, after), before)


class _Drawing:
    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.name = f"w{seed}"
        pick = self.random.choice
        self.script = Script(
            name=self.name,
            zone=pick(ZONES),
            currency=pick(CURRENCIES),
            entity={
                "timezone": pick(("UTC", "Asia/Tokyo")),
                "document_numbering": pick(("per_customer", "per_billing_entity")),
                "invoice_grace_period": pick((0, 0, 2)),
                "net_payment_term": pick((0, 30)),
                "finalize_zero_amount_invoice": pick((True, True, False)),
                "issuing_date_anchor": pick(("next_period_start", "current_period_end")),
            },
            customer={"invoice_grace_period": pick((None, 0, 0, 1, 3, 5)), "finalize_zero_amount_invoice": pick(("inherit", "inherit", "skip"))},
            schedule=pick(({"every_seconds": 3600}, {"every_seconds": 3600}, {"every_seconds": 6 * 3600, "first_at": datetime(2024, 1, 1, 1, 17)}, {"every_seconds": None})),
        )
        if self.script.schedule["every_seconds"] is None:
            gaps = [self.random.randrange(1, 40) * 6 * HOUR for _ in range(90)]
            self.script.ticks = [BEGINS_AT + sum(gaps[: n + 1], timedelta()) for n in range(90)]
        self._things()
        self._happenings()
        self.script.actions.sort(key=lambda action: action.at)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def moment(self, after: datetime = BEGINS_AT, before: datetime = ENDS_AT) -> datetime:
        """An instant in the world's life, likely that of another action or a bound in time."""
        known = [action.at for action in self.script.actions if after <= action.at <= before]
        if known and self.chance(0.2):
            return self.random.choice(known)
        return near_bounds(self.random, self.script.zone, after, before)

    def happens(self, at: datetime, do: str, **terms: Any) -> None:
        self.script.actions.append(Action(at, do, terms))

    def code(self, what: str, number: int) -> str:
        return f"{self.name}-{what}{number}"

    def cents(self) -> int:
        return self.random.choice((0, 1, 999, 1000, 10000, self.random.randrange(100000)))

    def _things(self) -> None:
        script, pick = self.script, self.random.choice
        for number in range(self.random.randrange(3)):
            script.taxes.append({"code": self.code("tax", number), "rate": pick(("20", "5.5", "0.125", "100"))})
        for number in range(self.random.randrange(1, 4)):
            rounding = {"rounding_function": pick(("round", "ceil", "floor")), "rounding_precision": pick((-1, 0, 2))} if self.chance(0.25) else {}
            filters = [{"key": "region", "values": list(REGIONS)}, {"key": "model", "values": ["small", "large"]}]
            script.metrics.append({"code": self.code("metric", number), "aggregation_type": pick(AGGREGATIONS), "filters": filters} | rounding)
        for number in range(self.random.randrange(1, 3)):
            script.plans.append(
                {
                    "code": self.code("plan", number),
                    "interval": pick(INTERVALS),
                    "amount_cents": self.cents(),
                    "pay_in_advance": self.chance(0.4),
                    "trial_period": pick((None, None, None, "0.5", "10", "31", "45")),
                    "bill_charges_monthly": self.chance(0.7),
                    "minimum_commitment_input": pick((None, None, {"amount_cents": 1500, "tax_codes": self._some_taxes(0.5)}, {"amount_cents": 100003})),
                    "tax_codes": self._some_taxes(0.3),
                    "charges": [self.charge(number * 10 + place) for place in range(self.random.randrange(4))],
                }
            )
        script.entity["tax_codes"] = self._some_taxes(0.5)
        script.customer["tax_codes"] = self._some_taxes(0.3)
        for number in range(self.random.randrange(4)):
            script.coupons.append(self.coupon(number))
        script.add_ons.append({"code": self.code("add-on", 0), "amount_cents": self.random.randrange(1, 5000), "tax_codes": self._some_taxes(0.2)})

    def _some_taxes(self, probability: float) -> list[str]:
        return [tax["code"] for tax in self.script.taxes if self.chance(probability)]

    def charge(self, number: int) -> Terms:
        """A charge in the wire form, with the metric's code in place of its id."""
        model = self.random.choice(("standard", "graduated", "package", "volume"))
        metric = self.random.choice(self.script.metrics)
        filters = []
        if self.chance(0.4):
            for region in self.random.sample(REGIONS, self.random.randrange(1, 3)):
                values = {"region": [region]} | ({"model": ["small"]} if self.chance(0.3) else {})
                filters.append({"values": values, "properties": self.properties(model)})
        terms = {
            "code": self.code("charge", number), "metric": metric["code"], "charge_model": model, "properties": self.properties(model),
            "filters": filters, "tax_codes": self._some_taxes(0.2),
        } | self._timing(model, metric)  # fmt: skip
        return terms | self._late_usage(terms, "begins")

    def _late_usage(self, charge: Terms, when: object) -> Terms:
        """How a charge in arrears settles late usage. Drawn apart, so that all else of a world stays as it is."""
        if charge.get("pay_in_advance"):
            return {}
        return {"late_usage_policy": Random(f"{charge['code']} {when}").choice(LATE_USAGE_POLICIES)}

    def _timing(self, model: str, metric: Terms) -> Terms:
        """Some charges are paid in advance, and some of those are not invoiced."""
        if model == "volume" or metric["aggregation_type"] not in IN_ADVANCE or self.chance(0.5):
            return {}
        return {"pay_in_advance": True, "invoiceable": self.chance(0.5)}

    def properties(self, model: str) -> Terms:
        """Prices of a charge model; tiers end where the drawn usage likes to land."""
        pick = self.random.choice
        grouped = {"pricing_group_keys": pick((["model"], ["region", "model"]))} if self.chance(0.2) else {}
        if model == "standard":
            return grouped | {"amount": pick(PRICES)}
        if model == "package":
            return grouped | {"amount": pick(PRICES), "package_size": pick((1, 3, 10)), "free_units": pick((0, 1, 10))}
        step = 1 if model == "volume" or self.chance(0.6) else 0
        bounds = self.random.sample((1, 2, 5, 10, 11, 20, 100), self.random.randrange(3))
        tiers: list[Terms] = []
        from_value = 0
        for bound in [*sorted(bounds), None]:
            tiers.append({"from_value": from_value, "to_value": bound, "per_unit_amount": pick(PRICES), "flat_amount": pick(("0", "0", "1", "0.125"))})
            from_value = (bound or 0) + step
        if any(tier["to_value"] is not None and tier["to_value"] < tier["from_value"] for tier in tiers):
            tiers = [tiers[0] | {"to_value": None}]
        return grouped | {f"{model}_ranges": tiers}

    def coupon(self, number: int) -> Terms:
        pick = self.random.choice
        terms: Terms = {"code": self.code("coupon", number), "frequency": pick(("once", "recurring", "forever"))}
        if terms["frequency"] == "recurring":
            terms["frequency_duration"] = self.random.randrange(1, 4)
        if self.chance(0.5):
            terms |= {"coupon_type": "percentage", "percentage_rate": pick(("10", "33.33", "100"))}
        else:
            terms |= {"coupon_type": "fixed_amount", "amount_cents": self.random.randrange(1, 20000), "amount_currency": self.script.currency}
        limit = self.random.randrange(4)
        if limit == 0:
            terms["plan_codes"] = [pick(self.script.plans)["code"]]
        if limit == 1:
            terms["billable_metric_codes"] = [pick(self.script.metrics)["code"]]
        return terms

    def _happenings(self) -> None:
        for number in range(self.random.randrange(1, 4)):
            self._subscription(self.code("sub", number))
        for _ in range(self.random.randrange(8, 32)):
            self._event()
        for coupon in self.script.coupons:
            for _ in range(1 if self.chance(0.8) else 2):
                self.happens(self.moment(before=datetime(2024, 8, 1)), "apply_coupon", coupon=coupon["code"])
        for number in range(self.random.choice((0, 0, 1, 1, 2))):
            self._wallet(self.code("wallet", number))
        for _ in range(self.random.choice((0, 0, 1, 2))):
            fee = {"units": self.random.choice(("1", "2.5", "3")), "unit_amount_cents": self.random.randrange(1, 3000)}
            self.happens(self.moment(), "one_off", fees=[{"add_on_code": self.script.add_ons[0]["code"]} | fee])
        for _ in range(self.random.randrange(4)):
            self._change()
        for action in [action for action in self.script.actions if action.do == "create_wallet"]:
            self._voids(action.terms["code"], action.at)
        self._ended_in_advance()
        self._downgraded(Random(f"{self.name}-downgraded"))
        self._overridden(Random(f"{self.name}-overridden"))

    def _subscription(self, external_id: str) -> None:
        created_at = BEGINS_AT if self.chance(0.3) else self.moment(before=datetime(2024, 9, 1))
        terms: Terms = {"external_id": external_id, "plan": self.random.choice(self.script.plans)["code"], "billing_time": self.random.choice(("calendar", "anniversary"))}
        anchor = created_at
        if self.chance(0.35):
            anchor = near_bounds(self.random, self.script.zone, created_at - 120 * DAY, created_at)
        elif self.chance(0.2):
            anchor = near_bounds(self.random, self.script.zone, created_at, created_at + 60 * DAY)
        if self.chance(0.2):
            anchor = anchor.replace(day=31, month=1)
        terms["subscription_at"] = anchor
        if self.chance(0.25):
            terms["ending_at"] = self.moment(max(anchor, created_at) + HOUR)
        self.happens(created_at, "subscribe", **terms)
        if self.chance(0.3):
            ended_at = self.moment(created_at)
            self.happens(ended_at, "terminate", external_id=external_id, on_termination_invoice=self.random.choice(("generate", "generate", "skip")))
            if self.chance(0.4):
                again = {"plan": self.random.choice(self.script.plans)["code"], "subscription_at": None, "ending_at": None}
                self.happens(self.moment(ended_at), "subscribe", **(terms | again))

    def _ended_in_advance(self) -> None:
        """Two more subscriptions, paid in advance and most of them ended, from a chance of their own: the rest of the world stays as it was."""
        drawn = Random(f"{self.name}-ended")
        self.random = drawn
        code, interval = self.code("plan", 7), drawn.choice(("weekly", "monthly", "monthly", "quarterly"))
        taxes = [tax["code"] for tax in self.script.taxes]
        self.script.plans.append(
            {"code": code, "interval": interval, "amount_cents": drawn.choice((1, 999, 3100, 100000)), "pay_in_advance": True, "trial_period": drawn.choice((None, None, "5")), "tax_codes": taxes, "charges": []}
        )
        for number in (8, 9):
            terms = {"external_id": self.code("sub", number), "plan": code, "billing_time": drawn.choice(("calendar", "anniversary")), "subscription_at": None}
            created_at = self.moment(before=datetime(2024, 9, 1))
            ended_at = self.moment(created_at)
            if number == 8 and drawn.random() < 0.2:
                self.happens(created_at, "subscribe", **terms, ending_at=ended_at)
                continue
            self.happens(created_at, "subscribe", **terms)
            choices = {"on_termination_invoice": drawn.choice(("generate", "skip")), "on_termination_credit_note": drawn.choice(("credit", "credit", "credit", "refund", "offset", "skip"))}
            self.happens(ended_at, "terminate", external_id=terms["external_id"], **choices)
            if number == 9:
                self.happens(self.moment(ended_at), "subscribe", **terms)
        self._upgraded(drawn, code)

    def _upgraded(self, drawn: Random, code: str) -> None:
        """A subscription that goes to a dearer plan, twice in some worlds, and on the same day or at a period's bound in some."""
        plans = [self.code("plan", number) for number in (8, 9)]
        for dearer, amount in zip(plans, (200000, 500000), strict=True):
            charges = [self.charge(int(dearer[-1]) * 10)] if drawn.random() < 0.5 else []
            terms = {"interval": drawn.choice(("monthly", "monthly", "yearly")), "pay_in_advance": drawn.random() < 0.6, "trial_period": drawn.choice((None, None, "40"))}
            amount_cents = amount * (12 if terms["interval"] == "yearly" else 1) * (1 if drawn.random() < 0.9 else 0)
            self.script.plans.append({"code": dearer, "amount_cents": amount_cents, "tax_codes": self._some_taxes(0.5), "charges": charges} | terms)
        terms = {"external_id": self.code("sub", 10), "billing_time": drawn.choice(("calendar", "anniversary")), "subscription_at": None}
        at = self.moment(before=datetime(2024, 9, 1))
        self.happens(at, "subscribe", plan=code, **terms)
        for dearer in plans[: drawn.randrange(1, 3)]:
            at = at + HOUR if drawn.random() < 0.2 else self.moment(at)
            self.happens(at, "subscribe", plan=dearer, **terms)
        if drawn.random() < 0.3:
            self.happens(self.moment(at), "terminate", external_id=terms["external_id"])

    def _downgraded(self, drawn: Random) -> None:
        """A subscription that waits for a cheaper plan, with usage before and after, and in some worlds another wish meanwhile or later."""
        self.random = drawn
        plans = [self.code("plan", number) for number in (20, 21, 22)]
        for place, code in enumerate(plans):
            interval = drawn.choice(("weekly", "monthly", "monthly", "quarterly", "yearly"))
            yearly = (1200000, 120000, 5200)[place]
            amount_cents = yearly // {"weekly": 52, "monthly": 12, "quarterly": 4, "yearly": 1}[interval]
            terms = {"interval": interval, "pay_in_advance": drawn.random() < 0.5, "trial_period": drawn.choice((None, None, "20")), "bill_charges_monthly": drawn.random() < 0.5}
            commitment = {"minimum_commitment_input": drawn.choice((None, None, {"amount_cents": 2 * amount_cents}))}
            charges = [self.charge(200 + 10 * place)] if drawn.random() < 0.7 else []
            self.script.plans.append({"code": code, "amount_cents": amount_cents, "tax_codes": self._some_taxes(0.5), "charges": charges} | terms | commitment)
        terms = {"external_id": self.code("sub", 11), "billing_time": drawn.choice(("calendar", "anniversary")), "subscription_at": None}
        at = self.moment(before=datetime(2024, 9, 1))
        self.happens(at, "subscribe", plan=plans[0], **terms)
        asked_at = self.moment(at, at + 60 * DAY)
        self.happens(asked_at, "subscribe", plan=plans[1], **terms)
        later = self.moment(asked_at) if drawn.random() < 0.5 else self.moment(asked_at, asked_at + 20 * DAY)
        wish = drawn.choice(("none", "none", "none", "cheaper", "dearer", "undo", "terminate", "zone"))
        if wish in ("cheaper", "dearer"):
            self.happens(later, "subscribe", plan=plans[2 if wish == "cheaper" else 0], **terms)
        elif wish == "zone":
            self.happens(later, "update_customer", timezone=drawn.choice(ZONES))
        elif wish != "none":
            self.happens(later, "terminate" if wish == "terminate" else "undo", external_id=terms["external_id"])
        for _ in range(6):
            self._event_of(terms["external_id"])

    def _overridden(self, drawn: Random) -> None:
        """Terms of their own for some subscriptions, from their beginning or later, once or twice; some changes of plans cascade."""
        self.random = drawn
        plans = {plan["code"]: plan for plan in self.script.plans}
        for action in [action for action in self.script.actions if action.do == "subscribe"]:
            plan = plans[action.terms["plan"]]
            if drawn.random() < 0.15:
                action.terms["plan_overrides_input"] = self._overrides(plan)
            for _ in range(drawn.choice((0, 0, 0, 1, 2))):
                self.happens(self.moment(action.at), "override", external_id=action.terms["external_id"], overrides=self._overrides(plan))
        for action in [action for action in self.script.actions if action.do == "update_plan"]:
            action.terms["cascade_updates"] = drawn.random() < 0.5

    def _overrides(self, plan: Terms) -> Terms:
        """Something of what a subscription may have otherwise than its plan."""
        overrides: Terms = {"name": "a deal"}
        if self.chance(0.5):
            overrides["amount_cents"] = self.cents()
        if self.chance(0.3):
            overrides["minimum_commitment"] = self.random.choice(({}, {"amount_cents": 2500}, {"amount_cents": 70007}))
        if self.chance(0.2):
            overrides["tax_codes"] = self._some_taxes(0.5)
        entries = []
        for charge in plan["charges"]:
            if self.chance(0.5):
                entry = {"code": charge["code"], "properties": self.properties(charge["charge_model"])}
                filters = [row | {"properties": self.properties(charge["charge_model"])} for row in charge["filters"] if self.chance(0.8)]
                entries.append(entry | ({"filters": filters} if self.chance(0.5) else {}))
        return overrides | ({"charges": entries} if entries else {})

    def _event(self) -> None:
        subscribed = self.random.choice([action for action in self.script.actions if action.do == "subscribe"])
        self._event_of(subscribed.terms["external_id"])

    def _event_of(self, external_id: str) -> None:
        received_at = self.moment()
        timestamp = received_at
        if self.chance(0.5):
            timestamp = near_bounds(self.random, self.script.zone, received_at - self.random.choice((2, 35, 100)) * DAY, received_at + HOUR)
        pick = self.random.choice
        drawn = {"value": pick(VALUES), "region": pick((*REGIONS, "mars", None)), "model": pick(("small", "large", "", None)), "operation_type": pick((None, "add", "remove"))}
        properties = {name: value for name, value in drawn.items() if value is not None}
        self.happens(
            received_at, "event", external_id=external_id, code=pick(self.script.metrics)["code"], timestamp=timestamp, properties=properties
        )  # fmt: skip

    def _wallet(self, code: str) -> None:
        created_at = self.moment(before=datetime(2024, 10, 1))
        expires = {"expiration_at": self.moment(created_at + DAY)} if self.chance(0.25) else {}
        granted = self.random.choice((None, "1", "10.55555", "300"))
        rate = self.random.choice(("1", "0.5", "2.34567"))
        self.happens(created_at, "create_wallet", code=code, priority=self.random.choice((1, 50, 50)), rate_amount=rate, granted_credits=granted, applies_to=self._limits(), **expires)
        if self.chance(0.3):
            self.happens(self.moment(created_at), "update_wallet", code=code, priority=self.random.choice((1, 2, 50)), applies_to=self._limits())
        for number in range(self.random.randrange(4)):
            at = self.moment(created_at)
            if self.chance(0.4):
                self.happens(at, "top_up", wallet=code, granted_credits=self.random.choice(("3", "25.5")))
                continue
            self.happens(at, "top_up", wallet=code, paid_credits=self.random.choice(("5", "40.125")), reference=f"{code}-{number}")
            if self.chance(0.8):
                self.happens(self.moment(at), "settle", reference=f"{code}-{number}")

    def _voids(self, code: str, created_at: datetime) -> None:
        """Drawn apart, so that all else of a world stays as it is."""
        random = Random(f"{code} {created_at}")
        for _ in range(random.choice((0, 1, 1, 3))):
            at = near_bounds(random, self.script.zone, created_at, ENDS_AT)
            self.happens(at, "void", wallet=code, credits=random.choice(("0.005", "1.333333", "12", "500")))

    def _limits(self) -> Terms:
        """What a wallet may pay: everything, or some types of lines, some metrics, or both."""
        if self.chance(0.4):
            return {"fee_types": [], "billable_metric_codes": []}
        metrics = [metric["code"] for metric in self.script.metrics if self.chance(0.5)]
        return {"fee_types": self.random.choice(([], ["charge"], ["subscription"], ["commitment", "subscription"])), "billable_metric_codes": metrics}

    def _change(self) -> None:
        at, pick = self.moment(), self.random.choice
        kind = self.random.randrange(6)
        plan = pick(self.script.plans)
        if kind == 0:
            self.happens(at, "update_plan", code=plan["code"], amount_cents=self.cents(), trial_period=pick((None, "7", "60")))
        elif kind == 1 and plan["charges"]:
            charge = pick(plan["charges"])
            filters = [row | {"properties": self.properties(charge["charge_model"])} for row in charge["filters"]]
            edited = charge | {"properties": self.properties(charge["charge_model"]), "filters": filters} | self._late_usage(charge, at)
            charges = [edited if row is charge else row for row in plan["charges"]]
            self.happens(at, "update_plan", code=plan["code"], charges=charges)
        elif kind == 2 and self.script.taxes:
            self.happens(at, "update_tax", code=pick(self.script.taxes)["code"], rate=pick(("0", "7.7", "19")))
        elif kind == 3:
            self.happens(at, "update_customer", invoice_grace_period=pick((None, 0, 2, 4)))
        elif kind == 4:
            self.happens(at, "update_customer", name=f"{self.name} renamed {self.random.randrange(100)}")
        else:
            self.happens(at, "update_customer", timezone=pick(ZONES))

"""A bill before it is due: the commands that lead to it are tried in the catalog and leave no trace, and what follows is settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from api.deps import Services
from api.schemas.customers import customer_objects
from api.schemas.invoices import Owner, preview_object
from api.schemas.subscriptions import subscription_objects
from core.catalog import applied_coupons, billing_entities, coupons, customers, plans, subscriptions, test_clocks
from core.catalog.customers import Customer
from core.catalog.subscription_versions import Subscription
from core.catalog.unit_of_work import UnitOfWork, trial
from core.errors import NotFound, ValidationError
from core.ids import new_id

LONGEST = {"weekly": 7, "monthly": 31, "quarterly": 92, "semiannual": 184, "yearly": 366}
"""Days in the longest period of an interval: after so many its bill is due for certain."""
A_TICK = timedelta(days=2)
"""Longer than a schedule waits for its next tick, with room for the edges of days."""


@dataclass(frozen=True)
class Tried:
    """What the commands of a trial led to."""

    owner: Owner
    subscriptions: list[Subscription]
    answered: list[dict[str, Any]]
    since: datetime
    facts: Any


def preview(services: Services, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The next invoice of what `asked` describes (lago_api §7.8): new on a plan, or of subscriptions that go on, change or end.

    Raises NotFound, ValidationError, Conflict, as the commands do, and NotFound `invoice` where nothing would be billed.
    """
    ends_at = (asked.get("subscriptions") or {}).get("terminated_at")
    tried = _try(services, asked, ends_at)
    ids = [row.id for row in tried.subscriptions]
    settled = services.billing.preview(tried.facts, ids, tried.since, is_final=ends_at is not None)
    with settled as (cursor, row), services.look() as connection:
        return preview_object(connection, cursor, row, tried.owner, tried.answered)


def _try(services: Services, asked: Mapping[str, Any], ends_at: datetime | None) -> Tried:
    """Gives the commands, and takes everything that they would change. The catalog is locked no longer than that."""
    with trial(services.engine, services.clock) as uow:
        customer = _customer(uow, asked)
        since = uow.stamp_for(customer.id).instant
        for coupon in asked.get("coupons") or ():  # before what begins now is billed
            _apply(uow, customer, coupon)
        running = _subscriptions(services, uow, customer, asked, ends_at)
        entity = billing_entities.by_id(uow.connection, customer.billing_entity_id)
        terms = plans.by_ids(uow.connection, [row.plan_id for row in running])
        grace = customer.invoice_grace_period if customer.invoice_grace_period is not None else entity.invoice_grace_period
        longest = max(LONGEST[plan.interval] for plan in terms.values())
        begins = max([since, *(row.started_at for row in running), *([ends_at] if ends_at else [])])
        until = begins + timedelta(days=longest + grace) + A_TICK
        if customer.test_clock_id is not None:
            test_clocks.advance(uow, customer.test_clock_id, until)
        return Tried(
            owner=Owner(customer, entity, customer_objects(uow.connection, [customer])[0]),
            subscriptions=running,
            answered=subscription_objects(services, uow.connection, running),
            since=since,
            facts=services.billing.facts_of_trial(uow.connection, customer.id, until),
        )


def _customer(uow: UnitOfWork, asked: Mapping[str, Any]) -> Customer:
    said = dict(asked.get("customer") or {})
    if said.get("external_id"):
        return customers.get(uow.connection, said["external_id"])
    if not said:
        raise ValidationError({"customer": ["value_is_mandatory"]}, "Name a customer by external_id, or describe one.")
    said.pop("external_id", None)
    seller = {"billing_entity_code": said.pop("billing_entity_code", None) or asked.get("billing_entity_code")}
    return customers.upsert(uow, new_id(), **said, **seller)


def _subscriptions(
    services: Services, uow: UnitOfWork, customer: Customer, asked: Mapping[str, Any], ends_at: datetime | None
) -> list[Subscription]:
    """All that the bill may be of: of a change of plans the one that ends and the one that begins."""
    described = asked.get("subscriptions")
    if described is None:
        begun = subscriptions.create(
            uow,
            external_id=new_id(),
            external_customer_id=customer.external_id,
            plan_code=asked.get("plan_code") or "",
            billing_time=asked.get("billing_time") or "calendar",
            subscription_at=asked.get("subscription_at"),
        )
        return [begun]
    external_ids: Sequence[str] = described.get("external_ids") or ()
    if not external_ids:
        raise ValidationError({"subscriptions": ["value_is_mandatory"]}, "List the external_ids of subscriptions of the customer.")
    found = [_running(services, uow, customer, external_id) for external_id in external_ids]
    if described.get("plan_code"):
        if len(found) > 1:
            raise ValidationError({"subscriptions": ["only_one_subscription_allowed_for_plan_change"]})
        found.append(
            subscriptions.create(
                uow,
                external_id=found[0].external_id,
                external_customer_id=customer.external_id,
                plan_code=described["plan_code"],
                billing_time=found[0].billing_time,
                period_end=services.billing.period_end,
            )
        )
    if ends_at is not None:
        found = [subscriptions.update(uow, row.external_id, ending_at=ends_at) for row in found]
    return found


def _running(services: Services, uow: UnitOfWork, customer: Customer, external_id: str) -> Subscription:
    found = subscriptions.get(uow.connection, external_id, services.clock.now())
    if found.customer_id != customer.id:
        raise NotFound("subscription", external_id)
    return found


def _apply(uow: UnitOfWork, customer: Customer, said: Mapping[str, Any]) -> None:
    """A coupon that there is, by its code, or one that is described."""
    code = said.get("code") or ""
    try:
        coupons.get(uow.connection, code)
    except NotFound:
        if not said.get("coupon_type"):
            raise
        lasts = said.get("frequency_duration")
        coupons.create(
            uow,
            **{name: value for name, value in said.items() if name not in ("name", "code")},
            code=code,
            name=said.get("name") or code,
            frequency="recurring" if lasts else "once",
            test_clock_id=customer.test_clock_id,
        )
    applied_coupons.apply(uow, external_customer_id=customer.external_id, coupon_code=code)

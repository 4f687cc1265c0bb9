"""Deletions that reach over several aggregates.

What was used must still be billed, so a deleted customer or plan keeps a current version that carries `deleted_at`.
"""

from __future__ import annotations

from core.catalog import (
    add_ons,
    alerts,
    billable_metrics,
    charges,
    customers,
    fixed_charges,
    plans,
    subscriptions,
    taxes,
    wallets,
)
from core.catalog.add_ons import AddOn
from core.catalog.billable_metrics import BillableMetric
from core.catalog.customers import Customer
from core.catalog.plan_overrides import owner_stamp
from core.catalog.plan_versions import PLANS, Plan
from core.catalog.subscription_versions import SUBSCRIPTIONS
from core.catalog.unit_of_work import UnitOfWork


def delete_customer(uow: UnitOfWork, external_id: str) -> Customer:
    """Delete a customer: its subscriptions and wallets end now, with their final invoices. Raises NotFound."""
    customer = customers.get(uow.connection, external_id)
    _end_subscriptions(uow, customer_id=customer.id)
    for wallet in wallets.page(uow.connection, customer_id=customer.id).items:
        wallets.terminate(uow, wallet.id)
    stamp = uow.stamp_for(customer.id)
    return customers.CUSTOMERS.amend(uow, stamp, customer, deleted_at=stamp.instant)


def delete_plan(uow: UnitOfWork, code: str, *, test_clock_id: str | None = None) -> Plan:
    """Delete a plan with its overrides: their subscriptions end now, with their final invoices (lago_api §7.4). Raises NotFound."""
    plan = plans.get(uow.connection, code)
    overrides = PLANS.all(uow.connection, PLANS.c.parent_id == plan.id, PLANS.c.deleted_at.is_(None))
    for owned in (plan, *overrides):
        _end_subscriptions(uow, plan_id=owned.id)
    for override in overrides:
        own = uow.stamp_for(override.customer_id)
        PLANS.amend(uow, own, override, deleted_at=own.instant)
    stamp = uow.stamp_for(test_clock_id=test_clock_id)
    return PLANS.amend(uow, stamp, plan, deleted_at=stamp.instant)


def delete_metric(uow: UnitOfWork, code: str, *, test_clock_id: str | None = None) -> BillableMetric:
    """Delete a metric with the charges and alerts built on it, so its usage is billed no more (lago_api §7.3). Raises NotFound."""
    metric = billable_metrics.get(uow.connection, code)
    stamp = uow.stamp_for(test_clock_id=test_clock_id)
    for charge in charges.CHARGES.all(uow.connection, charges.CHARGES.c.billable_metric_id == metric.id):
        charges.end_charge(uow, owner_stamp(uow, charge.plan_id, stamp), charge)
    alerts.delete(uow, *alerts.ALERTS.all(uow.connection, alerts.ALERTS.c.billable_metric_id == metric.id))
    billable_metrics.BILLABLE_METRICS.end(uow, stamp, metric)
    return metric


def delete_add_on(uow: UnitOfWork, code: str, *, test_clock_id: str | None = None) -> AddOn:
    """Delete an add-on and the fixed charges that sell it; one-off invoices already commanded keep it. Raises NotFound."""
    add_on = add_ons.get(uow.connection, code)
    stamp = uow.stamp_for(test_clock_id=test_clock_id)
    sold = fixed_charges.FIXED_CHARGES.c.add_on_id == add_on.id
    for fixed_charge in fixed_charges.FIXED_CHARGES.all(uow.connection, sold):
        fixed_charges.end_fixed_charge(uow, owner_stamp(uow, fixed_charge.plan_id, stamp), fixed_charge)
    taxes.set_taxes(uow, stamp, "add_on", add_on.id, [])
    add_ons.ADD_ONS.end(uow, stamp, add_on)
    return add_on


def _end_subscriptions(uow: UnitOfWork, *, customer_id: str | None = None, plan_id: str | None = None) -> None:
    c = SUBSCRIPTIONS.c
    owner = c.customer_id == customer_id if customer_id is not None else c.plan_id == plan_id
    for subscription in SUBSCRIPTIONS.all(uow.connection, owner):
        # An end cancels what waits for it.
        kept = subscriptions.by_ids(uow.connection, [subscription.id])[subscription.id]
        instant = uow.stamp_for(subscription.customer_id).instant
        if kept.waits_at(instant):
            subscriptions.cancel_pending(uow, subscription.external_id)
        elif kept.status_at(instant) in ("pending", "active"):
            subscriptions.terminate(uow, subscription.external_id)

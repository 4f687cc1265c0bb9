"""A fixed charge for one subscription alone: its units, or other terms (rating §7, lago_api §7.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.catalog import fixed_charge_units, fixed_charges, plans, subscriptions
from core.catalog.fixed_charges import FixedCharge
from core.catalog.subscription_versions import Subscription
from core.catalog.unit_of_work import UnitOfWork
from core.domain.problems import Problems


def override_units(
    uow: UnitOfWork, external_id: str, code: str, units: Any, *, immediately: bool = False
) -> tuple[Subscription, FixedCharge]:
    """Give the running subscription units of its own, from now or from its next period; changes of the plan pass it over.

    Raises NotFound `subscription` or `fixed_charge`, ValidationError.
    """
    subscription, stamp = subscriptions.running(uow, external_id)
    (plan,) = plans.by_ids(uow.connection, [subscription.plan_id]).values()
    fixed_charge = fixed_charges.get(uow.connection, subscription.plan_id, code)
    problems = Problems({})
    kept = fixed_charge_units.read_units(units, problems)
    problems.refuse()
    assert kept is not None  # refused otherwise
    # A plan of the subscription's own is nobody else's, so its units are the subscription's.
    owner = (
        {"subscription_id": subscription.id, "customer_id": subscription.customer_id} if plan.parent_id is None else {}
    )
    fixed_charge_units.change(
        uow,
        stamp,
        fixed_charge.id,
        kept,
        immediately=immediately,
        **owner,
    )
    return subscription, fixed_charge


def override_fixed_charge(
    uow: UnitOfWork, external_id: str, code: str, terms: Mapping[str, Any]
) -> tuple[Subscription, FixedCharge]:
    """Give the running subscription terms of its own for one fixed charge of its plan. Raises NotFound, ValidationError."""
    subscription, _ = subscriptions.running(uow, external_id)
    fixed_charge = fixed_charges.get(uow.connection, subscription.plan_id, code)
    overrides = {"fixed_charges": [{**terms, "id": fixed_charge.id}]}
    changed = subscriptions.update(uow, external_id, plan_overrides_input=overrides)
    return changed, fixed_charges.get(uow.connection, changed.plan_id, code)

"""Units of a fixed charge for one subscription alone (rating §7, lago_api §7.7)."""

from __future__ import annotations

from typing import Any

from core.catalog import fixed_charge_units, fixed_charges, subscriptions
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
    fixed_charge = fixed_charges.get(uow.connection, subscription.plan_id, code)
    problems = Problems({})
    kept = fixed_charge_units.read_units(units, problems)
    problems.refuse()
    assert kept is not None  # refused otherwise
    fixed_charge_units.change(
        uow,
        stamp,
        fixed_charge.id,
        kept,
        immediately=immediately,
        subscription_id=subscription.id,
        customer_id=subscription.customer_id,
    )
    return subscription, fixed_charge

"""What the catalog keeps of a subscription (invoicing §1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.catalog.versions import Version, Versions
from core.domain.subscriptions import ACTIVE, status_at


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription(Version):
    """A subscription. `status` is what commands decided; `core.domain.subscriptions.status_at` tells pending and ended.

    `subscription_at` anchors the anniversary; `creation_sequence` orders the subscriptions of a customer.
    """

    external_id: str
    customer_id: str
    plan_id: str
    name: str | None
    billing_time: str
    subscription_at: datetime
    started_at: datetime
    ending_at: datetime | None
    terminated_at: datetime | None
    status: str
    on_termination_invoice: str
    previous_subscription_id: str | None
    creation_sequence: int
    progressive_billing_disabled: bool
    """Whether usage thresholds, the plan's or its own, make no invoices."""
    billing_entity_id: str | None
    """The entity that sells it; None for the customer's."""
    on_termination_credit_note: str
    """Where what was paid in advance and is unused at the end goes: credit, refund, offset, or nowhere (skip)."""
    downgrade_at: datetime | None
    """When a cheaper plan takes over, at the end of a period of this one's plan; None where none waits."""

    @property
    def ends_at(self) -> datetime | None:
        """When it ends unless a command comes first: where a cheaper plan takes over, which is before the planned end, or there."""
        return self.downgrade_at or self.ending_at

    def status_at(self, instant: datetime) -> str:
        """pending, active, terminated or canceled at `instant` (on the customer's clock)."""
        return status_at(self.status, self.started_at, self.ends_at, instant)

    def waits_at(self, instant: datetime) -> bool:
        """Whether it is to take over from another one that still runs at `instant`."""
        return self.status == ACTIVE and self.previous_subscription_id is not None and self.started_at > instant


SUBSCRIPTIONS = Versions("subscriptions", Subscription, index=("external_id", "customer_id", "plan_id"))

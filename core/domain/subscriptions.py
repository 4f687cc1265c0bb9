"""The states of a subscription (invoicing §1, §2.6)."""

from __future__ import annotations

from datetime import datetime

BILLING_TIMES = ("calendar", "anniversary")
ON_TERMINATION_INVOICE = ("generate", "skip")
ON_TERMINATION_CREDIT_NOTE = ("credit", "refund", "offset", "skip")

ACTIVE, TERMINATED, CANCELED = "active", "terminated", "canceled"


def status_at(stored: str, started_at: datetime, ending_at: datetime | None, instant: datetime) -> str:
    """What Lago calls the subscription at `instant`: pending, active, terminated or canceled.

    The catalog stores only what a command decided (`stored`: active, terminated or canceled); a start that lies
    ahead and an end that has passed follow from the instants, so that no job has to come by to flip a flag.
    """
    if stored != ACTIVE:
        return stored
    if instant < started_at:
        return "pending"
    if ending_at is not None and instant >= ending_at:
        return TERMINATED
    return ACTIVE

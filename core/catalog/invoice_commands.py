"""Commands given on an invoice. The invoice itself is a draft in the warehouse or a row in the books."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Version, Versions
from core.domain.problems import Problems
from core.errors import Conflict
from core.ids import deterministic_id, new_id

FINALIZE, HOLD, RELEASE = "finalize", "hold", "release"


@dataclass(frozen=True, kw_only=True, slots=True)
class InvoiceCommand(Version):
    """What was asked of an invoice; `created_at` is the customer's instant. `given_by` is a person, where one is known."""

    invoice_id: str
    customer_id: str
    command: str
    reason: str | None
    given_by: str | None


INVOICE_COMMANDS = Versions("invoice_commands", InvoiceCommand, index=("invoice_id",))


def finalize(uow: UnitOfWork, *, invoice_id: str, customer_id: str, given_by: str | None = None) -> InvoiceCommand:
    """Ask that a draft be issued before its grace period ends, or although it is on hold. Asking twice is asking once.

    The caller has checked that the invoice is a draft of this customer. Raises NotFound `customer`.
    """
    given = finalized(uow.connection, invoice_id)
    return given or _add(uow, deterministic_id(FINALIZE, invoice_id), invoice_id, customer_id, FINALIZE, given_by=given_by)


def hold(uow: UnitOfWork, *, invoice_id: str, customer_id: str, reason: str, given_by: str) -> InvoiceCommand:
    """Ask that a draft not be issued when its grace period ends, until it is released. Of a draft on hold, a later reason adds nothing.

    The caller has checked that the invoice is a draft of this customer. Raises NotFound `customer`, and ValidationError
    when `reason` or `given_by` is blank.
    """
    problems = Problems({"reason": reason.strip(), "given_by": given_by.strip()})
    problems.mandatory("reason", "given_by")
    problems.refuse()
    standing = on_hold(uow.connection, invoice_id)
    return standing or _add(uow, new_id(), invoice_id, customer_id, HOLD, reason=reason.strip(), given_by=given_by.strip())


def release(uow: UnitOfWork, *, invoice_id: str, customer_id: str, given_by: str | None = None) -> InvoiceCommand:
    """End the hold: the draft is issued when its grace period ends, or now if that has passed.

    Raises NotFound `customer`, or Conflict for a draft that is not on hold.
    """
    if on_hold(uow.connection, invoice_id) is None:
        raise Conflict("not_on_hold", "The draft is not on hold, so there is nothing to release.")
    return _add(uow, new_id(), invoice_id, customer_id, RELEASE, given_by=given_by)


def on_hold(connection: sa.Connection, invoice_id: str) -> InvoiceCommand | None:
    """The command that holds the draft, if one does."""
    given = [command for command in of(connection, invoice_id) if command.command in (HOLD, RELEASE)]
    return given[-1] if given and given[-1].command == HOLD else None


def finalized(connection: sa.Connection, invoice_id: str) -> InvoiceCommand | None:
    """The command to issue the draft before its time, if there is one."""
    return INVOICE_COMMANDS.first(connection, INVOICE_COMMANDS.c.id == deterministic_id(FINALIZE, invoice_id))


def of(connection: sa.Connection, invoice_id: str) -> list[InvoiceCommand]:
    """What was asked of the invoice, oldest first."""
    return sorted(INVOICE_COMMANDS.where_in(connection, "invoice_id", [invoice_id]), key=lambda command: command.sequence)


def _add(
    uow: UnitOfWork,
    command_id: str,
    invoice_id: str,
    customer_id: str,
    command: str,
    *,
    reason: str | None = None,
    given_by: str | None = None,
) -> InvoiceCommand:
    return INVOICE_COMMANDS.add(
        uow, uow.stamp_for(customer_id), id=command_id, invoice_id=invoice_id, customer_id=customer_id, command=command, reason=reason, given_by=given_by,
    )  # fmt: skip

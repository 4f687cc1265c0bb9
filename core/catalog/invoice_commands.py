"""Commands given on an invoice. The invoice itself is a draft in the warehouse or a row in the books."""

from __future__ import annotations

from dataclasses import dataclass

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Version, Versions
from core.ids import deterministic_id

FINALIZE = "finalize"


@dataclass(frozen=True, kw_only=True, slots=True)
class InvoiceCommand(Version):
    """What was asked of an invoice; `created_at` is the customer's instant."""

    invoice_id: str
    customer_id: str
    command: str


INVOICE_COMMANDS = Versions("invoice_commands", InvoiceCommand, index=("invoice_id",))


def finalize(uow: UnitOfWork, *, invoice_id: str, customer_id: str) -> InvoiceCommand:
    """Ask that a draft be issued before its grace period ends. Asking twice is asking once.

    The caller has checked that the invoice is a draft of this customer. Raises NotFound `customer`.
    """
    command_id = deterministic_id(FINALIZE, invoice_id)
    given = INVOICE_COMMANDS.first(uow.connection, INVOICE_COMMANDS.c.id == command_id)
    if given is not None:
        return given
    stamp = uow.stamp_for(customer_id)
    return INVOICE_COMMANDS.add(
        uow, stamp, id=command_id, invoice_id=invoice_id, customer_id=customer_id, command=FINALIZE
    )

"""Invoices that a command has asked for, while the books were busy: the next run issues them, and until then they are pending."""

from __future__ import annotations

from typing import Any

from api.deps import Services
from api.schemas.invoices import invoice_object
from core.catalog import invoice_commands, one_off_invoices
from core.catalog.engine import Connection
from core.catalog.one_off_invoices import OneOffInvoice
from core.errors import NotFound
from core.ids import deterministic_id
from core.warehouse import marts

Described = dict[str, Any]


def described(services: Services, invoice_id: str) -> Described:
    """The invoice on the wire: as issued, as a draft of the last run, or pending and then without a number. Raises NotFound."""
    with services.look() as connection:
        waiting_for = _asked_by(services, connection, invoice_id)
    if waiting_for is None:
        return _known(services, invoice_id)
    try:
        found = _known(services, invoice_id)
        if found["status"] != "draft":
            return found
    except NotFound:
        pass  # no run has seen it yet
    try:
        return _pending(services, invoice_id, waiting_for)
    except NotFound:
        return _known(services, invoice_id)  # who held the books has issued it meanwhile


def one_off_id(command: OneOffInvoice) -> str:
    """The id of the invoice that the command makes."""
    return deterministic_id("one_off", command.id)


def _known(services: Services, invoice_id: str) -> Described:
    with services.billing.ledger.cursor() as cursor, services.look() as connection:
        return invoice_object(services, connection, cursor, marts.get_invoice(cursor, invoice_id))


def _pending(services: Services, invoice_id: str, customer_id: str) -> Described:
    with services.billing.unissued(customer_id) as cursor, services.look() as connection:
        row = marts.get_invoice(cursor, invoice_id) | {"status": "pending", "number": "", "customer_sequence": None}
        return invoice_object(services, connection, cursor, row)


def _asked_by(services: Services, connection: Connection, invoice_id: str) -> str | None:
    """Whose command asked for the invoice: to finalize a draft, or for a one-off since the last run, which left none out."""
    finalized = invoice_commands.finalized(connection, invoice_id)
    if finalized is not None:
        return finalized.customer_id
    pair = services.billing.ledger.published()
    recent = one_off_invoices.since(connection, pair.as_of if pair else None)
    return next((command.customer_id for command in recent if one_off_id(command) == invoice_id), None)

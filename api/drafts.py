"""What people decide about a draft, each at once: to issue it, to hold it, to release it, or to correct a fee."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api.deps import Services
from core.catalog import adjusted_fees, invoice_commands
from core.catalog.adjusted_fees import AdjustedFee
from core.catalog.unit_of_work import UnitOfWork
from core.errors import Conflict, NotFound
from core.warehouse import marts


def draft(services: Services, invoice_id: str) -> dict[str, Any]:
    """The draft, as the last run computed it. Raises NotFound also for an invoice that is none any more (lago_api §7.8)."""
    with services.billing.ledger.cursor() as cursor:
        found: dict[str, Any] = marts.get_invoice(cursor, invoice_id)
    if found["status"] != "draft":
        raise NotFound("invoice", invoice_id)
    return found


def finalize(services: Services, invoice_id: str, *, given_by: str | None = None) -> str:
    """Issue a draft now: before its grace period ends, or although it is on hold. Returns its id. Raises NotFound.

    Where the books are busy, the next run issues it (`api.pending`).
    """
    owner = _owner(services, invoice_id)
    with services.change() as uow:
        invoice_commands.finalize(uow, **owner, given_by=given_by)
    services.billing.issue_soon(owner["customer_id"])
    return owner["invoice_id"]


def hold(services: Services, invoice_id: str, *, reason: str, given_by: str) -> str:
    """Keep a draft from being issued until it is released. Returns its id.

    Raises NotFound, ValidationError when `reason` or `given_by` is blank, BooksBusy, or Conflict when its moment had come
    before the hold: it is then issued, and can be corrected by a credit note alone.
    """
    held_id = _command(
        services, invoice_id, lambda uow, owner: invoice_commands.hold(uow, **owner, reason=reason, given_by=given_by)
    )
    _still_draft(services, held_id)
    return held_id


def release(services: Services, invoice_id: str, *, given_by: str | None = None) -> str:
    """End the hold of a draft: it is issued at the end of its grace period, now if that has passed. Returns its id.

    Raises NotFound, BooksBusy, or Conflict for a draft that is not on hold.
    """
    return _command(
        services, invoice_id, lambda uow, owner: invoice_commands.release(uow, **owner, given_by=given_by)
    )


def adjust_fee(services: Services, invoice_id: str, fee_id: str, **said: Any) -> AdjustedFee:
    """Correct a fee of a draft; `said` is as `core.catalog.adjusted_fees.adjust` takes it. Returns what is said of the fee now.

    Raises NotFound `invoice` or `fee`, ValidationError, BooksBusy, or Conflict when the draft's moment had come before.
    """
    found = draft(services, invoice_id)
    fee = next((fee for fee in found["fees"] if fee["fee_id"] == fee_id), None)
    if fee is None:
        raise NotFound("fee", fee_id)
    adjusted: list[AdjustedFee] = []

    def give(uow: UnitOfWork, owner: dict[str, str]) -> None:
        adjusted.append(adjusted_fees.adjust(uow, fee, **said))

    _still_draft(services, _command(services, invoice_id, give))
    return adjusted[0]


def withdraw_adjustment(services: Services, invoice_id: str, fee_id: str) -> None:
    """Let a fee of a draft be again what is computed. Raises NotFound, BooksBusy, or Conflict as `adjust_fee`."""
    command = _command(services, invoice_id, lambda uow, owner: adjusted_fees.withdraw(uow, fee_id, owner["customer_id"]))
    _still_draft(services, command)


def _still_draft(services: Services, invoice_id: str) -> None:
    with services.billing.ledger.cursor() as cursor:
        invoice = marts.get_invoice(cursor, invoice_id)
    if invoice["status"] != "draft":
        raise Conflict("already_issued", f"The draft was due, so it is issued: {invoice['number']}. Correct it by a credit note.")


def _owner(services: Services, invoice_id: str) -> dict[str, str]:
    found = draft(services, invoice_id)
    return {"invoice_id": str(found["invoice_id"]), "customer_id": str(found["customer_id"])}


def _command(services: Services, invoice_id: str, give: Callable[[UnitOfWork, dict[str, str]], Any]) -> str:
    """Gives a command on a draft while the books are held, and issues what is due for its customer."""
    owner = _owner(services, invoice_id)

    def command() -> str:
        with services.change() as uow:
            give(uow, owner)
        return owner["customer_id"]

    services.billing.issue(command)
    return owner["invoice_id"]

"""What would ask a payment provider for money (lago_api §7.6, §7.8, §7.12). None is linked: payments are recorded, not collected."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.deps import Served, Services
from api.pagination import Paged, listed
from core.catalog import customers, wallet_transactions
from core.errors import Conflict, NotFound, ValidationError
from core.warehouse import marts

router = APIRouter(tags=["Payment providers"])

METHODS = "/customers/{external_id}/payment_methods"


@router.post("/customers/{external_id}/checkout_url")
def checkout_url(external_id: str, served: Served) -> Response:
    """A provider's page where a customer gives a payment method; there is no provider."""
    _customer(served, external_id)
    raise _no_provider()


@router.post("/invoices/{lago_id}/payment_url")
def invoice_payment_url(lago_id: str, served: Served) -> Response:
    """A provider's page where an invoice is paid; there is no provider."""
    _issued(served, lago_id)
    raise _no_provider()


@router.post("/invoices/{lago_id}/retry_payment")
def retry_payment(lago_id: str, served: Served) -> Response:
    """Ask the provider for the money of an invoice once more; there is no provider."""
    if _issued(served, lago_id)["total_due_amount_cents"] <= 0:
        raise Conflict("invoice_payment_already_succeeded", "The invoice is paid.")
    raise _no_provider()


@router.post("/wallet_transactions/{lago_id}/payment_url")
def wallet_transaction_payment_url(lago_id: str, served: Served) -> Response:
    """A provider's page where credits are paid; there is no provider."""
    with served.look() as connection:
        wallet_transactions.get(connection, lago_id)
    raise _no_provider()


@router.get(METHODS)
def methods(external_id: str, served: Served, paging: Paged) -> Response:
    """The payment methods that providers know of a customer: none."""
    _customer(served, external_id)
    return listed("payment_methods", [], 0, paging)


@router.delete(METHODS + "/{lago_id}")
@router.put(METHODS + "/{lago_id}/set_as_default")
def method(external_id: str, lago_id: str, served: Served) -> Response:
    """Change a payment method that a provider knows; there is none."""
    _customer(served, external_id)
    raise NotFound("payment_method", lago_id)


def _customer(served: Services, external_id: str) -> None:
    with served.look() as connection:
        customers.get(connection, external_id)


def _issued(served: Services, lago_id: str) -> marts.Row:
    """The issued invoice. Raises NotFound."""
    with served.billing.ledger.cursor() as cursor:
        invoice = marts.get_invoice(cursor, lago_id)
    if invoice["status"] != "finalized":
        raise NotFound("invoice", lago_id)
    return invoice


def _no_provider() -> ValidationError:
    return ValidationError(
        {"base": ["no_linked_payment_provider"]},
        "no payment provider is linked; collect the money elsewhere and record it with `POST /payments`",
    )

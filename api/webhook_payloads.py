"""The body of a webhook: the object as the API serves it, under its key (lago_api §10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api import credit_notes
from api.answers import encode
from api.balances import traced, with_balance
from api.deps import Services
from api.fees import fee_objects
from api.requested import find
from api.schemas.alerts import triggered_alert_object
from api.schemas.billable_metrics import metric_object
from api.schemas.customers import customer_objects
from api.schemas.entitlements import feature_object
from api.schemas.invoices import invoice_object
from api.schemas.payment_requests import payment_request_objects
from api.schemas.payments import payment_objects, receipt_objects
from api.schemas.plans import plan_object
from api.schemas.subscriptions import subscription_object
from api.schemas.wallets import transaction_object
from core.catalog import billing_entities, customers, payments, wallets, webhooks
from core.catalog.billable_metrics import BILLABLE_METRICS
from core.catalog.features import FEATURES
from core.catalog.plan_versions import PLANS
from core.catalog.subscription_versions import SUBSCRIPTIONS
from core.catalog.webhooks import Webhook
from core.domain.webhooks import OBJECT_KEYS
from core.errors import NotFound
from core.warehouse import marts
from core.warehouse.published_facts import alert_crossings

Object = dict[str, Any]


def body(services: Services, webhook: Webhook) -> str | None:
    """The compact JSON that tells of it; None where there is nothing to tell: a status that has not changed after all.

    Raises what the object's own operation raises, NotFound above all.
    """
    key = OBJECT_KEYS[webhook.webhook_type]
    found = _OBJECTS[key](services, webhook.object_id)
    with services.look() as connection:
        if webhook.webhook_type.endswith(".payment_status_updated") and (
            # A payment of a part changes no status, and where the rest has come meanwhile that one tells of it.
            found["payment_status"] == "pending" or webhooks.is_told_later(connection, webhook)
        ):
            return None
        organization_id = billing_entities.get(connection).id
    envelope = {"webhook_type": webhook.webhook_type, "object_type": key, "organization_id": organization_id}
    return encode(envelope | {key: found}).decode()


def _customer(services: Services, object_id: str) -> Object:
    with services.look() as connection:
        return customer_objects(connection, [customers.by_id(connection, object_id)])[0]


def _billable_metric(services: Services, object_id: str) -> Object:
    with services.look() as connection:
        return metric_object(BILLABLE_METRICS.history(connection, object_id)[-1])


def _feature(services: Services, object_id: str) -> Object:
    with services.look() as connection:
        return feature_object(FEATURES.history(connection, object_id)[-1])


def _plan(services: Services, object_id: str) -> Object:
    with services.look() as connection:
        return plan_object(connection, PLANS.history(connection, object_id)[-1])


def _subscription(services: Services, object_id: str) -> Object:
    with services.look() as connection:
        return subscription_object(services, connection, SUBSCRIPTIONS.history(connection, object_id)[-1])


def _wallet(services: Services, object_id: str) -> Object:
    with services.look() as connection:
        return with_balance(services, connection, wallets.get(connection, object_id))


def _wallet_transaction(services: Services, object_id: str) -> Object:
    return transaction_object(traced(services, object_id)[0][object_id])


def _invoice(services: Services, object_id: str) -> Object:
    with services.billing.ledger.cursor() as cursor, services.look() as connection:
        return invoice_object(services, connection, cursor, marts.get_invoice(cursor, object_id))


def _fee(services: Services, object_id: str) -> Object:
    with services.billing.ledger.cursor() as cursor, services.look() as connection:
        return fee_objects(services, connection, cursor, [marts.get_fee(cursor, object_id)])[0]


def _payment(services: Services, object_id: str) -> Object:
    with services.billing.ledger.cursor() as cursor, services.look() as connection:
        return payment_objects(cursor, connection, [payments.get(connection, object_id)])[0]


def _payment_receipt(services: Services, object_id: str) -> Object:
    with services.billing.ledger.cursor() as cursor, services.look() as connection:
        return receipt_objects(cursor, connection, [payments.get(connection, object_id)])[0]


def _payment_request(services: Services, object_id: str) -> Object:
    with services.billing.ledger.cursor() as cursor, services.look() as connection:
        row = find(cursor, connection, object_id)
        if row is None:
            raise NotFound("payment_request", object_id)
        return payment_request_objects(services, connection, [row])[0]


def _triggered_alert(services: Services, object_id: str) -> Object:
    with services.billing.ledger.cursor() as cursor, services.look() as connection:
        crossings = alert_crossings(cursor, object_id)
        return triggered_alert_object(services, connection, crossings)


def _payment_dispute_lost(services: Services, object_id: str) -> Object:
    return _invoice(services, object_id) | {"provider_error": None}


_OBJECTS: dict[str, Callable[[Services, str], Object]] = {
    "customer": _customer,
    "billable_metric": _billable_metric,
    "feature": _feature,
    "plan": _plan,
    "subscription": _subscription,
    "wallet": _wallet,
    "wallet_transaction": _wallet_transaction,
    "invoice": _invoice,
    "fee": _fee,
    "credit_note": credit_notes.described,
    "payment": _payment,
    "payment_receipt": _payment_receipt,
    "payment_request": _payment_request,
    "triggered_alert": _triggered_alert,
    "payment_dispute_lost": _payment_dispute_lost,
}
"""Key -> its object, from the id that a fact names."""

"""Subscriptions (lago_api §7.7)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, Paging, listed
from api.schemas.subscriptions import (
    CREATE,
    UPDATE,
    subscription_object,
    subscription_objects,
)
from api.sql_models import check_charges
from core.catalog import customers, plans, subscriptions

router = APIRouter(tags=["Subscriptions"])

Statuses = Annotated[list[str], Query(alias="status[]")]


@router.post("/subscriptions", openapi_extra=CREATE.openapi)
def create(subscription: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Put a customer on a plan; a fee in advance is invoiced at once."""
    subscription["billing_time"] = subscription.get("billing_time") or "calendar"
    subscription["progressive_billing_disabled"] = subscription.get("progressive_billing_disabled") or False
    _own_terms(subscription)
    with served.change() as uow:
        row = subscriptions.create(uow, **subscription, period_end=served.billing.period_end)
        answered = subscription_object(served, uow.connection, row)
    plan = answered["plan"]
    if plan["pay_in_advance"] or any(fixed_charge["pay_in_advance"] for fixed_charge in plan["fixed_charges"]):
        served.billing.issue_soon(row.customer_id)
    return one("subscription", answered)


@router.get("/subscriptions")
def index(
    served: Served,
    paging: Paged,
    external_customer_id: str | None = None,
    plan_code: str | None = None,
    overridden: bool | None = None,
    statuses: Statuses = [],  # noqa: B006 - FastAPI copies defaults
) -> Response:
    """List subscriptions, active ones unless `status[]` says otherwise; `overridden` those with terms of their own, or the others."""
    return _list(served, paging, external_customer_id, plan_code, statuses, overridden)


@router.get("/customers/{external_id}/subscriptions")
def of_customer(
    external_id: str,
    served: Served,
    paging: Paged,
    plan_code: str | None = None,
    statuses: Statuses = [],  # noqa: B006 - FastAPI copies defaults
) -> Response:
    """List the subscriptions of a customer."""
    return _list(served, paging, external_id, plan_code, statuses)


@router.get("/subscriptions/{external_id}")
def show(external_id: str, served: Served, status: str | None = None) -> Response:
    """Get a subscription by its external id, the running one unless `status` says otherwise."""
    with served.look() as connection:
        row = subscriptions.get(connection, external_id, served.clock.now(), status)
        return one("subscription", subscription_object(served, connection, row))


@router.put("/subscriptions/{external_id}", openapi_extra=UPDATE.openapi)
def update(external_id: str, subscription: Annotated[dict[str, Any], Depends(UPDATE)], served: Served) -> Response:
    """Change a subscription's name, end, usage thresholds or what it says otherwise than its plan, or the start of one that has not started."""
    _own_terms(subscription)
    sold = (subscription["plan_overrides_input"] or {}).get("fixed_charges") or ()
    with served.change() as uow:
        row = subscriptions.update(uow, external_id, **subscription)
        answered = subscription_object(served, uow.connection, row)
    if any(fixed_charge.get("apply_units_immediately") for fixed_charge in sold):
        served.billing.issue_soon(row.customer_id)
    return one("subscription", answered)


@router.delete("/subscriptions/{external_id}")
def terminate(
    external_id: str,
    served: Served,
    on_termination_invoice: str = "generate",
    on_termination_credit_note: str = "credit",
    status: str | None = None,
) -> Response:
    """End a subscription now; its final invoice, and the credit note for unused days of a fee in advance, are issued at once.

    With `status=pending` what has not started is canceled: a downgrade that waits leaves the running one as it is.
    """
    if status == "pending":
        with served.change() as uow:
            row = subscriptions.cancel_pending(uow, external_id)
            answered = subscription_object(served, uow.connection, row)
        return one("subscription", answered)
    with served.change() as uow:
        row = subscriptions.terminate(
            uow,
            external_id,
            on_termination_invoice=on_termination_invoice,
            on_termination_credit_note=on_termination_credit_note,
        )
        answered = subscription_object(served, uow.connection, row)
    served.billing.issue_soon(row.customer_id)
    return one("subscription", answered)


def _own_terms(subscription: dict[str, Any]) -> None:
    """Fields of the body under the names of the catalog's arguments."""
    for name in ("usage_thresholds", "plan_overrides"):
        subscription[f"{name}_input"] = subscription.pop(name, None)
    check_charges((subscription["plan_overrides_input"] or {}).get("charges"))


def _list(
    served: Served,
    paging: Paging,
    external_customer_id: str | None,
    plan_code: str | None,
    statuses: list[str],
    overridden: bool | None = None,
) -> Response:
    with served.look() as connection:
        customer = None if external_customer_id is None else customers.get(connection, external_customer_id)
        plan = None if plan_code is None else plans.get(connection, plan_code)
        page = subscriptions.page(
            connection,
            customer_id=None if customer is None else customer.id,
            plan_id=None if plan is None else plan.id,
            overridden=overridden,
            statuses=statuses,
            instant=served.clock.now() if customer is None else served.instant_of(connection, customer),
            limit=paging.limit,
            offset=paging.offset,
        )
        items = subscription_objects(served, connection, page.items)
    return listed("subscriptions", items, page.total, paging)

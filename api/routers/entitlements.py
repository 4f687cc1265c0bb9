"""Entitlements of plans and subscriptions (lago_api §7.5)."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Response

from api.answers import answer, one
from api.deps import Served, Services
from api.schemas.entitlements import ENTITLEMENTS, plan_entitlement, plan_entitlements, subscription_entitlements
from core.catalog import entitlements, plans, subscriptions
from core.catalog.subscription_versions import Subscription

router = APIRouter(tags=["Entitlements"])

OF_PLAN = "/plans/{code}/entitlements"
OF_SUBSCRIPTION = "/subscriptions/{external_id}/entitlements"
Given = Annotated[dict[str, Any], Depends(ENTITLEMENTS)]


@router.get(OF_PLAN)
def index(code: str, served: Served) -> Response:
    """List what a plan entitles to."""
    with served.look() as connection:
        return answer({"entitlements": plan_entitlements(entitlements.of(connection, plans.get(connection, code)))})


@router.post(OF_PLAN, openapi_extra=ENTITLEMENTS.openapi)
def replace(code: str, given: Given, served: Served) -> Response:
    """Entitle a plan to these features and no others."""
    return _put(served, code, given, replaces=True)


@router.patch(OF_PLAN, openapi_extra=ENTITLEMENTS.openapi)
def update(code: str, given: Given, served: Served) -> Response:
    """Add or change what a plan entitles to."""
    return _put(served, code, given, replaces=False)


@router.get(OF_PLAN + "/{feature_code}")
def show(code: str, feature_code: str, served: Served) -> Response:
    """What a plan entitles to of one feature."""
    with served.look() as connection:
        held = entitlements.find(connection, plans.get(connection, code), feature_code)
    return one("entitlement", plan_entitlement(held))


@router.delete(OF_PLAN + "/{feature_code}")
def destroy(code: str, feature_code: str, served: Served) -> Response:
    """Take a feature off a plan; answers what it was."""
    with served.change() as uow:
        plan = plans.get(uow.connection, code)
        held = entitlements.find(uow.connection, plan, feature_code)
        entitlements.remove(uow, plan, feature_code)
    return one("entitlement", plan_entitlement(held))


@router.delete(OF_PLAN + "/{feature_code}/privileges/{privilege_code}")
def destroy_privilege(code: str, feature_code: str, privilege_code: str, served: Served) -> Response:
    """Take a privilege off a plan; answers what is left of the feature."""
    with served.change() as uow:
        plan = plans.get(uow.connection, code)
        entitlements.remove(uow, plan, feature_code, privilege_code)
        held = entitlements.find(uow.connection, plan, feature_code)
    return one("entitlement", plan_entitlement(held))


@router.get(OF_SUBSCRIPTION)
def of_subscription(external_id: str, served: Served, subscription_status: str = "active") -> Response:
    """List what a subscription has."""
    with served.look() as connection:
        return _held(connection, _subscription(served, connection, external_id, subscription_status))


@router.patch(OF_SUBSCRIPTION, openapi_extra=ENTITLEMENTS.openapi)
def override(external_id: str, given: Given, served: Served, subscription_status: str = "active") -> Response:
    """Give a subscription values of its own, over those of its plan."""
    with served.change() as uow:
        subscription = _subscription(served, uow.connection, external_id, subscription_status)
        entitlements.put(uow, subscription, given)
        answered = _held(uow.connection, subscription)
    return answered


@router.delete(OF_SUBSCRIPTION + "/{feature_code}")
def take(external_id: str, feature_code: str, served: Served, subscription_status: str = "active") -> Response:
    """Take a feature from a subscription, also what its plan gives; answers what is left."""
    return _take(served, external_id, subscription_status, feature_code)


@router.delete(OF_SUBSCRIPTION + "/{feature_code}/privileges/{privilege_code}")
def take_privilege(
    external_id: str, feature_code: str, privilege_code: str, served: Served, subscription_status: str = "active"
) -> Response:
    """Take a privilege from a subscription, also what its plan gives; answers what is left."""
    return _take(served, external_id, subscription_status, feature_code, privilege_code)


def _put(served: Services, code: str, given: dict[str, Any], *, replaces: bool) -> Response:
    with served.change() as uow:
        plan = plans.get(uow.connection, code)
        entitlements.put(uow, plan, given, replaces=replaces)
        held = entitlements.of(uow.connection, plan)
    return answer({"entitlements": plan_entitlements(held)})


def _take(served: Services, external_id: str, status: str, feature_code: str, privilege_code: str | None = None) -> Response:
    with served.change() as uow:
        subscription = _subscription(served, uow.connection, external_id, status)
        entitlements.remove(uow, subscription, feature_code, privilege_code)
        answered = _held(uow.connection, subscription)
    return answered


def _held(connection: sa.Connection, subscription: Subscription) -> Response:
    return answer({"entitlements": subscription_entitlements(entitlements.of(connection, subscription))})


def _subscription(served: Services, connection: sa.Connection, external_id: str, status: str) -> Subscription:
    return subscriptions.get(connection, external_id, served.clock.now(), status)

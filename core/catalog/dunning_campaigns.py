"""Dunning campaigns: when customers are asked again for what is overdue (invoicing §12). When they are due is the SQL's (`int_ledger__dunning_attempts`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.catalog import billing_entities, customers
from core.catalog.billing_entities import BILLING_ENTITIES, BillingEntity
from core.catalog.customers import CUSTOMERS, Customer
from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Page, Version, Versions
from core.domain.problems import Problems
from core.errors import NotFound, ValidationError
from core.ids import new_id


@dataclass(frozen=True, kw_only=True, slots=True)
class DunningCampaign(Version):
    """Asks at most `max_attempts` times per currency, with strictly more than `days_between_attempts` days of 24 hours between.

    `thresholds` are `{currency, amount_cents}`: the overdue balance in minor units from which on it asks.
    """

    code: str
    name: str
    description: str | None
    max_attempts: int
    days_between_attempts: int
    bcc_emails: list[str]
    thresholds: list[dict[str, Any]]


DUNNING_CAMPAIGNS = Versions("dunning_campaigns", DunningCampaign, unique=("code",))
_OPTIONAL: dict[str, Any] = {"description": None, "bcc_emails": []}
_OWN = ("code", "name", "max_attempts", "days_between_attempts", "thresholds", *_OPTIONAL)


def create(
    uow: UnitOfWork,
    *,
    code: str,
    name: str,
    max_attempts: int,
    days_between_attempts: int,
    thresholds: Sequence[Mapping[str, Any]],
    test_clock_id: str | None = None,
    **fields: Any,
) -> DunningCampaign:
    """A new campaign, which applies to nobody yet. Raises ValidationError."""
    own = {
        "code": code,
        "name": name,
        "max_attempts": max_attempts,
        "days_between_attempts": days_between_attempts,
        "thresholds": thresholds,
    }
    values = _checked(uow, _OPTIONAL | {key: value for key, value in fields.items() if value is not None} | own)
    return DUNNING_CAMPAIGNS.add(uow, uow.stamp_for(test_clock_id=test_clock_id), id=new_id(), **values)


def update(uow: UnitOfWork, code: str, /, *, test_clock_id: str | None = None, **fields: Any) -> DunningCampaign:
    """Change what is given, keep the rest. Raises NotFound, ValidationError."""
    campaign = get(uow.connection, code)
    values = _checked(uow, {name: getattr(campaign, name) for name in _OWN} | fields, before=code)
    return DUNNING_CAMPAIGNS.amend(uow, uow.stamp_for(test_clock_id=test_clock_id), campaign, **values)


def delete(uow: UnitOfWork, code: str, /, *, test_clock_id: str | None = None) -> DunningCampaign:
    """End the campaign: it asks nobody any more. What it asked for stays. Raises NotFound."""
    campaign = get(uow.connection, code)
    DUNNING_CAMPAIGNS.end(uow, uow.stamp_for(test_clock_id=test_clock_id), campaign)
    return campaign


def apply_to_billing_entity(
    uow: UnitOfWork, entity_code: str, campaign_code: str | None, *, test_clock_id: str | None = None
) -> BillingEntity:
    """Make the campaign that of all customers of the entity that have none of their own; None for no campaign.

    Raises NotFound `billing_entity` or `dunning_campaign`.
    """
    entity = billing_entities.get(uow.connection, entity_code)
    campaign_id = None if campaign_code is None else get(uow.connection, campaign_code).id
    stamp = uow.stamp_for(test_clock_id=test_clock_id)
    return BILLING_ENTITIES.amend(uow, stamp, entity, applied_dunning_campaign_id=campaign_id)


def apply_to_customer(
    uow: UnitOfWork, external_id: str, campaign_code: str | None, *, exclude: bool | None = None
) -> Customer:
    """Give the customer a campaign of its own; None for that of its billing entity. `exclude` true asks it never.

    Raises NotFound `customer` or `dunning_campaign`.
    """
    customer = customers.get(uow.connection, external_id)
    changes: dict[str, Any] = {
        "applied_dunning_campaign_id": None if campaign_code is None else get(uow.connection, campaign_code).id
    }
    if exclude is not None:
        changes["exclude_from_dunning_campaign"] = exclude
    return CUSTOMERS.amend(uow, uow.stamp_for(customer.id), customer, **changes)


def get(connection: sa.Connection, code: str) -> DunningCampaign:
    """The campaign of this code. Raises NotFound."""
    campaign = DUNNING_CAMPAIGNS.first(connection, DUNNING_CAMPAIGNS.c.code == code)
    if campaign is None:
        raise NotFound("dunning_campaign", code)
    return campaign


def find_by_id(connection: sa.Connection, campaign_id: str) -> DunningCampaign | None:
    """The campaign with this id; None when it is deleted."""
    return DUNNING_CAMPAIGNS.first(connection, DUNNING_CAMPAIGNS.c.id == campaign_id)


def page(connection: sa.Connection, *, limit: int | None = None, offset: int = 0) -> Page[DunningCampaign]:
    """Campaigns, newest first."""
    return DUNNING_CAMPAIGNS.page(connection, limit=limit, offset=offset)


def _checked(uow: UnitOfWork, values: dict[str, Any], before: str | None = None) -> dict[str, Any]:
    problems = Problems(values)
    problems.key("code")
    problems.mandatory("name", "max_attempts", "days_between_attempts")
    problems.integer("max_attempts", least=1)
    problems.integer("days_between_attempts", least=1)
    if values["code"] != before and DUNNING_CAMPAIGNS.first(uow.connection, DUNNING_CAMPAIGNS.c.code == values["code"]):
        problems.add("code", "value_already_exist")
    problems.refuse()
    thresholds = [{name: row.get(name) for name in ("currency", "amount_cents")} for row in values["thresholds"] or ()]
    if not thresholds:
        raise ValidationError({"thresholds": ["can't be blank"]})
    for threshold in thresholds:
        each = Problems(threshold)
        each.mandatory("currency", "amount_cents")
        each.currency("currency")
        each.cents("amount_cents", least=1)
        each.refuse()
    if len({threshold["currency"] for threshold in thresholds}) < len(thresholds):
        raise ValidationError({"thresholds": ["duplicate_threshold_values"]})
    return values | {"thresholds": thresholds, "bcc_emails": list(values["bcc_emails"] or ())}

"""Dunning campaigns on the wire: ours, in Lago's words."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from api.body import INTEGER, TEXT, TEXTS, Body, objects
from api.schemas.wire import instant
from core.catalog import dunning_campaigns
from core.catalog.dunning_campaigns import DunningCampaign

_PLAIN = ("code", "name", "description", "max_attempts", "days_between_attempts", "bcc_emails", "thresholds")
FIELDS = {
    "code": TEXT,
    "name": TEXT,
    "description": TEXT,
    "max_attempts": INTEGER,
    "days_between_attempts": INTEGER,
    "bcc_emails": TEXTS,
    "thresholds": objects({"currency": TEXT, "amount_cents": INTEGER}),
}
CREATE = Body(
    "dunning_campaign", FIELDS, mandatory=("code", "name", "max_attempts", "days_between_attempts", "thresholds")
)
UPDATE = Body("dunning_campaign", FIELDS)
APPLIED = "applied_dunning_campaign_code"


def campaign_object(row: DunningCampaign) -> dict[str, Any]:
    """The campaign."""
    return {name: getattr(row, name) for name in _PLAIN} | {
        "lago_id": row.id,
        "created_at": instant(row.created_at),
        "updated_at": instant(row.valid_from),
    }


def with_campaign(connection: sa.Connection, terms: dict[str, Any]) -> dict[str, Any]:
    """The terms of a customer or billing entity with the id of the campaign that `applied_dunning_campaign_code` names.

    Raises NotFound `dunning_campaign`.
    """
    if APPLIED not in terms:
        return terms
    code = terms[APPLIED]
    campaign_id = None if code is None else dunning_campaigns.get(connection, code).id
    return {name: value for name, value in terms.items() if name != APPLIED} | {
        "applied_dunning_campaign_id": campaign_id
    }


def applied_code(connection: sa.Connection, campaign_id: str | None) -> str | None:
    """The code of the campaign with this id; null for none, or a deleted one."""
    campaign = dunning_campaigns.find_by_id(connection, campaign_id) if campaign_id else None
    return campaign.code if campaign else None

"""Estimated fees on the wire (lago_api §7.2): what an event would cost in advance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from api.schemas.fees import FeeContext, alone, fee_object
from api.schemas.wire import number
from core.billing.estimates import FEES, STEPS, TAXES, UNITS
from core.money.rounding import round_half_away

Rows = Sequence[Mapping[str, Any]]

NOT_YET = dict.fromkeys(("lago_id", "lago_invoice_id", "created_at"))
NOT_YET_APPLIED = dict.fromkeys(("lago_id", "lago_fee_id", "created_at"))
PLAIN_NUMBERS = ("precise_amount", "precise_total_amount", "taxes_precise_amount", "precise_unit_amount")
"""An instant estimate answers these as JSON numbers."""


def estimated_fees(
    connection: sa.Connection, estimated: Mapping[str, Rows], customer_external_id: str, transaction_id: str | None
) -> list[dict[str, Any]]:
    """The fees of one estimate in the order of their charges; nothing of them is stored, so they have no identity."""
    units = {row["fee_id"]: row for row in estimated[UNITS]}
    fees = [_line(fee, estimated[TAXES], units.get(fee["fee_id"], {})) for fee in estimated[FEES]]
    fees.sort(key=lambda fee: (fee["item_position"], fee["fee_id"]))
    context = FeeContext(connection, fees, taxes=estimated[TAXES], tiers=_in_order(estimated[STEPS]))
    owner = alone(customer_external_id, None)
    return [_anonymous(fee_object(fee, owner, context)) | {"event_transaction_id": transaction_id} for fee in fees]


def instant_fees(
    connection: sa.Connection, estimated: Mapping[str, Rows], customer_external_id: str, transaction_id: str | None
) -> list[dict[str, Any]]:
    """As `estimated_fees`, in the shape of instant estimates."""
    fees = estimated_fees(connection, estimated, customer_external_id, transaction_id)
    return [fee | {name: number(fee[name]) for name in PLAIN_NUMBERS} | {"amount_details": None} for fee in fees]


def _anonymous(fee: Mapping[str, Any]) -> dict[str, Any]:
    taxes = [tax | NOT_YET_APPLIED for tax in fee["applied_taxes"]]
    return {**fee, **NOT_YET, "applied_taxes": taxes}


def _line(fee: Mapping[str, Any], taxes: Rows, in_unit: Mapping[str, Any]) -> dict[str, Any]:
    own = [tax for tax in taxes if tax["fee_id"] == fee["fee_id"]]
    unit = {
        "unit_amount": "pricing_unit_unit_amount",
        "precise_amount": "pricing_unit_precise_amount",
        "amount_cents": "pricing_unit_amount_cents",
    }
    names = ("pricing_unit_id", "pricing_unit_code", "pricing_unit_short_name", "conversion_rate")
    return {
        **fee,
        **{name: in_unit.get(name) for name in names},
        **{name: in_unit.get(column) for column, name in unit.items()},
        "taxes_rate": sum((tax["tax_rate"] for tax in own), Decimal(0)),
        "taxes_amount_cents": int(round_half_away(sum((tax["precise_amount_cents"] for tax in own), Decimal(0)), 0)),
        "precise_coupons_amount_cents": Decimal(0),
    }


def _in_order(steps: Rows) -> Rows:
    return sorted(steps, key=lambda step: step["position"])

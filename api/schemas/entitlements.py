"""Features and entitlements on the wire (lago_api §7.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import Request

from api.body import MAPPING, TEXT, TEXTS, Body, nested, objects, parse
from api.errors import BadRequest
from api.schemas.wire import instant
from core.catalog.entitlements import Entitled
from core.catalog.features import Feature

_PRIVILEGE = {"code": TEXT, "name": TEXT, "value_type": TEXT, "config": nested({"select_options": TEXTS})}
_FIELDS = {"name": TEXT, "description": TEXT, "privileges": objects(_PRIVILEGE)}
CREATE = Body("feature", _FIELDS | {"code": TEXT}, mandatory=("code",))
UPDATE = Body("feature", _FIELDS)


class _ByFeature(Body):
    """Values by feature and privilege; there may be none."""

    async def __call__(self, request: Request) -> dict[str, Any]:
        content = parse(await request.body()).get(self.root)
        if not isinstance(content, dict) or not all(isinstance(values, dict | None) for values in content.values()):
            raise BadRequest(f"param is missing or not an object of objects: {self.root}")
        return {code: values or {} for code, values in content.items()}


ENTITLEMENTS = _ByFeature("entitlements", {"*": MAPPING})


def feature_object(feature: Feature) -> dict[str, Any]:
    """A feature with its privileges."""
    return {
        "code": feature.code,
        "name": feature.name,
        "description": feature.description,
        "privileges": feature.privileges,
        "created_at": instant(feature.created_at),
    }


def plan_entitlement(held: Entitled) -> dict[str, Any]:
    """What a plan gives of a feature."""
    return _described(held, [row | {"value": held.values[row["code"]]} for row in _held(held)])


def plan_entitlements(held: Sequence[Entitled]) -> list[dict[str, Any]]:
    """What a plan gives."""
    return [plan_entitlement(entitled) for entitled in held]


def subscription_entitlements(held: Sequence[Entitled]) -> list[dict[str, Any]]:
    """What a subscription has: the plan's values, and its own over them."""
    return [
        _described(
            entitled,
            [
                row
                | {
                    "value": entitled.values[row["code"]],
                    "plan_value": entitled.plan_values.get(row["code"]),
                    "override_value": entitled.overrides.get(row["code"]),
                }
                for row in _held(entitled)
            ],
        )
        | {"overrides": entitled.overrides}
        for entitled in held
    ]


def _held(held: Entitled) -> list[dict[str, Any]]:
    return [row for row in held.feature.privileges if row["code"] in held.values]


def _described(held: Entitled, privileges: list[dict[str, Any]]) -> dict[str, Any]:
    feature = held.feature
    return {"code": feature.code, "name": feature.name, "description": feature.description, "privileges": privileges}

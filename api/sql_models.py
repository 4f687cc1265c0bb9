"""Names of SQL metrics and SQL charges in a body must be those of models that this installation has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.warehouse.dbt_project import compiled_models
from core.warehouse.sql_models import CHARGE, METRIC, check_name, names


def check_metric(fields: Mapping[str, Any]) -> None:
    """Raises ValidationError when the metric's `sql_metric` is no model's."""
    if fields.get(METRIC):
        check_name(fields, METRIC, names(compiled_models(), METRIC))


def check_charges(charges: Iterable[Mapping[str, Any]] | None) -> None:
    """Raises ValidationError when the `sql_charge` of a charge or filter is no model's."""
    for charge in charges or ():
        for priced in (charge, *(charge.get("filters") or ())):
            properties = priced.get("properties") or {}
            if properties.get(CHARGE):
                check_name(properties, CHARGE, names(compiled_models(), CHARGE))

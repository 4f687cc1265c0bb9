"""Names of SQL metrics in a body must be those of models that this installation has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.warehouse.dbt_project import compiled_models
from core.warehouse.sql_models import METRIC, check_name, names


def check_metric(fields: Mapping[str, Any]) -> None:
    """Raises ValidationError when the metric's `sql_metric` is no model's."""
    if fields.get(METRIC):
        check_name(fields, METRIC, names(compiled_models(), METRIC))

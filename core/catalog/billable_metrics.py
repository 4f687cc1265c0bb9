"""Billable metrics: how events of a code become units (rating §2, lago_api §7.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Page, Version, Versions
from core.domain.expressions import Calculation, InvalidExpression, parse
from core.domain.problems import Problems
from core.errors import NotFound
from core.ids import new_id

AGGREGATIONS = ("count_agg", "sum_agg", "max_agg", "latest_agg", "unique_count_agg", "weighted_sum_agg", "custom_agg")
_NOT_RECURRING = ("count_agg", "max_agg", "latest_agg")
ROUNDINGS = ("round", "ceil", "floor")


@dataclass(frozen=True, kw_only=True, slots=True)
class BillableMetric(Version):
    """A metric. `filters` is a list of {key, values}: the event properties that charges may filter on. The value of
    `expression` is written to the property `field_name` of each event before it is stored (rating §2.8). `sql_metric` names
    the dbt model that gives the units of a custom_agg."""

    code: str
    name: str
    description: str | None
    aggregation_type: str
    field_name: str | None
    expression: str | None
    sql_metric: str | None
    recurring: bool
    rounding_function: str | None
    rounding_precision: int | None
    filters: list[dict[str, Any]]

    @property
    def weighted_interval(self) -> str | None:
        """The unit in which a weighted sum counts time; there is one."""
        return "seconds" if self.aggregation_type == "weighted_sum_agg" else None


BILLABLE_METRICS = Versions("billable_metrics", BillableMetric, unique=("code",))
_OPTIONAL: dict[str, Any] = {
    "description": None,
    "field_name": None,
    "expression": None,
    "sql_metric": None,
    "recurring": False,
    "rounding_function": None,
    "rounding_precision": None,
    "weighted_interval": None,
    "filters": [],
}


def create(
    uow: UnitOfWork, *, code: str, name: str, aggregation_type: str, test_clock_id: str | None = None, **fields: Any
) -> BillableMetric:
    """A new metric; `fields` are BillableMetric's own. Raises ValidationError."""
    values = _OPTIONAL | {"code": code, "name": name, "aggregation_type": aggregation_type} | _given(fields)
    problems = _check(values)
    if not problems.details and BILLABLE_METRICS.first(uow.connection, BILLABLE_METRICS.c.code == code):
        problems.add("code", "value_already_exist")
    problems.refuse()
    stamp = uow.stamp_for(test_clock_id=test_clock_id)
    return BILLABLE_METRICS.add(uow, stamp, id=new_id(), **_normal(values))


def update(uow: UnitOfWork, code: str, /, *, test_clock_id: str | None = None, **fields: Any) -> BillableMetric:
    """Change what is given, keep the rest. Raises NotFound, ValidationError."""
    metric = get(uow.connection, code)
    values = {name: getattr(metric, name) for name in (*_OPTIONAL, "code", "name", "aggregation_type")} | _given(fields)
    problems = _check(values)
    new_code = values["code"]
    if new_code != code and BILLABLE_METRICS.first(uow.connection, BILLABLE_METRICS.c.code == new_code):
        problems.add("code", "value_already_exist")
    problems.refuse()
    return BILLABLE_METRICS.amend(uow, uow.stamp_for(test_clock_id=test_clock_id), metric, **_normal(values))


def get(connection: sa.Connection, code: str) -> BillableMetric:
    """The metric of this code. Raises NotFound."""
    metric = BILLABLE_METRICS.first(connection, BILLABLE_METRICS.c.code == code)
    if metric is None:
        raise NotFound("billable_metric", code)
    return metric


def by_ids(connection: sa.Connection, ids: Sequence[str]) -> dict[str, BillableMetric]:
    """Id -> metric. Raises NotFound `billable_metrics` unless all are found."""
    wanted = set(ids)
    found = {metric.id: metric for metric in BILLABLE_METRICS.all(connection, BILLABLE_METRICS.c.id.in_(wanted))}
    if missing := wanted - found.keys():
        raise NotFound("billable_metrics", sorted(missing))
    return found


def by_codes(connection: sa.Connection, codes: Sequence[str]) -> list[BillableMetric]:
    """The metrics of these codes, oldest first. Raises NotFound `billable_metrics` unless all are found."""
    found = BILLABLE_METRICS.all(connection, BILLABLE_METRICS.c.code.in_(list(codes)))
    if missing := set(codes) - {metric.code for metric in found}:
        raise NotFound("billable_metrics", sorted(missing))
    return found


def page(connection: sa.Connection, *, limit: int | None = None, offset: int = 0) -> Page[BillableMetric]:
    """Metrics, newest first."""
    return BILLABLE_METRICS.page(connection, limit=limit, offset=offset)


def calculations(connection: sa.Connection) -> dict[str, Calculation]:
    """Code -> what its metric's expression computes, for the metrics that have one."""
    columns = BILLABLE_METRICS.c
    rows = connection.execute(
        sa.select(columns.code, columns.field_name, columns.expression).where(
            BILLABLE_METRICS.is_current, columns.expression.is_not(None)
        )
    )
    return {row.code: Calculation(row.field_name, row.expression) for row in rows}


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    # Null for a flag or a list means its default, not null.
    return {
        name: _OPTIONAL[name] if value is None and name in ("recurring", "filters") else value
        for name, value in fields.items()
    }


def _normal(values: dict[str, Any]) -> dict[str, Any]:
    """Values come back sorted on the wire, a count has no field and nothing to compute, only a custom_agg has a SQL metric,
    and the weighted interval follows from the type."""
    filters = [{"key": row["key"], "values": sorted(set(row["values"]))} for row in values["filters"]]
    counts = values["aggregation_type"] == "count_agg"
    field_name = None if counts else values["field_name"]
    expression = None if counts else values["expression"] or None
    sql_metric = values["sql_metric"] if values["aggregation_type"] == "custom_agg" else None
    stored = {name: value for name, value in values.items() if name != "weighted_interval"}
    return stored | {"filters": filters, "field_name": field_name, "expression": expression, "sql_metric": sql_metric}


def _check(values: dict[str, Any]) -> Problems:
    problems = Problems(values)
    problems.key("code")
    problems.mandatory("name", "aggregation_type")
    problems.one_of("aggregation_type", AGGREGATIONS)
    if values["aggregation_type"] == "custom_agg":
        problems.mandatory("sql_metric")
        if values["expression"]:
            problems.mandatory("field_name")
    elif values["aggregation_type"] in AGGREGATIONS and values["aggregation_type"] != "count_agg":
        problems.mandatory("field_name")
    problems.boolean("recurring")
    if values["recurring"] and values["aggregation_type"] in _NOT_RECURRING:
        problems.add("recurring", "not_compatible_with_aggregation_type")
    problems.one_of("weighted_interval", ("seconds",))
    problems.one_of("rounding_function", ROUNDINGS)
    problems.integer("rounding_precision", least=-15, most=12)
    if values["expression"]:
        try:
            parse(values["expression"])
        except InvalidExpression as invalid:
            problems.add("expression", "invalid_expression", invalid.message)
    for row in values["filters"]:
        if not row.get("key"):
            problems.add("key", "value_is_mandatory")
        if not row.get("values"):
            problems.add("values", "value_is_mandatory")
    keys = [row.get("key") for row in values["filters"]]
    if len(keys) != len(set(keys)):
        problems.add("key", "value_already_exist")
    return problems

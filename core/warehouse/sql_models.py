"""SQL metrics and SQL charges: models that an analytics engineer adds, found by the name in their `meta`.

What they may read and must give is checked by `check_sql_models` while dbt compiles; that they are deterministic, here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.errors import TallystickError, ValidationError
from core.warehouse.determinism import violations

Node = Mapping[str, Any]
METRIC, CHARGE = "sql_metric", "sql_charge"
FOLDERS = {
    "sql_metrics": ("int_metering__sql_metric_events",),
    "sql_charges": (
        "int_rating__sql_charge_usage",
        "int_rating__sql_charge_events",
        "int_rating__sql_charge_parameters",
    ),
}
"""Folder of such models and of their helpers -> the models outside of it that they may read. Seeds they may read too."""


class UnsoundSqlModel(TallystickError):
    """A SQL metric or SQL charge may not be used as it is."""

    def __init__(self, problems: Iterable[str]) -> None:
        super().__init__("unsound_sql_model", "dbt_project: " + "; ".join(problems))


def refuse_unsound(nodes: Iterable[Node]) -> None:
    """Raises UnsoundSqlModel when one of them may differ from run to run, or reads what it may not."""
    by_id = {node["id"]: node for node in nodes}
    problems: list[str] = []
    for node in by_id.values():
        folder = next((name for name in FOLDERS if f"/{name}/" in node.get("path", "")), None)
        if folder is None:
            continue
        parents = [by_id[parent] for parent in node["depends_on"]]
        problems += [
            f"{node['path']}: it reads {parent['name']}, where facts may be missing or too new; read {' or '.join(FOLDERS[folder])}"
            for parent in parents
            if parent["kind"] != "seed"
            and parent["name"] not in FOLDERS[folder]
            and f"/{folder}/" not in parent.get("path", "")
        ]
        relations = [parent["relation"] for parent in parents]
        problems += [
            f"{node['path']}: {found.message}" for found in violations(node["name"], node["sql"] or "", relations)
        ]
    if problems:
        raise UnsoundSqlModel(problems)


def names(nodes: Iterable[Node], kind: str) -> set[str]:
    """The names that models carry in their `meta` under `kind`."""
    return {node["meta"][kind] for node in nodes if kind in node.get("meta", {})}


def check_name(fields: Mapping[str, Any], kind: str, known: Iterable[str]) -> None:
    """Raises ValidationError when `fields` name a SQL metric or SQL charge that does not exist."""
    name = fields.get(kind)
    if name and name not in known:
        listed = ", ".join(sorted(known)) or "none"
        advice = f"{kind}: there is no model with the name {name!r} in its meta; there are: {listed}"
        raise ValidationError({kind: ["value_is_invalid"]}, advice)

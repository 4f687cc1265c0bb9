"""SQL metrics and SQL charges: models that an analytics engineer adds, found by the name in their `meta`.

What they may read and must give is checked by `check_sql_models` while dbt compiles; that they are deterministic, here.
"""

from __future__ import annotations

import re
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

_COMPILED_IN = re.compile(
    r"\b(run_started_at|invocation_id|env_var|modules|run_query|statement|var|target|dbt_version)\b"
)
_JINJA = re.compile(r"{{.*?}}|{%.*?%}", re.DOTALL)
_COMMENT = re.compile(r"{#.*?#}", re.DOTALL)
_TEXT = re.compile(r"'[^']*'|\"[^\"]*\"")


class UnsoundSqlModel(TallystickError):
    """A SQL metric or SQL charge may not be used as it is."""

    def __init__(self, problems: Iterable[str]) -> None:
        super().__init__("unsound_sql_model", "dbt_project: " + "; ".join(problems))


def folder_of(path: str) -> str | None:
    """The folder of FOLDERS that a model lies in, if any."""
    return next((name for name in FOLDERS if f"/{name}/" in path), None)


def refuse_unsound(nodes: Iterable[Node]) -> None:
    """Raises UnsoundSqlModel when one of them may differ from run to run, or reads what it may not."""
    by_id = {node["id"]: node for node in nodes}
    problems: list[str] = []
    for node in by_id.values():
        folder = folder_of(node.get("path", ""))
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
        problems += [
            f"{node['path']}: {name} differs from one compilation to the next: pass what it says as a fact"
            for name in dict.fromkeys(_compiled_in(node.get("raw") or ""))
        ]
        relations = [parent["relation"] for parent in parents]
        problems += [
            f"{node['path']}: {found.message}" for found in violations(node["name"], node["sql"] or "", relations)
        ]
    if problems:
        raise UnsoundSqlModel(problems)


def _compiled_in(source: str) -> list[str]:
    """What of dbt's surroundings the model's own source puts into its SQL."""
    return [
        name
        for jinja in _JINJA.findall(_COMMENT.sub("", source))
        for name in _COMPILED_IN.findall(_TEXT.sub("", jinja))
    ]


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

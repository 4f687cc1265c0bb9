"""SQL metrics as an analytics engineer meets them: registered, promised, deterministic, or told why not while compiling."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest

from core.warehouse.dbt_project import PROJECT_DIR, BrokenProject, compiled_models
from core.warehouse.sql_models import CHARGE, METRIC, UnsoundSqlModel, names

CONTRACT = {"quantity": "decimal(38,12)"}


class Stopped(Exception):
    """dbt's compiler error."""


def stop(message: str) -> None:
    raise Stopped(message)


def model(name: str, meta: dict[str, str], columns: dict[str, str] = CONTRACT, has_contract: bool = True) -> Any:
    """A node as dbt's `graph` holds it."""
    declared = {column: {"data_type": data_type} for column, data_type in columns.items()}
    config = SimpleNamespace(meta=meta, contract=SimpleNamespace(enforced=has_contract))
    return SimpleNamespace(name=name, resource_type="model", original_file_path=f"models/{name}.sql", config=config, columns=declared)


def rows_of(models: list[str], *nodes: Any) -> str:
    """What the project's macro makes of these registered models and nodes."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do"])
    environment.globals |= {
        "execute": True,
        "graph": {"nodes": {node.name: node for node in nodes}},
        "exceptions": SimpleNamespace(raise_compiler_error=stop),
        "ref": lambda name: f"<{name}>",
    }
    text = (PROJECT_DIR / "macros/sql_models/sql_models.sql").read_text()
    return str(environment.from_string(text).module.rows_of_sql_models("sql_metric", models, CONTRACT))  # type: ignore[attr-defined]


def test_the_rows_of_each_come_under_the_name_in_its_meta() -> None:
    sql = rows_of(["m", "n"], model("m", {"sql_metric": "minutes"}), model("n", {"sql_metric": "hours"}), model("other", {}))
    assert " ".join(sql.split()) == "select 'minutes' as sql_metric, quantity from <m> union all select 'hours' as sql_metric, quantity from <n>"


@pytest.mark.parametrize(
    ("models", "nodes", "told"),
    [
        ([], [model("m", {"sql_metric": "minutes"})], "models/m.sql: the sql_metric minutes is not registered; add m to macros/sql_models/registry.sql"),
        (["m"], [model("m", {})], "has no name; add `config: {meta: {sql_metric: NAME}}`"),
        (["m", "n"], [model("m", {"sql_metric": "x"}), model("n", {"sql_metric": "x"})], "models/n.sql: the sql_metric x has the name of m"),
        (["m"], [model("m", {"sql_metric": "x"}, has_contract=False)], "the sql_metric x has no contract"),
        (["m"], [model("m", {"sql_metric": "x"}, {"quantity": "double"})], "must give quantity as decimal(38,12)"),
        (["m"], [model("m", {"sql_metric": "x"}, {})], "must give quantity as decimal(38,12)"),
    ],
)  # fmt: skip
def test_what_breaks_the_contract_stops_the_compilation(models: list[str], nodes: list[Any], told: str) -> None:
    with pytest.raises(Stopped) as stopped:
        rows_of(models, *nodes)
    assert told in str(stopped.value)


def test_the_project_has_its_worked_example() -> None:
    assert "connected_minutes" in names(compiled_models(), METRIC)
    assert "storage_zones" in names(compiled_models(), CHARGE)


def test_a_sql_metric_with_a_clock_does_not_compile(tmp_path: Path) -> None:
    project = tmp_path / "dbt_project"
    shutil.copytree(PROJECT_DIR, project, ignore=shutil.ignore_patterns("target", "logs"))
    example = project / "models/metering/sql_metrics/sql_metric__connected_minutes.sql"
    example.write_text(example.read_text().replace("where field_value > 0", "where field_value > 0 and timestamp < now()"))
    with pytest.raises(UnsoundSqlModel, match=r"sql_metric__connected_minutes.sql: .*\(\) differs from run to run"):
        compiled_models(project)
    example.write_text(example.read_text().replace(" and timestamp < now()", ""))
    registry = project / "macros/sql_models/registry.sql"
    registry.write_text(re.sub(r"'sql_metric__connected_minutes'(, *)?", "", registry.read_text()))
    with pytest.raises(BrokenProject, match="the sql_metric connected_minutes is not registered"):
        compiled_models(project)

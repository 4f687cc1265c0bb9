"""The SQL of every model stays in what DuckDB and Spark share, and every rule of that lint can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.warehouse import sql_lint
from core.warehouse.dbt_project import PROJECT_DIR
from core.warehouse.pricing_graph import PricingGraph

MACROS = sorted((PROJECT_DIR / "macros").rglob("*.sql"))
MODELS = sorted((PROJECT_DIR / "models").rglob("*.sql"))

OUTSIDE = {
    "qualify": "select a from t qualify row_number() over (order by a) = 1",
    "clock": "select current_timestamp as a from t",
    "now": "select now() as a from t",
    "double colon": "select a::bigint as a from t",
    "varchar": "select cast(a as varchar) as a from t",
    "double": "select cast(a as double) as a from t",
    "division": "select amount / 3 as a from t",
    "average": "select avg(a) as a from t",
    "group by all": "select a from t group by all",
    "group by position": "select a from t group by 1",
    "distinct on": "select distinct on (a) a, b from t",
    "asof": "select t.a from t asof join u on t.a >= u.a",
    "exclude": "select * exclude (a) from t",
    "by name": "select a from t union all by name select a from u",
    "array": "select [a, b] as a from t",
    "struct": "select {'a': a} as a from t",
    "unnest": "select unnest(a) as a from t",
    "series": "select a from generate_series(1, 3) as s(a)",
    "filter": "select count(*) filter (where a > 1) as a from t",
    "greatest": "select greatest(a, b) as a from t",
    "regexp_replace": "select regexp_replace(a, 'b', 'c') as a from t",
    "running window": "select sum(a) over (partition by b order by c) as a from t",
    "correlated": "select a from t where exists (select 1 from u where u.a = t.a)",
    "in subquery": "select a from t where a in (select a from u)",
    "scalar subquery": "select (select max(a) from u) as a from t",
    "quoted identifier": 'select t."order" as a from t',
    "offset": "select timestamp '2026-01-01 00:00:00+02:00' as a from t",
    "arg_max": "select arg_max(a, b) as a from t",
}  # fmt: skip

INSIDE = """
with t as (
    select a, '::now() / [' as text_only, sum(a) over (partition by b order by c rows unbounded preceding) as s,
        row_number() over (partition by b order by c) as r, coalesce(a, 0) as z -- a / b
    from "warehouse"."staging"."t"
)
select a, cast(s as string) as s, cast(z as decimal(38, 12)) as z, max(r) as r from t where a is distinct from 1 group by a, s, z
"""


@pytest.fixture(scope="module")
def graph() -> PricingGraph:
    return PricingGraph.load()


def test_every_model_is_inside_the_subset(graph: PricingGraph) -> None:
    found = [str(violation) for node in graph.models() for violation in sql_lint.violations(node.name, node.sql or "")]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("construct", OUTSIDE)
def test_a_construct_outside_the_subset_is_found(construct: str) -> None:
    assert sql_lint.violations("model", OUTSIDE[construct])


def test_portable_sql_is_let_through() -> None:
    assert sql_lint.violations("model", INSIDE) == []


def test_every_dispatched_macro_has_a_body_for_both_engines() -> None:
    assert sql_lint.macros_without_a_twin(MACROS) == []


def test_what_only_duckdb_has_stands_in_dispatched_macros() -> None:
    assert sql_lint.engine_words_outside_dispatch([*MACROS, *MODELS]) == []


def test_a_macro_without_its_twin_is_found(tmp_path: Path) -> None:
    macro = tmp_path / "half.sql"
    macro.write_text("{% macro half(x) %}{{ return(adapter.dispatch('half', 'tallystick')(x)) }}{% endmacro %}{% macro default__half(x) %}{{ x }} // 2{% endmacro %}")
    assert sql_lint.macros_without_a_twin([macro]) == ["spark__half"]


def test_an_engine_word_in_a_model_is_found(tmp_path: Path) -> None:
    model = tmp_path / "model.sql"
    model.write_text("select cast(a as hugeint) // 2 as a from t")
    assert len(sql_lint.engine_words_outside_dispatch([model])) == 2

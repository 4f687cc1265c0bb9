"""A rule never calls a query empty that has rows, and finds the ones that a chain of models rests on."""

from __future__ import annotations

from itertools import chain, combinations

import duckdb
import pytest

from core.warehouse.emptiness import holds, only_filters, rule_of

NAMES = tuple(f'"memory"."main"."{letter}"' for letter in "abc")
A, B, C = NAMES

# A query, and the sets of empty relations (by letter) that must be seen to empty it; their supersets follow.
QUERIES = {
    f"select * from {A}": ["a"],
    f"select x.k from {A} as x inner join {B} as y on x.k = y.k": ["a", "b"],
    f"select x.k from {A} as x, {B} as y": ["a", "b"],
    f"select x.k from {A} as x cross join {B} as y": ["a", "b"],
    f"select x.k from {A} as x left join {B} as y on x.k = y.k": ["a"],
    f"select x.k from {A} as x right join {B} as y on x.k = y.k": ["b"],
    f"select x.k from {A} as x full join {B} as y on x.k = y.k": ["ab"],
    f"select x.k from {A} as x left join {B} as y on x.k = y.k inner join {C} as z on x.k = z.k": ["a", "c"],
    f"select k from {A} semi join {B} using (k)": ["a", "b"],
    f"select k from {A} anti join {B} using (k)": ["a"],
    f"select k from {A} union all select k from {B}": ["ab"],
    f"select k from {A} union select k from {B} union all select k from {C}": ["abc"],
    f"select k from {A} except select k from {B}": ["a"],
    f"with one as (select * from {A}), two as (select one.k from one inner join {B} as y on one.k = y.k) select * from two": ["a", "b"],
    f"select * from (select * from {A}) as inside left join {B} as y on inside.k = y.k": ["a"],
    f"with recursive steps as (select k from {A} union all select steps.k + 1 from steps inner join {B} as y on true where steps.k < 3) select * from steps": ["a"],
    "with recursive steps as (select 1 as k union all select k + 1 from steps where k < 3) select * from steps": [],
    f"select k, sum(k) as total from {A} group by k": ["a"],
    f"select k, sum(k) over (partition by k) as total, count(*) filter (where k > 1) over () as n from {A}": ["a"],
    f"select sum(k) as total from {A}": [],
    f"select count(*) as n from {A}": [],
    f"select 1 + coalesce(max(k), 0) as n from {A}": [],
    f"select arg_max(k, k) as best, list(k) as every from {A}": [],
    f"select count(*) as n from {A} group by grouping sets ((), (k))": [],
    f"select count(*) as n from {A} group by rollup (k)": [],
    f"select count(*) as n from {A} group by ()": [],
    f"select count(*) as n from {A} group by all": [],
    f"select k from {A} group by k, k + 1 having count(*) > 0": ["a"],
    f"select k from {A} where k > (select coalesce(max(k), 0) - 9 from {B})": ["a"],
    "select 1 as k": [],
    f"select k from (values (1), (2)) as given(k) left join {A} using (k)": [],
    f"select s.k from unnest([1, 2]) as s(k) left join {A} as x on x.k = s.k": [],
    f"select * from {A} where k = 3": ["", "a"],
    f"with x as (select * from {A} where k in (7, 9) and k is not null) select x.k from x inner join {B} as y on x.k = y.k": ["", "a", "b"],
    f"with x as (select * from {A} where k = 3) select k from x union all select k from {B} where not k = 2 and k > 1": ["", "ab"],
    f"select k from {A} where k = 1 or k = 5": ["a"],
    f"select k - 3 as k from {A} where k = 2": ["a"],  # the name is the relation's or the query's: it may have rows
    f"select k + 1 as n from {A} where n = 3 and k < 3": ["a"],
    f"select k from {A} where k = (select 9) and abs(k) = 9": ["a"],
    f"with x as (select k - 3 as k from {A}) select k from x where k = -1": ["a"],  # hidden by a query before it
    f"with x as (select k - 3 as n, k from {A}) select k from x where n = -1": ["a"],
    f"with x as (select *, k - 3 as n from {A}), y as (select * from x) select k from y where n = -1 and k = 3": ["", "a"],
    f"with x as (select k, 1 as one from {A}), y as (select *, k as one from x where k > 5) select k from y where one = 1": ["", "a"],
    f"with x as (select k from {A} limit 1) select k from x where k = 2": ["a"],
    f"select count(*) as n from {A} where k = 3": [],
    f"select k, count(*) as n from {A} where k = 3 group by k": ["", "a"],
}  # fmt: skip


def subsets() -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations("abc", size) for size in range(4)))


def has_none(connection: duckdb.DuckDBPyConnection, relation: str, condition: str | None) -> bool:
    return connection.execute(f"select 1 from {relation} where {condition or 'true'}").fetchone() is None


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_what_it_calls_empty_is_empty(query: str) -> None:
    rule = rule_of(query)
    for empty in subsets():
        with duckdb.connect() as connection:
            for letter in "abc":
                rows = 0 if letter in empty else 2
                connection.execute(f"create table {letter} as select range + 1 as k from range({rows})")
            found = connection.execute(query).fetchall()
            called_empty = holds(
                rule, lambda relation, condition, connection=connection: has_none(connection, relation, condition)
            )
        assert not (called_empty and found), empty
        assert called_empty == any(set(enough) <= set(empty) for enough in QUERIES[query]), empty


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"select x.k from {A} as x left join {B} as y on x.k = y.k where x.k > 1", True),
        (f"with x as (select k from {A} group by k) select * from x", False),
        (f"select k, sum(k) over (order by k) as total from {A}", False),
        (f"select distinct k from {A}", False),
        (f"select k from {A} union all select k from {B}", False),
    ],
)  # fmt: skip
def test_what_groups_or_orders_is_computed_before_it_is_asked(query: str, expected: bool) -> None:
    assert only_filters(query) is expected

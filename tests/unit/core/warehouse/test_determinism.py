"""What may differ from run to run is refused in the models that others write, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import ValidationError
from core.warehouse.determinism import violations
from core.warehouse.sql_models import UnsoundSqlModel, check_name, names, refuse_unsound

EVENTS = '"warehouse"."metering"."int_metering__sql_metric_events"'
CHANGING = {
    "now": "select now() as a from {t}",
    "current date": "select current_date as a from {t}",
    "local timestamp": "select localtimestamp as a from {t}",
    "today": "select today() as a from {t}",
    "ago": "select ago(interval 1 day) as a from {t}",
    "random": "select random() as a from {t}",
    "uuid": "select uuid() as a from {t}",
    "generated uuid": "select gen_random_uuid() as a from {t}",
    "sequence": "select nextval('s') as a from {t}",
    "transaction": "select txid_current() as a from {t}",
    "environment": "select getenv('HOME') as a from {t}",
    "setting": "select current_setting('TimeZone') as a from {t}",
    "version": "select version() as a from {t}",
    "user": "select current_user as a from {t}",
    "any value": "select any_value(a) as a from {t}",
    "first": "select first(a) as a from {t}",
    "mode": "select mode(a) as a from {t}",
    "arg_max": "select arg_max(a, b) as a from {t}",
    "estimate": "select approx_quantile(a, 0.95) as a from {t}",
    "unordered list": "select string_agg(a, ',') as a from {t}",
    "list in an order with ties": "select string_agg(a, ',' order by timestamp) as a from {t}",
    "unordered rows": "select row_number() over (partition by a) as a from {t}",
    "unordered neighbour": "select lag(a) over () as a from {t}",
    "limit": "select a from {t} order by a limit 1",
    "sample": "select a from {t} using sample 10%",
    "distinct on": "select distinct on (a) a, b from {t}",
    "file": "select a from 'usage.parquet'",
    "reader": "select a from read_csv('usage.csv')",
    "relation behind dbt's back": "select a from warehouse.raw.events",
    "query": "select a from query('select 1 as a')",
    "unknown function": "select guess(a) as a from {t}",
    "age until now": "select age(timestamp) as a from {t}",
    "local time": "select current_localtime() as a from {t}",
    "database": "select current_database() as a from {t}",
    "number in an order with ties": "select row_number() over (partition by a order by timestamp) as a from {t}",
    "neighbour in an order with ties": "select lag(a) over (partition by window_charge_id order by timestamp, field_value) as a from {t}",
    "order by what is computed of a tie": "with c as (select *, epoch_us(timestamp) as begins from {t}) select row_number() over (order by begins desc) as a from c",
    "order by nothing": "select row_number() over (order by 1) as a from {t}",
    "running sum in an order with ties": "select sum(a) over (order by timestamp rows unbounded preceding) as a from {t}",
    "running sum without an order": "select sum(a) over (rows unbounded preceding) as a from {t}",
    "number in an order that other buckets have": "select row_number() over (order by event_number) as a from {t}",
    "running sum in an order that other groups have": "select sum(a) over (partition by window_charge_id order by event_number rows unbounded preceding) as a from {t}",
    "neighbour in an order that other windows have": "select lag(a) over (partition by external_subscription_id order by transaction_id) as a from {t}",
    "list in an order that other buckets have": "select string_agg(a, ',' order by event_number) as a from {t} group by window_charge_id",
    "array of a query": "select array(select a from {t}) as a from {t}",
    "root": "select sum(sqrt(a)) as a from {t}",
    "root before a sum elsewhere": "with c as (select ln(a) as b from {t}) select sum(b) as a from c",
    "power": "select sum(a ** 2) as a from {t}",
    "correlation": "select cast(corr(a, b) as decimal(38, 12)) as a from {t}",
    "literal with an exponent": "select sum(a * 1e0) as a from {t}",
    "row id": "select rowid as a from {t}",
    "positional join": "select b.a from {t} positional join {t} as b",
    "asof join": "select b.a from {t} as c asof join {t} as b on b.timestamp <= c.timestamp",
    "average": "select avg(a) as a from {t}",
    "division": "select sum(a / 3) as a from {t}",
    "binary number": "select sum(cast(a as double)) as a from {t}",
    "machine's time zone": "select cast(cast(timestamp as timestamptz) as date) as a from {t}",
    "instant in the machine's time zone": "select cast(to_timestamp(a) as date) as a from {t}",
    "file by the name of an expression": "with c as (with \"usage.csv\" as (select 1 as a) select a from \"usage.csv\") select a from \"usage.csv\"",
    "in a subquery": "with c as (select a, random() as r from {t}), final as (select a from c where r < 1) select * from final",
}  # fmt: skip
STEADY = """
with events as (select * from {t} where sql_metric = 'x'),
numbers as (select cast(range as bigint) as n from range(0, 3)),
ranked as (
    select *, row_number() over (partition by window_charge_id, charge_filter_id, group_key order by event_number) as place,
        max(b) over (partition by usage_id order by event_number rows between unbounded preceding and 1 preceding) as before,
        lag(a) over (partition by a order by timestamp, event_number, window_charge_id, charge_filter_id, group_key) as previous,
        lag(b) over (partition by window_charge_id order by transaction_id) as sent_before, sum(cast(sqrt(c) as decimal(38, 12))) over (partition by a) as roots, sum(c) over (partition by a order by timestamp) as so_far,
        age(timestamp, from_at) as since
    from events
),
final as (
    select a, string_agg(b, ',' order by place) as texts, string_agg(b, ',' order by event_number) as listed, string_agg(field_text, ',' order by field_text) as sorted_texts, quantile_disc(c, 0.95) as p95, count(*) as n,
        coalesce(sum(c), 0) as total, nullif(max(c), 0) as most, md5(a) as id, epoch_us(d) // 60000000 as minutes,
        json_extract_string(e, '$.f') as text, try_cast(b as decimal(38, 12)) as number, round(c, 2) as rounded
    from ranked as r inner join numbers on true
    group by a, c, d, e, b, window_charge_id, charge_filter_id, group_key
)
select * from final
"""


@pytest.mark.parametrize("what", CHANGING)
def test_what_may_differ_from_run_to_run_is_found(what: str) -> None:
    assert violations("model", CHANGING[what].format(t=EVENTS), [EVENTS])


def test_what_gives_the_same_rows_is_let_through() -> None:
    assert violations("model", STEADY.format(t=EVENTS), [EVENTS]) == []


def node(name: str, sql: str | None, *parents: str, path: str = "", kind: str = "model", **meta: str) -> dict[str, Any]:
    return {"id": name, "name": name, "kind": kind, "relation": f'"w"."m"."{name}"', "sql": sql, "depends_on": parents, "path": path, "meta": meta}


EVENTS_NODE = node("int_metering__sql_metric_events", "select now() as at", path="models/metering/events.sql")
FOLDER = "models/metering/sql_metrics"


def test_models_outside_of_the_folders_are_not_judged() -> None:
    refuse_unsound([EVENTS_NODE])


def test_an_unsound_model_is_refused_with_its_file_and_what_to_do() -> None:
    clock = node("sql_metric__a", 'select now() as at from "w"."m"."int_metering__sql_metric_events"', EVENTS_NODE["id"], path=f"{FOLDER}/a.sql")
    with pytest.raises(UnsoundSqlModel, match=r"models/metering/sql_metrics/a.sql: (now|current_timestamp)\(\) differs from run to run"):
        refuse_unsound([EVENTS_NODE, clock])


def test_a_sql_metric_reads_events_seeds_and_its_neighbours_only() -> None:
    seed = node("weights", None, kind="seed")
    helper = node("helper", 'select a from "w"."m"."int_metering__sql_metric_events"', EVENTS_NODE["id"], path=f"{FOLDER}/helper.sql")
    sound = node("sql_metric__a", 'select a from "w"."m"."helper" cross join "w"."m"."weights"', "helper", "weights", path=f"{FOLDER}/a.sql")
    refuse_unsound([EVENTS_NODE, seed, helper, sound])
    raw = node("stg_landing__events", None, kind="source")
    with pytest.raises(UnsoundSqlModel, match=r"it reads stg_landing__events, .*; read int_metering__sql_metric_events"):
        refuse_unsound([raw, node("sql_metric__a", 'select a from "w"."m"."stg_landing__events"', raw["id"], path=f"{FOLDER}/a.sql")])


@pytest.mark.parametrize("jinja", ["{{ run_started_at }}", "{{ env_var('X') }}", "{{ invocation_id }}", "{{ modules.datetime.date.today() }}", "{{ var('x') }}", "{% set x = run_query('select now()') %}"])
def test_what_dbt_puts_in_while_it_compiles_is_refused(jinja: str) -> None:
    sql = 'select a from "w"."m"."int_metering__sql_metric_events"'
    sound = node("sql_metric__a", sql, EVENTS_NODE["id"], path=f"{FOLDER}/a.sql") | {"raw": "select a, '{# now() #}' -- var() of a metric\nfrom {{ ref('x') }} where {{ quantity('target') }} > 0"}
    refuse_unsound([EVENTS_NODE, sound])
    with pytest.raises(UnsoundSqlModel, match=r"sql_metrics/a.sql: .* differs from one compilation to the next"):
        refuse_unsound([EVENTS_NODE, sound | {"raw": f"select '{jinja}' as a"}])


def test_a_name_is_checked_against_the_models() -> None:
    known = names([EVENTS_NODE, node("m", None, sql_metric="minutes")], "sql_metric")
    assert known == {"minutes"}
    check_name({"sql_metric": "minutes"}, "sql_metric", known)
    check_name({"name": "x"}, "sql_metric", known)
    with pytest.raises(ValidationError, match="there is no model with the name 'hours' in its meta; there are: minutes") as refused:
        check_name({"sql_metric": "hours"}, "sql_metric", known)
    assert refused.value.details == {"sql_metric": ["value_is_invalid"]}

"""A run does nothing if and only if nothing arrived, was commanded, changed or fell due since the last complete one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from core import lake
from core.billing import installation
from core.billing.nothing_new import built_of, nothing_new_since
from core.catalog import applied_coupons, coupons, customers, plans, subscriptions, test_clocks
from core.catalog.engine import connect, reading
from core.catalog.export import contents
from core.catalog.unit_of_work import UnitOfWork, unit_of_work
from core.clock import ManualClock, SystemClock
from core.settings import Settings
from core.warehouse import last_run as records
from core.warehouse.dbt_project import PROJECT_DIR
from core.warehouse.moments import instants_after, next_moment
from core.warehouse.pricing_graph import PricingGraph
from core.warehouse.publish import Published, publish
from ingestion.event import UsageEvent, to_micros
from ingestion.inbox import Inbox
from ingestion.landing import Landing
from orchestration.defs.ingestion.assets import Horizon, raw_facts
from orchestration.lib.resources import Writer
from tests.support.demo_home import copy_of

AS_OF = datetime(2026, 3, 10, 12, 30)
LATER = timedelta(minutes=29)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home whose last run was complete: facts are loaded, and dbt's part is taken as done."""
    settings = Settings(home=tmp_path_factory.mktemp("prepared") / "home")
    clock = ManualClock(datetime(2026, 1, 1))
    installation.create(settings, PricingGraph.load(), clock)
    with unit_of_work(connect(settings.catalog), clock) as uow:
        plans.create(uow, code="p", name="P", interval="monthly", amount_cents=100, amount_currency="USD")
        customers.create_many(uow, [{"external_id": "c", "name": "C", "currency": "USD", "timezone": "Asia/Kolkata"}])
        coupons.create(uow, code="off", name="Off", coupon_type="percentage", percentage_rate="10", frequency="forever")
        subscriptions.create_many(uow, [{"external_id": "s", "external_customer_id": "c", "plan_code": "p"}])
        test_clocks.create(uow, "clock", datetime(2026, 1, 1))
    _send(settings)
    assert loads(settings, AS_OF)
    finish(settings)
    return settings


@pytest.fixture
def ran(prepared: Settings, tmp_path: Path) -> Settings:
    """A copy of that home."""
    return copy_of(prepared.home, tmp_path / "home")


def loads(settings: Settings, as_of: datetime, **config: Any) -> bool:
    """Whether a run up to `as_of` begins to build; else it says since when nothing is new, and writes nothing."""
    before = _versions(settings)
    result = dg.materialize(
        [raw_facts],
        run_config=dg.RunConfig(ops={"raw_facts": Horizon(as_of=as_of.isoformat(), **config)}),
        resources={"installation": Writer(home=str(settings.home))},
    )
    said = [event.asset_observation_data.asset_observation for event in result.all_events if event.is_asset_observation]
    if result.asset_materializations_for_node("raw_facts"):
        assert not said
        return True
    assert said and said[0].metadata["nothing_new_since"].value == AS_OF.isoformat()
    assert _versions(settings) == before
    return False


def finish(settings: Settings, *, has_issued: bool = True) -> None:
    """The end of a run."""
    publish(settings.published, Published(1, 1, AS_OF))
    with closing(_attached(settings)) as connection:
        records.complete(
            settings.last_run,
            as_of=AS_OF,
            holds_until=next_moment(connection, AS_OF, instants_after(connection, lake.warehouse(settings), AS_OF)),
            has_issued=has_issued,
            versions=records.versions(connection),
        )


def _attached(settings: Settings) -> Any:
    connection = lake.connect()
    lake.attach(connection, lake.warehouse(settings))
    lake.attach(connection, lake.books(settings))
    return connection


def _versions(settings: Settings) -> dict[str, str]:
    with closing(_attached(settings)) as connection:
        return records.versions(connection)


def _send(settings: Settings) -> None:
    with closing(Inbox(settings.inbox, SystemClock())) as inbox:
        number = len(Landing(settings.landing).files("events"))
        inbox.append([UsageEvent("s", f"event-{number}", "m", to_micros(datetime(2026, 3, 1)), "{}")])


def _command(command: Callable[[UnitOfWork], object]) -> Callable[[Settings], None]:
    def give(settings: Settings) -> None:
        with unit_of_work(connect(settings.catalog), SystemClock()) as uow:
            command(uow)

    return give


def _write(alias: str, statement: str) -> Callable[[Settings], None]:
    def write(settings: Settings) -> None:
        with closing(_attached(settings)) as connection:
            connection.execute(statement)

    return write


def _land(settings: Settings) -> None:
    """Somebody else's process has flushed the inbox."""
    names = Landing(settings.landing).files("events")
    source = settings.landing / names[-1]
    shutil.copy(source, source.with_name(source.name.replace("-", "-0", 1)))


def _drop(settings: Settings) -> None:
    line = {"external_subscription_id": "s", "transaction_id": "dropped", "code": "m", "timestamp": "2026-03-01T00:00:00Z"}
    (settings.home / "drop").mkdir(exist_ok=True)
    (settings.home / "drop" / "usage.jsonl").write_text(json.dumps(line))


def _break_off(settings: Settings) -> None:
    """A run that began and went no further."""
    assert loads(settings, AS_OF, rebuild=True)


def _garble(settings: Settings) -> None:
    settings.last_run.write_text("{")


NEWS: dict[str, Callable[[Settings], None]] = {
    "an event in the inbox": _send,
    "a landing file": _land,
    "a dropped file": _drop,
    "a new object": _command(lambda uow: customers.upsert(uow, "another")),
    "a change": _command(lambda uow: customers.upsert(uow, "c", name="Renamed")),
    "what belongs to a customer": _command(lambda uow: applied_coupons.apply(uow, external_customer_id="c", coupon_code="off")),
    "an end": _command(lambda uow: coupons.COUPONS.end(uow, uow.stamp_for(), coupons.get(uow.connection, "off"))),
    "a reading of a test clock": _command(
        lambda uow: test_clocks.advance(uow, test_clocks.TEST_CLOCKS.all(uow.connection)[0].id, datetime(2026, 2, 1))
    ),
    "what a command issued": _write("books", "insert into books.main.invoices (invoice_id) values ('issued')"),
    "a hand in the warehouse": _write("warehouse", "delete from warehouse.raw.events"),
    "a run that broke off": _break_off,
    "a lost record": lambda settings: settings.last_run.unlink(),
    "a broken record": _garble,
    "nothing published": lambda settings: settings.published.unlink(),
}


def test_nothing_is_done_where_nothing_is_new(ran: Settings) -> None:
    assert not loads(ran, AS_OF)
    assert not loads(ran, AS_OF + LATER), "nothing falls due before the next full hour"
    assert not loads(ran, AS_OF + LATER), "and a run that had nothing to do changes nothing of that"
    assert loads(ran, AS_OF, rebuild=True), "unless it is asked for"


@pytest.mark.parametrize("news", NEWS)
def test_whatever_is_new_is_built(ran: Settings, news: str) -> None:
    NEWS[news](ran)
    assert loads(ran, AS_OF + LATER)


def test_a_run_up_to_the_next_moment_builds(ran: Settings) -> None:
    assert loads(ran, AS_OF + timedelta(minutes=30)), "the schedules tick each full hour, and in Kolkata it is no midnight"


def test_edited_code_is_other_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = tmp_path / "code"
    for name in ("core", "ingestion", "orchestration", "dbt_project"):
        shutil.copytree(PROJECT_DIR.parent / name, code / name, ignore=shutil.ignore_patterns("target", "__pycache__"))
    here = records.code_hash()
    monkeypatch.setattr(records, "PROJECT_DIR", code / "dbt_project")
    assert records.code_hash() == here, "the same code elsewhere"
    for pattern in ("models/rating/*.sql", "models/rating/*.yml", "macros/money/*.sql", "seeds/*.csv", "tests/**/*.sql", "dbt_project.yml", "../core/warehouse/settlement.py"):
        edited = sorted((code / "dbt_project").glob(pattern))[0]
        edited.write_text(edited.read_text() + "\n")
        assert records.code_hash() != here, pattern
        edited.write_text(edited.read_text()[:-1])
    monkeypatch.setattr(duckdb, "__version__", "another")
    assert records.code_hash() != here


def test_a_run_of_other_code_builds(ran: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.billing.nothing_new.code_hash", lambda: "other")
    assert loads(ran, AS_OF)


def test_a_billing_run_after_a_usage_run_issues(ran: Settings) -> None:
    assert loads(ran, AS_OF, rebuild=True)
    finish(ran, has_issued=False)
    with reading(connect(ran.catalog)) as connection:
        given = built_of(contents(connection), Landing(ran.landing).files("events"))
    assert nothing_new_since(ran, given, AS_OF, must_issue=False)
    assert nothing_new_since(ran, given, AS_OF, must_issue=True) is None


def test_an_instant_that_was_settled_is_refused_as_ever(ran: Settings) -> None:
    with pytest.raises(Exception, match="an earlier run settled to"):
        loads(ran, AS_OF - timedelta(minutes=1))
    with pytest.raises(Exception, match="facts may still arrive"):
        loads(ran, SystemClock().now() + timedelta(days=1))
    assert not loads(ran, AS_OF), "a run that was refused has begun nothing"


def test_the_record_of_a_lake_made_anew_is_not_believed(ran: Settings) -> None:
    """Its versions count from one again, and could come to the number of the record."""
    content = json.loads(ran.last_run.read_text())
    number, _, _ = content["versions"]["warehouse"].partition(" of ")
    content["versions"]["warehouse"] = f"{number} of another time"
    ran.last_run.write_text(json.dumps(content))
    assert loads(ran, AS_OF)

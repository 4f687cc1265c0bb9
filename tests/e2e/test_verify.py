"""`verify` agrees with what was billed, and sees each kind of damage done to the lakes behind its back."""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path

import pytest

from cli.verify import verify_installation
from core import lake
from core.billing.recompute import DOCUMENT, RECOMPUTED
from core.settings import Settings
from tests.support.demo_home import copy_of, demo_home, tallystick


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return copy_of(demo_home(), tmp_path / "home")


def damage(settings: Settings, statement: str) -> None:
    """Changes one of the lakes as nobody should."""
    with closing(lake.connect()) as connection:
        lake.attach(connection, lake.books(settings))
        lake.attach(connection, lake.warehouse(settings))
        connection.execute(statement)


def value(settings: Settings, query: str) -> object:
    with closing(lake.connect()) as connection:
        lake.attach(connection, lake.books(settings), read_only=True)
        lake.attach(connection, lake.warehouse(settings), read_only=True)
        row = connection.execute(query).fetchone()
        return row[0] if row else None


def test_what_was_billed_agrees_with_itself(settings: Settings) -> None:
    report = verify_installation(settings)
    assert report.differences == ()
    assert report.holds
    assert report.invoices == value(settings, "select count(*) from books.main.invoices") > 100
    assert report.lines == value(settings, "select count(*) from books.main.fees") > 500
    assert report.checks > 5


BILLED_FEE = "(select fee_id from books.main.fees where amount_cents > 0 and events_count > 0 order by fee_id limit 1)"
MIDDLE_INVOICE = "(select invoice_id from books.main.invoices where customer_sequence = 2 order by invoice_id limit 1)"
COUPON_USE = "(select invoice_id from books.main.coupon_uses order by invoice_id limit 1)"


@pytest.mark.parametrize(
    ("statement", "where", "what"),
    [
        pytest.param(
            f"update books.main.fees set amount_cents = amount_cents + 1 where fee_id = {BILLED_FEE}",
            "fees",
            "amount_cents is",
            id="a changed cent",
        ),
        pytest.param(
            "update books.main.fees set amount_cents = amount_cents + 1",
            "fees",
            "more rows differ",
            id="every line",
        ),
        pytest.param(
            f"delete from books.main.fees where fee_id = {BILLED_FEE}",
            "fees",
            "the books lack this row",
            id="a line gone",
        ),
        pytest.param(
            f"insert into books.main.fees by name select * replace (fee_id || 'x' as fee_id) from books.main.fees where fee_id = {BILLED_FEE}",
            "fees",
            "which the facts do not give",
            id="a line too many",
        ),
        pytest.param(
            f"insert into books.main.fees select * from books.main.fees where fee_id = {BILLED_FEE}",
            "fees",
            "more than once",
            id="a line twice",
        ),
        pytest.param(
            f"delete from books.main.coupon_uses where invoice_id = {COUPON_USE}",
            "coupon_uses",
            "the books lack this row",
            id="a coupon use gone",
        ),
        pytest.param(
            f"update books.main.invoices set number = number || '9' where invoice_id = {MIDDLE_INVOICE}",
            "invoices",
            "number is",
            id="another number",
        ),
        pytest.param(
            f"delete from books.main.invoices where invoice_id = {MIDDLE_INVOICE}",
            "invoices",
            "customer_sequence",
            id="an invoice gone",
        ),
    ],
)
def test_damage_to_the_books_is_seen(settings: Settings, statement: str, where: str, what: str) -> None:
    damage(settings, statement)
    report = verify_installation(settings)
    assert not report.holds
    assert any(difference.where == where and what in difference.what for difference in report.differences), report


def test_a_deleted_event_is_seen(settings: Settings) -> None:
    """Both as a break of law 3 and as a line that comes out smaller."""
    damage(
        settings,
        """delete from warehouse.raw.events where transaction_id = (
            select min(events.transaction_id) from warehouse.raw.events as events
            inner join books.main.fees on events.external_subscription_id = fees.external_subscription_id and events.code = fees.billable_metric_code
                and events.timestamp >= fees.from_at and events.timestamp < fees.to_at and events.received_at < fees.issued_at
            where fees.events_count > 0 and fees.charge_filter_id is null)""",
    )
    report = verify_installation(settings)
    assert any("were accepted and the warehouse holds" in difference.what for difference in report.differences)
    assert any(
        difference.where == "fees" and "events_count is" in difference.what for difference in report.differences
    ), report


def test_the_newest_invoice_gone_without_a_trace_is_seen(settings: Settings) -> None:
    newest = str(value(settings, "select invoice_id from books.main.invoices order by entity_sequence desc limit 1"))
    damage(
        settings,
        "; ".join(
            f"delete from books.main.{table} where {DOCUMENT.get(table, 'invoice_id')} = '{newest}'"
            for table in RECOMPUTED
        ),
    )
    report = verify_installation(settings)
    assert [(difference.invoice_id, difference.where) for difference in report.differences] == [(newest, "invoices")]
    assert "was published" in report.differences[0].what


def test_a_truncated_landing_file_is_seen(settings: Settings) -> None:
    file = next(settings.landing.rglob("*.parquet"))
    file.write_bytes(file.read_bytes()[:100])
    report = verify_installation(settings)
    assert ["cannot be read any more" in difference.what for difference in report.differences] == [True]


def test_a_landing_file_gone_is_seen(settings: Settings) -> None:
    next(settings.landing.rglob("*.parquet")).unlink()
    report = verify_installation(settings)
    assert ["gone from the landing zone" in difference.what for difference in report.differences] == [True]


def test_changed_sql_in_the_books_is_seen(settings: Settings) -> None:
    """A price rule rewritten after the fact, in such a way that it still runs."""
    damage(
        settings,
        "update books.main.sql_bundles set sql = sql || ' -- edited' where name = 'int_rating__standard_charges'",
    )
    report = verify_installation(settings)
    assert ["has been changed since it priced invoices" in difference.what for difference in report.differences] == [
        True
    ]


def test_invoices_of_two_sql_versions_are_recomputed_in_waves(settings: Settings) -> None:
    """From each customer's second invoice on, the books name another SQL (the same but for a comment): coupons and numbers go on."""
    with closing(lake.connect()) as connection:
        lake.attach(connection, lake.books(settings))
        rows = connection.execute(
            "select position, name, relation, sql from books.main.sql_bundles order by position"
        ).fetchall()
        edited = [(position, name, relation, sql and f"{sql} -- edited") for position, name, relation, sql in rows]
        digest = hashlib.sha256()
        for _, name, _, sql in edited:
            digest.update(f"{name}\x00{sql or ''}\x00".encode())
        bundle_id = digest.hexdigest()[:32]
        connection.executemany(
            "insert into books.main.sql_bundles values (?, ?, ?, ?, ?)", [(bundle_id, *row) for row in edited]
        )
        connection.execute("update books.main.invoices set sql_bundle_id = ? where customer_sequence >= 2", [bundle_id])
    report = verify_installation(settings)
    assert report.differences == ()
    assert report.invoices == value(settings, "select count(*) from books.main.invoices")


def test_the_command_tells_how_much_it_recomputed_and_fails_on_a_difference(settings: Settings) -> None:
    good = tallystick(settings.home, "verify")
    assert good.returncode == 0, good.stderr
    assert "everything agrees" in good.stdout and "invoices" in good.stdout
    damage(settings, f"update books.main.fees set amount_cents = amount_cents + 1 where fee_id = {BILLED_FEE}")
    bad = tallystick(settings.home, "verify")
    assert bad.returncode == 1
    assert "DIFFERS  fees:" in bad.stdout and "in the books and" in bad.stdout


def test_nothing_to_recompute_is_a_failure(settings: Settings) -> None:
    """Books without invoices prove nothing."""
    with closing(lake.connect()) as connection:
        lake.attach(connection, lake.books(settings))
        for (table,) in connection.execute(
            "select table_name from duckdb_tables() where database_name = 'books'"
        ).fetchall():
            connection.execute(f"delete from books.main.{table}")
    report = verify_installation(settings)
    assert report.invoices == 0
    assert not report.holds

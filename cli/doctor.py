"""`tallystick doctor`: what is wrong with this installation, and what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
import typer
from filelock import FileLock, Timeout
from rich.markup import escape
from rich.table import Table

from cli.output import FAILED, WAY_OUT, Json, console, held_line, print_json, progress_console, without_passwords
from core import lake
from core.catalog import invoice_emails
from core.catalog.engine import connect, reading
from core.catalog.invoice_emails import InvoiceEmail
from core.catalog.migrations import newest
from core.catalog.set_aside_events import SET_ASIDE_EVENTS
from core.errors import TallystickError
from core.locks import Locked, Name, exclusive
from core.settings import Settings
from core.warehouse import marts
from core.warehouse.connection import ReadWarehouse
from core.warehouse.pricing_graph import PricingGraph
from core.warehouse.publish import published

PACKAGES = (
    "duckdb",
    "duckdb-extension-ducklake",
    "dbt-core",
    "dbt-duckdb",
    "dagster",
    "sqlalchemy",
    "pyarrow",
    "fastapi",
    "streamlit",
)
PINNED = {"duckdb": "1.5.5", "duckdb-extension-ducklake": "1.5.5"}
READ = {"books": "select * from books.main.invoices limit 1", "warehouse": "select * from warehouse.raw.run_horizon"}
"""Lake -> a query that opens a file of it."""
TOLD = 5
V = TypeVar("V")
LEAST_ROOM_BYTES = 10**9
LOCKS: dict[Name, str] = {"warehouse": "a run", "books": "an issue"}


@dataclass(frozen=True)
class Finding:
    """One check. `advice` is what to do when it is not `ok`."""

    check: str
    ok: bool
    found: str
    advice: str = ""


def doctor(as_json: Json = False) -> None:
    """Check versions, folders, locks, databases, the published versions and the models; say what to do. Ends with 1 if anything is wrong."""
    settings = Settings.load()
    with progress_console.status("Looking"):
        findings = list(examine(settings))
    is_well = all(finding.ok for finding in findings)
    if as_json:
        print_json({"home": settings.home, "ok": is_well, "findings": [asdict(finding) for finding in findings]})
    else:
        table = Table("Check", "", "Found", "What to do")
        for finding in findings:
            table.add_row(
                finding.check, "ok" if finding.ok else "[red]WRONG[/red]", escape(finding.found), escape(finding.advice)
            )
        console.print(table)
    if not is_well:
        raise typer.Exit(FAILED)


def examine(settings: Settings) -> Iterator[Finding]:
    """Every check, in an order in which the first that is wrong explains the later ones."""
    yield from _versions()
    yield _folder(settings.home, "home")
    yield _checked("files", partial(_files, settings.home), "let this user write to them: they belong to another")
    yield _checked("disk", partial(_room, settings.home), "make room, or move the home folder to a larger disk")
    yield _checked(
        "catalog",
        lambda: _catalog(settings),
        "run `tallystick init`, which applies migrations; with Postgres, check TALLYSTICK_CATALOG_URL and that it runs",
    )
    yield _checked(
        "books",
        partial(_lake, settings, "books"),
        "run `tallystick init`; if the books were there before, restore them with `tallystick restore`",
    )
    yield _checked(
        "warehouse",
        partial(_lake, settings, "warehouse"),
        "run `tallystick init`, then `tallystick run`, which rebuilds it; if its files are gone, first remove warehouse.sqlite and the folder warehouse, both",
    )
    yield _folder(
        settings.landing,
        "landing zone",
        "run `tallystick init` if it is new; if it was there before, restore it with `tallystick restore`: it holds all events",
    )
    for lock, holder in LOCKS.items():
        path = None if settings.lake_catalog_url else settings.home / f"{lock}.lock"
        yield _lock(f"lock of the {lock}", path, exclusive(settings, lock, 0), holder)
    path = settings.landing / ".lock"
    yield _lock("lock of the landing zone", path, FileLock(path, timeout=0), "an ingestion or a flush")
    yield _published(settings)
    yield _checked(
        "bills held back",
        lambda: _held(settings),
        f"before the bill's cutoff correct the usage or lower the price; after it, {WAY_OUT}",
    )
    yield _checked(
        "e-mails of invoices",
        lambda: _emails(settings),
        "correct the customer's address or the mail server, then `tallystick send NUMBER` sends one again",
    )
    yield _checked("events set aside", lambda: _set_aside(settings), "run `tallystick init`, which applies migrations")
    yield _checked(
        "models",
        lambda: f"{len(PricingGraph.load().models())} compile",
        "correct the model that dbt names; `git diff dbt_project` shows what was changed",
    )


def _versions() -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding(
        "python",
        sys.version_info >= (3, 11),
        python,
        "" if sys.version_info >= (3, 11) else "install Python 3.11 or newer and make a new .venv",
    )
    for name in PACKAGES:
        try:
            found = version(name)
        except PackageNotFoundError:
            yield Finding(name, False, "not installed", "run `make .venv`")
            continue
        ok = found == PINNED.get(name, found)
        yield Finding(name, ok, found, "" if ok else f"{PINNED[name]} is needed: run `make .venv`")


def _folder(path: Path, name: str, advice: str = "run `tallystick init`") -> Finding:
    if not path.is_dir():
        return Finding(name, False, f"{path} does not exist", advice)
    writable = os.access(path, os.W_OK | os.X_OK)
    return Finding(
        name,
        writable,
        f"{path}{'' if writable else ' cannot be written'}",
        "" if writable else f"give this user the right to write: chown -R $USER {path}",
    )


def _files(home: Path) -> str:
    closed = [path.name for path in sorted(home.glob("*.sqlite*")) if not os.access(path, os.R_OK | os.W_OK)]
    if closed:
        raise PermissionError(f"{', '.join(closed)} cannot be written")
    return "can be written"


def _room(home: Path) -> str:
    free = shutil.disk_usage(next(folder for folder in (home, *home.parents) if folder.is_dir())).free
    if free < LEAST_ROOM_BYTES:
        raise RuntimeError(
            f"{free / 10**9:.1f} GB are free; a run needs room for the facts it loads and for what it builds"
        )
    return f"{free / 10**9:.1f} GB free"


def _lock(name: str, path: Path | None, lock: AbstractContextManager[object], holder: str) -> Finding:
    # A lock that was never taken has no file, and asking makes none.
    if path is not None and not path.exists():
        return Finding(name, True, "free")
    try:
        with lock:
            return Finding(name, True, "free")
    except (Timeout, Locked):
        return Finding(name, True, f"held by {holder}; it is let go when that process ends")
    except OSError as error:
        return Finding(name, False, str(error), "let this user write to the home folder")


def _checked(name: str, check: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding(name, True, check())
    # Whatever it is that does not work, the doctor's answer is to say so.
    except Exception as error:
        return Finding(name, False, " ".join(without_passwords(str(error)).split())[:300], advice)


def _catalog(settings: Settings) -> str:
    if settings.catalog.startswith("sqlite:///") and not Path(settings.catalog.removeprefix("sqlite:///")).is_file():
        raise FileNotFoundError(f"{settings.catalog.removeprefix('sqlite:///')} does not exist")
    engine = connect(settings.catalog)
    try:
        with reading(engine) as connection:
            revision: str = connection.execute(sa.text("select version_num from alembic_version")).scalar_one()
            if revision != newest():
                raise RuntimeError(f"at migration {revision}, and this version needs {newest()}")
            customers: int = connection.execute(sa.text("select count(distinct id) from customers")).scalar_one()
        return f"{engine.dialect.name}, migration {revision}, {customers:,} customers"
    finally:
        engine.dispose()


def _lake(settings: Settings, name: str) -> str:
    opened = lake.books(settings) if name == "books" else lake.warehouse(settings)
    catalog = settings.books_catalog if name == "books" else settings.warehouse_catalog
    if opened.is_embedded and not catalog.is_file():
        raise FileNotFoundError(f"{catalog} does not exist")
    with closing(lake.connect()) as connection:
        lake.attach(connection, opened, read_only=True)
        # The catalog may be there and its files not.
        connection.execute(READ[name]).fetchall()
        return f"version {lake.last_snapshot(connection, opened)}"


class _BillsHeld(Exception):
    """What the published run held back, in words."""


def _held(settings: Settings) -> str:
    if published(settings.published) is None:
        return "none"
    with closing(ReadWarehouse(settings).cursor()) as cursor:
        due, rows = marts.held_back(cursor), marts.held_usage(cursor)
    if due:
        raise _BillsHeld("; ".join(held_line(row) for row in due))
    return "; ".join(f"soon: {held_line(row)}" for row in rows) or "none"


class _EmailsFailed(Exception):
    """What the mail server said, in words."""


def _emails(settings: Settings) -> str:
    found = {
        "failed": _recorded(settings, invoice_emails.failed),
        "went out, but not to all addresses": _recorded(settings, invoice_emails.refused),
    }
    told = [_emails_told(word, rows) for word, rows in found.items() if rows]
    if told:
        raise _EmailsFailed("; ".join(told))
    return "none has failed"


def _emails_told(word: str, rows: Sequence[InvoiceEmail]) -> str:
    told = "; ".join(
        f"{row.invoice_id} to {row.recipient}, {row.attempts} attempts: {row.error}" for row in rows[:TOLD]
    )
    return f"{len(rows):,} {word}: {told}{' …' if len(rows) > TOLD else ''}"


def _recorded(settings: Settings, read: Callable[[sa.Connection], list[V]]) -> list[V]:
    """What the catalog holds, nothing where there is none: connecting makes a file, and the doctor changes nothing."""
    if settings.catalog.startswith("sqlite:///") and not Path(settings.catalog.removeprefix("sqlite:///")).is_file():
        return []
    engine = connect(settings.catalog)
    try:
        with reading(engine) as connection:
            return read(connection)
    finally:
        engine.dispose()


def _set_aside(settings: Settings) -> str:
    rows = _recorded(settings, SET_ASIDE_EVENTS.all)
    told = "; ".join(
        f"event {row.transaction_id} of subscription {row.external_subscription_id}, by {row.set_aside_by}: {row.reason}"
        for row in rows[:TOLD]
    )
    return f"{len(rows):,}: {told}{' …' if len(rows) > TOLD else ''}" if rows else "none"


def _published(settings: Settings) -> Finding:
    name, advice = "published versions", "start a run with `tallystick run`"
    try:
        pair = published(settings.published)
    except TallystickError as error:
        return Finding(name, False, error.message, advice)
    if pair is None:
        return Finding(name, False, "no run has published yet", advice)
    found = (
        f"warehouse {pair.warehouse_snapshot}, books {pair.books_snapshot}, as of {pair.as_of:%Y-%m-%d %H:%M:%S} UTC"
    )
    changed: list[str] = []
    # When the lakes cannot be read or the models do not compile, a check of its own says so.
    with suppress(Exception):
        changed = _changed_marts(settings)
    if not changed:
        return Finding(name, True, found)
    # No fault: it is so between an upgrade and the first run after it.
    told = f"{found}; built by another version of this program, without {', '.join(changed[:TOLD])}{' …' if len(changed) > TOLD else ''}"
    return Finding(
        name, True, told, "start `tallystick run` now, which builds it anew; what reads it may fail until then"
    )


def _changed_marts(settings: Settings) -> list[str]:
    """The marts of this version that the published warehouse does not have, or has with other columns."""
    with closing(ReadWarehouse(settings).cursor()) as cursor:
        built = marts.columns(cursor)
    return [
        node.name for node in PricingGraph.load().models("marts") if list(node.columns or ()) != built.get(node.name)
    ]

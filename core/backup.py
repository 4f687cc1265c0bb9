"""Backup and restore of an embedded installation: the books, the catalog, the landing zone and the inbox.

The warehouse is left out: a run rebuilds it. A backup is consistent while the system works, because each part that rests
on another is copied before it: first the books, with nobody issuing; then the catalog, which holds at least what the
books rest on; then inbox and landing zone at one moment, so that each acknowledged event is in one of them.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path

from core.books import store
from core.clock import Clock
from core.errors import TallystickError
from core.settings import Settings

CONTENTS = "backup.json"
CATALOG = "catalog.sqlite"
INBOX = "inbox.sqlite"
BOOKS_CATALOG = "books.sqlite"
BOOKS_DATA = "books"
LANDING = "landing"


class NotEmpty(TallystickError):
    """The folder to write holds something."""

    def __init__(self, folder: Path) -> None:
        super().__init__("folder_not_empty", f"{folder} is not empty and nothing was changed; name a new folder")


class InsideHome(TallystickError):
    """The backup would be lost with what it is a backup of."""

    def __init__(self, folder: Path, home: Path) -> None:
        super().__init__(
            "backup_inside_home", f"{folder} is inside the installation {home}; name a folder outside of it"
        )


class BackupBroken(TallystickError):
    """The folder is no backup, or not a whole one."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__("backup_broken", f"{folder} cannot be restored: {reason}; take another backup")


class ServedElsewhere(TallystickError):
    """A part of the installation is in Postgres or a bucket, which have tools of their own."""

    def __init__(self) -> None:
        super().__init__(
            "backup_embedded_only",
            "This installation keeps its catalog or its lakes in Postgres: back that up with pg_dump, and the data folders with it. "
            "`tallystick backup` copies embedded installations only.",
        )


@dataclass(frozen=True)
class BackupReport:
    """How many files a backup holds, and their size in bytes."""

    files: int
    bytes: int


def backup(
    settings: Settings, target: Path, clock: Clock, landing_lock: AbstractContextManager[object]
) -> BackupReport:
    """Copies the installation to the new folder `target`, which appears whole or not at all.

    `landing_lock` is the landing zone's own lock, not yet entered: while it is held nothing moves from the inbox into
    the landing zone. Issuing waits until the books are copied; clients are answered all the time.
    Raises NotEmpty, InsideHome, ServedElsewhere, BooksBusy.
    """
    _refuse_served(settings)
    target = target.absolute()
    if target.exists() and any(target.iterdir()):
        raise NotEmpty(target)
    if target.is_relative_to(settings.home.absolute()):
        raise InsideHome(target, settings.home)
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with store.lock(settings):
        _copy_database(settings.books_catalog, partial / BOOKS_CATALOG)
        _copy_files(settings.books_data, partial / BOOKS_DATA, _files(settings.books_data))
    _copy_database(_sqlite_path(settings), partial / CATALOG)
    with landing_lock:
        if settings.inbox.exists():
            _copy_database(settings.inbox, partial / INBOX)
        landed = list(_files(settings.landing))
        stamps = [path for path in landed if path.suffix == ".stamp"]
        _copy_files(settings.landing, partial / LANDING, stamps)
    # Landing files never change, so the rest is copied after the writers have gone on.
    _copy_files(settings.landing, partial / LANDING, [path for path in landed if path not in set(stamps)])
    sizes = {str(path.relative_to(partial)): path.stat().st_size for path in _files(partial)}
    _write_durably(
        partial / CONTENTS, json.dumps({"format": 1, "taken_at": clock.now().isoformat(), "files": sizes}, indent=1)
    )
    if target.exists():
        target.rmdir()
    os.replace(partial, target)
    return BackupReport(len(sizes), sum(sizes.values()))


def restore(settings: Settings, source: Path) -> BackupReport:
    """Puts a backup into the empty home of `settings`. The warehouse is empty until a run has rebuilt it.

    Raises NotEmpty, ServedElsewhere, and BackupBroken when a file is missing or has another size than it had.
    """
    _refuse_served(settings)
    try:
        contents = json.loads((source / CONTENTS).read_text())
    except FileNotFoundError as error:
        raise BackupBroken(source, f"it has no {CONTENTS}") from error
    sizes: dict[str, int] = contents["files"]
    for name, size in sizes.items():
        path = source / name
        if not path.is_file() or path.stat().st_size != size:
            raise BackupBroken(source, f"{name} is missing or has been changed")
    if settings.home.exists() and any(settings.home.iterdir()):
        raise NotEmpty(settings.home)
    settings.home.mkdir(parents=True, exist_ok=True)
    _copy_files(source, settings.home, [source / name for name in sizes])
    settings.books_data.mkdir(parents=True, exist_ok=True)
    _make_readable(settings.home / BOOKS_CATALOG)
    return BackupReport(len(sizes), sum(sizes.values()))


def _make_readable(lake_catalog: Path) -> None:
    """Readers open a lake's catalog read-only and could not switch it to WAL themselves."""
    with closing(sqlite3.connect(lake_catalog)) as connection:
        connection.execute("pragma journal_mode = wal")


def _refuse_served(settings: Settings) -> None:
    if settings.lake_catalog_url or not settings.catalog.startswith("sqlite:///"):
        raise ServedElsewhere


def _sqlite_path(settings: Settings) -> Path:
    return Path(settings.catalog.removeprefix("sqlite:///"))


def _copy_database(source: Path, target: Path) -> None:
    """A database that others may be writing, as of one commit."""
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=60)) as reading,
        closing(sqlite3.connect(target)) as copy,
    ):
        reading.backup(copy)
        copy.execute("pragma journal_mode = delete")


def _files(folder: Path) -> Iterator[Path]:
    """Every file below the folder, without locks and what is half written."""
    for path in sorted(folder.rglob("*")):
        is_lock = path.name == ".lock" or path.suffix in {".lock", ".files"}
        if path.is_file() and not is_lock and not path.name.startswith(".incoming-"):
            yield path


def _copy_files(source: Path, target: Path, files: Iterator[Path] | list[Path]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for path in files:
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)


def _write_durably(path: Path, text: str) -> None:
    with path.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())

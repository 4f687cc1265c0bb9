"""The locks of an installation: `warehouse` for a whole run, `books` for an issue, `webhooks` for who delivers them, `up` for
the services of one machine.

Embedded they are file locks, which the system frees when their process dies. When the lakes' catalogs are on Postgres
several machines share the first three, so there they are advisory locks of that database, freed when the session ends.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Literal
from zlib import crc32

import psycopg
from filelock import FileLock, Timeout

from core.clock import SystemClock
from core.settings import Settings

Name = Literal["warehouse", "books", "webhooks", "up"]


class Locked(Exception):
    """Another process holds the lock."""


@contextmanager
def exclusive(settings: Settings, name: Name, timeout: float) -> Iterator[None]:
    """Holds the lock of that name against every other process. Raises Locked after `timeout` seconds."""
    with ExitStack() as held:
        try:
            if settings.lake_catalog_url and name != "up":
                held.enter_context(_on_postgres(settings.lake_catalog_url, name, timeout))
            else:
                held.enter_context(FileLock(settings.home / f"{name}.lock", timeout=timeout))
                held.enter_context(_signed(settings, name))
        except (Timeout, psycopg.errors.LockNotAvailable) as error:
            raise Locked(name) from error
        yield


def holder(settings: Settings, name: Name) -> str | None:
    """Who holds the lock at this moment, as `process 4711 since 2026-01-31 10:00:00 UTC` where that is known; None when it is free."""
    try:
        with exclusive(settings, name, 0):
            return None
    except Locked:
        with suppress(OSError):
            return _signature(settings, name).read_text() or "another process"
        return "another process"


@contextmanager
def _signed(settings: Settings, name: Name) -> Iterator[None]:
    """Tells those who wait who holds the lock. Beside the lock's own file, which each attempt to lock empties."""
    signature = _signature(settings, name)
    signature.write_text(f"process {os.getpid()} since {SystemClock().now():%Y-%m-%d %H:%M:%S} UTC")
    try:
        yield
    finally:
        signature.unlink(missing_ok=True)


def _signature(settings: Settings, name: Name) -> Path:
    return settings.home / f"{name}.holder"


@contextmanager
def _on_postgres(url: str, name: Name, timeout: float) -> Iterator[None]:
    with psycopg.connect(url, autocommit=True) as session:
        # Postgres reads 0 as "for ever".
        session.execute("select set_config('lock_timeout', %s, false)", [str(max(1, round(timeout * 1000)))])
        session.execute("select pg_advisory_lock(%s)", [crc32(f"tallystick.{name}".encode())])
        yield

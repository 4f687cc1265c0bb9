"""The two locks of an installation: `warehouse` for a whole run, `books` for an issue.

Embedded they are file locks, which the system frees when their process dies. When the lakes' catalogs are on Postgres
several machines share them, so there they are advisory locks of that database, freed when the session ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Literal
from zlib import crc32

import psycopg
from filelock import FileLock, Timeout

from core.settings import Settings

Name = Literal["warehouse", "books"]


class Locked(Exception):
    """Another process holds the lock."""


@contextmanager
def exclusive(settings: Settings, name: Name, timeout: float) -> Iterator[None]:
    """Holds the lock of that name against every other process. Raises Locked after `timeout` seconds."""
    with ExitStack() as held:
        try:
            if settings.lake_catalog_url:
                held.enter_context(_on_postgres(settings.lake_catalog_url, name, timeout))
            else:
                held.enter_context(FileLock(settings.home / f"{name}.lock", timeout=timeout))
        except (Timeout, psycopg.errors.LockNotAvailable) as error:
            raise Locked(name) from error
        yield


@contextmanager
def _on_postgres(url: str, name: Name, timeout: float) -> Iterator[None]:
    with psycopg.connect(url, autocommit=True) as session:
        # Postgres reads 0 as "for ever".
        session.execute("select set_config('lock_timeout', %s, false)", [str(max(1, round(timeout * 1000)))])
        session.execute("select pg_advisory_lock(%s)", [crc32(f"tallystick.{name}".encode())])
        yield

"""Whether a run has anything to do: nothing arrived, nothing was commanded or changed, and nothing fell due since the last one."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from core import lake
from core.settings import Settings
from core.warehouse.last_run import LastRun, code_hash, last_run, versions


def built_of(catalog: Mapping[str, Any], files: Collection[str]) -> dict[str, Any]:
    """What a run builds from: the `contents` of the catalog, the names of landing files, and the code."""
    names = hashlib.sha256("\n".join(sorted(files)).encode()).hexdigest()
    return {"catalog": catalog, "files": names, "code": code_hash()}


def nothing_new_since(
    settings: Settings, given: Mapping[str, Any], as_of: datetime, *, must_issue: bool
) -> LastRun | None:
    """The last run, if a run of what is `given` (see `built_of`) up to `as_of` would build, issue and publish what that one did; else None.

    The lakes must be as it left them: what a run that broke off, a command that issued or a hand has written is no longer its.
    """
    last = last_run(settings.last_run)
    if last is None or not settings.published.is_file() or not last.stands(given, as_of, must_issue=must_issue):
        return None
    connection = lake.connect()
    try:
        lake.attach(connection, lake.warehouse(settings))
        lake.attach(connection, lake.books(settings), read_only=True)
        return last if versions(connection) == last.versions else None
    finally:
        connection.close()

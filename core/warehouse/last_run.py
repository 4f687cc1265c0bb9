"""What the last run was built of, beside the published pair, so that the next one knows when it has nothing to do.

A bill is a pure function of facts, SQL and `as_of` (law 1). So a run whose facts and SQL are those of the last complete one,
and whose `as_of` has passed no moment at which something falls due, would build the same tables again. The record is
a shortcut and never an authority: where it is missing, incomplete or does not agree, the run does everything.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from core.warehouse.dbt_project import PROJECT_DIR

PACKAGES = ("core", "ingestion", "orchestration")
"""Python whose change may change what a run makes."""


@dataclass(frozen=True)
class LastRun:
    """A complete run: everything was built and published, and nothing was written since by another that was not.

    `as_of` is its horizon and `holds_until` the first moment after it at which its tables may no longer be what a run
    would build (naive UTC). `has_issued`: whether it also issued what was due. `versions`: of both lakes as it left them.
    """

    built_of: Mapping[str, Any]
    as_of: datetime
    holds_until: datetime
    has_issued: bool
    versions: Mapping[str, str]

    def stands(self, built_of: Mapping[str, Any], as_of: datetime, *, must_issue: bool) -> bool:
        """Whether a run as of then, built of this, has nothing to do but for the versions of the lakes."""
        return (
            self.built_of == _as_kept(built_of)
            and self.as_of <= as_of < self.holds_until
            and (self.has_issued or not must_issue)
        )


def code_hash() -> str:
    """Hash of all SQL, its tests and seeds, of the Python that runs it, and the version of the engine."""
    root = PROJECT_DIR.parent
    files = [path for package in PACKAGES for path in (root / package).rglob("*.py")]
    folders = [folder for folder in PROJECT_DIR.iterdir() if folder.is_dir() and folder.name != "target"]
    for folder in folders:
        files += [path for path in folder.rglob("*") if path.suffix in {".sql", ".yml", ".csv"}]
    files += PROJECT_DIR.glob("*.yml")
    digest = hashlib.sha256(duckdb.__version__.encode())
    for path in sorted(files):
        digest.update(f"{path.relative_to(root)}\x00".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def versions(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The newest version of both lakes attached to `connection`, with its time: a lake made anew counts from one again."""
    newest = "select snapshot_id || ' of ' || snapshot_time from ducklake_snapshots('{}') order by snapshot_id desc limit 1"
    rows = {alias: connection.execute(newest.format(alias)).fetchone() for alias in ("warehouse", "books")}
    return {alias: str(row[0]) if row else "" for alias, row in rows.items()}


def begin(path: Path, built_of: Mapping[str, Any]) -> None:
    """A run begins to build of this: from now on, until it is complete, no run is."""
    _write(path, {"built_of": built_of})


def complete(
    path: Path, *, as_of: datetime, holds_until: datetime, has_issued: bool, versions: Mapping[str, str]
) -> None:
    """The run that began last is complete."""
    begun = _read(path)
    if begun is None or begun.keys() != {"built_of"}:
        return  # what it was built of is not known: the next one does everything
    _write(
        path,
        begun
        | {
            "as_of": as_of.isoformat(),
            "holds_until": holds_until.isoformat(),
            "has_issued": has_issued,
            "versions": versions,
        },
    )


def last_run(path: Path) -> LastRun | None:
    """The last run, if it is complete and its record can be read."""
    content = _read(path)
    try:
        return content and LastRun(
            built_of=content["built_of"],
            as_of=datetime.fromisoformat(content["as_of"]),
            holds_until=datetime.fromisoformat(content["holds_until"]),
            has_issued=content["has_issued"],
            versions=content["versions"],
        )
    except (KeyError, ValueError, TypeError):
        return None


def _read(path: Path) -> Any:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _write(path: Path, content: Mapping[str, Any]) -> None:
    temporary = path.with_suffix(".tmp")
    with temporary.open("w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _as_kept(content: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(content))

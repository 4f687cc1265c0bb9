"""The published pair: the versions of warehouse and books that readers attach (law 7).

A reader never follows the writer: it attaches the last published snapshots, so it sees whole versions only. The pair is
one small file, replaced by rename.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from core.errors import TallystickError


class PublishedUnreadable(TallystickError):
    """The file that names the published pair is no such file."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            "published_unreadable",
            f"{path} cannot be read. Remove it and start `tallystick run`, which writes it anew; nothing else is lost.",
        )


@dataclass(frozen=True)
class Published:
    """Snapshot ids of one whole version, and how far its run had settled."""

    warehouse_snapshot: int
    books_snapshot: int
    as_of: datetime


def publish(path: Path, pair: Published) -> None:
    """Makes `pair` what readers attach from now on; durable before it is visible."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("w") as file:
        json.dump(asdict(pair) | {"as_of": pair.as_of.isoformat()}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def published(path: Path) -> Published | None:
    """The last published pair, or None before the first run. Raises PublishedUnreadable."""
    try:
        content = json.loads(path.read_text())
        as_of = datetime.fromisoformat(content["as_of"])
        return Published(content["warehouse_snapshot"], content["books_snapshot"], as_of)
    except FileNotFoundError:
        return None
    except (ValueError, LookupError, TypeError) as error:
        raise PublishedUnreadable(path) from error

"""Replay of recorded events through the inbox: the road of the API without HTTP, for tests and demos."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from core.errors import TallystickError
from ingestion.event import UsageEvent
from ingestion.inbox import Inbox
from ingestion.validate import BATCH_LIMIT, Refusal, parse_event


def replay(path: Path, inbox: Inbox) -> int:
    """Append the events of a JSON Lines file, one Lago event per line, in batches as a client would send them.

    Returns how many. Raises TallystickError at the first bad line: a recording is expected to be sound.
    """
    events = _recorded(path)
    count = 0
    while batch := list(islice(events, BATCH_LIMIT)):
        inbox.append(batch)
        count += len(batch)
    return count


def _recorded(path: Path) -> Iterator[UsageEvent]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            event = parse_event(b'{"event":' + line + b"}")
            if isinstance(event, Refusal):
                raise TallystickError("invalid_recording", f"{path} line {number}: {event.message}. Correct the line.")
            yield event

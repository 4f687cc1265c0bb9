"""From the inbox to the landing zone, exactly once.

Requests leave in the order of their sequences, and are deleted only after their file has landed. The file's name carries
the inbox and the range of sequences. After a crash between the write and the delete, the next flush sees the file and
deletes the rest before it writes anything; so no event is ever in two files.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby

import pyarrow as pa

from core.clock import Clock
from ingestion.event import UsageEvent, to_micros
from ingestion.inbox import Inbox, StoredRequest
from ingestion.landing import Landing, LandingWriter, key_of
from ingestion.tables import event_table

EVENTS_PER_FILE = 200_000
ALL = 1 << 62


def flush(inbox: Inbox, landing: Landing) -> list[str]:
    """Land every committed request; returns the new files as paths below the landing root."""
    with landing.lock() as writer:
        return _flush(inbox, landing, writer)


def drain(inbox: Inbox, landing: Landing, clock: Clock) -> datetime:
    """Land everything, and return the watermark W (naive UTC): each event and rejection with `received_at` <= W has
    landed, and nothing can be acknowledged or landed with such a stamp any more.

    Waits for a writer that holds the inbox or the landing zone. Raises InboxUnavailable or LandingBusy if that takes
    more than a minute.
    """
    with landing.lock() as writer:
        watermark = inbox.fence(at_least=max(clock.now(), writer.last_stamp()))
        writer.remember(watermark)
        _flush(inbox, landing, writer)
        return watermark


def pending_events(inbox: Inbox) -> pa.Table:
    """The tail: what is acknowledged and still in the inbox, as landing rows.

    For a whole picture read this first and list the landing files afterwards: an event that moves in between is then
    seen twice, which its identity resolves, and never missed.
    """
    return _table(inbox.committed(ALL))


def _flush(inbox: Inbox, landing: Landing, writer: LandingWriter) -> list[str]:
    landed: list[str] = []
    _forget_landed(inbox, landing)
    until = inbox.last_sequence()  # what comes later is for the next flush: under load this one would never end
    while (requests := inbox.committed(EVENTS_PER_FILE)) and requests[0].first_sequence <= until:
        for _, same_day in groupby(requests, key=_received_date):
            day = list(same_day)
            first, last = day[0].first_sequence, day[-1].last_sequence
            key = f"inbox-{inbox.id}-{first:015d}-{last:015d}"
            landed.append(writer.write("events", day[0].received_at, key, _table(day)))
            inbox.forget(last)
    return landed


def _forget_landed(inbox: Inbox, landing: Landing) -> None:
    """Finish what a crash interrupted: delete the requests whose file has landed.

    Only the day of the oldest request needs a look: files hold one day each and land in order, each followed by its
    delete, so at most the file that begins with the oldest request has landed.
    """
    oldest = inbox.committed(1)
    if not oldest:
        return
    prefix = f"inbox-{inbox.id}-"
    keys = [key_of(path) for path in landing.files_of_day("events", f"{_received_date(oldest[0])}")]
    landed = [int(key.rpartition("-")[2]) for key in keys if key.startswith(prefix)]
    if landed and max(landed) >= oldest[0].first_sequence:
        inbox.forget(max(landed))


def _received_date(request: StoredRequest) -> date:
    return request.received_at.date()


def _table(requests: Sequence[StoredRequest]) -> pa.Table:
    """Landing rows of the requests."""
    events: list[UsageEvent] = []
    received: list[int] = []
    sequences: list[int] = []
    for request in requests:
        events.extend(request.events())
        received.extend([to_micros(request.received_at)] * request.event_count)
        sequences.extend(range(request.first_sequence, request.last_sequence + 1))
    return event_table(events, received, sequences, ["http"] * len(events), [None] * len(events))

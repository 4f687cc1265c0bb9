from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from core.clock import ManualClock
from ingestion.event import UsageEvent
from ingestion.inbox import Inbox
from ingestion.landing import Landing


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2024, 3, 1, 12))


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


@pytest.fixture
def inbox(tmp_path: Path, clock: ManualClock) -> Iterator[Inbox]:
    inbox = Inbox(tmp_path / "inbox.sqlite", clock)
    yield inbox
    inbox.close()


@pytest.fixture
def event() -> UsageEvent:
    return UsageEvent("sub_1", "tx_1", "tokens", 1_700_000_000_123_456, '{"tokens":3}')

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import TallystickError
from ingestion.inbox import Inbox
from ingestion.sources.replay import replay


def test_a_recording_goes_through_the_inbox_in_order(tmp_path: Path, inbox: Inbox) -> None:
    lines = [json.dumps({"transaction_id": f"t{i}", "external_subscription_id": "s", "code": "c"}) for i in range(250)]
    (tmp_path / "r.jsonl").write_text("\n".join(lines) + "\n\n")
    assert replay(tmp_path / "r.jsonl", inbox) == 250
    stored = inbox.committed(1000)
    assert [request.event_count for request in stored] == [100, 100, 50]
    assert [event.transaction_id for request in stored for event in request.events()] == [f"t{i}" for i in range(250)]


def test_a_bad_line_is_named(tmp_path: Path, inbox: Inbox) -> None:
    (tmp_path / "r.jsonl").write_text('{"code": 1}\n')
    with pytest.raises(TallystickError, match=r"line 1: .*transaction_id"):
        replay(tmp_path / "r.jsonl", inbox)

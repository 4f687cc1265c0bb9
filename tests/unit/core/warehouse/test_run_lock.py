"""One run at a time holds the warehouse."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.settings import Settings
from core.warehouse.write import WarehouseBusy, run_lock


def test_a_second_run_waits_and_then_says_why(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with run_lock(settings), pytest.raises(WarehouseBusy, match="another run"), run_lock(settings, 0.2):
        pass
    with run_lock(settings, 0.2):
        pass

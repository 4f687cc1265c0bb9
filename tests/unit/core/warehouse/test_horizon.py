"""How far a run may settle: not past the watermark, and not back behind an earlier run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from core.warehouse.write import HorizonRefused, WriteWarehouse, open_for_writing

WATERMARK = datetime(2026, 3, 1)
DAY = timedelta(days=1)


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[WriteWarehouse]:
    settings = Settings(home=tmp_path)
    settings.warehouse_data.mkdir()
    with open_for_writing(settings, PricingGraph.load()) as opened:
        opened.create()
        yield opened


def test_a_horizon_past_the_watermark_is_refused(warehouse: WriteWarehouse) -> None:
    with pytest.raises(HorizonRefused, match="facts may still arrive"):
        warehouse.set_horizon(WATERMARK + DAY, WATERMARK)


def test_a_horizon_behind_an_earlier_run_is_refused_and_the_same_one_again_is_not(warehouse: WriteWarehouse) -> None:
    warehouse.set_horizon(WATERMARK - DAY, WATERMARK)
    with pytest.raises(HorizonRefused, match="an earlier run settled to 2026-02-28"):
        warehouse.set_horizon(WATERMARK - 2 * DAY, WATERMARK)
    warehouse.set_horizon(WATERMARK - DAY, WATERMARK)
    warehouse.set_horizon(WATERMARK, WATERMARK)

"""Loading landing files: the first received counts, whatever the parts in which a load sorts them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.settings import Settings
from core.warehouse import write
from core.warehouse.pricing_graph import PricingGraph
from ingestion.landing import EVENT_SCHEMA

RECEIVED = datetime(2026, 1, 1)


def land(root: Path, name: str, *rows: tuple[str, int]) -> str:
    """A landing file with one event for each (transaction id, minute of receipt)."""
    events = [
        {
            "external_subscription_id": "s",
            "transaction_id": transaction_id,
            "code": "calls",
            "timestamp": RECEIVED,
            "properties": f'{{"minute":{minute}}}',
            "received_at": RECEIVED + timedelta(minutes=minute),
            "received_sequence": minute,
            "source": "http",
        }
        for transaction_id, minute in rows
    ]
    pq.write_table(pa.Table.from_pylist(events, EVENT_SCHEMA), root / name)
    return name


@pytest.mark.parametrize("sorted_rows", [1, 3, 1_000])
def test_the_first_received_of_all_parts_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sorted_rows: int
) -> None:
    monkeypatch.setattr(write, "SORTED_ROWS", sorted_rows)
    settings = Settings(home=tmp_path)
    settings.warehouse_data.mkdir()
    first = [land(tmp_path, "1.parquet", ("a", 1), ("b", 9)), land(tmp_path, "2.parquet", ("b", 2), ("a", 3), ("c", 4))]
    second = [land(tmp_path, "3.parquet", ("c", 5), ("d", 7)), land(tmp_path, "4.parquet", ("d", 6))]
    with write.open_for_writing(settings, PricingGraph.load()) as warehouse:
        warehouse.create()
        assert warehouse.load_events(tmp_path, first, RECEIVED) == write.Loaded(2, 5, 3, 2)
        assert warehouse.load_events(tmp_path, [*first, *second], RECEIVED) == write.Loaded(2, 3, 1, 2)
        kept = warehouse.connection.execute(
            "select transaction_id, received_sequence, landing_file from warehouse.raw.events order by 1"
        ).fetchall()
        counted = warehouse.connection.execute(
            "select landing_file, row_count, accepted_count, duplicate_count from warehouse.raw.landing_files order by 1"
        ).fetchall()
    assert kept == [("a", 1, "1.parquet"), ("b", 2, "2.parquet"), ("c", 4, "2.parquet"), ("d", 6, "4.parquet")]
    assert counted == [("1.parquet", 2, 1, 1), ("2.parquet", 3, 2, 1), ("3.parquet", 2, 0, 2), ("4.parquet", 1, 1, 0)]

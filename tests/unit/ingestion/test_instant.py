from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from ingestion.event import to_instant, to_micros
from ingestion.instant import iso_micros, unix_micros


@pytest.mark.parametrize(
    ("sent", "micros"),
    [
        (0, 0),
        (1_700_000_000, 1_700_000_000_000_000),
        ("1700000000", 1_700_000_000_000_000),
        ("1700000000.1", 1_700_000_000_100_000),
        ("1700000000.000001", 1_700_000_000_000_001),
        ("1700000000.1234569", 1_700_000_000_123_456),
        ("9007199254.740993", 9_007_199_254_740_993),  # a double would give ...992
        ("-1.5", -1_500_000),
        ("-0.0000001", -1),
    ],
)
def test_unix_seconds_are_exact_to_the_microsecond(sent: Any, micros: int) -> None:
    assert unix_micros(sent) == micros


@pytest.mark.parametrize(
    "sent",
    ["2022-04-29T08:59:51Z", "", " 1", "1e3", "1.2.3", "--1", "-", ".5", "1.-5", "١", "nan", True, [], {}, 1.5,
     1_700_000_000_000, "1700000000000", -10**11],
)  # fmt: skip
def test_what_is_no_instant_is_refused(sent: Any) -> None:
    assert unix_micros(sent) is None


@pytest.mark.parametrize(
    ("sent", "instant"),
    [
        ("2023-11-16 18:17:03.9799609", datetime(2023, 11, 16, 18, 17, 3, 979960)),
        ("2023-11-16T18:17:03Z", datetime(2023, 11, 16, 18, 17, 3)),
        ("2023-11-16T18:17:03.5+02:00", datetime(2023, 11, 16, 16, 17, 3, 500000)),
        ("2023-11-16 18:17", datetime(2023, 11, 16, 18, 17)),
    ],
)
def test_iso_text_is_utc_unless_it_names_a_zone(sent: str, instant: datetime) -> None:
    assert iso_micros(sent) == to_micros(instant)
    assert to_instant(to_micros(instant)) == instant


@pytest.mark.parametrize(
    "sent", ["2023-11-16", "2023-13-01 00:00:00", "1700000000", "0001-01-01T00:00:00+23:00", None, 5]
)
def test_what_is_no_iso_instant_is_refused(sent: Any) -> None:
    assert iso_micros(sent) is None

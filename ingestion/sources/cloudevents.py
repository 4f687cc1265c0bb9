"""CloudEvents 1.x in JSON format, as Lago-shaped records.

subject -> external_subscription_id, type -> code, time -> timestamp, data -> properties. What makes a CloudEvent unique
is source and id together (CloudEvents 1.0, "id"), so the transaction_id is `<source>#<id>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingestion.instant import MICROS, iso_micros


def is_cloud_event(record: Mapping[str, Any]) -> bool:
    """Whether the record says of itself that it is a CloudEvent."""
    return "specversion" in record


def fault_of(record: Mapping[str, Any]) -> str | None:
    """Why this CloudEvent cannot become an event, None when nothing is in the way."""
    if not str(record["specversion"]).startswith("1."):
        return f"CloudEvents specversion {record['specversion']!r} is not supported; send 1.0"
    if record.get("data_base64") is not None:
        return "data_base64 cannot be metered; send data as a JSON object"
    for name in ("id", "source", "type", "subject"):
        if not isinstance(record.get(name), str) or not record[name].strip():
            return (
                f"the CloudEvent has no {name}; it needs id, source, type (the metric) and subject (the subscription)"
            )
    if record.get("time") is not None and iso_micros(record["time"]) is None:
        return f"time is {record['time']!r}, not an RFC 3339 instant"
    return None


def as_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """The faultless CloudEvent in Lago's event shape."""
    time = record.get("time")
    return {
        "transaction_id": f"{record['source']}#{record['id']}",
        "external_subscription_id": record["subject"],
        "code": record["type"],
        "timestamp": None if time is None else _unix_text(iso_micros(time) or 0),
        "properties": record.get("data"),
    }


def _unix_text(micros: int) -> str:
    sign = "-" if micros < 0 else ""
    seconds, fraction = divmod(abs(micros), MICROS)
    return f"{sign}{seconds}.{fraction:06d}"

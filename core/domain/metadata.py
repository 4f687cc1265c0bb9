"""What key/value metadata may hold (lago_api §7.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.domain.problems import Problems

MOST_KEYS, LONGEST_KEY, LONGEST_VALUE = 50, 100, 255


def checked(metadata: Mapping[str, Any]) -> dict[str, str | None]:
    """The metadata as it is kept: texts under texts; null is a value. Raises ValidationError under `metadata`."""
    problems = Problems({})
    if len(metadata) > MOST_KEYS:
        problems.add("metadata", "too_many_keys")
    for key, value in metadata.items():
        if len(key) > LONGEST_KEY:
            problems.add("metadata", "key_too_long")
        if value is not None and not isinstance(value, str):
            problems.add("metadata", "invalid_key_value_pair")
        elif value is not None and len(value) > LONGEST_VALUE:
            problems.add("metadata", "value_is_too_long")
    problems.refuse()
    return dict(metadata)

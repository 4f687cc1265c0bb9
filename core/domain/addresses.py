"""A postal address as it is printed on an invoice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PARTS = ("address_line1", "address_line2", "zipcode", "city", "state", "country")


def postal_address(parts: Mapping[str, Any]) -> str | None:
    """The address parts as lines: the two lines, then zip code, city and state, then the country. None without any."""
    town = " ".join(str(parts[name]) for name in ("zipcode", "city", "state") if parts.get(name))
    lines = [parts.get("address_line1"), parts.get("address_line2"), town, parts.get("country")]
    return "\n".join(str(line) for line in lines if line) or None

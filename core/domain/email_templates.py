"""What the template of an invoice's e-mail may say: text with `$name` where something of the invoice stands."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

PLACEHOLDERS = ("number", "customer", "seller", "total", "due_date")


def unknown_placeholders(template: str) -> list[str]:
    """What stands after a dollar sign and is no placeholder; `$$` is a dollar sign."""
    parsed = Template(template)
    unknown = [f"${name}" for name in parsed.get_identifiers() if name not in PLACEHOLDERS]
    return unknown if parsed.is_valid() else [*unknown, "$"]


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with the values of all placeholders."""
    return Template(template).substitute(values)

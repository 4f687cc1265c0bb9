"""What the template of an invoice's e-mail may say: text with `$name` where something of the invoice stands."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

PLACEHOLDERS = ("number", "customer", "seller", "total", "due_date")


def unknown_placeholders(template: str) -> list[str]:
    """What stands after a dollar sign and is no placeholder; `$$` is a dollar sign."""
    found = []
    for match in Template.pattern.finditer(template):
        name = match["named"] or match["braced"]
        if match["escaped"] is None and name not in PLACEHOLDERS:
            found.append(match.group())
    return found


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with the values of all placeholders."""
    return Template(template).substitute(values)

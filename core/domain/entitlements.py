"""What privileges of a feature may be, and what a customer is entitled to (lago_api §7.5, invoicing §13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.domain.problems import Problems
from core.errors import NotFound, ValidationError

VALUE_TYPES = ("integer", "boolean", "string", "select")
Values = dict[str, Any]
"""Privilege code -> value: an integer, a truth value, or a text."""


def read_privileges(
    rows: Sequence[Mapping[str, Any]], kept: Sequence[Mapping[str, Any]], problems: Problems
) -> list[dict[str, Any]]:
    """The privileges of a feature: `kept` ones with what `rows` change of them, then the new ones, as the catalog keeps them.

    A privilege is a text unless it says otherwise, and a select lists its options. Problems go under `privilege.code` and the like.
    """
    codes = [row.get("code") for row in rows]
    if len(set(codes)) < len(codes):
        problems.add("privilege.code", "value_is_duplicated")
    merged: dict[str, dict[str, Any]] = {row["code"]: dict(row) for row in kept}
    for row in rows:
        code = row.get("code")
        if not code:
            problems.add("privilege.code", "value_is_mandatory")
            continue
        new = {"code": code, "name": None, "value_type": "string", "config": {}}
        stated = {name: value for name, value in row.items() if name == "name" or value is not None}
        merged[code] = merged.get(code, new) | stated
        _check_privilege(merged[code], problems)
    return list(merged.values())


def _check_privilege(privilege: Mapping[str, Any], problems: Problems) -> None:
    if privilege["value_type"] not in VALUE_TYPES:
        problems.add("privilege.value_type", "value_is_invalid")
    options = privilege["config"].get("select_options")
    if privilege["value_type"] == "select" and not options:
        problems.add("privilege.config", "value_is_mandatory")
    elif privilege["value_type"] != "select" and options:
        problems.add("privilege.config", "value_must_be_blank")


def read_values(privileges: Sequence[Mapping[str, Any]], given: Mapping[str, Any]) -> Values:
    """Values for privileges of a feature, each of its privilege's type. Raises NotFound `privilege`, ValidationError."""
    known = {privilege["code"]: privilege for privilege in privileges}
    for code, value in given.items():
        if code not in known:
            raise NotFound("privilege", code)
        if not _is_of_type(known[code], value):
            advice = f"{value!r} is not a value of {code}, which is of type {known[code]['value_type']}"
            raise ValidationError({"privilege.value": ["value_is_invalid"]}, advice)
    return dict(given)


def _is_of_type(privilege: Mapping[str, Any], value: Any) -> bool:
    match privilege["value_type"]:
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "select":
            return value in privilege["config"]["select_options"]
    return isinstance(value, str)

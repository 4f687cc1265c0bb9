"""Where we differ from the golden cases on purpose: rules of `deviations.yaml`, each with a predicate over a case's facts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Case = dict[str, Any]
RULES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "deviations.yaml").read_text())["rules"] or []


def predicate(name: str) -> Callable[[Case], bool]:
    """A rule's `covers` names a function of this module that takes a case."""
    found: Callable[[Case], bool] = globals()[name]
    return found


def rule_for(case: Case) -> dict[str, Any] | None:
    """The rule that covers the case, if any."""
    return next((rule for rule in RULES if predicate(rule["covers"])(case)), None)


def check(case: Case, compare: Callable[[Case], None]) -> None:
    """Compares the case; where a rule covers it, our value (`ours` by case id, in place of the file's expectation) must hold,
    and a case that the rule does not list may differ from the file.
    """
    rule = rule_for(case)
    if rule is None:
        return compare(case)
    if case["id"] in rule["ours"]:
        return compare(case | {"expected": rule["ours"][case["id"]]})
    try:
        compare(case)
    except AssertionError as difference:
        pytest.xfail(f"{rule['rule']}: {rule['instead']} ({difference})")

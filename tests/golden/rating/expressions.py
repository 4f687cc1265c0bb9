"""Kind `expression`: the case gives an expression and one event; the compiled SQL gives the value or the fault."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from core.domain.expressions import InvalidExpression
from core.warehouse.expressions import EventFacts, Expressions, Failure
from core.warehouse.pricing_graph import PricingGraph
from tests.golden.rating.facts import Case
from tests.golden.rating.fees import assert_field


def run(graph: PricingGraph, cases: list[Case]) -> dict[str, Any]:
    """Case id -> {"value": text} or {"error": fault}."""
    engine = Expressions()
    return {case["id"]: _outcome(engine, case["inputs"]["expression"], case["inputs"]["event"]) for case in cases}


def check(case: Case, outcome: dict[str, str]) -> None:
    """Raises AssertionError where value or fault differ; two spellings of one number are equal, texts are compared as they are."""
    expected = case["expected"]
    if "error" in expected:
        assert outcome == {"error": expected["error"]}, case["id"]
    else:
        assert "value" in outcome, f"{case['id']}: {outcome}"
        found, wanted = _comparable(outcome["value"]), _comparable(expected["value"])
        if isinstance(found, Decimal) and isinstance(wanted, Decimal):
            assert_field(case, "value", wanted, found)
        else:
            assert found == wanted, case["id"]


def _outcome(engine: Expressions, expression: str, event: Case) -> dict[str, str]:
    facts = EventFacts(event["code"], int(event["timestamp"]), json.dumps(event["properties"]))
    try:
        (found,) = engine.evaluate(expression, [facts])
    except InvalidExpression as invalid:
        return {"error": invalid.code}
    return {"error": found.fault} if isinstance(found, Failure) else {"value": found}


def _comparable(text: str) -> Decimal | str:
    return Decimal(text) if text.replace(".", "", 1).removeprefix("-").isdecimal() else text

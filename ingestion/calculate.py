"""Computed properties: where a metric has an expression, its value goes into each event before it is stored (rating §2.8).

What is stored stays: a later change of the expression concerns later events only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

import msgspec
import sqlalchemy as sa

from core.catalog import billable_metrics
from core.catalog.engine import reading
from core.clock import Clock
from core.domain.expressions import Calculation
from core.warehouse.expressions import EventFacts, Expressions, Failure
from ingestion.canonical import json_text
from ingestion.event import UsageEvent, to_micros
from ingestion.instant import MICROS
from ingestion.validate import Rejection, Verdict

_decode = msgspec.json.Decoder(dict[str, object]).decode


class Calculator:
    """Computes the properties that `calculations` (metric code -> calculation) ask for."""

    def __init__(self, calculations: Mapping[str, Calculation], clock: Clock, expressions: Expressions) -> None:
        self._calculations = calculations
        self._clock = clock
        self._expressions = expressions

    @property
    def digest(self) -> str:
        """Names what is computed; empty when nothing is."""
        listed = [f"{code}\0{each.field_name}\0{each.expression}" for code, each in sorted(self._calculations.items())]
        return sha256("\0".join(listed).encode()).hexdigest() if listed else ""

    def concerns(self, events: Iterable[UsageEvent]) -> bool:
        """Whether any of the events belongs to a metric with an expression."""
        return bool(self._calculations) and any(event.code in self._calculations for event in events)

    def complete(self, verdicts: Sequence[Verdict]) -> list[Verdict]:
        """The verdicts with computed properties, or the rejection of events for which there is no value."""
        found = list(verdicts)
        if not self._calculations:
            return found
        places: dict[str, list[int]] = {}
        for place, verdict in enumerate(verdicts):
            if isinstance(verdict, UsageEvent) and verdict.code in self._calculations:
                places.setdefault(verdict.code, []).append(place)
        for code, wanted in places.items():
            events = [event for event in (found[place] for place in wanted) if isinstance(event, UsageEvent)]
            for place, verdict in zip(wanted, self._computed(self._calculations[code], events), strict=True):
                found[place] = verdict
        return found

    def _computed(self, calculation: Calculation, events: Sequence[UsageEvent]) -> list[Verdict]:
        # An event without a time happens when it is received; its expression must see the time that is stored.
        now = to_micros(self._clock.now())
        timed = [
            msgspec.structs.replace(event, timestamp=now) if event.timestamp is None else event for event in events
        ]
        facts = [EventFacts(event.code, (event.timestamp or 0) // MICROS, event.properties) for event in timed]
        values = self._expressions.evaluate(calculation.expression, facts)
        return [_with(event, calculation.field_name, value) for event, value in zip(timed, values, strict=True)]


def calculator_of(engine: sa.Engine, clock: Clock, expressions: Expressions | None = None) -> Calculator:
    """What the metrics of the catalog ask for now; `expressions` is used again where a process has one."""
    with reading(engine) as connection:
        calculations = billable_metrics.calculations(connection)
    return Calculator(calculations, clock, expressions or Expressions())


def _with(event: UsageEvent, field_name: str, value: str | Failure) -> Verdict:
    if isinstance(value, Failure):
        return [Rejection("invalid_expression", "expression", value.message)]
    properties = _decode(event.properties) | {field_name: value}
    return msgspec.structs.replace(event, properties=json_text(properties))

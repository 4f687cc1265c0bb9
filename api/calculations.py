"""Expressions of metrics, as the catalog last said: asked for again when this process changes the catalog, or after a moment."""

from __future__ import annotations

import time
from collections.abc import Sequence

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool

from core.clock import Clock
from core.domain.expressions import InvalidExpression
from core.errors import ValidationError
from core.warehouse.expressions import EventFacts, Expressions, Failure
from ingestion.calculate import Calculator, calculator_of
from ingestion.event import UsageEvent
from ingestion.validate import Verdict

TRUST_SECONDS = 2.0
"""A change made by another process is seen after this long."""


class Calculations:
    """Keeps ingest fast: without expressions an event costs no more than a look at the time."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self._expressions = Expressions()
        self._engine = engine
        self._clock = clock
        self._calculator = Calculator({}, clock, self._expressions)
        self._known_until = 0.0
        self._changes = 0

    def forget(self) -> None:
        """The catalog has changed."""
        self._changes += 1
        self._known_until = 0.0

    async def complete(self, events: Sequence[UsageEvent]) -> Sequence[Verdict]:
        """The events with computed properties, or why there is none."""
        # A duration, not an instant: it only says when to ask again.
        if self._known_until <= time.monotonic():
            await run_in_threadpool(self._ask)
        if not self._calculator.concerns(events):
            return events
        return await run_in_threadpool(self._calculator.complete, events)

    def completed(self, event: UsageEvent) -> Verdict:
        """As `complete`, of one event, for a route that runs in a thread of its own."""
        if self._known_until <= time.monotonic():
            self._ask()
        (verdict,) = self._calculator.complete([event])
        return verdict

    def value_of(self, expression: str, event: EventFacts) -> str:
        """What the expression gives for one event. Raises ValidationError."""
        try:
            (value,) = self._expressions.evaluate(expression, [event])
        except InvalidExpression as invalid:
            raise ValidationError({"expression": ["invalid_expression"]}, invalid.message) from invalid
        if isinstance(value, Failure):
            raise ValidationError({"expression": ["invalid_expression"]}, value.message)
        return value

    def _ask(self) -> None:
        changes = self._changes
        self._calculator = calculator_of(self._engine, self._clock, self._expressions)
        if changes == self._changes:  # else what was read may be older than the change
            self._known_until = time.monotonic() + TRUST_SECONDS

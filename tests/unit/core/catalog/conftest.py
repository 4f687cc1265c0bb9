"""A small world on a catalog: a clock that stands still, and a metric with a plan."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

import pytest
import sqlalchemy as sa

from core.catalog import billable_metrics, bootstrap, plans
from core.catalog.unit_of_work import UnitOfWork, unit_of_work
from core.clock import ManualClock

NOW = datetime(2026, 3, 1, 12, 0, 0)
Begin = Callable[[], AbstractContextManager[UnitOfWork]]


@pytest.fixture
def clock() -> ManualClock:
    """A wall clock that stands at NOW."""
    return ManualClock(NOW)


@pytest.fixture
def begin(catalog: sa.Engine, clock: ManualClock) -> Begin:
    """Starts a unit of work on a catalog that has been bootstrapped."""
    with unit_of_work(catalog, clock) as uow:
        bootstrap.bootstrap(uow)
    return lambda: unit_of_work(catalog, clock)


@pytest.fixture
def basic_plan(begin: Begin) -> plans.Plan:
    """Plan `basic`, 10 EUR a month, with a charge on metric `calls` that can be filtered by region."""
    with begin() as uow:
        metric = billable_metrics.create(
            uow,
            code="calls",
            name="Calls",
            aggregation_type="sum_agg",
            field_name="count",
            filters=[{"key": "region", "values": ["us", "eu"]}],
        )
        return plans.create(
            uow,
            code="basic",
            name="Basic",
            interval="monthly",
            amount_cents=1000,
            amount_currency="EUR",
            charges_input=[
                {
                    "billable_metric_id": metric.id,
                    "charge_model": "standard",
                    "properties": {"amount": "0.10"},
                    "filters": [{"values": {"region": ["eu"]}, "properties": {"amount": "0.20"}}],
                }
            ],
        )

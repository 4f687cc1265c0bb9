"""A small company that has really been billed: the demo's, with fewer events."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from cli import demo_company
from core.billing import installation
from core.catalog.engine import connect
from core.clock import ManualClock, SystemClock
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from ingestion.landing import Landing
from orchestration.run import run


def billed_demo(home: Path, events: int = 20_000, seed: int = 7) -> Settings:
    """Founds, lands and bills in `home`, through Dagster and dbt as `tallystick demo` does."""
    settings = Settings(home=home)
    end = demo_company.months_back(SystemClock().now(), 0)
    begin = demo_company.months_back(end, demo_company.MONTHS)
    clock = ManualClock(begin - timedelta(hours=1))
    installation.create(settings, PricingGraph.load(), clock)
    subscribers = demo_company.found(connect(settings.catalog), clock, seed)
    for _ in demo_company.land_usage(Landing(settings.landing), subscribers, begin, end, events, seed):
        pass
    run(settings)
    return settings

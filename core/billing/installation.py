"""A new embedded installation: folder, catalog, books and warehouse. Doing it again changes nothing."""

from __future__ import annotations

from core.books import store
from core.catalog.bootstrap import bootstrap
from core.catalog.engine import connect
from core.catalog.migrations import migrate
from core.catalog.unit_of_work import unit_of_work
from core.clock import Clock
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from core.warehouse.write import open_for_writing


def create(settings: Settings, graph: PricingGraph, clock: Clock) -> None:
    """Creates what is missing: migrations are applied, the default billing entity and schedules recorded at `clock`."""
    for folder in (
        settings.home,
        settings.warehouse_data,
        settings.books_data,
        settings.landing,
        settings.home / "drop",
    ):
        folder.mkdir(parents=True, exist_ok=True)
    migrate(settings.catalog)
    with unit_of_work(connect(settings.catalog), clock) as uow:
        bootstrap(uow)
    store.create(settings)
    with open_for_writing(settings, graph) as warehouse:
        warehouse.create()

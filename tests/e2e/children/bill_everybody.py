"""Runs in a process of their own, one after the other until the input is closed: python bill_everybody.py HOME

Each takes in and loads what has arrived, fences the catalog, and settles and issues for everybody up to its watermark, with what a run
does it with. What dbt builds in between is computed by the pricing graph instead, so there is one every few seconds. Prints how many invoices each issued.
"""

from __future__ import annotations

import select
import sys
from pathlib import Path

from core.billing.customer import CustomerFacts
from core.billing.issue import issue_now
from core.books.store import LOCK_TIMEOUT_SECONDS
from core.catalog.engine import connect
from core.catalog.export import export_fence
from core.clock import SystemClock
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from core.warehouse.write import open_for_writing
from ingestion.flush import drain
from ingestion.inbox import Inbox
from ingestion.landing import Landing

SECONDS_BETWEEN = 4.0


def run(settings: Settings, graph: PricingGraph) -> int:
    """How many invoices it issued."""
    clock, landing = SystemClock(), Landing(settings.landing)
    inbox, engine = Inbox(settings.inbox, clock), connect(settings.catalog)

    def gather() -> CustomerFacts:
        drained = drain(inbox, landing, clock)
        tables, exported = export_fence(engine, clock)
        watermark = min(drained, exported)
        files = landing.files("events")
        with open_for_writing(settings, graph) as warehouse:
            warehouse.set_horizon(watermark, watermark)
            warehouse.load_events(Path(landing.root), files, watermark)
            warehouse.load_catalog(tables)
        owned = sorted(set(tables["subscriptions"]["external_id"].to_pylist()))
        return CustomerFacts(tables, owned, watermark, [landing.read(file) for file in files])

    try:
        return issue_now(settings, graph, gather, LOCK_TIMEOUT_SECONDS).invoices
    finally:
        inbox.close()
        engine.dispose()


def main(home: Path) -> None:
    settings, graph = Settings(home=home), PricingGraph.load()
    is_last = False
    while not is_last:
        is_last = bool(select.select([sys.stdin], [], [], SECONDS_BETWEEN)[0])
        print(run(settings, graph), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Loads the landing zone of a home into its warehouse; says `loading` first, so that a test can kill it afterwards."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from core.warehouse.write import open_for_writing
from ingestion.landing import Landing


def main(home: str) -> None:
    settings = Settings(home=Path(home))
    landing = Landing(settings.landing)
    graph = PricingGraph.load()
    print("loading", flush=True)
    with open_for_writing(settings, graph) as warehouse:
        warehouse.create()
        for name in landing.files("events"):
            warehouse.load_events(Path(landing.root), [name], datetime(2026, 1, 1))
    print("loaded", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])

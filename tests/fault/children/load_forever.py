"""A loader that never ends, made to be killed: loads what has landed, again and again. python -m ... HOME"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from core.clock import SystemClock
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from core.warehouse.write import open_for_writing
from ingestion.landing import Landing


def main(home: str) -> None:
    settings = Settings(home=Path(home))
    landing = Landing(settings.landing)
    graph = PricingGraph.load()
    print("loading", flush=True)
    while True:
        with open_for_writing(settings, graph) as warehouse:
            warehouse.load_events(Path(landing.root), landing.files("events"), SystemClock().now())
        time.sleep(0.05)


if __name__ == "__main__":
    main(sys.argv[1])

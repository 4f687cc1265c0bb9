"""Drawn worlds played into a real installation: commands into its catalog, events into its inbox, runs by the command."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from core import lake
from core.billing import installation
from core.catalog import test_clocks
from core.catalog.engine import connect
from core.catalog.subscription_versions import Subscription
from core.catalog.unit_of_work import unit_of_work
from core.clock import SystemClock
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from ingestion.event import UsageEvent, to_micros
from ingestion.inbox import Inbox
from tests.support.world import period_end_of

FACTS = ("catalog.sqlite", "inbox.sqlite", "landing")


class InstalledWorld:
    """What `tests.property.playing.Player` needs of a world, over an installation in `home`."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home)
        installation.create(self.settings, PricingGraph.load(), SystemClock())
        self.engine = connect(self.settings.catalog)
        self.inbox = Inbox(self.settings.inbox, SystemClock())
        self._sent = 0
        self._graph = PricingGraph.load()

    def unit(self) -> Any:
        """A unit of work now."""
        return unit_of_work(self.engine, SystemClock())

    def advance(self, clock_id: str, to: datetime) -> None:
        """Moves a test clock forward."""
        with self.unit() as uow:
            test_clocks.advance(uow, clock_id, to)

    def period_end(self, subscription: Subscription, at: datetime) -> datetime:
        """As `World.period_end`."""
        return period_end_of(self._graph, self.engine, SystemClock().now(), subscription, at)

    def send_event(self, subscription: str, code: str, timestamp: datetime, properties: dict[str, Any]) -> None:
        """An event through the inbox, as the API would send it."""
        self._sent += 1
        self.inbox.append(
            [UsageEvent(subscription, f"event-{self._sent}", code, to_micros(timestamp), json.dumps(properties))]
        )


def with_the_facts_of(settings: Settings, home: Path) -> Settings:
    """A new installation that knows what this one knows, and has billed nothing."""
    home.mkdir()
    for name in FACTS:
        source = settings.home / name
        shutil.copytree(source, home / name) if source.is_dir() else _copy(source, home / name)
    copied = Settings(home=home)
    installation.create(copied, PricingGraph.load(), SystemClock())
    return copied


def _copy(source: Path, target: Path) -> None:
    """A database with what is still in its write-ahead log."""
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)


def books(settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of the books."""
    with closing(lake.connect()) as connection:
        lake.attach(connection, lake.books(settings), read_only=True)
        names = "select table_name from duckdb_tables() where database_name = 'books' order by 1"
        tables = [row[0] for row in connection.execute(names).fetchall()]
        return {name: connection.execute(f"select * from books.main.{name} order by all").fetchall() for name in tables}

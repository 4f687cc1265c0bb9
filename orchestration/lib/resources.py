"""What assets need from outside: where this installation is, and the compiled models."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import dagster as dg
import sqlalchemy as sa
from pydantic import PrivateAttr

from core.catalog.engine import connect
from core.clock import Clock, SystemClock
from core.settings import Settings
from core.warehouse.pricing_graph import PricingGraph
from core.warehouse.write import run_lock
from ingestion.inbox import Inbox
from ingestion.landing import Landing


class Installation(dg.ConfigurableResource[None]):
    """One Tallystick installation, named by its settings; an empty `home` reads them from the environment."""

    home: str = ""
    _clock: Clock = PrivateAttr(default_factory=SystemClock)

    @cached_property
    def settings(self) -> Settings:
        """The settings of this installation."""
        return Settings(home=self.home) if self.home else Settings.load()

    @property
    def clock(self) -> Clock:
        """The source of now."""
        return self._clock

    @cached_property
    def graph(self) -> PricingGraph:
        """The compiled models."""
        return PricingGraph.load()

    def catalog(self) -> sa.Engine:
        """An engine on the operational catalog."""
        return connect(self.settings.catalog)

    def landing(self) -> Landing:
        """The landing zone."""
        return Landing(self.settings.landing)

    def inbox(self) -> Inbox:
        """The durable inbox; close it after use."""
        return Inbox(self.settings.inbox, self.clock)


class Writer(Installation):
    """The installation with its warehouse held from the first step of a run to its last.

    All steps of a run share one process (`definitions`), so Dagster makes this once for the run.
    """

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Writer"]:  # type: ignore[override]
        """Waits for a run that another process has going on."""
        with run_lock(self.settings):
            yield self

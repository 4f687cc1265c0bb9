"""What routes work with: the catalog, the inbox, the landing zone, billing, the keys and the clock of this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import Depends, Request

from api.auth import Keys
from api.calculations import Calculations
from api.context import author
from core.billing.on_demand import Billing
from core.catalog import test_clocks
from core.catalog.customers import Customer
from core.catalog.engine import connect, reading
from core.catalog.unit_of_work import UnitOfWork, unit_of_work
from core.clock import Clock
from core.settings import Settings
from ingestion.inbox import Inbox
from ingestion.landing import Landing
from ingestion.tail import LocalTail


class Services:
    """Opened once per process; `close` ends it."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.engine = connect(settings.catalog)
        self.inbox = Inbox(settings.inbox, clock)
        self.landing = Landing(settings.landing)
        self.tail = LocalTail(self.inbox, self.landing)
        self.billing = Billing(settings, self.engine, clock, self.tail)
        self.keys = Keys(self.engine, clock)
        self.calculations = Calculations(self.engine, clock)

    @contextmanager
    def change(self) -> Iterator[UnitOfWork]:
        """A write transaction of commands; committed when the block ends, so answer after it."""
        with unit_of_work(self.engine, self.clock, author()) as uow:
            yield uow
        self.calculations.forget()

    @contextmanager
    def look(self) -> Iterator[sa.Connection]:
        """A read-only transaction."""
        with reading(self.engine) as connection:
            yield connection

    def instant_of(self, connection: sa.Connection, customer: Customer) -> datetime:
        """Now on the customer's clock (naive UTC): its test clock's reading, or the wall clock."""
        if customer.test_clock_id is not None:
            return test_clocks.get(connection, customer.test_clock_id).reading
        return self.clock.now()

    def close(self) -> None:
        """Let go of files and connections."""
        self.inbox.close()
        self.engine.dispose()


def services_of(request: Request) -> Services:
    """The services of the app that serves `request`."""
    found: Services = request.app.state.services
    return found


Served = Annotated[Services, Depends(services_of)]

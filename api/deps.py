"""What routes work with: the services of this process, with the keys and the expressions that only the API needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Request

from api.auth import Keys
from api.calculations import Calculations
from core.catalog.unit_of_work import UnitOfWork
from core.clock import Clock
from core.settings import Settings
from service import services


class Services(services.Services):
    """Opened once per process; `close` ends it."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self.keys = Keys(self.engine)
        self.calculations = Calculations(self.engine, clock)

    @contextmanager
    def change(self) -> Iterator[UnitOfWork]:
        """A write transaction of commands; committed when the block ends, so answer after it."""
        with super().change() as uow:
            yield uow
        self.calculations.forget()


def services_of(request: Request) -> Services:
    """The services of the app that serves `request`."""
    found: Services = request.app.state.services
    return found


Served = Annotated[Services, Depends(services_of)]

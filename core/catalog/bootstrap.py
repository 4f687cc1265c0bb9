"""What every catalog holds from the start."""

from __future__ import annotations

from core.catalog import billing_entities, schedules
from core.catalog.billing_entities import BILLING_ENTITIES, DEFAULT_CODE
from core.catalog.schedules import SCHEDULES
from core.catalog.unit_of_work import UnitOfWork


def bootstrap(uow: UnitOfWork) -> None:
    """The default billing entity and the hourly schedules, unless they exist. Idempotent."""
    if BILLING_ENTITIES.first(uow.connection, BILLING_ENTITIES.c.code == DEFAULT_CODE) is None:
        billing_entities.create(uow, code=DEFAULT_CODE, name="Default")
    everyones = SCHEDULES.all(uow.connection, SCHEDULES.c.test_clock_id.is_(None))
    for name in schedules.NAMES:
        if name not in {schedule.name for schedule in everyones}:
            schedules.put(uow, name)

"""Usage events (lago_api §7.2): answered only when they are durable in the inbox.

Those that receive run on the event loop and build their answers straight to bytes, because they carry the load.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from api.answers import answer, one
from api.auth import admit, authorize, key_of
from api.body import read_instant
from api.deps import Served, Services
from api.errors import BadRequest, answer_error, validation_body
from api.pagination import Paged, listed
from api.received import received, received_among
from api.schemas.events import MANY, ONE, batch_answer, event_answer, found_event
from core.catalog import subscriptions
from core.catalog.subscription_versions import Subscription
from core.errors import NotFound, ValidationError
from core.warehouse.received_events import EventFilter
from ingestion.validate import Refusal, accepted_batch, accepted_event, parse_batch, parse_event

router = APIRouter(tags=["Events"])


@router.post("/events", openapi_extra=ONE.openapi)
async def create(request: Request) -> Response:
    """Receive one event."""
    services = await _authorized(request)
    event = parse_event(await request.body())
    if not isinstance(event, Refusal):
        (verdict,) = await services.calculations.complete([event])
        event = accepted_event(verdict)
    if isinstance(event, Refusal):
        return _refused(event)
    receipt = await services.inbox.append_async([event])
    return Response(event_answer(event, receipt), media_type="application/json")


@router.post("/events/batch", openapi_extra=MANY)
async def create_batch(request: Request) -> Response:
    """Receive 1 to 100 events, all or nothing."""
    services = await _authorized(request)
    events = parse_batch(await request.body())
    if not isinstance(events, Refusal):
        events = accepted_batch(await services.calculations.complete(events))
    if isinstance(events, Refusal):
        return _refused(events)
    receipt = await services.inbox.append_async(events)
    return Response(batch_answer(events, receipt), media_type="application/json")


@router.get("/events", dependencies=[Depends(authorize)])
def index(
    served: Served,
    paging: Paged,
    external_subscription_id: str | None = None,
    code: str | None = None,
    timestamp_from: str | None = None,
    timestamp_to: str | None = None,
    timestamp_from_started_at: bool = False,
) -> Response:
    """List events, the latest first, as soon as they are received.

    `timestamp_from_started_at`: those since the start of the subscription, which must be named; instead of `timestamp_from`.
    """
    since = read_instant(timestamp_from, "timestamp_from") if timestamp_from else None
    until = read_instant(timestamp_to, "timestamp_to") if timestamp_to else None
    if timestamp_from_started_at:
        since = _started_at(served, external_subscription_id, since)
    wanted = EventFilter(external_subscription_id, code, since, until)
    rows, total = received_among(served, wanted, limit=paging.limit, offset=paging.offset)
    with served.look() as connection:
        named = {row["external_subscription_id"] for row in rows}
        owners = {external_id: _owner(served, connection, external_id) for external_id in named}
    items = [found_event(row, owners[row["external_subscription_id"]]) for row in rows]
    return listed("events", items, total, paging)


@router.get("/events/{transaction_id}", dependencies=[Depends(authorize)])
def show(transaction_id: str, served: Served) -> Response:
    """Get an event by its transaction id, as soon as it is received."""
    row = received(served, transaction_id)
    with served.look() as connection:
        return one("event", found_event(row, _owner(served, connection, row["external_subscription_id"])))


def _started_at(served: Services, external_subscription_id: str | None, since: datetime | None) -> datetime:
    if since is not None:
        raise ValidationError({"timestamp_from": ["incompatible_params"]})
    if not external_subscription_id:
        raise ValidationError({"external_subscription_id": ["value_is_mandatory"]})
    with served.look() as connection:
        return subscriptions.get(connection, external_subscription_id, served.clock.now()).started_at


def _owner(served: Services, connection: sa.Connection, external_subscription_id: str) -> Subscription | None:
    try:
        return subscriptions.get(connection, external_subscription_id, served.clock.now())
    except NotFound:  # events may come before their subscription
        return None


async def _authorized(request: Request) -> Services:
    services: Services = request.app.state.services
    plaintext = key_of(request)
    key = services.keys.trusted(plaintext)
    if key is None:
        key = await run_in_threadpool(services.keys.check, plaintext)
    admit(request, plaintext, key)
    return services


def _refused(refusal: Refusal) -> Response:
    if refusal.malformed:
        return answer_error(BadRequest(refusal.message))
    return answer(validation_body(refusal.error_details, refusal.message), status=422)

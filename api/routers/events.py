"""Usage events (lago_api §7.2): answered only when they are durable in the inbox.

Those that receive run on the event loop and build their answers straight to bytes, because they carry the load.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from api.answers import answer, one
from api.auth import authorize, key_of
from api.deps import Served, Services
from api.errors import BadRequest, answer_error, validation_body
from api.received import received
from api.schemas.events import batch_answer, event_answer, found_event
from core.catalog import subscriptions
from core.errors import NotFound
from ingestion.validate import Refusal, accepted_batch, accepted_event, parse_batch, parse_event

router = APIRouter(tags=["Events"])


@router.post("/events")
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


@router.post("/events/batch")
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


@router.get("/events/{transaction_id}", dependencies=[Depends(authorize)])
def show(transaction_id: str, served: Served) -> Response:
    """Get an event by its transaction id, as soon as it is received."""
    row = received(served, transaction_id)
    with served.look() as connection:
        try:
            subscription = subscriptions.get(connection, row["external_subscription_id"], served.clock.now())
        except NotFound:  # events may come before their subscription
            subscription = None
    return one("event", found_event(row, subscription))


async def _authorized(request: Request) -> Services:
    services: Services = request.app.state.services
    key = key_of(request)
    if not services.keys.is_trusted(key):
        await run_in_threadpool(services.keys.check, key)
    return services


def _refused(refusal: Refusal) -> Response:
    if refusal.malformed:
        return answer_error(BadRequest(refusal.message))
    return answer(validation_body(refusal.error_details, refusal.message), status=422)

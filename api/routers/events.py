"""Usage events (lago_api §7.2): answered only when they are durable in the inbox.

These two routes run on the event loop and build their answers straight to bytes, because they carry the load.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.answers import answer
from api.auth import key_of
from api.deps import Services
from api.errors import BadRequest, answer_error, validation_body
from api.schemas.events import batch_answer, event_answer
from ingestion.validate import Refusal, parse_batch, parse_event

router = APIRouter(tags=["Events"])


@router.post("/events")
async def create(request: Request) -> Response:
    """Receive one event."""
    services = await _authorized(request)
    event = parse_event(await request.body())
    if isinstance(event, Refusal):
        return _refused(event)
    receipt = await services.inbox.append_async([event])
    return Response(event_answer(event, receipt), media_type="application/json")


@router.post("/events/batch")
async def create_batch(request: Request) -> Response:
    """Receive 1 to 100 events, all or nothing."""
    services = await _authorized(request)
    events = parse_batch(await request.body())
    if isinstance(events, Refusal):
        return _refused(events)
    receipt = await services.inbox.append_async(events)
    return Response(batch_answer(events, receipt), media_type="application/json")


async def _authorized(request: Request) -> Services:
    services: Services = request.app.state.services
    key = key_of(request)
    if not services.keys.is_trusted(key):
        await run_in_threadpool(services.keys.check, key)
    return services


def _refused(refusal: Refusal) -> Response:
    if refusal.malformed:
        return answer_error(BadRequest(refusal.message))
    return answer(validation_body(refusal.error_details), status=422)

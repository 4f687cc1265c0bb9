"""Estimates of fees in advance (lago_api §7.2). Nothing is stored."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from api.answers import answer
from api.body import read_fields
from api.deps import Served
from api.estimates import batch_of, estimate
from api.schemas.estimates import estimated_fees, instant_fees
from api.schemas.events import FIELDS, MANY, ONE

router = APIRouter(prefix="/events", tags=["Events"])


@router.post("/estimate_fees", openapi_extra=ONE.openapi)
def estimate_fees(event: Annotated[dict[str, Any], Depends(ONE)], served: Served) -> Response:
    """What an event would cost in advance, on top of what has been received."""
    customer, estimated = estimate(served, event, is_instant=False)
    with served.look() as connection:
        return answer(
            {"fees": estimated_fees(connection, estimated, customer.external_id, event.get("transaction_id"))}
        )


@router.post("/estimate_instant_fees", openapi_extra=ONE.openapi)
def estimate_instant_fees(event: Annotated[dict[str, Any], Depends(ONE)], served: Served) -> Response:
    """What an event would cost on its own, by charges whose price does not depend on what was used before."""
    return answer({"fees": _instant(served, event)})


@router.post("/batch_estimate_instant_fees", openapi_extra=MANY)
async def batch_estimate_instant_fees(request: Request, served: Served) -> Response:
    """As the instant estimate, of up to 100 events; each is priced on its own."""
    rows = [read_fields(row, FIELDS) for row in batch_of(await request.body())]
    return answer({"fees": await run_in_threadpool(lambda: [fee for row in rows for fee in _instant(served, row)])})


def _instant(served: Served, event: dict[str, Any]) -> list[dict[str, Any]]:
    customer, estimated = estimate(served, event, is_instant=True)
    with served.look() as connection:
        return instant_fees(connection, estimated, customer.external_id, event.get("transaction_id"))

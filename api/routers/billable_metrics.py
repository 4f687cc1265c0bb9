"""Billable metrics (lago_api §7.3)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from api.answers import one
from api.deps import Served
from api.pagination import Paged, listed
from api.schemas.billable_metrics import CREATE, EVALUATE_OPENAPI, UPDATE, expression_and_event, metric_object
from api.sql_models import check_metric
from core.catalog import billable_metrics, deletions

router = APIRouter(prefix="/billable_metrics", tags=["Billable metrics"])


@router.post("", openapi_extra=CREATE.openapi)
def create(metric: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Create a metric."""
    check_metric(metric)
    with served.change() as uow:
        row = billable_metrics.create(uow, **metric)
    return one("billable_metric", metric_object(row))


@router.post("/evaluate_expression", openapi_extra=EVALUATE_OPENAPI)
async def evaluate_expression(request: Request, served: Served) -> Response:
    """Try an expression on an event, as ingestion would evaluate it."""
    expression, event = expression_and_event(await request.body(), served.clock.now())
    value = await run_in_threadpool(served.calculations.value_of, expression, event)
    return one("expression_result", {"value": value})


@router.get("")
def index(served: Served, paging: Paged) -> Response:
    """List metrics."""
    with served.look() as connection:
        page = billable_metrics.page(connection, limit=paging.limit, offset=paging.offset)
    return listed("billable_metrics", [metric_object(row) for row in page.items], page.total, paging)


@router.get("/{code}")
def show(code: str, served: Served) -> Response:
    """Get a metric by its code."""
    with served.look() as connection:
        return one("billable_metric", metric_object(billable_metrics.get(connection, code)))


@router.put("/{code}", openapi_extra=UPDATE.openapi)
def update(code: str, metric: Annotated[dict[str, Any], Depends(UPDATE)], served: Served) -> Response:
    """Change a metric."""
    check_metric(metric)
    with served.change() as uow:
        row = billable_metrics.update(uow, code, **metric)
    return one("billable_metric", metric_object(row))


@router.delete("/{code}")
def destroy(code: str, served: Served) -> Response:
    """Delete a metric, and the charges built on it."""
    with served.change() as uow:
        row = deletions.delete_metric(uow, code)
    return one("billable_metric", metric_object(row))

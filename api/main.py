"""The application: wiring only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI

from api import errors
from api.auth import authorize
from api.courier import Courier
from api.deps import Services
from api.document import describe
from api.flusher import Flusher
from api.requests import Requests
from api.routers import (
    activity_logs,
    add_ons,
    alerts,
    analytics,
    api_logs,
    applied_coupons,
    billable_metrics,
    billing_entities,
    charge_filters,
    charges,
    coupons,
    credit_notes,
    customers,
    dunning_campaigns,
    entitlements,
    event_estimates,
    events,
    features,
    fees,
    fixed_charges,
    health,
    invoices,
    left_out,
    lifetime_usages,
    metadata,
    organizations,
    payment_providers,
    payment_receipts,
    payment_requests,
    payments,
    plans,
    pricing_units,
    subscriptions,
    taxes,
    usage,
    wallets,
    webhook_endpoints,
    webhook_keys,
)
from core.clock import Clock, SystemClock
from core.settings import Settings

PREFIX = "/api/v1"
RESOURCES = (
    billable_metrics,
    plans,
    pricing_units,
    fixed_charges,
    charges,
    charge_filters,
    subscriptions,
    alerts,
    lifetime_usages,
    applied_coupons,
    customers,
    usage,
    event_estimates,
    wallets,
    metadata,
    features,
    entitlements,
    invoices,
    credit_notes,
    fees,
    payments,
    payment_receipts,
    payment_requests,
    payment_providers,
    dunning_campaigns,
    taxes,
    add_ons,
    coupons,
    billing_entities,
    organizations,
    analytics,
    webhook_endpoints,
    webhook_keys,
    activity_logs,
    api_logs,
    left_out,
)


def create_app(settings: Settings, clock: Clock | None = None) -> FastAPI:
    """The API over an installation that exists (`tallystick init`). It also moves the inbox to the landing zone and delivers webhooks."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services = Services(settings, clock or SystemClock())
        flusher = Flusher(services.inbox, services.landing)
        flusher.start()
        courier = Courier(services)
        courier.start()
        app.state.services, app.state.courier = services, courier
        yield
        courier.stop()
        flusher.stop()
        services.close()

    app = FastAPI(
        title="Tallystick",
        description="Usage-based billing in Lago's wire format.",
        lifespan=lifespan,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    errors.install(app)
    app.add_middleware(Requests)
    # Ingest first: routes are tried in order. Its two routes check the key themselves, without a thread.
    app.include_router(events.router, prefix=PREFIX)
    guarded = APIRouter(prefix=PREFIX, dependencies=[Depends(authorize), Depends(errors.refuse_nul)])
    for resource in RESOURCES:
        guarded.include_router(resource.router)
    app.include_router(guarded)
    app.include_router(health.router)
    describe(app, PREFIX)
    return app

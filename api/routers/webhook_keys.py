"""The public key that webhooks are verified with (lago_api §10)."""

from __future__ import annotations

import base64

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from api.answers import one
from api.deps import Served, Services
from core.catalog import webhook_keys

router = APIRouter(prefix="/webhooks", tags=["Webhooks"])


@router.get("/public_key", response_class=PlainTextResponse)
def public_key(served: Served) -> Response:
    """The key as base64 of its PEM, as plain text."""
    return PlainTextResponse(_public_key(served))


@router.get("/json_public_key")
def json_public_key(served: Served) -> Response:
    """The key as base64 of its PEM, as JSON."""
    return one("webhook", {"public_key": _public_key(served)})


def _public_key(served: Services) -> str:
    with served.look() as connection:
        keys = webhook_keys.find(connection)
    if keys is None:
        with served.change() as uow:
            keys = webhook_keys.ensure(uow)
    return base64.b64encode(keys.public_key.encode()).decode()

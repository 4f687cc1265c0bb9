"""Around every request: an id, how often its key may still ask, and the log of those that ask for a change (lago_api §3, §7.18)."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.context import CURRENT, RequestContext
from api.deps import Services
from core.catalog import api_keys, api_logs
from core.catalog.api_keys import ApiKey
from core.catalog.api_logs import ApiLog
from core.catalog.engine import writing
from core.ids import new_id

log = logging.getLogger(__name__)

PREFIX = "/api/v1"
MOST_BYTES = 64 * 1024
"""A longer body is not kept."""
_READS = ("GET", "HEAD", "OPTIONS")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


class Requests:
    """Middleware. What it writes down it writes after the answer; that it cannot does not fail the request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        context = RequestContext(_request_id(headers), headers.get(b"user-agent", ""))
        scope["tallystick.context"] = context
        CURRENT.set(context)
        path: str = scope["path"]
        is_logged = (
            scope["method"] not in _READS and path.startswith(f"{PREFIX}/") and not path.startswith(f"{PREFIX}/events")
        )
        taken = _Taken()

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_headers(context)]
                taken.status = message["status"]
            elif is_logged:
                taken.answer += message.get("body", b"")
            await send(message)

        async def read() -> Message:
            message = await receive()
            if is_logged:
                taken.body += message.get("body", b"")
            return message

        await self._app(scope, read, told)
        if context.key is not None:
            await _write_down(scope, context, context.key, taken, is_logged)


class _Taken:
    def __init__(self) -> None:
        self.body, self.answer, self.status = b"", b"", 0


async def _write_down(scope: Scope, context: RequestContext, key: ApiKey, taken: _Taken, is_logged: bool) -> None:
    services: Services = scope["app"].state.services
    try:
        if services.keys.is_seen_anew(key):
            await run_in_threadpool(api_keys.was_used, services.engine, key.id, services.clock.now())
        if is_logged:
            origin = scope["client"][0] if scope.get("client") else ""
            entry = ApiLog(
                request_id=context.request_id,
                logged_at=services.clock.now(),
                api_key_id=key.id,
                client=context.client,
                http_method=scope["method"].lower(),
                http_status=taken.status,
                request_origin=origin,
                request_path=scope["path"],
                request_body=_json(taken.body),
                request_response=_json(taken.answer),
            )
            await run_in_threadpool(_record, services, entry)
    except Exception:
        log.exception("request %s cannot be written down", context.request_id)


def _record(services: Services, entry: ApiLog) -> None:
    with writing(services.engine) as connection:
        api_logs.record(connection, entry)


def _request_id(headers: dict[bytes, str]) -> str:
    """The caller's own id, with ours behind it, since two callers may send the same."""
    given = headers.get(b"x-request-id", "")
    return f"{given}-{new_id()}" if _REQUEST_ID.fullmatch(given) else new_id()


def _headers(context: RequestContext) -> list[tuple[bytes, bytes]]:
    told: list[tuple[str, Any]] = [("x-request-id", context.request_id)]
    if context.limit is not None:
        told += [
            ("x-ratelimit-limit", context.limit.limit),
            ("x-ratelimit-remaining", context.limit.remaining),
            ("x-ratelimit-reset", context.limit.reset),
        ]
    return [(name.encode(), str(value).encode("latin-1")) for name, value in told]


def _json(body: bytes) -> str:
    """The text of an object, or `{}` where there is none."""
    try:
        found = json.loads(body) if len(body) <= MOST_BYTES else {}
    except ValueError:
        return "{}"
    return body.decode() if isinstance(found, dict) and found else "{}"

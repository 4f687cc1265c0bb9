"""Every error as one of Lago's bodies (lago_api §4). No default of the framework gets out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.answers import answer
from api.context import Limit
from core.catalog.activity_log import singular
from core.catalog.engine import UNAVAILABLE
from core.errors import BatchRefused, Conflict, NotFound, TallystickError, ValidationError

log = logging.getLogger(__name__)


class BadRequest(TallystickError):
    """The body is no JSON object, or lacks its root key."""

    def __init__(self, message: str) -> None:
        super().__init__("bad_request", message)


def refuse_nul(request: Request) -> None:
    """Raises BadRequest for a NUL character in the address: no database keeps one in a text."""
    if "\x00" in request.url.path or "%00" in request.url.query:
        raise BadRequest("the address holds a NUL character (%00); remove it")


class Unauthorized(TallystickError):
    """The key is missing, unknown or revoked."""

    def __init__(self) -> None:
        super().__init__("unauthorized", "send a valid API key: `Authorization: Bearer <key>`")


class FeatureUnavailable(TallystickError):
    """Lago has it, and this product leaves it out on purpose."""

    def __init__(self, reason: str) -> None:
        super().__init__("feature_unavailable", reason)


class Forbidden(TallystickError):
    """The key is good, and may not do this (lago_api §4)."""

    def __init__(self, action: str, resource: str, scopes: Sequence[str]) -> None:
        super().__init__(
            f"{action}_action_not_allowed_for_{singular(resource)}",
            f"this key may {' and '.join(scopes)}, and not {action} here; ask for a key with that scope (`tallystick api-key create --scope {action}`)",
        )


class TooManyRequests(TallystickError):
    """The key has asked as often as it may in this second."""

    def __init__(self, limit: Limit) -> None:
        super().__init__("too_many_requests", f"this key may ask {limit.limit} times a second; wait {limit.reset} s and send it again")
        self.limit = limit


class CatalogUnavailable(TallystickError):
    """The catalog's database does not answer."""

    def __init__(self) -> None:
        super().__init__(
            "catalog_unavailable",
            "The catalog's database does not answer now. Send the request again; `tallystick doctor` says what is wrong.",
        )


BUSY = ("books_busy", "catalog_unavailable", "inbox_unavailable", "landing_busy")
"""Codes of what passes by itself: the same request may be sent again."""


def body_of(error: TallystickError) -> dict[str, Any]:
    """The error as Lago words it; its `status` is the HTTP status."""
    match error:
        case BadRequest():
            return {"status": 400, "error": f"BadRequest: {error.message}"}
        case Unauthorized():
            return {"status": 401, "error": "Unauthorized"}
        case FeatureUnavailable():
            return {"status": 403, "error": "Forbidden", "code": error.code, "message": error.message}
        case Forbidden():
            return {"status": 403, "error": "Forbidden", "code": error.code, "message": error.message}
        case TooManyRequests():
            return {"status": 429, "error": "Too Many Requests", "code": error.code, "message": error.message}
        case NotFound():
            return {"status": 404, "error": "Not Found", "code": error.code}
        case Conflict():
            return {"status": 405, "error": "Method Not Allowed", "code": error.code, "message": error.message}
        case ValidationError():
            return validation_body(error.details, error.advice)
        case BatchRefused():
            return validation_body(error.details)
        case TallystickError(code=code) if code in BUSY:
            return {"status": 503, "error": "Service Unavailable", "code": code, "message": error.message}
    return {"status": 500, "error": "Internal Server Error", "code": error.code, "message": error.message}


def validation_body(details: Any, advice: str = "") -> dict[str, Any]:
    """A 422 with field -> codes, or index -> field -> codes; `message`, which Lago does not send, says more where there is more."""
    body = {"status": 422, "error": "Unprocessable Entity", "code": "validation_errors", "error_details": details}
    return body | {"message": advice} if advice else body


def answer_error(error: TallystickError) -> Response:
    """The answer that tells of `error`."""
    body = body_of(error)
    return answer(body, status=body["status"])


def install(app: FastAPI) -> None:
    """Make every error of `app` go out in Lago's shape."""

    @app.exception_handler(TallystickError)
    async def _known(_request: Request, error: TallystickError) -> Response:
        response = answer_error(error)
        if response.status_code >= 500:
            log.error("%s: %s", error.code, error.message, exc_info=error)
        return response

    async def _unavailable(_request: Request, error: Exception) -> Response:
        log.error("catalog_unavailable: %s", error)
        return answer_error(CatalogUnavailable())

    for kind in UNAVAILABLE:
        app.add_exception_handler(kind, _unavailable)

    @app.exception_handler(RequestValidationError)
    async def _parameters(_request: Request, error: RequestValidationError) -> Response:
        details = {str(problem["loc"][-1]): ["value_is_invalid"] for problem in error.errors()}
        return answer_error(ValidationError(details, "These parameters of the address are not of their kind; correct or leave them out."))

    @app.exception_handler(HTTPException)
    async def _routing(_request: Request, error: HTTPException) -> Response:
        # A wrong verb on a known path is an unknown resource too (lago_api §4).
        if error.status_code in (404, 405):
            return answer_error(NotFound("resource", _request.url.path))
        body = {"status": error.status_code, "error": str(error.detail)}
        return answer(body, status=error.status_code)

    @app.exception_handler(Exception)
    async def _unexpected(_request: Request, _error: Exception) -> Response:
        # The server logs the traceback; the caller learns only that it was not their fault.
        body = {"status": 500, "error": "Internal Server Error", "code": "internal_error"}
        return answer(body, status=500)

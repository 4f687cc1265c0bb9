"""The OpenAPI document: what the routes say of themselves, and what every operation may answer besides."""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI

REFUSALS = {
    400: "The body is no JSON object, or lacks its root key.",
    401: "The key is missing, unknown, revoked or expired.",
    403: "The key may not do this, or this product leaves it out.",
    404: "Nothing has this identifier.",
    405: "The state of the object forbids it.",
    422: "Fields are refused: `error_details` has their codes.",
    429: "The key has asked as often as it may in this second.",
    503: "Busy; send it again.",
}
"""Statuses of errors (lago_api §4) that any operation below `/api/v1` may answer."""
ERROR = {
    "type": "object",
    "required": ["status", "error"],
    "properties": {
        "status": {"type": "integer", "enum": list(REFUSALS)},
        "error": {"type": "string"},
        "code": {"type": "string"},
        "error_details": {"type": "object"},
        "message": {"type": "string"},
    },
    "additionalProperties": False,
}
ANSWER = {"type": "object", "minProperties": 1}
UNTYPED = ("ValidationError", "HTTPValidationError")
"""Errors of the framework's that never go out."""


def describe(app: FastAPI, prefix: str) -> None:
    """Let `app` tell of Lago's errors wherever a key is needed, and not of the framework's own."""
    told = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            schemas = told().setdefault("components", {}).setdefault("schemas", {})
            for name in UNTYPED:
                schemas.pop(name, None)
            schemas["Error"] = ERROR
            for path, operations in told()["paths"].items():
                for operation in operations.values():
                    _name_parameters(operation, path)
                    _tell(operation, path.startswith(prefix))
        return told()

    app.openapi = document  # type: ignore[method-assign]


def _name_parameters(operation: dict[str, Any], path: str) -> None:
    """Parts of the address that a route does not look at."""
    parameters = operation.setdefault("parameters", [])
    named = {parameter["name"] for parameter in parameters if parameter["in"] == "path"}
    for name in re.findall(r"{(\w+)}", path):
        if name not in named:
            parameters.append({"name": name, "in": "path", "required": True, "schema": {"type": "string"}})


def _tell(operation: dict[str, Any], needs_key: bool) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    content = responses["200"].get("content", {})
    if content.get("application/json", {}).get("schema") == {}:
        content["application/json"]["schema"] = ANSWER
    refused = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for status in REFUSALS if needs_key else (503,):
        responses[str(status)] = {"description": REFUSALS[status], "content": refused}

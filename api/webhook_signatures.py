"""What proves to a receiver where a webhook comes from (lago_api §10), and the headers of Standard Webhooks beside it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from functools import cache

from joserfc import jwt
from joserfc.jwk import RSAKey

from core.catalog.webhook_keys import WebhookKeys


def headers(
    content: bytes, *, webhook_id: str, algorithm: str, keys: WebhookKeys, issuer: str, at: datetime
) -> dict[str, str]:
    """The headers of one attempt at `at` (naive UTC) to send exactly these bytes; `algorithm` is jwt or hmac."""
    secret = keys.hmac_key.encode()
    timestamp = str(int(at.replace(tzinfo=UTC).timestamp()))
    standard = _hmac(secret, b".".join((webhook_id.encode(), timestamp.encode(), content)))
    return {
        "Content-Type": "application/json",
        "X-Lago-Signature": _jwt(keys, issuer, content) if algorithm == "jwt" else _hmac(secret, content),
        "X-Lago-Signature-Algorithm": algorithm,
        "X-Lago-Unique-Key": webhook_id,
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{standard}",
    }


def _jwt(keys: WebhookKeys, issuer: str, content: bytes) -> str:
    """An RS256 token that holds the whole body as text."""
    claims = {"data": content.decode(), "iss": issuer}
    return jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, _private(keys.private_key))


@cache
def _private(pem: str) -> RSAKey:
    """Reading the key takes longer than signing with it."""
    return RSAKey.import_key(pem)


def _hmac(secret: bytes, content: bytes) -> str:
    return base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()

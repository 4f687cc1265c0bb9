"""The keys that webhooks are signed with, made once for an installation. No operation of the API answers a private one."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass

import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from core.catalog.unit_of_work import UnitOfWork
from core.catalog.versions import Version, Versions
from core.ids import deterministic_id

_BITS = 2048
_ID = deterministic_id("webhook_keys")


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookKeys(Version):
    """An RSA pair as PEM (PKCS #8, and SPKI for everybody), and the text whose UTF-8 bytes are the HMAC key."""

    private_key: str
    public_key: str
    hmac_key: str

    @property
    def standard_secret(self) -> str:
        """The HMAC key as the libraries of Standard Webhooks take it."""
        return f"whsec_{base64.b64encode(self.hmac_key.encode()).decode()}"


WEBHOOK_KEYS = Versions("webhook_keys", WebhookKeys)


def ensure(uow: UnitOfWork) -> WebhookKeys:
    """The keys, made at the first call."""
    found = find(uow.connection)
    if found is not None:
        return found
    private = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    return WEBHOOK_KEYS.add(
        uow,
        uow.stamp_for(),
        id=_ID,
        private_key=private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        public_key=private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
        hmac_key=secrets.token_urlsafe(32),
    )


def find(connection: sa.Connection) -> WebhookKeys | None:
    """The keys, None where nobody has needed them yet."""
    return WEBHOOK_KEYS.first(connection)

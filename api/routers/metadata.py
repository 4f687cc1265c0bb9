"""Key/value metadata of plans and wallets (lago_api §7.1): one set of routes for each way to name their owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request, Response

from api.answers import one
from api.deps import Served
from api.schemas.metadata import METADATA
from core.catalog import customers, metadata, plans, wallets
from core.catalog.metadata import Owner
from core.catalog.unit_of_work import UnitOfWork

router = APIRouter()

Find = Callable[[sa.Connection, dict[str, str]], Owner]


def _plan(connection: sa.Connection, named: dict[str, str]) -> Owner:
    return plans.get(connection, named["code"])


def _wallet(connection: sa.Connection, named: dict[str, str]) -> Owner:
    return wallets.get(connection, named["wallet_id"])


def _wallet_of_customer(connection: sa.Connection, named: dict[str, str]) -> Owner:
    return wallets.of_code(connection, customers.get(connection, named["external_id"]).id, named["code"])


def _serve(path: str, tag: str, find: Find) -> None:
    """The four routes below the owner's address; each answers the metadata that is kept then."""

    def change(served: Served, request: Request, command: Callable[[UnitOfWork, Owner], None]) -> Response:
        with served.change() as uow:
            owner = find(uow.connection, request.path_params)
            command(uow, owner)
            kept = metadata.of(uow.connection, [owner.id]).get(owner.id)
        return one("metadata", kept)

    @router.post(path, tags=[tag], openapi_extra=METADATA.openapi)
    def replace(request: Request, given: Annotated[dict[str, Any], Depends(METADATA)], served: Served) -> Response:
        """Keep just this metadata."""
        return change(served, request, lambda uow, owner: metadata.replace(uow, owner, given))

    @router.patch(path, tags=[tag], openapi_extra=METADATA.openapi)
    def merge(request: Request, given: Annotated[dict[str, Any], Depends(METADATA)], served: Served) -> Response:
        """Add to the metadata."""
        return change(served, request, lambda uow, owner: metadata.merge(uow, owner, given))

    @router.delete(path, tags=[tag])
    def clear(request: Request, served: Served) -> Response:
        """Keep no metadata."""
        return change(served, request, lambda uow, owner: metadata.replace(uow, owner, None))

    @router.delete(path + "/{key}", tags=[tag])
    def drop(request: Request, key: str, served: Served) -> Response:
        """Drop one key of the metadata."""
        return change(served, request, lambda uow, owner: metadata.drop(uow, owner, key))


_serve("/plans/{code}/metadata", "Plans", _plan)
_serve("/wallets/{wallet_id}/metadata", "Wallets", _wallet)
_serve("/customers/{external_id}/wallets/{code}/metadata", "Wallets", _wallet_of_customer)

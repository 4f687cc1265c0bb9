"""Features and their privileges (lago_api §7.5)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.answers import one
from api.deps import Served
from api.pagination import Paged, listed
from api.schemas.entitlements import CREATE, UPDATE, feature_object
from core.catalog import entitlements, features
from core.catalog.features import FEATURES

router = APIRouter(prefix="/features", tags=["Features"])


@router.post("", openapi_extra=CREATE.openapi)
def create(feature: Annotated[dict[str, Any], Depends(CREATE)], served: Served) -> Response:
    """Create a feature."""
    with served.change() as uow:
        row = features.create(uow, **feature)
    return one("feature", feature_object(row))


@router.get("")
def index(served: Served, paging: Paged) -> Response:
    """List features."""
    with served.look() as connection:
        page = features.page(connection, limit=paging.limit, offset=paging.offset)
    return listed("features", [feature_object(row) for row in page.items], page.total, paging)


@router.get("/{code}")
def show(code: str, served: Served) -> Response:
    """Get a feature by its code."""
    with served.look() as connection:
        return one("feature", feature_object(features.get(connection, code)))


@router.put("/{code}", openapi_extra=UPDATE.openapi)
def update(code: str, feature: Annotated[dict[str, Any], Depends(UPDATE)], served: Served) -> Response:
    """Change a feature; privileges that are given are added or changed."""
    with served.change() as uow:
        row = features.update(uow, code, **feature)
    return one("feature", feature_object(row))


@router.delete("/{code}")
def destroy(code: str, served: Served) -> Response:
    """Delete a feature; nobody is entitled to it any more."""
    with served.change() as uow:
        row = features.get(uow.connection, code)
        entitlements.forget(uow, row)
        FEATURES.end(uow, uow.stamp_for(), row)
    return one("feature", feature_object(row))


@router.delete("/{code}/privileges/{privilege_code}")
def destroy_privilege(code: str, privilege_code: str, served: Served) -> Response:
    """Delete a privilege of a feature; answers the feature."""
    with served.change() as uow:
        row = features.get(uow.connection, code)
        left = features.without_privilege(uow, row, privilege_code)
        entitlements.forget(uow, row, privilege_code)
    return one("feature", feature_object(left))

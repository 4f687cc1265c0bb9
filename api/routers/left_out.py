"""What Lago's clients may ask for and this product leaves out on purpose: 403 in Lago's shape, with the reason (api/README)."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Response

from api.errors import FeatureUnavailable, answer_error

router = APIRouter(tags=["Left out"])

QUOTES = "quotes, order forms and orders are not part of this product: it bills what was agreed, and does not sell"
PORTAL = "there is no page for customers; show them what `GET /customers/{external_id}/…` answers"
LEFT_OUT: dict[str, tuple[tuple[str, str], ...]] = {
    QUOTES: (
        ("GET", "/order_forms"),
        ("GET", "/order_forms/{lago_id}"),
        ("POST", "/order_forms/{lago_id}/mark_as_signed"),
        ("POST", "/order_forms/{lago_id}/void"),
        ("GET", "/orders"),
        ("GET", "/orders/{lago_id}"),
        ("POST", "/orders/{lago_id}/execute"),
        ("GET", "/quote_versions/{lago_id}"),
        ("POST", "/quote_versions/{lago_id}/approve"),
        ("POST", "/quote_versions/{lago_id}/clone"),
        ("POST", "/quote_versions/{lago_id}/void"),
        ("GET", "/quotes"),
        ("GET", "/quotes/{lago_id}"),
        ("GET", "/quotes/{lago_id}/versions"),
    ),
    PORTAL: (("GET", "/customers/{external_customer_id}/portal_url"),),
}
"""Reason -> the operations that are left out for it."""


def _refusing(reason: str) -> Callable[[], Response]:
    def refuse() -> Response:
        return answer_error(FeatureUnavailable(reason))

    return refuse


for _reason, _operations in LEFT_OUT.items():
    for _method, _path in _operations:
        router.add_api_route(_path, _refusing(_reason), methods=[_method], summary="Left out", description=_reason)

"""Pages of lists (lago_api §3 "Pagination")."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from fastapi import Depends, Query
from starlette.responses import Response

from api.answers import answer

DEFAULT_PER_PAGE = 100
_MOST_DIGITS = 9


class Paging(NamedTuple):
    """Which part of a list was asked for; pages count from 1."""

    page: int
    per_page: int

    @property
    def limit(self) -> int:
        """Rows on a page."""
        return self.per_page

    @property
    def offset(self) -> int:
        """Rows before the page."""
        return (self.page - 1) * self.per_page


def paging(
    page: Annotated[str | None, Query(description="from 1")] = None,
    per_page: Annotated[str | None, Query(description="100 by default")] = None,
) -> Paging:
    """The page asked for; what is no positive number falls back to its default instead of failing."""
    return Paging(_positive(page, 1), _positive(per_page, DEFAULT_PER_PAGE))


Paged = Annotated[Paging, Depends(paging)]


def listed(root: str, items: list[dict[str, Any]], total: int, paging: Paging) -> Response:
    """A list under its plural root, with `meta`."""
    return answer({root: items, "meta": meta(total, paging)})


def meta(total: int, paging: Paging) -> dict[str, int | None]:
    """Where the page is in a list of `total` rows. An empty list has no pages; past the end there are no neighbours."""
    pages = -(-total // paging.per_page)
    inside = 1 <= paging.page <= pages
    return {
        "current_page": paging.page if total else 0,
        "next_page": paging.page + 1 if inside and paging.page < pages else None,
        "prev_page": paging.page - 1 if inside and paging.page > 1 else None,
        "total_pages": pages,
        "total_count": total,
    }


def _positive(text: str | None, default: int) -> int:
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS:
        return default
    return int(text) or default

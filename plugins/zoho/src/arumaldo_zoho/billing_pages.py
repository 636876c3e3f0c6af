"""Lists of Billing, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel

from arumaldo import Unavailable
from arumaldo_zoho.billing_answers import read
from arumaldo_zoho.client import NAME, ZohoClient

PER_PAGE = 200
Context = dict[str, Any]
Model = TypeVar("Model", bound=BaseModel)


def each(client: ZohoClient, kind: str, model: type[Model], **params: str) -> Iterator[Model]:
    """Every object of a list, as many requests as it has pages.

    The pages move while they are read, so one object may come twice.
    """
    for rows, _ in pages(client, kind, model, **params):
        yield from rows


def pages(client: ZohoClient, kind: str, model: type[Model], **params: str) -> Iterator[tuple[list[Model], Context]]:
    """The same, page by page, each with what the vendor says of it; a page that nobody takes is not asked for."""
    page = 0
    more = True
    while more:
        page += 1
        asked = {**params, "page": page, "per_page": PER_PAGE}
        body = client.billing("GET", f"/{kind}", repeatable=True, params=asked)
        rows = body.get(kind)
        if not isinstance(rows, list):
            raise Unavailable(NAME, f"answered a list of {kind} without one")
        told = body.get("page_context")
        context: Context = told if isinstance(told, dict) else {}
        yield [read(model, row) for row in rows], context
        more = bool(rows) and context.get("has_more_page") is True

"""Lists of Billing, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from pydantic import BaseModel

from arumaldo import Unavailable
from arumaldo_zoho.billing_answers import read
from arumaldo_zoho.client import NAME, ZohoClient

PER_PAGE = 200
Model = TypeVar("Model", bound=BaseModel)


def each(client: ZohoClient, kind: str, model: type[Model], **params: str) -> Iterator[Model]:
    """Every object of a list, as many requests as it has pages.

    The pages move while they are read, so one object may come twice.
    """
    page = 0
    more = True
    while more:
        page += 1
        asked = {**params, "page": page, "per_page": PER_PAGE}
        body = client.billing("GET", f"/{kind}", repeatable=True, params=asked)
        rows = body.get(kind)
        if not isinstance(rows, list):
            raise Unavailable(NAME, f"answered a list of {kind} without one")
        yield from (read(model, row) for row in rows)
        context = body.get("page_context")
        more = bool(rows) and isinstance(context, dict) and context.get("has_more_page") is True

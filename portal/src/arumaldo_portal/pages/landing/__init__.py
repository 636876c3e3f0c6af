"""The first page: what you get, a website that was made here, what it costs, one button."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arumaldo_portal.pages.shown import EXAMPLE
from arumaldo_portal.rendering import show
from arumaldo_portal.sessions import current_visitor
from arumaldo_portal.surroundings import reseller_config


def landing(request: Request) -> Response:
    """For strangers, and for customers who come back."""
    current_visitor(request)
    return show(request, "landing/landing.html", plans=reseller_config(request).plans.values(), example=EXAMPLE)


routes = [Route("/", landing)]

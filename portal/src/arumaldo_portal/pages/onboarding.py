"""Where a customer stands, and the page that belongs to it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from arumaldo.flows.accounts import Visitor
from arumaldo.flows.business import missing_page
from arumaldo.flows.domains import domain_of
from arumaldo.flows.journey import Journey, journey
from arumaldo_portal.sessions import current_visitor, for_customers
from arumaldo_portal.surroundings import rows_of

PAID = frozenset({"paying", "unknown", "held", "building", "live", "failed", "returned"})
"""From here on there is an order that must not be changed: the way leads to the progress page."""


def page_of(stand: Journey) -> str:
    """The address of the page for this step."""
    match stand.step:
        case "questions":
            page = missing_page(stand.brief) if stand.brief else 1
            return f"/onboarding/questions/{page or 1}"
        case "preview":
            return "/onboarding/preview"
        case "plan":
            return "/onboarding/plan"
        case "confirm":
            return "/onboarding/plan" if is_outdated(stand) else "/onboarding/confirm"
        case "payment" | "declined":
            return "/onboarding/plan" if is_outdated(stand) else "/onboarding/payment"
        case "live":
            return "/dashboard"
    return "/onboarding/progress"


def is_outdated(stand: Journey) -> bool:
    """Whether the unpaid order is for another version than the one that is approved now."""
    return bool(stand.brief and stand.order and stand.order.preview_id != stand.brief.approved_id)


def current_step(request: Request, visitor: Visitor) -> Response:
    """On to wherever this customer stands."""
    with rows_of(request, visitor) as rows:
        return RedirectResponse(page_of(journey(rows)), 303)


def state(request: Request) -> Response:
    """The same for machines: {"step", "site_url", "order_id", "message", "domain"}; what is not there yet is null.

    "domain" is {"name", "state", "name_servers", "url"}.
    """
    visitor = current_visitor(request)
    if visitor is None:
        return JSONResponse({"message": "Log in first."}, 401)
    with rows_of(request, visitor) as rows:
        stand, domain = journey(rows), domain_of(rows)
        return JSONResponse(
            {
                "step": stand.step,
                "site_url": stand.site.url if stand.site and stand.step == "live" else None,
                "order_id": str(stand.order.id) if stand.order else None,
                "message": stand.message,
                "domain": domain and {name: getattr(domain, name) for name in ("name", "state", "name_servers", "url")},
            }
        )


routes = [
    Route("/onboarding", for_customers(current_step)),
    Route("/onboarding/state", state),
]

"""From the payment to the open site, live."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from arumaldo.flows.accounts import Visitor
from arumaldo.flows.journey import journey
from arumaldo.store.business import Preview
from arumaldo_portal.pages.onboarding import PAID, page_of
from arumaldo_portal.rendering import show
from arumaldo_portal.sessions import for_customers
from arumaldo_portal.surroundings import rows_of

TITLES = {
    "paying": "We are taking your payment",
    "unknown": "We are asking about your payment",
    "held": "Your payment is being checked",
    "building": "We are building your website",
    "live": "Your website is live",
    "failed": "Your order could not be completed",
    "returned": "Your money is back",
}
LEADS = {
    "paying": "This usually takes a few seconds.",
    "building": "This usually takes a few minutes. You may close this page: we write to you when your website is open.",
    "live": "Everybody can open it now, at the address below.",
}
_UNDER_WAY = frozenset({"paying", "unknown", "held", "building", "failed"})


def progress(request: Request, visitor: Visitor) -> Response:
    """What is done, what is being done, and what happens to the money if something cannot be done."""
    with rows_of(request, visitor) as rows:
        stand = journey(rows)
        if stand.step not in PAID or stand.order is None:
            return RedirectResponse(page_of(stand), 303)
        shown = rows.get_one(Preview, stand.order.preview_id)
        return show(
            request,
            "progress/progress.html",
            stand=stand,
            title=TITLES[stand.step],
            lead=stand.message or LEADS.get(stand.step, ""),
            shown=shown,
            under_way=stand.step in _UNDER_WAY,
            done=sum(step.state == "done" for step in stand.steps),
        )


routes = [Route("/onboarding/progress", for_customers(progress))]

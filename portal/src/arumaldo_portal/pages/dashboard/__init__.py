"""Home of a customer: the website, its address, its state, and what was bought."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arumaldo.flows.accounts import Visitor
from arumaldo.flows.domains import domain_of
from arumaldo.flows.journey import journey
from arumaldo.flows.letters import readable
from arumaldo.store.business import Preview
from arumaldo.store.orders import Order, SubscriptionRow
from arumaldo_portal.pages.onboarding import page_of
from arumaldo_portal.pages.progress import TITLES
from arumaldo_portal.rendering import show
from arumaldo_portal.sessions import for_customers
from arumaldo_portal.surroundings import rows_of

_NEXT = {
    "questions": ("Tell us about your business", "A few answers, and you see your website.", "Answer the questions"),
    "preview": ("Your website waits for you", "Look at it, change what you like, approve it.", "Look at my website"),
    "plan": ("Your website is approved", "Choose a plan, and it goes online.", "Choose a plan"),
    "confirm": ("Confirm your e-mail address", "Then pay, and your website goes online.", "See how"),
    "payment": ("Your plan is chosen", "Pay, and your website goes online.", "Go to the payment"),
    "declined": ("Your payment was declined", "", "Try another card"),
}
_STATES = {
    "chosen": "Not paid",
    "quoted": "Not paid",
    "paid": "Paid, being built",
    "live": "Paid, live",
    "failed": "Failed, money on its way back",
    "returned": "Failed, money returned",
}


def dashboard(request: Request, visitor: Visitor) -> Response:
    """The site, or what is missing before there is one."""
    with rows_of(request, visitor) as rows:
        stand = journey(rows)
        title, lead, deed = _NEXT.get(stand.step) or (TITLES[stand.step], "", "See how far it is")
        domain = domain_of(rows)
        shown = rows.get(Preview, stand.order.preview_id) if stand.order else stand.preview
        return show(
            request,
            "dashboard/dashboard.html",
            stand=stand,
            title_of_step=title,
            states=_STATES,
            lead=stand.message or lead,
            deed=deed,
            goal=page_of(stand),
            shown=shown if shown and shown.state == "ready" else None,
            domain=domain,
            domain_name=readable(domain.name) if domain else "",
            invoices={kept.order_id: kept.invoice_number for kept in rows.all(SubscriptionRow)},
            orders=rows.all(Order, Order.state != "dropped", order_by=Order.id.desc()),
        )


routes = [Route("/dashboard", for_customers(dashboard))]

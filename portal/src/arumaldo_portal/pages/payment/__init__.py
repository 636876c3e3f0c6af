"""Pay. The card goes from the browser to the payment provider; what comes here is a token."""

from __future__ import annotations

import mimetypes
from datetime import date
from functools import cache

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from arumaldo.capabilities.payments import PaymentField, PaymentPage
from arumaldo.errors import ProviderError
from arumaldo.flows.accounts import Visitor
from arumaldo.flows.journey import Journey, journey
from arumaldo.flows.ordering import AlreadyPaying, NotConfirmed, checkout, pay, payment_provider
from arumaldo.flows.typed import Invalid
from arumaldo.store.orders import Order
from arumaldo_portal.forms import form_of, posted
from arumaldo_portal.pages.onboarding import is_outdated, page_of
from arumaldo_portal.rendering import show
from arumaldo_portal.security import content_policy
from arumaldo_portal.sessions import for_customers
from arumaldo_portal.surroundings import installation, reseller_config, rows_of
from arumaldo_portal.words import next_payment

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/javascript", ".mjs")


def payment(request: Request, visitor: Visitor) -> Response:
    """The sum, and the provider's field or page; while the price is being worked out, that."""
    return _show(request, visitor)


def take(request: Request, visitor: Visitor) -> Response:
    """Hand the token to a worker, who charges it once. A second press leads to the same payment."""
    form = form_of(request)
    with rows_of(request, visitor) as rows:
        stand = journey(rows)
    if stand.order is None or str(stand.order.id) != form["order_id"] or is_outdated(stand):
        return RedirectResponse(page_of(stand), 303)
    try:
        with rows_of(request, visitor) as rows:
            pay(installation(request), rows, stand.order.id, form["token"], visitor.email)
    except Invalid as error:
        return _show(request, visitor, error.problems["token"], status=422)
    except NotConfirmed:
        return RedirectResponse(page_of(stand), 303)
    except AlreadyPaying:
        pass
    return RedirectResponse("/onboarding/progress", 303)


def come_back(request: Request, visitor: Visitor) -> Response:
    """From the provider's own page, with a token. Nothing is paid by opening an address: a button does that."""
    with rows_of(request, visitor) as rows:
        stand = journey(rows)
    token = request.query_params.get("token", "")
    if stand.order is None or not _is_payable(stand) or not token:
        return RedirectResponse("/onboarding", 303)
    return show(request, "payment/come_back.html", order=stand.order, token=token, next_payment=_next(stand.order))


async def browser_file(request: Request) -> Response:
    """A file of an enabled plugin's browser folder."""
    choice = reseller_config(request).plugins.get(request.path_params["plugin"])
    if choice is None or choice.plugin.browser is None:
        raise HTTPException(404)
    response = await _folder(choice.plugin.browser).get_response(request.path_params["file"], request.scope)
    response.headers["cache-control"] = "no-cache"  # kept, but asked for again: a plugin may have been updated
    return response


@cache
def _folder(browser: str) -> StaticFiles:
    package, _, folder = browser.partition(":")
    return StaticFiles(packages=[(package, folder)])


def _show(request: Request, visitor: Visitor, problem: str = "", status: int = 200) -> Response:
    with rows_of(request, visitor) as rows:
        stand = journey(rows)
    if stand.step not in ("payment", "declined") or stand.order is None or is_outdated(stand):
        return RedirectResponse(page_of(stand), 303)
    if not _is_payable(stand):
        return show(request, "payment/waiting.html", order=stand.order, delay=stand.delay)
    try:
        asked = checkout(installation(request), stand.order, visitor.email)
    except ProviderError:
        return show(request, "payment/away.html", 503, order=stand.order)
    return show(
        request,
        "payment/payment.html",
        status,
        policy=_policy(asked),
        order=stand.order,
        next_payment=_next(stand.order),
        provider=payment_provider(installation(request), visitor.owner),
        field=asked if isinstance(asked, PaymentField) else None,
        page=asked if isinstance(asked, PaymentPage) else None,
        declined=stand.message if stand.step == "declined" else "",
        problems={"token": problem} if problem else {},
    )


def _is_payable(stand: Journey) -> bool:
    return stand.order is not None and stand.order.state == "quoted" and stand.step in ("payment", "declined")


def _next(order: Order) -> date:
    return next_payment(str(order.plan["every"]))


def _policy(asked: PaymentField | PaymentPage) -> str:
    if isinstance(asked, PaymentPage):
        return content_policy()
    return content_policy(frames=asked.frame_origins, scripts=asked.script_origins, connects=asked.connect_origins)


routes = [
    Route("/onboarding/payment", for_customers(payment)),
    Route("/onboarding/payment", posted(for_customers(take)), methods=["POST"]),
    Route("/onboarding/payment/return", for_customers(come_back)),
    Route("/providers/{plugin}/{file}", browser_file),
]

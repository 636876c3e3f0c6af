"""Showing that the mail address is theirs: the page that waits for it, and the one that the mail leads to."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from arumaldo.flows.accounts import Visitor
from arumaldo.flows.confirming import TooSoon, ask_again, asked, confirm, last_mail
from arumaldo.flows.journey import delay_at, journey
from arumaldo.flows.typed import Invalid
from arumaldo.store.scope import Owner
from arumaldo_portal.forms import form_of, posted
from arumaldo_portal.pages.onboarding import page_of
from arumaldo_portal.rendering import show
from arumaldo_portal.sessions import current_visitor, for_customers
from arumaldo_portal.surroundings import installation, reseller, reseller_config, rows_of, test_place
from arumaldo_portal.words import in_a_while

_A_MOMENT = 120
"""Seconds. Whoever has to wait longer has had more mails than anybody needs."""


def waiting(request: Request, visitor: Visitor) -> Response:
    """Says where the mail went, and goes on by itself once the link in it was followed."""
    return _show(request, visitor)


def again(request: Request, visitor: Visitor) -> Response:
    """One more mail, to the same address or to another one."""
    email = form_of(request)["email"].strip()
    try:
        ask_again(installation(request), visitor.owner, email)
    except Invalid as error:
        return _show(request, visitor, error.problems, email, 422)
    except TooSoon as error:
        response = _show(request, visitor, {"again": _too_soon(request, visitor, email, error)}, email, 429)
        response.headers["retry-after"] = str(error.retry_after)
        return response
    return RedirectResponse("/onboarding/confirm", 303)


def from_the_mail(request: Request) -> Response:
    """What the link opens. Nothing is confirmed by opening an address, for mail programs do that: a button does it."""
    current_visitor(request)  # for the bar above the page
    found = _asked(request)
    if found is None:
        return show(request, "confirming/old.html", 410)
    return show(request, "confirming/link.html", email=found[1])


def confirmed(request: Request) -> Response:
    """The button. A second press says the same."""
    visitor, found = current_visitor(request), _asked(request)
    if found is None or not confirm(installation(request), request.path_params["token"]):
        return show(request, "confirming/old.html", 410)
    owner, email = found
    if visitor and visitor.owner == owner:
        return RedirectResponse("/onboarding", 303)
    return show(request, "confirming/done.html", email=email)


def _asked(request: Request) -> tuple[Owner, str] | None:
    """Whose address the link confirms, and which; None too where it is another reseller's customer."""
    found = asked(installation(request), request.path_params["token"])
    return found if found and found[0].reseller_id == reseller(request).id else None


def _too_soon(request: Request, visitor: Visitor, email: str, error: TooSoon) -> str:
    when = in_a_while(error.retry_after)
    if error.retry_after > _A_MOMENT:
        support = reseller_config(request).brand.support_email
        return f"We have sent you many mails already; the next one can go out {when}. If none came, write to {support}."
    if email and email.lower() != visitor.email:
        return f"A mail has just gone out to {visitor.email}. Send the one to {email} {when}."
    return f"We sent one a moment ago. Look into your spam folder, or try again {when}."


def _show(
    request: Request, visitor: Visitor, problems: dict[str, str] | None = None, typed: str = "", status: int = 200
) -> Response:
    with rows_of(request, visitor) as rows:
        stand, mail = journey(rows), last_mail(rows)
        delay = delay_at(rows, "email", "The service that sends our mail")
    if stand.user.confirmed_at is not None:
        return RedirectResponse(page_of(stand), 303)
    place = test_place(request, visitor, "email")
    return show(
        request,
        "confirming/waiting.html",
        status,
        stand=stand,
        mail=mail,
        delay=delay,
        typed=typed,
        problems=problems or {},
        letters=f"{place}/letters?to={quote(stand.user.email)}" if place else "",
    )


routes = [
    Route("/onboarding/confirm", for_customers(waiting)),
    Route("/onboarding/confirm", posted(for_customers(again)), methods=["POST"]),
    Route("/confirm/{token}", from_the_mail),
    Route("/confirm/{token}", posted(confirmed), methods=["POST"]),
]

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
from arumaldo_portal.forms import form_of, posted
from arumaldo_portal.pages.onboarding import page_of
from arumaldo_portal.rendering import show
from arumaldo_portal.sessions import current_visitor, for_customers
from arumaldo_portal.surroundings import installation, reseller, rows_of, test_place


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
        words = {
            "again": f"We sent one a moment ago. Look into your spam folder, or try again in {error.retry_after} s."
        }
        response = _show(request, visitor, words, email, 429)
        response.headers["retry-after"] = str(error.retry_after)
        return response
    return RedirectResponse("/onboarding/confirm", 303)


def from_the_mail(request: Request) -> Response:
    """What the link opens. Nothing is confirmed by opening an address, for mail programs do that: a button does it."""
    found = asked(installation(request), request.path_params["token"])
    if found is None or found[0].reseller_id != reseller(request).id:
        return show(request, "confirming/old.html", 410)
    return show(request, "confirming/link.html", email=found[1])


def confirmed(request: Request) -> Response:
    """The button. A second press says the same."""
    found = asked(installation(request), request.path_params["token"])
    if found is None or found[0].reseller_id != reseller(request).id or not _confirm(request):
        return show(request, "confirming/old.html", 410)
    if current_visitor(request):
        return RedirectResponse("/onboarding", 303)
    return show(request, "confirming/done.html", email=found[1])


def _confirm(request: Request) -> bool:
    return confirm(installation(request), request.path_params["token"])


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

"""Sign up, log in, log out."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from arumaldo.flows.accounts import TooManyTries, log_in, log_out, sign_up
from arumaldo.flows.typed import Invalid
from arumaldo_portal.forms import form_of, posted
from arumaldo_portal.rendering import show
from arumaldo_portal.sessions import begin_session, current_visitor, end_session, session_token
from arumaldo_portal.surroundings import installation, reseller

_OURS = re.compile(r"^/(onboarding|dashboard|domain)(/[a-z0-9-]+)*$")


def sign_up_page(request: Request) -> Response:
    """An address and a password; a second account is not offered to somebody who has one here."""
    if current_visitor(request):
        return RedirectResponse("/onboarding", 303)
    return show(request, "people/signup.html", email="")


def open_account(request: Request) -> Response:
    """Open the account, and begin with the questions."""
    form = form_of(request)
    try:
        token = sign_up(installation(request), reseller(request).id, form["email"], form["password"])
    except Invalid as error:
        return show(request, "people/signup.html", 422, email=form["email"], problems=error.problems)
    return _welcome(request, token, "/onboarding")


def log_in_page(request: Request) -> Response:
    """`?next=` is where to go afterwards."""
    goal = _ours(request.query_params.get("next", ""))
    if current_visitor(request):
        return RedirectResponse(goal, 303)
    return show(request, "people/login.html", email="", goal=goal)


def let_in(request: Request) -> Response:
    """Begin a session, a new one each time."""
    form = form_of(request)
    goal, email = _ours(form["next"]), form["email"]
    address = request.client.host if request.client else ""
    try:
        token = log_in(installation(request), reseller(request).id, email, form["password"], address)
    except Invalid as error:
        return show(request, "people/login.html", 422, email=email, goal=goal, problems=error.problems)
    except TooManyTries as error:
        wait = {"password": f"Too many tries. Wait {_minutes(error.retry_after)}, then try again."}
        response = show(request, "people/login.html", 429, email=email, goal=goal, problems=wait)
        response.headers["retry-after"] = str(error.retry_after)
        return response
    return _welcome(request, token, goal)


def let_out(request: Request) -> Response:
    """End the session here and on the server."""
    if token := session_token(request):
        log_out(installation(request), token)
    response = RedirectResponse("/", 303)
    end_session(request, response)
    return response


def _welcome(request: Request, token: str, goal: str) -> Response:
    response = RedirectResponse(goal, 303)
    begin_session(request, response, token)
    return response


def _ours(goal: str) -> str:
    return goal if _OURS.match(goal) else "/onboarding"


def _minutes(seconds: int) -> str:
    minutes = max(1, -(-seconds // 60))
    return "a minute" if minutes == 1 else f"{minutes} minutes"


routes = [
    Route("/signup", sign_up_page),
    Route("/signup", posted(open_account), methods=["POST"]),
    Route("/login", log_in_page),
    Route("/login", posted(let_in), methods=["POST"]),
    Route("/logout", posted(let_out), methods=["POST"]),
]

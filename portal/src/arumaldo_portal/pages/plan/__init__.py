"""Choose a plan and say where you are, so that the price can be worked out to the cent."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from arumaldo.flows.accounts import Visitor
from arumaldo.flows.journey import Journey, journey
from arumaldo.flows.ordering import AlreadyPaying, choose_plan
from arumaldo.flows.typed import Invalid
from arumaldo.store.orders import Order
from arumaldo.store.scope import Rows
from arumaldo_portal.countries import COUNTRIES
from arumaldo_portal.forms import form_of, posted
from arumaldo_portal.pages.onboarding import PAID, page_of
from arumaldo_portal.rendering import show
from arumaldo_portal.sessions import for_customers
from arumaldo_portal.surroundings import installation, reseller_config, rows_of
from arumaldo_portal.words import next_payment

_REGION = re.compile(r"^[a-z]{2,3}-([A-Z]{2})\b")
_CODES = {code for code, _ in COUNTRIES}


def plans(request: Request, visitor: Visitor) -> Response:
    """The plans, with what was chosen before."""
    with rows_of(request, visitor) as rows:
        stand = journey(rows)
        if (away := _away(stand)) is not None:
            return away
        return _show(request, _before(request, rows, stand), refused=_refused(rows, stand))


def choose(request: Request, visitor: Visitor) -> Response:
    """Place the order; its price arrives a moment later, on the payment page."""
    form = form_of(request)
    typed = {name: form[name] for name in ("plan", "country", "postal_code")}
    with rows_of(request, visitor) as rows:
        if (away := _away(journey(rows))) is not None:
            return away
    try:
        with rows_of(request, visitor) as rows:
            choose_plan(installation(request), rows, **typed)
    except Invalid as error:
        return _show(request, typed, problems=error.problems, status=422)
    except AlreadyPaying:
        return RedirectResponse("/onboarding/progress", 303)
    return RedirectResponse("/onboarding/payment", 303)


def _away(stand: Journey) -> Response | None:
    if stand.step in PAID or stand.brief is None or stand.brief.approved_id is None:
        return RedirectResponse(page_of(stand), 303)
    return None


def _before(request: Request, rows: Rows, stand: Journey) -> Mapping[str, str]:
    """What this customer chose last, also when that order was dropped; else what the browser lets us guess."""
    order = stand.order or rows.first(Order, order_by=Order.id.desc())
    if order is not None:
        return {"plan": str(order.plan["name"])} | {name: str(value) for name, value in order.address.items()}
    offered = list(reseller_config(request).plans)
    return {"plan": offered[0] if len(offered) == 1 else "", "country": _guessed(request), "postal_code": ""}


def _guessed(request: Request) -> str:
    found = _REGION.match(request.headers.get("accept-language", ""))
    return found[1] if found and found[1] in _CODES else "US"


def _refused(rows: Rows, stand: Journey) -> str:
    """Why there is no price for the last choice, where that is so."""
    last = rows.first(Order, order_by=Order.id.desc())
    return (last.problem or "") if last and stand.order is None else ""


def _show(
    request: Request, typed: Mapping[str, str], problems: Mapping[str, str] | None = None, refused: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    offered = reseller_config(request).plans.values()
    return show(
        request,
        "plan/plan.html",
        status,
        plans=offered,
        next_payments={plan.name: next_payment(plan.every) for plan in offered},
        countries=COUNTRIES,
        typed=typed,
        refused=refused,
        problems=problems or {},
    )


routes = [
    Route("/onboarding/plan", for_customers(plans)),
    Route("/onboarding/plan", posted(for_customers(choose)), methods=["POST"]),
]

"""The customer's own domain: enter it, see what is to do at the registrar, watch it, give it up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from arumaldo.flows.accounts import Visitor
from arumaldo.flows.domains import domain_of, enter_domain, give_up_domain
from arumaldo.flows.journey import Delay, delay_at, journey
from arumaldo.flows.letters import readable
from arumaldo.flows.typed import Invalid
from arumaldo.store.domains import Domain
from arumaldo_portal.forms import form_of, posted
from arumaldo_portal.pages.onboarding import page_of
from arumaldo_portal.rendering import show
from arumaldo_portal.sessions import for_customers
from arumaldo_portal.surroundings import installation, rows_of, test_place

UNDER_WAY = frozenset({"entered", "waiting", "delegated", "attached", "leaving"})
_ASKS: dict[str, tuple[str, str]] = {
    "entered": ("dns", "The service that looks after domains"),
    "waiting": ("dns", "The service that looks after domains"),
    "delegated": ("hosting", "The company that hosts your website"),
    "attached": ("dns", "The service that looks after domains"),
    "leaving": ("dns", "The service that looks after domains"),
}


@dataclass(frozen=True)
class Stage:
    """One line of the list that shows how far a domain is."""

    title: str
    state: Literal["done", "running", "waiting", "failed"]
    at: datetime | None


def page(request: Request, visitor: Visitor) -> Response:
    """Where the domain stands, or the form to enter one; `?again=` stands in it already."""
    return _show(request, visitor, typed=request.query_params.get("again", ""))


def enter(request: Request, visitor: Visitor) -> Response:
    """Claim the domain. A second press leads to the same one."""
    typed = form_of(request)["domain"]
    try:
        enter_domain(installation(request), visitor.owner, typed)
    except Invalid as error:
        return _show(request, visitor, error.problems, typed, 422)
    return RedirectResponse("/domain", 303)


def leave(request: Request, visitor: Visitor) -> Response:
    """Give the domain up, once its name was typed: mail and visitors may depend on it.

    Where nothing does, the form has the name in it, and may say that the same domain is to be entered `again`.
    """
    form = form_of(request)
    typed = form["name"].strip().lower()
    with rows_of(request, visitor) as rows:
        domain = domain_of(rows)
        if domain is None:
            return RedirectResponse("/domain", 303)
        fits = typed in (domain.name, readable(domain.name))
        if fits:
            give_up_domain(rows)
    if not fits:
        return _show(request, visitor, {"name": f"Type {readable(domain.name)} to remove it."}, status=422)
    again = f"?{urlencode({'again': readable(domain.name)})}" if form["again"] else ""
    return RedirectResponse(f"/domain{again}", 303)


def _show(
    request: Request, visitor: Visitor, problems: dict[str, str] | None = None, typed: str = "", status: int = 200
) -> Response:
    with rows_of(request, visitor) as rows:
        stand, domain = journey(rows), domain_of(rows)
        if stand.step != "live" or stand.site is None:
            return RedirectResponse(page_of(stand), 303)
        capability, who = _ASKS.get(domain.state, ("", "")) if domain else ("", "")
        delay: Delay | None = delay_at(rows, capability, who) if capability else None
    if domain and problems and "domain" in problems:  # sent from a page that was open before this domain was entered
        problems = _first_remove(domain)
    place = test_place(request, visitor, "dns")
    return show(
        request,
        "domain/domain.html",
        status,
        site=stand.site,
        domain=domain,
        name=readable(domain.name) if domain else "",
        stages=_stages(domain) if domain else [],
        under_way=domain is not None and domain.state in UNDER_WAY,
        is_unused=domain is not None and _is_unused(domain),
        encryption=_encryption(domain.shield) if domain and domain.shield else "",
        delay=delay,
        typed=typed,
        problems=problems or {},
        registrar=_registrar(place, domain) if place and domain else "",
    )


def _is_unused(domain: Domain) -> bool:
    """It ended before anybody could have come to the website, or lost mail, by this name."""
    return domain.state in ("taken", "refused") and domain.delegated_at is None


def _first_remove(domain: Domain) -> dict[str, str]:
    name = readable(domain.name)
    if domain.state == "leaving":
        return {"main": f"{name} is being removed just now. Enter another domain when that is done."}
    return {"remove": f"To connect another domain, remove {name} first."}


def _encryption(shield: dict[str, Any]) -> str:
    """What may be said of it: not every visitor is protected, or not on the whole way, unless both are so."""
    match shield["encrypted"], shield["https_only"]:
        case "to the host", True:
            return "Encrypted for every visitor"
        case "to the host", _:
            return "Encrypted for visitors whose address begins with https"
        case "to the provider", True:
            return "Encrypted between every visitor and the network in front of your website"
        case "to the provider", _:
            return "Encrypted up to the network in front of your website, for visitors whose address begins with https"
    return ""


def _registrar(place: str, domain: Domain) -> str:
    return f"{place}/registrar?{urlencode({'domain': domain.name, 'name_server': domain.name_servers}, doseq=True)}"


def _stages(domain: Domain) -> list[Stage]:
    times = [
        ("Domain prepared", "Preparing the domain", domain.waiting_at),
        ("Name servers entered at your registrar", "Waiting for the name servers", domain.delegated_at),
        ("Connected to your website", "Connecting it to your website", domain.attached_at),
        ("Encrypted, fast and protected", "Switching on encryption and protection", domain.live_at),
    ]
    failed = domain.state in ("taken", "refused")
    stages: list[Stage] = []
    for past, present, at in times:
        reached = all(stage.state == "done" for stage in stages)
        running: Literal["running", "failed"] = "failed" if failed else "running"
        stages.append(Stage(past if at else present, "done" if at else running if reached else "waiting", at))
    return stages


routes = [
    Route("/domain", for_customers(page)),
    Route("/domain", posted(for_customers(enter)), methods=["POST"]),
    Route("/domain/remove", posted(for_customers(leave)), methods=["POST"]),
]

"""Generated pages, on a host of their own: no cookies, no scripts, nothing but what somebody has the address of."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from arumaldo.flows.business import preview_by_key
from arumaldo.website.models import Website
from arumaldo.website.render import preview_html
from arumaldo_portal.surroundings import installation

EXAMPLE = "example"
"""In place of a key: the website that stands on the first page."""


def shown(request: Request) -> Response:
    """One page of a generated website. 404 where the key or the page does not exist."""
    key, slug = request.path_params["key"], request.path_params.get("slug", "")
    website = _example() if key == EXAMPLE else preview_by_key(installation(request), key)
    if website is None:
        return nothing(request)
    try:
        html = preview_html(website, slug, lambda other: f"/p/{key}/{other}")
    except KeyError:
        return nothing(request)
    return HTMLResponse(html, headers={"content-security-policy": _policy(request), "x-robots-tag": "noindex"})


def nothing(_: Request) -> Response:
    """This host shows generated websites and nothing else, the portal's pages least of all."""
    return PlainTextResponse("There is no website at this address.\n", 404)


def with_slash(request: Request) -> Response:
    """Links within the website start at its slash."""
    return RedirectResponse(f"/p/{request.path_params['key']}/", 308)


@cache
def _example() -> Website:
    return Website.model_validate_json(files(__package__).joinpath("example.json").read_text(encoding="utf-8"))


def _policy(request: Request) -> str:
    # `sandbox` because somebody may open the address itself, without our frame around it
    config = installation(request).config
    portals = {config.hub.base_url}
    scheme, _, host = config.hub.base_url.partition("://")
    port = host.partition(":")[2]
    for reseller in config.resellers.values():
        portals |= {f"{scheme}://{name}{f':{port}' if port else ''}" for name in reseller.hostnames}
    return (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors {' '.join(sorted(portals))}"
    )


routes = [
    Route("/p/{key}", with_slash),
    Route("/p/{key}/", shown),
    Route("/p/{key}/{slug}", shown),
    Route("/{anything:path}", nothing),
]

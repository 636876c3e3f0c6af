"""The host without a net, played."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from arumaldo.sandbox import Entry, Sandbox

Site = dict[str, Any]


class PlainServer(Sandbox):
    """Whoever posts to `/sites` gets one more."""

    name = "plainhost"
    kinds = ("sites",)

    def app(self) -> ASGIApp:
        return Starlette(
            routes=[
                Route("/sites", self._make, methods=["POST"]),
                Route("/sites", self._find, methods=["GET"]),
                Route("/sites/{number}", self._one, methods=["GET", "PUT", "DELETE"]),
            ]
        )

    def ledger(self) -> dict[str, list[Entry]]:
        return {"sites": [_entry(site) for site in self.shelf.all("sites")]}

    def site(self, host: str) -> ASGIApp | None:
        site = self.shelf.get("sites", host.removesuffix(".localhost").removeprefix("plain-"))
        return None if site is None or site["gone"] else HTMLResponse(site["text"])

    async def _make(self, request: Request) -> Response:
        reference, number = str((await request.json())["reference"]), str(self.shelf.next_number("sites"))
        port = urlsplit(self.address).port
        site = {
            "id": number,
            "reference": reference,
            "made_at": self.now(),
            "url": f"http://plain-{number}.localhost:{port}/",
            "text": "",
            "gone": False,
        }
        self._keep(site)
        return JSONResponse(site, 201)

    async def _find(self, request: Request) -> Response:
        wanted = request.query_params.get("reference")
        sites = [site for site in self.shelf.all("sites", self.searchable_until()) if not site["gone"]]
        return JSONResponse({"sites": [site for site in sites if wanted in (None, site["reference"])]})

    async def _one(self, request: Request) -> Response:
        site = self.shelf.get("sites", request.path_params["number"])
        if site is None or site["gone"]:
            return JSONResponse({"error": "there is no such site"}, 404)
        if request.method == "PUT":
            site["text"] = str((await request.json())["text"])
        elif request.method == "DELETE":
            site["gone"] = True
        self._keep(site)
        return JSONResponse(site)

    def _keep(self, site: Site) -> None:
        self.shelf.put("sites", site["id"], site, site["made_at"])


def _entry(site: Site) -> Entry:
    return Entry(id=site["id"], reference=site["reference"], state="undone" if site["gone"] else "live")

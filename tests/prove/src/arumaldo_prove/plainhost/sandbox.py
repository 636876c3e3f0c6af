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

_ADDRESS = "203.0.113.8"

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
                Route("/sites/{number}/domains/{domain}", self._domain, methods=["PUT", "DELETE"]),
            ]
        )

    def ledger(self) -> dict[str, list[Entry]]:
        return {"sites": [_entry(site) for site in self.shelf.all("sites")]}

    def site(self, host: str) -> ASGIApp | None:
        name = host.removesuffix(".localhost")
        kept = self._seen(name.removeprefix("www."))
        site = self.shelf.get("sites", kept["site"] if kept and kept["seen"] else name.removeprefix("plain-"))
        return None if site is None or site["gone"] else HTMLResponse(site["text"])

    async def _make(self, request: Request) -> Response:
        reference, number = str((await request.json())["reference"]), str(self.shelf.next_number("sites"))
        site = {
            "id": number,
            "reference": reference,
            "made_at": self.now(),
            "url": self._url(f"plain-{number}"),
            "address": _ADDRESS,
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
            for domain in self.shelf.all("domains"):
                if domain["site"] == site["id"]:
                    self.shelf.remove("domains", domain["name"])
        self._keep(site)
        return JSONResponse(site)

    async def _domain(self, request: Request) -> Response:
        """One site has a domain, with its www; it is shown there once both were seen to lead here."""
        number, name = request.path_params["number"], request.path_params["domain"]
        with self.shelf.locked():
            site, kept = self.shelf.get("sites", number), self.shelf.get("domains", name)
            if site is None or site["gone"]:
                return JSONResponse({"error": "there is no such site"}, 404)
            if request.method == "DELETE":
                if kept is not None and kept["site"] == number:
                    self.shelf.remove("domains", name)
                return JSONResponse({})
            if kept is not None and kept["site"] != number:
                return JSONResponse({"error": "another site has this domain"}, 409)
            if kept is None:
                new = {"name": name, "site": number, "seen": False, "url": self._url(name)}
                self.shelf.put("domains", name, new, self.now())
        return JSONResponse(self._seen(name))

    def _seen(self, name: str) -> Site | None:
        leads_here = all(_ADDRESS in self.internet.addresses(one) for one in (name, f"www.{name}"))
        with self.shelf.locked():
            kept = self.shelf.get("domains", name)
            if kept is not None and leads_here and not kept["seen"]:
                kept["seen"] = True
                self.shelf.put("domains", name, kept, self.now())
            return kept

    def _url(self, name: str) -> str:
        return f"http://{name}.localhost:{urlsplit(self.address).port}/"

    def _keep(self, site: Site) -> None:
        self.shelf.put("sites", site["id"], site, site["made_at"])


def _entry(site: Site) -> Entry:
    return Entry(id=site["id"], reference=site["reference"], state="undone" if site["gone"] else "live")

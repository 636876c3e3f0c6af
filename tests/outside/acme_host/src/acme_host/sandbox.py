"""The file server, played: folders with files, each folder shown at `http://<folder>.localhost`.

And at `http://<domain>.localhost`, for a domain that was given to the folder and has been seen to lead here.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from arumaldo.sandbox import Entry, Sandbox

_LETTERS = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_PATH = re.compile(r"([a-z0-9-]{1,60}/)?[a-z0-9-]{1,60}\.(html|json)")
_KINDS = {"html": "text/html; charset=utf-8", "json": "application/json; charset=utf-8"}
_KEY = "Basic " + base64.b64encode(b"sandbox:sandbox").decode()
_DOMAIN = re.compile(r"(?!www\.)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*")
_LARGEST = 5_000_000
_ADDRESS = "203.0.113.7"
_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"

Folder = dict[str, Any]
Answer = Callable[[Request, str], Awaitable[Response]]


class FileServer(Sandbox):
    """One user, "sandbox" with the password "sandbox"."""

    name = "acme_host"
    kinds = ("sites",)

    def app(self) -> ASGIApp:
        one, file = "/folders/{folder}", "/folders/{folder}/files/{path:path}"
        domain = "/folders/{folder}/domains/{domain}"
        return Starlette(
            routes=[
                Route("/folders", _known(self._list), methods=["GET"]),
                Route(one, _known(self._show), methods=["GET"]),
                Route(one, _known(self._make), methods=["PUT"]),
                Route(one, _known(self._remove), methods=["DELETE"]),
                Route(domain, _known(self._take_domain), methods=["PUT"]),
                Route(domain, _known(self._leave_domain), methods=["DELETE"]),
                Route(file, _known(self._read), methods=["GET"]),
                Route(file, _known(self._write), methods=["PUT"]),
                Route(file, _known(self._erase), methods=["DELETE"]),
            ]
        )

    def ledger(self) -> dict[str, list[Entry]]:
        return {"sites": [_entry(folder) for folder in self.shelf.all("folders")]}

    def site(self, host: str) -> ASGIApp | None:
        name = host.removesuffix(".localhost")
        if self._folder(name) is None:
            domain = self._seen(name.removeprefix("www."))
            if not domain["seen"]:
                return None
            name = domain["folder"]

        async def visited(request: Request) -> Response:
            answer = self._visited(name, request.url.path)
            answer.headers["content-security-policy"] = _POLICY
            return answer

        return Starlette(routes=[Route("/{path:path}", visited, methods=["GET"])])

    def _visited(self, name: str, path: str) -> Response:
        if not path.endswith("/"):
            return RedirectResponse(f"{path}/", 301)
        file = self.shelf.get(f"files:{name}", f"{path}index.html".lstrip("/"))
        if file is None and path == "/":
            return HTMLResponse("<p>Nothing is here yet.</p>")
        return PlainTextResponse("There is no such page.\n", 404) if file is None else HTMLResponse(file["text"])

    async def _list(self, request: Request, name: str) -> Response:
        folders = self.shelf.all("folders", self.searchable_until())
        return JSONResponse({"folders": [_shown(folder) for folder in folders if not folder["gone"]]})

    async def _show(self, request: Request, name: str) -> Response:
        folder = self._folder(name)
        return _missing() if folder is None else JSONResponse(_shown(folder))

    async def _make(self, request: Request, name: str) -> Response:
        if not _LETTERS.fullmatch(name):
            return _wrong("the name of a folder has small letters, digits and dashes, at most 63")
        with self.shelf.locked():
            folder, status = self._folder(name), 200
            if folder is None:
                folder, status = {"name": name, "made_at": self.now(), "gone": False}, 201
                self.shelf.put("folders", name, folder, folder["made_at"])
        return JSONResponse(_shown(folder), status)

    async def _remove(self, request: Request, name: str) -> Response:
        with self.shelf.locked():
            folder = self._folder(name)
            if folder is None:
                return _missing()
            for file in self.shelf.all(f"files:{name}"):
                self.shelf.remove(f"files:{name}", file["path"])
            for domain in self.shelf.all("domains"):
                if domain["folder"] == name:
                    self.shelf.remove("domains", domain["name"])
            self.shelf.put("folders", name, folder | {"gone": True}, folder["made_at"])
        return Response(status_code=204)

    async def _take_domain(self, request: Request, name: str) -> Response:
        domain = request.path_params["domain"]
        if not _DOMAIN.fullmatch(domain):
            return _wrong("a domain is a name like bakery.example, without www")
        with self.shelf.locked():
            if self._folder(name) is None:
                return _missing()
            kept = self.shelf.get("domains", domain)
            if kept is None:
                kept = {"name": domain, "folder": name, "seen": False}
                self.shelf.put("domains", domain, kept, self.now())
        if kept["folder"] != name:
            return _wrong("another folder has this domain", 409)
        return JSONResponse({"name": domain, "seen": self._seen(domain)["seen"]})

    async def _leave_domain(self, request: Request, name: str) -> Response:
        domain = request.path_params["domain"]
        with self.shelf.locked():
            kept = self.shelf.get("domains", domain)
            if kept is None or kept["folder"] != name:
                return _missing()
            self.shelf.remove("domains", domain)
        return Response(status_code=204)

    def _seen(self, domain: str) -> Folder:
        """The domain as it stands now; once it was seen to lead here, with its www, it stays so."""
        leads_here = all(_ADDRESS in self.internet.addresses(one) for one in (domain, f"www.{domain}"))
        with self.shelf.locked():
            kept = self.shelf.get("domains", domain)
            if kept is None:
                return {"name": domain, "folder": "", "seen": False}
            if leads_here and not kept["seen"]:
                kept["seen"] = True
                self.shelf.put("domains", domain, kept, self.now())
            return kept

    async def _read(self, request: Request, name: str) -> Response:
        path = request.path_params["path"]
        file = self.shelf.get(f"files:{name}", path)
        return _missing() if file is None else Response(file["text"], media_type=_kind(path))

    async def _write(self, request: Request, name: str) -> Response:
        path, body = request.path_params["path"], await request.body()
        if self._folder(name) is None:
            return _missing()
        if not _PATH.fullmatch(path) or request.headers.get("content-type") != _kind(path):
            return _wrong("a file is called page.html or folder/page.html (or .json), and says so in its content-type")
        if len(body) > _LARGEST:
            return _wrong("the file is too large", 413)
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return _wrong("the file is not UTF-8")
        self.shelf.put(f"files:{name}", path, {"path": path, "text": text}, self.now())
        return Response(status_code=204)

    async def _erase(self, request: Request, name: str) -> Response:
        there = self.shelf.remove(f"files:{name}", request.path_params["path"])
        return Response(status_code=204) if there else _missing()

    def _folder(self, name: str) -> Folder | None:
        folder = self.shelf.get("folders", name)
        return None if folder is None or folder["gone"] else folder


def _known(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """Only who has the password gets an answer."""

    async def endpoint(request: Request) -> Response:
        if not secrets.compare_digest(request.headers.get("authorization", ""), _KEY):
            return PlainTextResponse("Who are you?\n", 401, headers={"www-authenticate": "Basic"})
        if request.query_params:
            return _wrong("there are no parameters here")
        return await answer(request, request.path_params.get("folder", ""))

    return endpoint


def _entry(folder: Folder) -> Entry:
    reference = folder["name"].rpartition("-")[2]
    return Entry(id=folder["name"], reference=reference, state="undone" if folder["gone"] else "live")


def _shown(folder: Folder) -> dict[str, Any]:
    return {"name": folder["name"], "made_at": folder["made_at"], "address": _ADDRESS}


def _kind(path: str) -> str:
    return _KINDS[path.rpartition(".")[2]] if _PATH.fullmatch(path) else ""


def _wrong(said: str, status: int = 400) -> Response:
    return PlainTextResponse(f"{said}\n", status)


def _missing() -> Response:
    return PlainTextResponse("There is no such thing.\n", 404)

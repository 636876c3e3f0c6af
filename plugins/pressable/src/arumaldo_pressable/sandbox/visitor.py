"""What a browser gets to see of a site."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from arumaldo.sandbox import Shelf
from arumaldo_pressable.sandbox import theme
from arumaldo_pressable.sandbox.book import Book, Site
from arumaldo_pressable.sandbox.wordpress import WordPress

_HEADERS = {
    # The pages are the customer's; they are on their own, whatever they contain.
    "content-security-policy": (
        "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"
    ),
    "x-content-type-options": "nosniff",
}
_DISABLED = 480
_DESK = ("wp-admin", "wp-login.php")
_NO_DESK = "Here a real site has WordPress, where its owner logs in and changes it. This sandbox has only its pages."


class Visitor:
    """One site, in the state in which this visit finds it.

    `instead` is the address, without a path, to which this visitor is sent on; "" for none.
    """

    def __init__(self, book: Book, shelf: Shelf, site: Site, instead: str = "") -> None:
        self._instead = instead
        self._book = book
        self._shelf = shelf
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        answer = await run_in_threadpool(self._answer, request.method, request.url.path)
        answer.headers.update(_HEADERS)
        await answer(scope, receive, send)

    def _answer(self, method: str, path: str) -> Response:
        if method not in ("GET", "HEAD"):
            return Response(status_code=405)
        if self._instead:
            return RedirectResponse(f"{self._instead}{path}", 301)
        match self._book.state(self._site):
            case "live":
                return self._live(path)
            case "disabled":
                return HTMLResponse(theme.notice("This site is not available at the moment."), _DISABLED)
        return HTMLResponse(theme.notice("This site is being set up. Please come back in a minute."), 503)

    def _live(self, path: str) -> Response:
        if path.partition("/")[2].partition("/")[0] in _DESK:
            return HTMLResponse(theme.notice(_NO_DESK))
        if path != "/" and not path.endswith("/"):
            return RedirectResponse(f"{path}/", 301)
        if self._site["edge_cache"] and (seen := self._shelf.get(_seen(self._site["id"]), path)):
            return HTMLResponse(seen["html"], seen["status"])
        status, html = _page(self._book.wordpress(self._site["id"]), path.strip("/"))
        if self._site["edge_cache"]:
            self._shelf.put(_seen(self._site["id"]), path, {"path": path, "status": status, "html": html}, 0.0)
        return HTMLResponse(html, status)


def forget_seen(shelf: Shelf, number: str) -> None:
    """Purge the edge cache of a site."""
    for seen in shelf.all(_seen(number)):
        shelf.remove(_seen(number), seen["path"])


def _seen(number: str) -> str:
    return f"edge:{number}"


def _page(wordpress: WordPress, slug: str) -> tuple[int, str]:
    published = [post for post in wordpress.posts if post["post_status"] == "publish"]
    pages = [post for post in published if post["post_type"] == "page"]
    front = wordpress.option("page_on_front") if wordpress.option("show_on_front") == "page" else ""
    pages.sort(key=lambda post: post["ID"] != front)
    frame = theme.Frame(
        wordpress.option("blogname"),
        [("/" if p["ID"] == front else f"/{p['post_name']}/", p["post_title"]) for p in pages],
    )
    if not slug:
        home = next((page for page in pages if page["ID"] == front), None)
        if home is not None:
            return 200, frame.page(home["post_title"], home["post_content"], path="/")
        return 200, frame.posts([p for p in published if p["post_type"] == "post"])
    found = next((post for post in published if post["post_name"] == slug and post["ID"] != front), None)
    if found is None:
        return 404, frame.missing()
    return 200, frame.page(found["post_title"], found["post_content"], path=f"/{slug}/")

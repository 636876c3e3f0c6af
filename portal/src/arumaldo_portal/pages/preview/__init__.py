"""The generated website: look at it, have parts written anew, go back to an earlier version, approve one."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from arumaldo.flows.accounts import Visitor
from arumaldo.flows.business import approve, ask_for_preview, previews, rewrite_section
from arumaldo.flows.journey import journey
from arumaldo.flows.typed import Invalid
from arumaldo.store.business import Brief, Preview
from arumaldo.store.scope import NoSuchRow, Rows
from arumaldo.website.models import Website
from arumaldo_portal.forms import Form, form_of, posted
from arumaldo_portal.pages.onboarding import PAID, page_of
from arumaldo_portal.rendering import show
from arumaldo_portal.sessions import for_customers
from arumaldo_portal.surroundings import rows_of


def newest(request: Request, visitor: Visitor) -> Response:
    """The newest version that can be seen; while the first one is being made, that it is."""
    with rows_of(request, visitor) as rows:
        return _away(rows) or _show(request, rows, None)


def version(request: Request, visitor: Visitor) -> Response:
    """One version out of the history."""
    with rows_of(request, visitor) as rows:
        shown = rows.get_one(Preview, request.path_params["preview_id"])
        if shown.state != "ready":
            return RedirectResponse("/onboarding/preview", 303)
        return _away(rows) or _show(request, rows, shown)


def rewrite(request: Request, visitor: Visitor) -> Response:
    """Have one section written anew; the version it was asked for stays in the history."""
    form = form_of(request)
    with rows_of(request, visitor) as rows:
        if (away := _away(rows)) is not None:
            return away
        shown = rows.get_one(Preview, _id(form))
        try:
            rewrite_section(rows, shown.id, form["page"], form["section"], form["wish"])
        except Invalid as error:
            return _show(request, rows, shown, form, error, status=422)
    return RedirectResponse("/onboarding/preview", 303)


def once_more(request: Request, visitor: Visitor) -> Response:
    """Make a whole website again, after one could not be made."""
    with rows_of(request, visitor) as rows:
        stand = journey(rows)
        if stand.brief is None or stand.step in PAID:
            return RedirectResponse(page_of(stand), 303)
        ask_for_preview(rows, stand.brief.id)
    return RedirectResponse("/onboarding/preview", 303)


def approve_version(request: Request, visitor: Visitor) -> Response:
    """This is the website to be built."""
    form = form_of(request)
    with rows_of(request, visitor) as rows:
        shown = rows.get_one(Preview, _id(form))
        if (away := _away(rows)) is not None:
            return away
        try:
            approve(rows, shown.id)
        except Invalid as error:
            return _show(request, rows, shown if shown.state == "ready" else None, form, error, status=422)
    return RedirectResponse("/onboarding/plan", 303)


def _away(rows: Rows) -> Response | None:
    """To the page that comes first, or the one that comes after: there is nothing to look at, or to change, here."""
    stand = journey(rows)
    if stand.step in PAID:
        return RedirectResponse("/onboarding/progress", 303)
    return None if stand.preview else RedirectResponse(page_of(stand), 303)


def _show(
    request: Request, rows: Rows, shown: Preview | None, typed: Form | None = None, invalid: Invalid | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    brief = rows.all(Brief)[-1]
    history = previews(rows, brief.id)
    ready = [each for each in history if each.state == "ready"]
    shown = shown or (ready[0] if ready else None)
    return show(
        request,
        "preview/preview.html",
        status,
        shown=shown,
        website=Website.model_validate(shown.content) if shown else None,
        newest=history[0],
        delay=journey(rows).delay,
        history=ready,
        approved_id=brief.approved_id,
        changes={each.id: _change(each, history) for each in history},
        typed=typed or Form(),
        problems=invalid.problems if invalid else {},
    )


def _change(preview: Preview, history: Sequence[Preview]) -> tuple[str, str]:
    """The heading of the section that was written anew, and the wish behind it; both empty for a whole website."""
    before = next((each for each in history if each.id == preview.made_from), None)
    if before is None or preview.wish is None or before.content is None:
        return "", ""
    section = Website.model_validate(before.content).section(preview.wish["page"], preview.wish["section"])
    return section.heading or section.kind, preview.wish["wish"]


def _id(form: Form) -> UUID:
    try:
        return UUID(form["preview_id"])
    except ValueError:
        raise NoSuchRow("no preview has such an id") from None


routes = [
    Route("/onboarding/preview", for_customers(newest)),
    Route("/onboarding/preview/{preview_id:uuid}", for_customers(version)),
    Route("/onboarding/preview/rewrite", posted(for_customers(rewrite)), methods=["POST"]),
    Route("/onboarding/preview/again", posted(for_customers(once_more)), methods=["POST"]),
    Route("/onboarding/preview/approve", posted(for_customers(approve_version)), methods=["POST"]),
]

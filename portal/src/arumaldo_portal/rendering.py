"""Templates stand beside the functions that fill them: "<feature>/<name>.html" below pages/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from arumaldo_portal import words
from arumaldo_portal.assets import asset, tabler
from arumaldo_portal.security import form_token
from arumaldo_portal.sessions import holder, keep_visit, keys
from arumaldo_portal.surroundings import preview_origin, setting

_HERE = Path(__file__).parent
_templates = Environment(
    loader=FileSystemLoader([_HERE / "pages", _HERE / "layout"]),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals |= {"asset": asset, "tabler": tabler}
_templates.filters |= {"ago": words.ago, "long_date": words.long_date, "money": words.money, "address": words.address}


def show(request: Request, template: str, status: int = 200, *, policy: str | None = None, **context: Any) -> Response:
    """A whole page.

    `policy` replaces the portal's Content-Security-Policy where a page needs more; `problems` is field → sentence.
    """
    html = _templates.get_template(template).render(_around(request) | {"problems": {}} | context)
    response = HTMLResponse(html, status)
    if policy is not None:
        response.headers["content-security-policy"] = policy
    keep_visit(request, response)
    return response


def show_calmly(request: Request, status: int, title: str, text: str, **context: Any) -> Response:
    """A page that says in words why there is nothing else to see, and what to do."""
    return show(request, "errors/error.html", status, title=title, text=text, **context)


def _around(request: Request) -> dict[str, Any]:
    """What every template may use."""
    return {
        "path": request.url.path,
        "setting": setting(request),
        "preview_origin": preview_origin(request),
        "visitor": getattr(request.state, "visitor", None),
        "form_token": lambda: form_token(keys(request), holder(request)),
    }

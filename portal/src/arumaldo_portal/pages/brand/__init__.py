"""The one accent of each reseller, as a small style sheet and an icon."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arumaldo.website.colours import ink_on, mix, readable
from arumaldo_portal.surroundings import setting

_KEPT = {"cache-control": "public, max-age=86400"}
_LIGHT, _DARK = "#ffffff", "#18212f"
"""The sheets of static/portal.css, which the accent's tints are mixed with."""
_HARDEST = {_LIGHT: "#eef0f4", _DARK: "#1f2a3a"}
"""A little beyond the grounds that links stand on: what can be read here can be read on all of them."""


def style(request: Request) -> Response:
    """The accent as CSS variables, each shade readable where it is used, whatever colour the reseller chose."""
    accent = setting(request).brand.accent
    sheet = f":root{{{_variables(accent, _LIGHT)}}}\n[data-bs-theme=dark]{{{_variables(accent, _DARK)}}}\n"
    return Response(sheet, media_type="text/css", headers=_KEPT)


def icon(request: Request) -> Response:
    """The brand's letter on its accent."""
    here = setting(request)
    accent = here.brand.accent
    letter = here.mark if here.mark.isalnum() else "•"
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        f'<rect width="32" height="32" rx="8" fill="{accent}"/>'
        f'<text x="16" y="22.5" font-family="system-ui,sans-serif" font-size="18" font-weight="600" '
        f'text-anchor="middle" fill="{ink_on(accent)}">{letter}</text></svg>'
    )
    return Response(drawing, media_type="image/svg+xml", headers=_KEPT)


def _variables(accent: str, ground: str) -> str:
    shade = readable(accent, _HARDEST[ground])
    values = {
        "brand": shade,
        "brand-ink": ink_on(shade),
        "brand-strong": mix(shade, "#000000" if ground == _LIGHT else "#ffffff", 0.14),
        "brand-tint": mix(shade, ground, 0.9),
        "brand-line": mix(shade, ground, 0.6),
    }
    return "".join(f"--{name}:{value};" for name, value in values.items())


routes = [Route("/brand.css", style), Route("/brand.svg", icon)]

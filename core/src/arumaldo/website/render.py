"""The preview: a whole document that looks as the pages do in WordPress, with neither scripts nor requests.

It is served from a host of its own with `Content-Security-Policy: sandbox; default-src 'none'; style-src
'unsafe-inline'; img-src data:`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from importlib.resources import files

from arumaldo.website.blocks import page_blocks
from arumaldo.website.design import SANS, WIDTH, design_of
from arumaldo.website.markup import is_rtl
from arumaldo.website.models import Page, Website

_COMMENT = re.compile(r"<!-- /?wp:.*? -->\n?")


def preview_html(website: Website, page_slug: str, link: Callable[[str], str]) -> str:
    """One page as a document; "" is the front page, `link` answers the address of the page with a given slug.

    KeyError where the website has no such page. Each section carries its key as `id`.
    """
    page = website.page(page_slug)
    body = _COMMENT.sub("", page_blocks(website, page, link))
    title = html.escape(website.title if not page.slug else f"{page.title} – {website.title}")
    return f"""<!doctype html>
<html lang="{website.language}" dir="{_direction(website)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{_variables(website)}
{_stylesheet()}</style>
</head>
<body>
{_header(website, page, link)}
<main>
{body}
</main>
{_footer(website)}
</body>
</html>
"""


def _direction(website: Website) -> str:
    words = " ".join(f"{section.heading} {section.text}" for page in website.pages for section in page.sections)
    return "rtl" if is_rtl(words) else "ltr"


def _variables(website: Website) -> str:
    design = design_of(website)
    values = {
        "accent": design.accent,
        "back": design.plain.back,
        "text": design.plain.text,
        "line": design.plain.line,
        "dark": design.dark.back,
        "on-dark": design.dark.text,
        "dark-line": design.dark.line,
        "letters": design.letters,
        "weight": design.weight,
        "body": SANS,
        "width": WIDTH,
    }
    return ":root { " + " ".join(f"--{name}: {value};" for name, value in values.items()) + " }"


def _stylesheet() -> str:
    return files("arumaldo.website").joinpath("preview.css").read_text(encoding="utf-8")


def _header(website: Website, current: Page, link: Callable[[str], str]) -> str:
    entries = "".join(_entry(page, current, link) for page in website.pages)
    return (
        f'<header class="bar"><div><a class="name" dir="auto" href="{html.escape(link(""))}">'
        f'{html.escape(website.title)}</a><nav><ul class="menu">{entries}</ul></nav></div></header>'
    )


def _entry(page: Page, current: Page, link: Callable[[str], str]) -> str:
    here = ' aria-current="page"' if page is current else ""
    return f'<li><a href="{html.escape(link(page.slug))}"{here}>{html.escape(page.title)}</a></li>'


def _footer(website: Website) -> str:
    name, tagline = html.escape(website.title), html.escape(website.tagline)
    return (
        f'<footer class="foot"><div><strong dir="auto">{name}</strong><span dir="auto">{tagline}</span></div></footer>'
    )

"""A page as the file that a visitor gets."""

from __future__ import annotations

from html import escape

from arumaldo.capabilities.hosting import SitePage


def document(site: str, page: SitePage, menu: list[tuple[str, str]]) -> str:
    """The whole page; `menu` is title and address of each page, in order."""
    entries = "".join(f'<li><a href="{address}">{escape(title, quote=False)}</a></li>' for title, address in menu)
    name = escape(site, quote=False)
    return (
        f'<!doctype html>\n<html>\n<head><meta charset="utf-8"><title>{name}</title></head>\n'
        f"<body>\n<header><strong>{name}</strong><ul>{entries}</ul></header>\n"
        f"<main>\n{page.content}\n</main>\n</body>\n</html>\n"
    )

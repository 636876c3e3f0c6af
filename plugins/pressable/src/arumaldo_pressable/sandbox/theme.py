"""A plain block theme: a head with the site's name and its pages, the content, a foot.

The texts come out of WordPress as HTML, as they were put in; escaping was the business of who stored them.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

_BLOCK = re.compile(r"<!--\s*/?wp:[a-z][a-z0-9/-]*\s*(\{.*?\})?\s*/?-->\s?", re.DOTALL)
_TAG = re.compile(r"^(\s*)(<[a-z][a-z0-9]*)([^>]*)>")
_CLASS = re.compile(r'\bclass="([^"]*)"')


class Frame:
    """The site around its content. `title` and the titles of `pages` [(path, title)] are HTML."""

    def __init__(self, title: str, pages: list[tuple[str, str]]) -> None:
        self._title = title
        self._pages = pages

    def page(self, title: str, content: str, path: str) -> str:
        """One page; its title stands above it unless it is the front page or has a heading of its own."""
        has_heading = path == "/" or "<h1" in content
        heading = "" if has_heading else f'<h1 class="wp-block-post-title">{title}</h1>'
        head = self._title if path == "/" else f"{title} – {self._title}"
        return self._whole(head, heading + blocks(content), path)

    def posts(self, posts: list[dict[str, Any]]) -> str:
        """The front page of a WordPress that shows its posts."""
        articles = [f"<article><h2>{post['post_title']}</h2>{blocks(post['post_content'])}</article>" for post in posts]
        return self._whole(self._title, "".join(articles), "/")

    def missing(self) -> str:
        body = '<h1>Page not found</h1><p>There is nothing here. <a href="/">Go to the front page.</a></p>'
        return self._whole(f"Page not found – {self._title}", body, "")

    def _whole(self, head: str, body: str, path: str) -> str:
        links = "".join(
            f'<li><a href="{where}"{_current(where == path)}>{title or where}</a></li>' for where, title in self._pages
        )
        navigation = f'<nav aria-label="Pages"><ul>{links}</ul></nav>' if len(self._pages) > 1 else ""
        return _template().substitute(
            head=_plain(head), css=_css(), title=self._title, navigation=navigation, body=body
        )


def notice(sentence: str) -> str:
    """A page without a site around it."""
    body = f'<p class="notice">{sentence}</p>'
    return _template().substitute(head=sentence, css=_css(), title="", navigation="", body=body)


def blocks(content: str) -> str:
    """Block markup as WordPress prints it: comments gone, layout as a class on the block's element."""
    printed, end, layout = [], 0, ""
    for comment in _BLOCK.finditer(content):
        printed.append(_laid_out(content[end : comment.start()], layout))
        end, layout = comment.end(), _layout(comment.group(1))
    printed.append(_laid_out(content[end:], layout))
    return "".join(printed)


def _layout(attributes: str | None) -> str:
    try:
        layout = json.loads(attributes or "{}").get("layout") or {}
    except (ValueError, AttributeError):
        return ""
    kind = layout.get("type") if isinstance(layout, dict) else None
    if kind not in ("flex", "grid"):
        return ""
    upright = " is-vertical" if layout.get("orientation") == "vertical" else ""
    aside = layout.get("justifyContent")
    justified = f" is-content-justification-{aside}" if aside in ("center", "right", "space-between") else ""
    return f"is-layout-{kind}{upright}{justified}"


def _laid_out(text: str, layout: str) -> str:
    tag = _TAG.match(text) if layout else None
    if tag is None:
        return text
    attributes, found = _CLASS.subn(lambda old: f'class="{old.group(1)} {layout}"', tag.group(3), count=1)
    if not found:
        attributes += f' class="{layout}"'
    return f"{tag.group(1)}{tag.group(2)}{attributes}>{text[tag.end() :]}"


def _current(here: bool) -> str:
    return ' aria-current="page"' if here else ""


def _plain(title: str) -> str:
    """A title without tags, for the browser's own line."""
    return re.sub(r"<[^>]*>", "", title)


@cache
def _template() -> Template:
    return Template(files(__package__).joinpath("theme.html").read_text("utf-8"))


@cache
def _css() -> str:
    return files(__package__).joinpath("theme.css").read_text("utf-8")

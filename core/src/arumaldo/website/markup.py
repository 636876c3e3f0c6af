"""WordPress block markup: a comment with the block's attributes around the HTML that the block editor would save.

Styles are given once, as the editor keeps them ({"color": {"background": "#fff"}}), and written twice, as the editor
does: into the comment and as inline CSS. Text becomes HTML only in `rich` and `paragraphs`, and is escaped there.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

Attributes = dict[str, Any]

_SIDES = ("top", "right", "bottom", "left")
_TYPE = {
    "fontFamily": "font-family",
    "fontSize": "font-size",
    "fontWeight": "font-weight",
    "letterSpacing": "letter-spacing",
    "lineHeight": "line-height",
    "textTransform": "text-transform",
}
_CORNERS = {
    "topLeft": "border-top-left-radius",
    "topRight": "border-top-right-radius",
    "bottomLeft": "border-bottom-left-radius",
    "bottomRight": "border-bottom-right-radius",
}


def block(name: str, inner: str, attributes: Attributes | None = None) -> str:
    """One block; `inner` is HTML, and may hold other blocks."""
    head = f"wp:{name} {_json(attributes)}" if attributes else f"wp:{name}"
    return f"<!-- {head} -->\n{inner}\n<!-- /wp:{name} -->"


def group(children: list[str], style: Attributes) -> str:
    """Blocks together, with a ground of their own."""
    opening = _opening("div", ["wp-block-group"], style)
    return block("group", f"{opening}{_stack(children)}</div>", {"style": style, "layout": {"type": "default"}})


def band(children: list[str], style: Attributes, *, anchor: str, width: str) -> str:
    """A group from edge to edge of the page, whose blocks keep to `width` in its middle; `anchor` is its id."""
    layout = {"type": "constrained", "contentSize": width, "wideSize": width}
    wide = f'<div class="wp-block-group alignwide">{_stack(children)}</div>'
    inner = block("group", wide, {"align": "wide", "layout": {"type": "default"}})
    opening = _opening("div", ["wp-block-group", "alignfull"], style, anchor)
    return block("group", f"{opening}{inner}</div>", {"align": "full", "style": style, "layout": layout})


def columns(cells: list[tuple[str, list[str]]], *, gap: str = "2rem", centred: bool = False) -> str:
    """Blocks side by side, below each other on a phone; each cell is its width ("60%", or "" for equal) and blocks."""
    parts = [_column(width, children, centred=centred) for width, children in cells]
    style = {"spacing": {"blockGap": {"top": gap, "left": gap}}}
    attributes: Attributes = {"verticalAlignment": "center"} if centred else {}
    extra = " are-vertically-aligned-center" if centred else ""
    return block(
        "columns", f'<div class="wp-block-columns{extra}">{_stack(parts)}</div>', {**attributes, "style": style}
    )


def _column(width: str, children: list[str], *, centred: bool) -> str:
    attributes: Attributes = ({"verticalAlignment": "center"} if centred else {}) | ({"width": width} if width else {})
    basis = f' style="flex-basis:{width}"' if width else ""
    extra = " is-vertically-aligned-center" if centred else ""
    return block("column", f'<div class="wp-block-column{extra}"{basis}>{_stack(children)}</div>', attributes or None)


def heading(text: str, level: int, style: Attributes, *, above: str = "0") -> str:
    """A heading of level 1 to 6 with this much space above it; nothing for blank text."""
    if not text.strip():
        return ""
    right = is_rtl(text)
    style = {**(_joined(style) if right else style), "spacing": {"margin": {"top": above, "bottom": "0.8rem"}}}
    attributes = {"level": level} | ({"textAlign": "right"} if right else {}) | {"style": style}
    classes = ["wp-block-heading", *(["has-text-align-right"] if right else [])]
    inner = f'<span dir="rtl">{rich(text)}</span>' if right else rich(text)
    return block("heading", f"{_opening(f'h{level}', classes, style)}{inner}</h{level}>", attributes)


def paragraphs(text: str, style: Attributes, *, align: str = "") -> list[str]:
    """A paragraph for each part between empty lines; single line breaks stay. Nothing for blank text."""
    parts = re.split(r"\n[ \t]*\n", text.strip())
    return [paragraph(rich(part), style, align=align, rtl=is_rtl(part)) for part in parts if part.strip()]


def paragraph(inner: str, style: Attributes, *, align: str = "", rtl: bool = False) -> str:
    """One paragraph of HTML that is safe already."""
    style = _joined(style) if rtl else style
    attributes = ({"align": align} if align else {}) | ({"direction": "rtl"} if rtl else {}) | {"style": style}
    classes = [f"has-text-align-{align}"] if align else []
    return block("paragraph", f"{_opening('p', classes, style, rtl=rtl)}{inner}</p>", attributes)


def button(text: str, href: str, style: Attributes, *, align: str = "left") -> str:
    """A link that looks like a button."""
    opening = _opening("a", ["wp-block-button__link", "wp-element-button"], style, href=href)
    one = block("button", f'<div class="wp-block-button">{opening}{rich(text)}</a></div>', {"style": style})
    layout = {"layout": {"type": "flex", "justifyContent": align}}
    return block("buttons", f'<div class="wp-block-buttons">{one}</div>', layout)


def table(rows: list[tuple[str, str]]) -> str:
    """Two columns of HTML that is safe already, the first of which names the row."""
    body = "".join(f"<tr><td><strong>{name}</strong></td><td>{value}</td></tr>" for name, value in rows)
    inner = f'<figure class="wp-block-table"><table><tbody>{body}</tbody></table></figure>'
    return block("table", inner, {"hasFixedLayout": False})


def spacer(height: str) -> str:
    """Empty space."""
    inner = f'<div style="height:{height}" aria-hidden="true" class="wp-block-spacer"></div>'
    return block("spacer", inner, {"height": height})


def rich(text: str) -> str:
    """Text as HTML: escaped, with its line breaks."""
    return html.escape(text.strip()).replace("\n", "<br>")


def is_rtl(text: str) -> bool:
    """Whether most letters of `text` are written from right to left."""
    kinds = [unicodedata.bidirectional(mark) for mark in text]
    right = sum(kind in {"R", "AL"} for kind in kinds)
    return right > kinds.count("L")


def _joined(style: Attributes) -> Attributes:
    """The style without letter spacing, which would tear joined scripts apart."""
    letters = {name: value for name, value in style.get("typography", {}).items() if name != "letterSpacing"}
    return {**style, "typography": letters}


def _opening(
    tag: str, classes: list[str], style: Attributes, anchor: str = "", *, href: str = "", rtl: bool = False
) -> str:
    names = " ".join([*classes, *_state_classes(style)])
    css = ";".join(f"{name}:{value}" for name, value in _css(style))
    pairs = {"href": href, "id": anchor, "class": names, "dir": "rtl" if rtl else "", "style": css}
    written = "".join(f' {name}="{html.escape(value)}"' for name, value in pairs.items() if value)
    return f"<{tag}{written}>"


def _state_classes(style: Attributes) -> Iterator[str]:
    colour, border = style.get("color", {}), style.get("border", {})
    if "text" in colour:
        yield "has-text-color"
    if "background" in colour or "gradient" in colour:
        yield "has-background"
    if "color" in border:
        yield "has-border-color"
    if "fontSize" in style.get("typography", {}):
        yield "has-custom-font-size"


def _css(style: Attributes) -> Iterator[tuple[str, str]]:
    colour = style.get("color", {})
    names = {"text": "color", "background": "background-color", "gradient": "background"}
    yield from ((css, colour[name]) for name, css in names.items() if name in colour)
    yield from _border(style.get("border", {}))
    if "minHeight" in style.get("dimensions", {}):
        yield "min-height", style["dimensions"]["minHeight"]
    for kind in ("padding", "margin"):
        sides = style.get("spacing", {}).get(kind, {})
        yield from ((f"{kind}-{side}", sides[side]) for side in _SIDES if side in sides)
    letters = style.get("typography", {})
    yield from ((css, letters[name]) for name, css in _TYPE.items() if name in letters)


def _border(border: Attributes) -> Iterator[tuple[str, str]]:
    radius = border.get("radius")
    if isinstance(radius, str):
        yield "border-radius", radius
    elif radius:
        yield from ((css, radius[corner]) for corner, css in _CORNERS.items() if corner in radius)
    for part in ("color", "style", "width"):
        if part in border:
            yield f"border-{part}", border[part]
    for side in _SIDES:
        yield from ((f"border-{side}-{part}", value) for part, value in border.get(side, {}).items())


def _json(attributes: Attributes) -> str:
    text = json.dumps(attributes, separators=(",", ":"), ensure_ascii=False)
    for mark, escaped in {"--": "\\u002d\\u002d", "<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}.items():
        text = text.replace(mark, escaped)
    return text


def _stack(children: list[str]) -> str:
    return "\n".join(child for child in children if child)

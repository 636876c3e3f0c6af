"""What our sites are called at the vendor.

A name is unique over all of the vendor's customers. It may have letters, digits and dashes, no dash at either end, and
at least three characters. The longest one allowed is nowhere written; up to 40 characters are known to do.
"""

from __future__ import annotations

import re

from anyascii import anyascii

LONGEST = 40
_REFERENCE_CHARS = 10
_TAG = "arumaldo."


def site_name(label: str, reference: str) -> str:
    """The host name of the site that is made for `reference`: always the same for the same arguments."""
    ending = name_ending(reference)
    return slug(label)[: LONGEST - len(ending)].strip("-") + ending


def name_ending(reference: str) -> str:
    """How the name of every site made for `reference` ends, whatever its label."""
    return "-" + re.sub(r"[^a-z0-9]", "", reference.lower())[:_REFERENCE_CHARS]


def tag_name(reference: str) -> str:
    """The tag that tells the whole reference."""
    return _TAG + reference


def reference_in(tags: list[str]) -> str | None:
    """Our reference from a site's tags, if it has one."""
    return next((tag.removeprefix(_TAG) for tag in tags if tag.startswith(_TAG)), None)


def ending_in(name: str) -> str | None:
    """So much of our reference as the name of a site that we made tells; None where its ending is not of our make."""
    found = re.search(rf"-([a-z2-7]{{{_REFERENCE_CHARS}}})$", name)
    return found and found.group(1)


def slug(label: str) -> str:
    """`label` in small Latin letters, digits and dashes, from any script; "site" where nothing is left of it."""
    latin = anyascii(label).lower().replace("'", "").replace("`", "")
    return re.sub(r"[^a-z0-9]+", "-", latin).strip("-") or "site"

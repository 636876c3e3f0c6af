"""The shell commands that make a WordPress hold our pages. Each one may run any number of times, at any time.

A page of ours carries a mark in `post_content_filtered`, a field WordPress keeps and does not use:

    arumaldo:/<slug>:<hash of title and content>

It is written in the same INSERT as the page, so a page of ours without a mark does not exist, not even after a crash.
Every command looks at the marks *when it runs*, not when it was queued: it makes a page only where no page has its
mark, leaves one alone that is right, and removes what is there twice. So a command that was queued twice, by two
workers or by one that was killed and its successor, does its work once.

What came from people travels as base64: no quotes to escape, no way into the shell, and no word that wp could take for
one of its own `--options`. Nothing here is a secret; the vendor keeps the text of commands for 30 days.

WordPress's HTML filter, which would take inline styles out of block markup, is off in wp as long as no `--user` is
named; so none is, and the pages' author is set by number: 1 is whoever installed WordPress.
"""

from __future__ import annotations

import html
import json
import re
import shlex
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256

from arumaldo.capabilities.hosting import SitePage

PAYLOAD_BYTES = 48_000
"""Of the vendor's roughly 50,000 per request."""
_PART_CHARS = 30_000
ENTER = "cd /srv/htdocs || exit 1"
_LIST = (
    "wp post list --post_type=page --orderby=ID --order=ASC --fields=ID,post_status,post_content_filtered --format=csv"
)
_OURS = "^[0-9]+,[a-z-]+,arumaldo:/[a-z0-9-]*:[0-9a-f]+$"
# The pages that every new WordPress brings, as long as nobody has touched them.
_BROUGHT_ALONG = r"^(1,hello-world|2,sample-page),([^,]*),\2$"
_VERDICT = re.compile(r"arumaldo ([0-9a-f]{12})-([0-9a-f]{8}) (shown|missing)")


def digest(title: str, pages: list[SitePage]) -> str:
    """Twelve hex characters that stand for this title and these pages in this order."""
    return sha256(json.dumps([title, *([p.slug, p.title, p.content] for p in pages)]).encode()).hexdigest()[:12]


def all_commands(title: str, pages: list[SitePage], nonce: str) -> list[str]:
    """Everything that has to run, in order; the last one reports, under `nonce`, whether the pages are shown."""
    commands = [command for page in pages for command in _page_commands(page)]
    return [*commands, _finish(title, pages, nonce)]


def bundles(commands: list[str]) -> Iterator[list[str]]:
    """The commands in as few requests as the vendor's limit allows, order kept."""
    bundle: list[str] = []
    for command in commands:
        if bundle and _size([*bundle, command]) > PAYLOAD_BYTES:
            yield bundle
            bundle = []
        bundle.append(command)
    yield bundle


def verdict_in(message: str) -> tuple[str, str, bool] | None:
    """(digest, nonce, shown) of the last report in a log message, None where there is none.

    The report is put together by printf when it is printed, so the text of a command never looks like one.
    """
    found = _VERDICT.findall(message)
    return (found[-1][0], found[-1][1], found[-1][2] == "shown") if found else None


def _page_commands(page: SitePage) -> list[str]:
    # A page without title and text would be refused by WordPress.
    text = b64encode((page.content or " ").encode()).decode()
    if len(text) <= _PART_CHARS:
        return [_put_page(page, text, source=text)]
    parts = [text[start : start + _PART_CHARS] for start in range(0, len(text), _PART_CHARS)]
    names = _part_names(page)
    stored = [
        subshell(ENTER, f"wp option update {name} {part} --autoload=no")
        for name, part in zip(names, parts, strict=True)
    ]
    source = '"' + "".join(f"$(wp option get {name})" for name in names) + '"'
    return [*stored, _put_page(page, text, source)]


def _put_page(page: SitePage, text: str, source: str) -> str:
    return subshell(
        ENTER,
        f"made=$({_LIST}) || exit 1",
        f"ours=$(printf '%s\\n' \"$made\" | grep -E '^[0-9]+,[a-z-]+,arumaldo:/{page.slug}:[0-9a-f]+$')",
        "id=$(printf '%s\\n' \"$ours\" | head -n 1 | cut -d , -f 1)",
        f'[ "$ours" = "$id,publish,{_mark(page)}" ] && exit 0',
        "extra=$(printf '%s\\n' \"$ours\" | tail -n +2 | cut -d , -f 1)",
        '[ -z "$extra" ] || wp post delete $extra --force',
        f"text={source}",
        f'printf %s "$text" | sha256sum | grep -q ^{sha256(text.encode()).hexdigest()} || exit 1',
        'how=create; [ -z "$id" ] || how="update $id"',
        f'printf %s "$text" | base64 -d | wp post $how - {_fields(page)}',
    )


def _fields(page: SitePage) -> str:
    # WordPress takes a title for HTML.
    title = html.escape(_one_line(page.title), quote=False)
    fields = {
        "post_type": "page",
        "post_status": "publish",
        "post_author": "1",
        "comment_status": "closed",
        "post_name": page.slug or "home",
        "post_title": title,
        "post_content_filtered": _mark(page),
    }
    return " ".join(shlex.quote(f"--{name}={value}") for name, value in fields.items())


def _finish(title: str, pages: list[SitePage], nonce: str) -> str:
    wanted = "|".join(page.slug for page in pages) if pages else "!"
    settings = " && ".join([*_settings(title, pages), f'[ "$now" = "{_expected(pages)}  -" ]'])
    parts = [name for page in pages for name in _part_names(page)]
    return subshell(
        ENTER,
        "verdict=missing",
        f"made=$({_LIST}) || exit 1",
        f"gone=$(printf '%s\\n' \"$made\" | grep -E '{_OURS}' | grep -vE ',arumaldo:/({wanted}):' | cut -d , -f 1)",
        '[ -z "$gone" ] || wp post delete $gone --force',
        "stale=$(wp post list --post_type=any --post__in=1,2 --fields=ID,post_name,post_date,post_modified"
        f" --format=csv | grep -E '{_BROUGHT_ALONG}' | cut -d , -f 1)",
        '[ -z "$stale" ] || wp post delete $stale --force',
        f"now=$({_LIST} | grep -E '{_OURS}' | cut -d , -f 2,3 | LC_ALL=C sort | sha256sum)",
        f"{settings} && verdict=shown",
        *([f"wp option delete {' '.join(parts)}"] if parts else []),
        f"printf 'arumaldo %s %s\\n' {nonce} \"$verdict\"",
    )


def _settings(title: str, pages: list[SitePage]) -> list[str]:
    name = b64encode(_one_line(title).encode()).decode()
    steps = [f"printf %s {name} | base64 -d | wp option update blogname"] if name else []
    if not pages:
        return [*steps, "wp option update show_on_front posts"]
    front = next((page.slug for page in pages if not page.slug), pages[0].slug)
    return [
        *steps,
        f"front=$(printf '%s\\n' \"$made\" | grep -E '^[0-9]+,[a-z-]+,arumaldo:/{front}:' | head -n 1 | cut -d , -f 1)",
        '[ -n "$front" ]',
        "wp option update show_on_front page",
        'wp option update page_on_front "$front"',
    ]


def _expected(pages: list[SitePage]) -> str:
    lines = sorted(f"publish,{_mark(page)}" for page in pages)
    return sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def _mark(page: SitePage) -> str:
    return f"arumaldo:/{page.slug}:{_hash(page)}"


def _hash(page: SitePage) -> str:
    return sha256(json.dumps([page.title, page.content]).encode()).hexdigest()[:16]


def _part_names(page: SitePage) -> list[str]:
    """The options that carry a long text to WordPress in parts; none for a short one."""
    length = len(b64encode((page.content or " ").encode()))
    count = 0 if length <= _PART_CHARS else -(-length // _PART_CHARS)
    return [f"arumaldo_part_{_hash(page)}_{number}" for number in range(count)]


def subshell(*lines: str) -> str:
    # Parentheses, because nobody says whether the commands of a request share one shell: `exit` must end one only.
    return f"({'; '.join(lines)})"


def _one_line(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split())


def _size(commands: list[str]) -> int:
    return len(json.dumps({"commands": commands}).encode())

"""Pages for whoever tries the hub on a bare machine and plays what lies outside it: a letter box and a registrar.

/letters?to=anna@example.com                      the mail that the sandboxes have sent there
/registrar?domain=…&name_server=…&name_server=…   where the owner of a domain names its name servers
"""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from arumaldo.sandbox.internet import Internet, Letter

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:0 auto;padding:1.5rem;color:#1b2430;background:#f6f7f9}
h1{font-size:1.75rem;line-height:1.2}h2{font-size:1.25rem;margin:0}article{margin:0 0 2rem}.quiet{color:#566272}
iframe{width:100%;height:32rem;border:1px solid #dce1e7;border-radius:8px;background:#fff}
label{display:block;font-weight:600;margin-top:1rem}
input{font:inherit;width:100%;padding:.6rem;border:1px solid #8a96a5;border-radius:8px;box-sizing:border-box}
button{font:inherit;font-weight:600;min-height:2.75rem;padding:0 1.25rem;
margin-top:1.5rem;border:0;border-radius:8px;background:#1b2430;color:#fff}
"""
_WHOSE = "Type the address that you signed up with."
_MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def routes(internet: Internet) -> list[BaseRoute]:
    """Both pages. They are no part of any vendor, and no fault hits them."""

    async def letters(request: Request) -> Response:
        to = request.query_params.get("to", "")
        found = await run_in_threadpool(internet.letters, to) if to else []
        body = "".join(_letter(letter) for letter in reversed(found))
        empty = f"No mail has come to {escape(to)} yet. Reload this page in a moment." if to else _WHOSE
        return _page(
            "Test letter box",
            "<form><label for=to>Mail to</label>"
            f'<input id=to name=to type=email value="{escape(to)}"><button>Show</button></form><p></p>'
            f"{body or f'<p>{empty}</p>'}",
        )

    async def registrar(request: Request) -> Response:
        asked = request.query_params
        return _form(asked.get("domain", ""), asked.getlist("name_server"), "")

    async def delegate(request: Request) -> Response:
        typed = parse_qs((await request.body()).decode("utf-8", "replace"))
        domain = typed.get("domain", [""])[0].strip().lower()
        servers = [server.strip().lower() for server in typed.get("name_server", []) if server.strip()]
        known = await run_in_threadpool(internet.delegate, domain, servers)
        said = (
            f"{domain} now has these name servers. You may close this page."
            if known
            else f"Saved, but nobody answers for {domain} at these name servers. Compare them letter by letter."
        )
        return _form(domain, servers, said)

    return [
        Route("/letters", letters, methods=["GET"]),
        Route("/registrar", registrar, methods=["GET"]),
        Route("/registrar", delegate, methods=["POST"]),
    ]


def _letter(letter: Letter) -> str:
    at = datetime.fromtimestamp(letter.at, UTC)
    return (
        f"<article><h2>{escape(letter.subject)}</h2><p class=quiet>{at:%Y-%m-%d %H:%M:%S} UTC</p>"
        f'<iframe title="{escape(letter.subject)}" sandbox="allow-popups allow-popups-to-escape-sandbox" '
        f'srcdoc="{escape(_opening_outside(letter.html))}"></iframe></article>'
    )


def _opening_outside(html: str) -> str:
    """A link in a mail opens beside it, not in its frame."""
    return html.replace("<head>", '<head><base target="_blank">', 1)


def _form(domain: str, servers: list[str], said: str) -> Response:
    fields = "".join(
        f"<label for=ns{number}>Name server {number}</label>"
        f'<input id=ns{number} name=name_server value="{escape(server)}">'
        for number, server in enumerate([*servers, "", ""][: max(2, len(servers))], start=1)
    )
    return _page(
        "Test registrar",
        f"<p role=status>{escape(said)}</p><form method=post action=/registrar><label for=domain>Domain</label>"
        f'<input id=domain name=domain value="{escape(domain)}">{fields}<button>Save the name servers</button></form>',
    )


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1><p class=quiet>It belongs to the sandboxes: no mail leaves this machine, and no domain "
        f"is real.</p>{body}</body></html>",
        headers={"content-security-policy": f"{_MAIL_POLICY}; frame-src 'self'; form-action 'self'"},
    )

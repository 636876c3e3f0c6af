"""hosting, by a file server: a site is a folder that is there at once, a page is a file in it.

Nothing is queued and nothing is ordered: every request names what it makes, so all of them may be repeated.
"""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime
from typing import Any

import httpx2

from acme_host.documents import document
from acme_host.settings import Settings
from arumaldo import NotFound, hookimpl
from arumaldo.capabilities.hosting import DomainTarget, HostedDomain, HostedSite, Publication, SitePage
from arumaldo.http import Door, Reply

NAME = "acme_host"
_OURS = "arumaldo.json"
"""The file that lists which pages of a folder are ours."""


class FileHosting:
    """A folder's name ends with the reference it was made for, and that is all the server knows of us."""

    def __init__(self, settings: Settings, http: httpx2.Client | None = None) -> None:
        """`http` takes the place of the network, in tests."""
        self._settings = settings
        self._door = Door(NAME, http or httpx2.Client())
        self._door.client.auth = (settings.user, settings.password.get_secret_value())

    @hookimpl
    def create_site(self, reference: str, label: str, owner_email: str) -> HostedSite:
        return self._site(self._call("PUT", f"/folders/{_folder(label, reference)}").json())

    @hookimpl
    def find_sites(self, reference: str) -> list[HostedSite]:
        answer = self._call("GET", "/folders").json()
        return [self._site(folder) for folder in answer["folders"] if _reference(folder["name"]) == reference]

    @hookimpl
    def list_sites(self, since: datetime) -> list[HostedSite]:
        folders = [self._site(folder) for folder in self._call("GET", "/folders").json()["folders"]]
        return [site for site in folders if site.made_at is None or site.made_at >= since]

    @hookimpl
    def get_site(self, site_id: str) -> HostedSite:
        return self._site(self._call("GET", f"/folders/{site_id}").json())

    @hookimpl
    def put_pages(self, site_id: str, title: str, pages: list[SitePage]) -> Publication:
        before = self._our_files(site_id)
        menu = [(page.title, f"/{page.slug}/" if page.slug else "/") for page in pages]
        files = {_file(page.slug): document(title, page, menu) for page in pages}
        self._put(site_id, _OURS, json.dumps(sorted({*before, *files})))
        for name, text in files.items():
            self._put(site_id, name, text)
        for name in before - files.keys():
            self._take_away(f"/folders/{site_id}/files/{name}")
        self._put(site_id, _OURS, json.dumps(sorted(files)))
        return Publication(state="published")

    @hookimpl
    def remove_site(self, site_id: str) -> None:
        self._take_away(f"/folders/{site_id}")

    @hookimpl
    def domain_targets(self, site_id: str) -> list[DomainTarget]:
        address = self._call("GET", f"/folders/{site_id}").json()["address"]
        return [
            DomainTarget(name="@", type="A", content=address),
            DomainTarget(name="www", type="A", content=address),
        ]

    @hookimpl
    def put_domain(self, site_id: str, domain: str) -> HostedDomain:
        """The server takes a domain with its www, for one folder, and shows it there once its records lead to it."""
        seen = self._call("PUT", f"/folders/{site_id}/domains/{domain}").json()["seen"]
        return HostedDomain(
            domain=domain,
            state="attached" if seen else "waiting",
            url=self._settings.domains_at.format(domain=domain),
            reason="" if seen else "Your domain's records do not lead to the host yet.",
        )

    @hookimpl
    def remove_domain(self, site_id: str, domain: str) -> None:
        self._take_away(f"/folders/{site_id}/domains/{domain}")

    def close(self) -> None:
        self._door.close()

    def _our_files(self, site_id: str) -> set[str]:
        self._call("GET", f"/folders/{site_id}")
        try:
            return set(self._call("GET", f"/folders/{site_id}/files/{_OURS}").json())
        except NotFound:
            return set()

    def _put(self, site_id: str, name: str, text: str) -> None:
        kind = "text/html" if name.endswith(".html") else "application/json"
        headers = {"content-type": f"{kind}; charset=utf-8"}
        self._call("PUT", f"/folders/{site_id}/files/{name}", content=text.encode(), headers=headers)

    def _take_away(self, path: str) -> None:
        try:
            self._call("DELETE", path)
        except NotFound:
            return

    def _call(self, method: str, path: str, **options: Any) -> Reply:
        reply = self._door.send(method, f"{self._settings.server}{path}", repeatable=True, **options)
        said = f"{method} {path} was answered with {reply.status}"
        self._door.refuse_by_status(reply, said, repeatable=True)
        return reply

    def _site(self, folder: dict[str, Any]) -> HostedSite:
        name = str(folder["name"])
        return HostedSite(
            id=name,
            reference=_reference(name),
            made_at=datetime.fromtimestamp(folder["made_at"], UTC),
            url=self._settings.shown_at.format(folder=name),
            state="live",
        )


def _folder(label: str, reference: str) -> str:
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain)[:30].strip("-")
    return f"{words or 'site'}-{reference}"


def _reference(folder: str) -> str:
    return folder.rpartition("-")[2]


def _file(slug: str) -> str:
    return f"{slug}/index.html" if slug else "index.html"

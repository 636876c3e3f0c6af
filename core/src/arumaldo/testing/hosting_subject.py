"""A host under test: what the tests of `hosting` and `hosting_domains` share."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import ClassVar, TypeVar

import pytest

from arumaldo.capabilities.hosting import HostedSite, Hosting, SitePage

Visit = Callable[[str], tuple[int, str]]
Seen = TypeVar("Seen")


class HostUnderTest:
    """The fixtures to supply, and the steps that every test begins with."""

    patience: ClassVar[float] = 60.0
    unknown_id: ClassVar[str] = "999999999"
    """An id of the host's own form that no site has."""

    @pytest.fixture
    def hosting(self) -> Hosting:
        """The provider under test."""
        raise NotImplementedError

    @pytest.fixture
    def visit(self) -> Visit:
        """Opens a page as a browser does: `visit(url)` gives status and text, redirects not followed."""
        raise NotImplementedError

    @pytest.fixture
    def reference(self) -> str:
        return new_reference()

    @pytest.fixture
    def site(self, hosting: Hosting, reference: str) -> HostedSite:
        """A site that is live."""
        return self.live(hosting, self.create(hosting, reference).id)

    def create(self, hosting: Hosting, reference: str) -> HostedSite:
        return hosting.create_site(reference=reference, label="Sunny Bakery", owner_email="owner@example.com")

    def live(self, hosting: Hosting, site_id: str) -> HostedSite:
        """The site, as soon as it is live."""
        self.eventually(lambda: hosting.get_site(site_id=site_id).state == "live")
        return hosting.get_site(site_id=site_id)

    def publish(self, hosting: Hosting, site: HostedSite, pages: list[SitePage], title: str = "Sunny Bakery") -> None:
        """Put the pages, again and again, until they are published."""

        def put() -> bool:
            return hosting.put_pages(site_id=site.id, title=title, pages=pages).state == "published"

        self.eventually(put)

    def opened(self, visit: Visit, url: str) -> str:
        """The text of a page that opens."""
        status, text = visit(url)
        assert status == 200, f"{url} answered {status}"
        return text

    def eventually(self, seen: Callable[[], Seen]) -> Seen:
        """What `seen` returns as soon as that is true; fails when `patience` ends."""
        give_up_at = time.monotonic() + self.patience
        while not (found := seen()):
            assert time.monotonic() < give_up_at, f"did not happen within {self.patience:g} seconds"
            time.sleep(0.05)
        return found


def new_reference() -> str:
    """A reference of the hub's own form: lower-case base32."""
    return "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(20))

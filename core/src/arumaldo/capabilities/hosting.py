"""hosting: WordPress sites."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from arumaldo.capabilities.kinds import Made, creates, puts, reads


class HostedSite(Made, frozen=True):
    """One site at the host. `url` is where a browser opens it; `preparing` may last minutes."""

    url: str
    state: Literal["preparing", "live", "failed", "disabled"]


class SitePage(BaseModel, frozen=True):
    """One page as WordPress block markup (HTML with block comments); `slug` "" is the front page."""

    slug: str = Field(pattern=r"^[a-z0-9-]*$", max_length=60)
    title: str = Field(max_length=200)
    content: str


class Publication(BaseModel, frozen=True):
    """Whether the host shows the pages yet; while `pending`, call again with the same pages."""

    state: Literal["published", "pending"]


class Hosting:
    """Whoever runs the customer's WordPress."""

    @creates(find="find_sites", sure_after=60, listed="list_sites", undo="remove_site")
    def create_site(self, reference: str, label: str, owner_email: str) -> HostedSite:
        """A new, empty WordPress site, usually answered while still `preparing`.

        `label` is the business's name in any script; the host name is made from it and from `reference`, so a second
        call with the same reference cannot make a second site. Refused: no room, or the name is taken by a stranger.
        """
        raise NotImplementedError

    @reads
    def find_sites(self, reference: str) -> list[HostedSite]:
        """Every site that was made for `reference`; empty when there is none."""
        raise NotImplementedError

    @reads
    def list_sites(self, since: datetime) -> list[HostedSite]:
        """Every site made since then that is not removed, also what others made through the same account.

        `reference` is what the host keeps of it: whole, or its first ten characters at least; None where the site bears
        no sign of an order. `made_at` where the host tells; a site without one is always listed.
        """
        raise NotImplementedError

    @reads
    def get_site(self, site_id: str) -> HostedSite:
        """The site as it stands now. NotFound when the host has none with this id."""
        raise NotImplementedError

    @puts
    def put_pages(self, site_id: str, title: str, pages: list[SitePage]) -> Publication:
        """Make the site show exactly these pages of ours, front page first; pages made by others stay.

        A second call with the same pages changes nothing and tells how far the first one came.
        """
        raise NotImplementedError

    @puts
    def remove_site(self, site_id: str) -> None:
        """Take the site away for good. Also when it is already gone."""
        raise NotImplementedError

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


class DomainTarget(BaseModel, frozen=True):
    """Where a record of the customer's own domain has to lead; `name` "@" is the domain itself."""

    name: Literal["@", "www"]
    type: Literal["A", "AAAA", "CNAME"]
    content: str


class HostedDomain(BaseModel, frozen=True):
    """A domain of the customer's at a site. `attached`: visitors who come to the host under this name see the site, by
    HTTPS. While `waiting`, call again; `reason` says for what, in words for the customer."""

    domain: str
    state: Literal["waiting", "attached"]
    url: str
    """Where a browser opens the site under this name, once it is attached."""
    reason: str = ""


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

    @reads
    def domain_targets(self, site_id: str) -> list[DomainTarget]:
        """The records with which a domain leads to this site, the same for every domain. Never empty."""
        raise NotImplementedError

    @puts
    def put_domain(self, site_id: str, domain: str) -> HostedDomain:
        """Have the site answer at `domain` and at its "www." (lower case, Punycode), with a certificate.

        A second call changes nothing and tells how far it is; the host usually waits until it sees the domain's
        records. Refused: another site has the domain, or the host will not have it. NotFound: there is no such site.
        """
        raise NotImplementedError

    @puts
    def remove_domain(self, site_id: str, domain: str) -> None:
        """The site no longer answers there, and goes on at its own address. Also when it never did, or is gone.

        What was attached by others, under other names, stays.
        """
        raise NotImplementedError

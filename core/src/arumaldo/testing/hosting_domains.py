"""What a hosting provider owes to a domain of the customer's own; `HostingConformance` includes it."""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Callable

import pytest

from arumaldo.capabilities.hosting import DomainTarget, HostedDomain, HostedSite, Hosting, SitePage
from arumaldo.errors import NotFound, Refused
from arumaldo.testing.hosting_subject import HostUnderTest, Visit, new_reference

Point = Callable[[str, list[DomainTarget]], None]

_HOST_NAME = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+\.?")


class HostedDomainConformance(HostUnderTest):
    """The part of the suite that needs `point`."""

    @pytest.fixture
    def point(self) -> Point:
        """What the customer does: `point(domain, targets)` makes the domain's records lead to these, and to no other
        place; `point(domain, [])` takes the records away."""
        raise NotImplementedError

    @pytest.fixture
    def domain(self) -> str:
        """A domain that nobody has."""
        return new_domain()

    def test_a_site_tells_where_a_domain_has_to_lead(self, hosting: Hosting, site: HostedSite) -> None:
        targets = hosting.domain_targets(site_id=site.id)
        assert {target.name for target in targets} == {"@", "www"}
        assert [target for target in targets if not is_valid(target)] == []
        assert hosting.domain_targets(site_id=site.id) == targets

    def test_a_domain_waits_for_its_records_and_then_shows_the_site(
        self, hosting: Hosting, visit: Visit, point: Point, site: HostedSite, domain: str
    ) -> None:
        self.show(hosting, site, "Bread from our own oven.")
        waiting = hosting.put_domain(site_id=site.id, domain=domain)
        assert (waiting.domain, waiting.state) == (domain, "waiting")
        assert waiting.reason
        point(domain, hosting.domain_targets(site_id=site.id))
        attached = self.attached(hosting, site, domain)
        assert (attached.domain, attached.reason) == (domain, "")
        assert attached.url == waiting.url
        assert domain in attached.url
        assert "Bread from our own oven." in self.opened(visit, attached.url)

    def test_a_domain_of_another_script_shows_the_site(
        self, hosting: Hosting, visit: Visit, point: Point, site: HostedSite
    ) -> None:
        domain = f"bäckerei-{secrets.token_hex(4)}.example".encode("idna").decode()
        hosted = self.pointed(hosting, point, site, domain)
        assert visit(hosted.url)[0] == 200

    def test_the_www_of_a_domain_leads_to_the_site_too(
        self, hosting: Hosting, visit: Visit, point: Point, site: HostedSite, domain: str
    ) -> None:
        hosted = self.pointed(hosting, point, site, domain)
        assert is_open(visit, hosted.url.replace("://", "://www."))

    def test_a_site_stays_open_at_its_own_address_while_its_domain_waits_and_after(
        self, hosting: Hosting, visit: Visit, point: Point, site: HostedSite, domain: str
    ) -> None:
        assert hosting.put_domain(site_id=site.id, domain=domain).state == "waiting"
        assert is_open(visit, site.url)
        self.pointed(hosting, point, site, domain)
        assert is_open(visit, site.url)

    def test_putting_a_domain_again_changes_nothing(
        self, hosting: Hosting, visit: Visit, point: Point, site: HostedSite, domain: str
    ) -> None:
        self.show(hosting, site, "Bread from our own oven.")
        first = self.pointed(hosting, point, site, domain)
        before = self.opened(visit, first.url)
        assert hosting.put_domain(site_id=site.id, domain=domain) == first
        assert self.opened(visit, first.url) == before

    def test_a_domain_that_another_site_has_is_refused(
        self, hosting: Hosting, visit: Visit, point: Point, site: HostedSite, domain: str
    ) -> None:
        self.show(hosting, site, "The first one's.")
        hosted = self.pointed(hosting, point, site, domain)
        other = self.live(hosting, self.create(hosting, new_reference()).id)
        for _ in range(2):
            with pytest.raises(Refused) as refusal:
                hosting.put_domain(site_id=other.id, domain=domain)
            assert not isinstance(refusal.value, NotFound)
        # Whose domain it is not, cannot take it away either.
        hosting.remove_domain(site_id=other.id, domain=domain)
        assert "The first one's." in self.opened(visit, hosted.url)

    def test_a_domain_cannot_be_put_on_a_site_that_does_not_exist(self, hosting: Hosting, domain: str) -> None:
        with pytest.raises(NotFound):
            hosting.put_domain(site_id=self.unknown_id, domain=domain)

    def test_a_removed_domain_no_longer_opens_and_its_site_goes_on(
        self, hosting: Hosting, visit: Visit, point: Point, site: HostedSite, domain: str
    ) -> None:
        hosted = self.pointed(hosting, point, site, domain)
        hosting.remove_domain(site_id=site.id, domain=domain)
        self.eventually(lambda: not is_open(visit, hosted.url))
        assert not is_open(visit, hosted.url.replace("://", "://www."))
        assert self.eventually(lambda: visit(site.url)[0] == 200)

    def test_a_removed_domain_may_be_put_on_another_site(
        self, hosting: Hosting, visit: Visit, point: Point, site: HostedSite, domain: str
    ) -> None:
        self.pointed(hosting, point, site, domain)
        hosting.remove_domain(site_id=site.id, domain=domain)
        other = self.live(hosting, self.create(hosting, new_reference()).id)
        self.show(hosting, other, "The other one's.")
        assert "The other one's." in self.opened(visit, self.pointed(hosting, point, other, domain).url)

    def test_the_domain_of_a_removed_site_may_be_put_on_another_one(
        self, hosting: Hosting, visit: Visit, point: Point, site: HostedSite, domain: str
    ) -> None:
        hosted = self.pointed(hosting, point, site, domain)
        hosting.remove_site(site_id=site.id)
        self.eventually(lambda: not is_open(visit, hosted.url))
        other = self.live(hosting, self.create(hosting, new_reference()).id)
        assert visit(self.pointed(hosting, point, other, domain).url)[0] == 200

    def test_removing_one_domain_of_a_site_leaves_the_other_one(
        self, hosting: Hosting, visit: Visit, point: Point, site: HostedSite, domain: str
    ) -> None:
        kept = self.pointed(hosting, point, site, domain)
        other = f"x{domain}"
        self.pointed(hosting, point, site, other)
        hosting.remove_domain(site_id=site.id, domain=other)
        assert self.eventually(lambda: is_open(visit, kept.url))
        assert self.attached(hosting, site, domain).url == kept.url

    def test_removing_a_domain_twice_is_removing_it_once(
        self, hosting: Hosting, visit: Visit, point: Point, site: HostedSite, domain: str
    ) -> None:
        hosted = self.pointed(hosting, point, site, domain)
        for name in (new_domain(), domain, domain):
            hosting.remove_domain(site_id=site.id, domain=name)
        hosting.remove_domain(site_id=self.unknown_id, domain=domain)
        self.eventually(lambda: not is_open(visit, hosted.url))
        hosting.remove_site(site_id=site.id)
        hosting.remove_domain(site_id=site.id, domain=domain)

    def test_a_domain_that_still_waits_can_be_removed(self, hosting: Hosting, site: HostedSite, domain: str) -> None:
        assert hosting.put_domain(site_id=site.id, domain=domain).state == "waiting"
        hosting.remove_domain(site_id=site.id, domain=domain)
        other = self.live(hosting, self.create(hosting, new_reference()).id)
        assert hosting.put_domain(site_id=other.id, domain=domain).state == "waiting"

    def pointed(self, hosting: Hosting, point: Point, site: HostedSite, domain: str) -> HostedDomain:
        """The domain, attached to the site to which its records lead."""
        point(domain, hosting.domain_targets(site_id=site.id))
        return self.attached(hosting, site, domain)

    def attached(self, hosting: Hosting, site: HostedSite, domain: str) -> HostedDomain:
        """Put the domain, again and again, until it is attached."""

        def put() -> HostedDomain | None:
            hosted = hosting.put_domain(site_id=site.id, domain=domain)
            assert (hosted.reason == "") == (hosted.state == "attached")
            return hosted if hosted.state == "attached" else None

        found = self.eventually(put)
        assert found is not None
        return found

    def show(self, hosting: Hosting, site: HostedSite, sentence: str) -> None:
        self.publish(hosting, site, [SitePage(slug="", title="Home", content=f"<p>{sentence}</p>")])


def new_domain() -> str:
    """A domain from the part of the name space in which nobody can register one."""
    return f"bakery-{secrets.token_hex(4)}.example"


def is_open(visit: Visit, url: str) -> bool:
    """Whether a browser gets a page there, or is sent on to one."""
    return visit(url)[0] in (200, 301, 302, 307, 308)


def is_valid(target: DomainTarget) -> bool:
    """Whether a record can have this content."""
    if target.type == "CNAME":
        return bool(_HOST_NAME.fullmatch(target.content))
    version = 4 if target.type == "A" else 6
    try:
        return ipaddress.ip_address(target.content).version == version
    except ValueError:
        return False

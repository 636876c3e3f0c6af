"""What every hosting provider owes, whatever is behind it.

    class TestAcmeHosting(HostingConformance):
        @pytest.fixture
        def hosting(self, acme): ...        # the provider
        @pytest.fixture
        def visit(self): ...                # visit(url) -> (status, text), what a browser would get
        @pytest.fixture
        def point(self): ...                # point(domain, targets): the domain's records lead there

Waiting is done on conditions; `patience` bounds it, in seconds.
"""

from __future__ import annotations

import inspect
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from arumaldo.capabilities.hosting import HostedSite, Hosting, SitePage
from arumaldo.capabilities.kinds import kind_of
from arumaldo.errors import NotFound
from arumaldo.testing.hosting_domains import HostedDomainConformance, Point, new_domain
from arumaldo.testing.hosting_subject import Visit, new_reference

__all__ = ["HostingConformance", "Point", "Visit", "new_domain", "new_reference"]

_FRONT = SitePage(
    slug="",
    title="Home",
    content="<!-- wp:paragraph -->\n<p>Bread from our own oven.</p>\n<!-- /wp:paragraph -->",
)
_ABOUT = SitePage(
    slug="about-us",
    title="About us",
    content="<!-- wp:paragraph -->\n<p>We bake since 1911.</p>\n<!-- /wp:paragraph -->",
)
_HARD_TEXT = """It's "quoted" & `ticked`, $HOME costs 100 % \\ a\\nb; مخبز السعادة, 全粒粉, naïve 🥐 {x} <br>!"""


class HostingConformance(HostedDomainConformance):
    """Inherit, supply the three fixtures, and every promise of the capability is tested against your provider."""

    def test_every_hook_is_there_with_every_parameter(self, hosting: Hosting) -> None:
        hooks = {name: hook for name, hook in vars(Hosting).items() if kind_of(hook)}
        assert hooks
        for name, hook in hooks.items():
            given = inspect.signature(getattr(hosting, name)).parameters
            assert ["self", *given] == list(inspect.signature(hook).parameters), name

    def test_an_ordered_site_becomes_live_and_opens_in_a_browser(
        self, hosting: Hosting, visit: Visit, reference: str
    ) -> None:
        ordered = self.create(hosting, reference)
        assert ordered.state in ("preparing", "live")
        site = self.live(hosting, ordered.id)
        assert site.url.startswith(("http://", "https://"))
        assert self.eventually(lambda: visit(site.url)[0] == 200)

    def test_a_site_is_found_by_what_it_was_made_for(self, hosting: Hosting, reference: str) -> None:
        made = self.create(hosting, reference)
        found = self.eventually(lambda: hosting.find_sites(reference=reference))
        assert [(site.id, site.reference) for site in found] == [(made.id, reference)]

    def test_every_site_is_listed_until_it_is_removed(self, hosting: Hosting, reference: str) -> None:
        before = datetime.now(UTC) - timedelta(minutes=5)
        made = self.create(hosting, reference)
        self.eventually(lambda: made.id in [site.id for site in hosting.list_sites(since=before)])
        (listed,) = [site for site in hosting.list_sites(since=before) if site.id == made.id]
        kept = listed.reference or ""
        assert len(kept) >= 10
        assert reference.startswith(kept)
        hosting.remove_site(site_id=made.id)
        self.eventually(lambda: made.id not in [site.id for site in hosting.list_sites(since=before)])

    def test_nothing_is_found_for_an_order_that_made_nothing(self, hosting: Hosting, site: HostedSite) -> None:
        assert hosting.find_sites(reference=new_reference()) == []

    def test_an_order_that_is_sent_twice_makes_one_site(self, hosting: Hosting, reference: str) -> None:
        first = self.create(hosting, reference)
        self.eventually(lambda: hosting.find_sites(reference=reference))
        second = self.create(hosting, reference)
        assert second.id == first.id
        assert len(hosting.find_sites(reference=reference)) == 1

    def test_two_businesses_of_one_name_get_a_site_each(self, hosting: Hosting) -> None:
        one, two = self.create(hosting, new_reference()), self.create(hosting, new_reference())
        assert one.id != two.id
        assert one.url != two.url

    @pytest.mark.parametrize(
        "label",
        ["مخبز السعادة", "🥐🥖", "<script>alert(1)</script>", "", "株式会社 ひまわり", "-- x --", "Bäckerei " * 40],
    )
    def test_a_business_name_in_any_script_makes_a_site(self, hosting: Hosting, label: str) -> None:
        made = hosting.create_site(reference=new_reference(), label=label, owner_email="owner@example.com")
        assert hosting.get_site(site_id=made.id).url == made.url

    def test_a_site_that_does_not_exist_is_not_found(self, hosting: Hosting) -> None:
        with pytest.raises(NotFound):
            hosting.get_site(site_id=self.unknown_id)

    def test_pages_that_were_put_are_what_a_visitor_sees(
        self, hosting: Hosting, visit: Visit, site: HostedSite
    ) -> None:
        self.publish(hosting, site, [_FRONT, _ABOUT])
        assert "Bread from our own oven." in self.opened(visit, site.url)
        assert "We bake since 1911." in self.opened(visit, f"{site.url}/about-us/")

    def test_the_name_of_the_business_is_the_title_of_the_site(
        self, hosting: Hosting, visit: Visit, site: HostedSite
    ) -> None:
        self.publish(hosting, site, [_FRONT], title="Bäckerei مخبز")
        assert "Bäckerei مخبز" in self.opened(visit, site.url)

    def test_putting_the_same_pages_again_changes_nothing(
        self, hosting: Hosting, visit: Visit, site: HostedSite
    ) -> None:
        self.publish(hosting, site, [_FRONT, _ABOUT])
        before = self.opened(visit, site.url)
        self.publish(hosting, site, [_FRONT, _ABOUT])
        assert self.opened(visit, site.url) == before
        assert before.count(_ABOUT.title) == 1

    def test_pages_put_by_several_workers_at_once_are_there_once(
        self, hosting: Hosting, visit: Visit, site: HostedSite
    ) -> None:
        with ThreadPoolExecutor(3) as workers:
            for done in [workers.submit(self.publish, hosting, site, [_FRONT, _ABOUT]) for _ in range(3)]:
                done.result()
        assert self.opened(visit, site.url).count(_ABOUT.title) == 1

    def test_a_changed_page_replaces_the_old_one(self, hosting: Hosting, visit: Visit, site: HostedSite) -> None:
        self.publish(hosting, site, [_FRONT, _ABOUT])
        self.publish(hosting, site, [_FRONT, _ABOUT.model_copy(update={"content": "<p>We bake since 1912.</p>"})])
        text = self.opened(visit, f"{site.url}/about-us/")
        assert "1912" in text
        assert "1911" not in text
        assert self.opened(visit, site.url).count(_ABOUT.title) == 1

    def test_a_page_that_is_no_longer_wanted_goes_away(self, hosting: Hosting, visit: Visit, site: HostedSite) -> None:
        self.publish(hosting, site, [_FRONT, _ABOUT])
        self.publish(hosting, site, [_FRONT])
        assert self.eventually(lambda: visit(f"{site.url}/about-us/")[0] == 404)
        assert "Bread from our own oven." in self.opened(visit, site.url)

    def test_text_arrives_character_by_character(self, hosting: Hosting, visit: Visit, site: HostedSite) -> None:
        self.publish(hosting, site, [SitePage(slug="", title="Home", content=f"<p>{_HARD_TEXT}</p>")])
        assert f"<p>{_HARD_TEXT}</p>" in self.opened(visit, site.url)

    def test_the_look_of_a_block_survives(self, hosting: Hosting, visit: Visit, site: HostedSite) -> None:
        block = (
            '<div class="wp-block-group has-background" style="background-color:#123456;color:#ffffff"><p>Hi</p></div>'
        )
        self.publish(hosting, site, [SitePage(slug="", title="Home", content=block)])
        assert "background-color:#123456" in self.opened(visit, site.url)

    def test_a_very_long_page_arrives_whole(self, hosting: Hosting, visit: Visit, site: HostedSite) -> None:
        text = "".join(chr(0x4E00 + number % 9000) for number in range(20_000))
        self.publish(hosting, site, [SitePage(slug="", title="Home", content=f"<p>{text}</p>")])
        assert text in self.opened(visit, site.url)

    def test_a_script_in_a_title_is_text(self, hosting: Hosting, visit: Visit, site: HostedSite) -> None:
        title = "<script>alert(1)</script> & more"
        self.publish(hosting, site, [_FRONT, _ABOUT.model_copy(update={"title": title})], title=title)
        text = self.opened(visit, f"{site.url}/about-us/")
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in text

    def test_a_removed_site_is_gone(self, hosting: Hosting, site: HostedSite, reference: str) -> None:
        hosting.remove_site(site_id=site.id)
        assert self.eventually(lambda: hosting.find_sites(reference=reference) == [])
        with pytest.raises(NotFound):
            hosting.get_site(site_id=site.id)

    def test_removing_a_site_twice_is_removing_it_once(self, hosting: Hosting, site: HostedSite) -> None:
        other = self.create(hosting, new_reference())
        for site_id in (site.id, site.id, self.unknown_id):
            hosting.remove_site(site_id=site_id)
        with pytest.raises(NotFound):
            hosting.get_site(site_id=site.id)
        assert hosting.get_site(site_id=other.id).id == other.id

    def test_pages_cannot_be_put_on_a_site_that_is_gone(self, hosting: Hosting, site: HostedSite) -> None:
        hosting.remove_site(site_id=site.id)
        with pytest.raises(NotFound):
            hosting.put_pages(site_id=site.id, title="Bakery", pages=[_FRONT])

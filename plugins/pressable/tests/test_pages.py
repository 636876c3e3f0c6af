"""Pages into WordPress: once each, whatever is lost, repeated or queued twice."""

from __future__ import annotations

import pytest
from arumaldo_pressable.hosting import PressableHosting
from arumaldo_pressable.sandbox import PressableSandbox

from arumaldo import Refused, Unavailable
from arumaldo.capabilities.hosting import HostedSite, SitePage
from arumaldo.sandbox import Fault
from arumaldo.testing.hosting import Visit

from .conftest import NewHosting, Vendor, live_site, wait_until

_FRONT = SitePage(slug="", title="Home", content="<p>Bread from our own oven.</p>")
_ABOUT = SitePage(slug="about", title="About", content="<p>We bake since 1911.</p>")
_OURS = [("home", "Home"), ("about", "About")]
_PRIVACY = ("privacy-policy", "Privacy Policy")


def put(hosting: PressableHosting, site: HostedSite, *pages: SitePage, title: str = "Sunny Bakery") -> str:
    return hosting.put_pages(site_id=site.id, title=title, pages=list(pages)).state


def publish(hosting: PressableHosting, site: HostedSite, *pages: SitePage, title: str = "Sunny Bakery") -> None:
    wait_until(lambda: put(hosting, site, *pages, title=title) == "published")


def ours(vendor: Vendor, site: HostedSite) -> list[tuple[str, str]]:
    return [page for page in vendor.pages(site) if page != _PRIVACY]


def test_pages_queued_by_two_workers_before_any_ran_are_made_once(
    new_hosting: NewHosting, sandbox: PressableSandbox, site: HostedSite, vendor: Vendor
) -> None:
    sandbox.command_seconds = 100
    first, second = new_hosting(), new_hosting()
    assert put(first, site, _FRONT, _ABOUT) == "pending"
    assert put(second, site, _FRONT, _ABOUT) == "pending"
    sandbox.shift = 101
    assert put(second, site, _FRONT, _ABOUT) == "published"
    assert put(first, site, _FRONT, _ABOUT) == "published"
    assert ours(vendor, site) == _OURS


def test_a_worker_that_waits_does_not_queue_again(
    pressable: PressableHosting, sandbox: PressableSandbox, site: HostedSite
) -> None:
    sandbox.command_seconds = 100
    for _ in range(3):
        assert put(pressable, site, _FRONT, _ABOUT) == "pending"
    assert len(sandbox.shelf.all(f"queue:{site.id}")) == 1


def test_a_worker_killed_in_the_middle_is_followed_by_one_that_completes(
    new_hosting: NewHosting, sandbox: PressableSandbox, site: HostedSite, vendor: Vendor, open_page: Visit
) -> None:
    # Each page fills a request of its own, and the second request is lost.
    pages = [
        SitePage(slug=slug, title=slug or "Home", content=f"<p>{slug or 'front'}{'x' * 21_000}</p>")
        for slug in ("", "two", "three")
    ]
    sandbox.faults.order(Fault(match="arumaldo:/two:", answer="html", status=502))
    with pytest.raises(Unavailable):
        put(new_hosting(), site, *pages)
    assert sandbox.faults.hits
    publish(new_hosting(), site, *pages)
    assert sorted(ours(vendor, site)) == [("home", "Home"), ("three", "three"), ("two", "two")]
    assert "three" in open_page(f"{site.url}/three/")[1]


def test_an_answer_that_was_lost_doubles_nothing(
    pressable: PressableHosting, sandbox: PressableSandbox, site: HostedSite, vendor: Vendor
) -> None:
    sandbox.faults.order(Fault(match="wordpress/commands", effect="after", answer="cut"))
    with pytest.raises(Unavailable):
        put(pressable, site, _FRONT, _ABOUT)
    publish(pressable, site, _FRONT, _ABOUT)
    assert ours(vendor, site) == _OURS


def test_a_page_that_is_there_twice_all_the_same_is_there_once_afterwards(
    pressable: PressableHosting, site: HostedSite, vendor: Vendor
) -> None:
    mark = "--post_content_filtered=arumaldo:/about:0123456789abcdef"
    page = f"post create --post_type=page --post_status=publish --post_name=about --post_title=Double {mark}"
    vendor.wp(site, page, page)
    publish(pressable, site, _FRONT, _ABOUT)
    assert sorted(ours(vendor, site)) == sorted(_OURS)


def test_pages_of_others_stay_even_under_a_name_that_we_want(
    pressable: PressableHosting, site: HostedSite, vendor: Vendor, open_page: Visit
) -> None:
    vendor.wp(
        site,
        "post create --post_type=page --post_status=publish --post_name=about --post_title=Mine --post_content=Mine",
    )
    publish(pressable, site, _FRONT, _ABOUT)
    publish(pressable, site, _FRONT)
    assert ("about", "Mine") in vendor.pages(site)
    assert "Mine" in open_page(f"{site.url}/about/")[1]
    assert sorted(ours(vendor, site)) == [("about", "Mine"), ("home", "Home")]


def test_what_wordpress_brings_along_is_taken_away(
    pressable: PressableHosting, site: HostedSite, vendor: Vendor, open_page: Visit
) -> None:
    assert open_page(f"{site.url}/hello-world/")[0] == 200
    publish(pressable, site, _FRONT)
    assert open_page(f"{site.url}/hello-world/")[0] == 404
    assert open_page(f"{site.url}/sample-page/")[0] == 404


def test_a_sample_page_that_somebody_worked_on_stays(
    pressable: PressableHosting, site: HostedSite, sandbox: PressableSandbox, vendor: Vendor
) -> None:
    sandbox.shift = 60
    vendor.wp(site, "post update 2 --post_title=Ours")
    publish(pressable, site, _FRONT)
    assert ("sample-page", "Ours") in vendor.pages(site)


def test_a_page_that_the_customer_hid_is_shown_again_when_it_is_put_again(
    new_hosting: NewHosting, reference: str, sandbox: PressableSandbox, vendor: Vendor, open_page: Visit
) -> None:
    sandbox.shift = -3600
    site = live_site(new_hosting(), reference)
    publish(new_hosting(), site, _FRONT, _ABOUT)
    number = next(p["ID"] for p in sandbox.book.wordpress(site.id).posts if p["post_name"] == "about")
    vendor.wp(site, f"post update {number} --post_status=draft")
    assert open_page(f"{site.url}/about/")[0] == 404
    sandbox.shift = 0
    publish(new_hosting(), site, _FRONT, _ABOUT)
    assert open_page(f"{site.url}/about/")[0] == 200
    assert ours(vendor, site) == _OURS


def test_a_report_about_earlier_pages_is_not_taken_for_one_about_these(
    pressable: PressableHosting, site: HostedSite, sandbox: PressableSandbox, open_page: Visit
) -> None:
    other = _FRONT.model_copy(update={"content": "<p>Closed today.</p>"})
    publish(pressable, site, _FRONT)
    publish(pressable, site, other)
    assert put(pressable, site, _FRONT) == "pending"
    publish(pressable, site, _FRONT)
    assert "own oven" in open_page(site.url)[1]


def test_pages_that_are_being_replaced_are_not_called_published(
    pressable: PressableHosting, site: HostedSite, sandbox: PressableSandbox
) -> None:
    publish(pressable, site, _FRONT)
    sandbox.command_seconds = 100
    assert put(pressable, site, _ABOUT) == "pending"
    assert put(pressable, site, _FRONT) == "pending"


@pytest.mark.parametrize(
    "title",
    [
        "--exec=phpinfo();",
        "'; wp site empty --yes; '",
        "$(wp post delete 1) `id` \\",
        "Line\nbreak\tand\x00null",
        "\"quoted\" 'name' مخبز 🥐",
        "100 % \\n %s",
    ],
)
def test_a_name_is_never_taken_for_a_command(
    pressable: PressableHosting, site: HostedSite, sandbox: PressableSandbox, vendor: Vendor, title: str
) -> None:
    page = SitePage(slug="evil", title=title, content=title)
    publish(pressable, site, _FRONT, page, title=title)
    post = next(p for p in sandbox.book.wordpress(site.id).posts if p["post_name"] == "evil")
    plain = " ".join(title.replace("\x00", " ").split())
    assert post["post_title"] == plain
    assert post["post_content"] == title


def test_a_page_of_20000_emoji_arrives_in_parts_and_leaves_nothing_behind(
    pressable: PressableHosting, site: HostedSite, sandbox: PressableSandbox, open_page: Visit
) -> None:
    text = "🥐🥖🍞🥨" * 5_000
    publish(pressable, site, SitePage(slug="", title="Home", content=text))
    assert text in open_page(site.url)[1]
    options = sandbox.book.wordpress(site.id).record["options"]
    assert sorted(options) == ["blogname", "home", "page_on_front", "show_on_front", "siteurl"]


def test_a_long_page_whose_first_request_got_lost_is_sent_again(
    new_hosting: NewHosting, site: HostedSite, sandbox: PressableSandbox, vendor: Vendor
) -> None:
    page = SitePage(slug="", title="Home", content="".join(chr(0x4E00 + number % 9000) for number in range(20_000)))
    sandbox.faults.order(Fault(match="_0 ", answer="status", status=422))
    assert put(new_hosting(), site, page) == "pending"
    assert ours(vendor, site) == [("sample-page", "Sample Page")]
    publish(new_hosting(), site, page)
    assert ours(vendor, site) == [("home", "Home")]


def test_an_empty_page_is_a_page(pressable: PressableHosting, site: HostedSite, open_page: Visit) -> None:
    publish(pressable, site, _FRONT, SitePage(slug="blank", title="", content=""))
    assert open_page(f"{site.url}/blank/")[0] == 200


def test_the_sandbox_says_that_it_has_no_wordpress_to_log_in_to(site: HostedSite, open_page: Visit) -> None:
    for path in ("wp-admin/", "wp-login.php"):
        status, html = open_page(f"{site.url}/{path}")
        assert status == 200
        assert "This sandbox has only its pages" in html


def test_a_site_without_front_page_shows_the_first_page(
    pressable: PressableHosting, site: HostedSite, open_page: Visit
) -> None:
    publish(pressable, site, _ABOUT)
    assert "1911" in open_page(site.url)[1]


def test_no_pages_at_all_take_ours_away(pressable: PressableHosting, site: HostedSite, vendor: Vendor) -> None:
    publish(pressable, site, _FRONT, _ABOUT)
    publish(pressable, site)
    assert ours(vendor, site) == []


def test_two_pages_of_one_slug_are_refused(pressable: PressableHosting, site: HostedSite) -> None:
    with pytest.raises(Refused, match="same slug"):
        put(pressable, site, _ABOUT, _ABOUT)


def test_pages_wait_until_the_site_is_live(
    pressable: PressableHosting, sandbox: PressableSandbox, reference: str
) -> None:
    sandbox.switches["sites"] = "stuck"
    made = pressable.create_site(reference=reference, label="Bakery", owner_email="owner@example.com")
    assert put(pressable, made, _FRONT) == "pending"
    assert sandbox.shelf.all(f"queue:{made.id}") == []


def test_a_site_that_takes_no_commands_yet_is_no_refusal(
    new_hosting: NewHosting, sandbox: PressableSandbox, site: HostedSite
) -> None:
    sandbox.faults.order(Fault(match="wordpress/commands", status=422))
    assert put(new_hosting(), site, _FRONT) == "pending"
    publish(new_hosting(), site, _FRONT)


def test_a_visitor_who_came_too_early_leaves_nothing_stale_at_the_edge(
    pressable: PressableHosting, site: HostedSite, vendor: Vendor, open_page: Visit
) -> None:
    vendor.call("PUT", f"/sites/{site.id}/edge-cache")
    assert open_page(f"{site.url}/about/")[0] == 404
    publish(pressable, site, _FRONT, _ABOUT)
    assert open_page(f"{site.url}/about/")[0] == 200


def test_the_text_of_a_command_is_not_taken_for_its_report(
    pressable: PressableHosting, sandbox: PressableSandbox, site: HostedSite, vendor: Vendor
) -> None:
    # The site refuses to be written to, so every command ends early; the log still holds their texts.
    sandbox.faults.order(Fault(match="wordpress/commands", answer="html", status=502))
    with pytest.raises(Unavailable):
        put(pressable, site, _FRONT)
    broken = "(exit 1; printf 'arumaldo %s %s\\n' 0123456789ab-01234567 shown)"
    vendor.call("POST", f"/sites/{site.id}/wordpress/commands", json={"commands": [broken]})
    wait_until(lambda: any("arumaldo %s %s" in entry["message"] for entry in vendor.log(site)))
    assert put(pressable, site, _FRONT) == "pending"


def test_an_ordinary_publication_meets_no_error_in_wordpress(
    pressable: PressableHosting, site: HostedSite, vendor: Vendor
) -> None:
    publish(pressable, site, _FRONT, _ABOUT)
    publish(pressable, site, _FRONT)
    said = [entry["message"].partition("\n")[2] for entry in vendor.log(site)]
    assert said
    assert not [text for text in said if "Error" in text or "bash:" in text]

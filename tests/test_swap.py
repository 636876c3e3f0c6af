"""One changed line of hubconfig.toml sends new accounts to another provider; those of the first stay with the first."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from starlette.responses import Response
from starlette.types import ASGIApp

from arumaldo.capabilities.ai import Ai
from arumaldo.capabilities.hosting import DomainTarget, Hosting
from arumaldo.sandbox import Entry, Sandbox, create_app
from arumaldo.sandbox.local import LocalServer
from arumaldo.testing.ai import AiConformance
from arumaldo.testing.hosting import HostingConformance, Point, Visit

from .customer import Onboarded, customer
from .packages import configured, importable, installed
from .platform import Platform, eventually, running

pytestmark = pytest.mark.slow

MOTTO = "Plainly said."
"""What Acme Writer puts on each of its websites."""
OUTSIDE = ("acme_writer", "acme_host", "acme_crm", "acme_mail")
PROCESSES = ("web", "worker-1", "worker-2")
FIRST_AI, OTHER_AI = 'ai = "openai"', 'ai = "acme_writer"'
FIRST_HOSTING, OTHER_HOSTING = 'hosting = "pressable"', 'hosting = "acme_host"'
FIRST_CRM, OTHER_CRM = 'customers = "zoho"', 'customers = "acme_crm"'
FIRST_MAIL, OTHER_MAIL = 'email = "brevo"', 'email = "acme_mail"'


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Packages that the workspace knows nothing of, installed."""
    with importable(installed(tmp_path_factory.mktemp("outside"), *OUTSIDE)):
        yield


@pytest.fixture(scope="module")
def hub(outside: None, tmp_path_factory: pytest.TempPathFactory, server_states: Path) -> Iterator[Platform]:
    """A platform of its own with them enabled, and nobody sent to them yet."""
    folder = tmp_path_factory.mktemp("swap")
    with running(server_states / "swap", configured(folder, **dict.fromkeys(OUTSIDE, ""))) as up:
        yield up


@pytest.fixture(autouse=True)
def _close_browsers(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "hub" in request.fixturenames:
        request.getfixturevalue("hub").people.close()


class TestAcmeWriter(AiConformance):
    """The writer from outside writes as everybody has to."""

    @pytest.fixture
    def ai(self, outside: None) -> Ai:
        settings = importlib.import_module("acme_writer.settings").Settings()
        return cast(Ai, importlib.import_module("acme_writer.ai").TemplateWriter(settings))


class Registrar(Sandbox):
    """Answers for the customers' domains, and has no API."""

    name = "records"

    def __init__(self) -> None:
        super().__init__("")
        self._lead_to: dict[str, list[str]] = {}

    def app(self) -> ASGIApp:
        return Response(status_code=404)

    def ledger(self) -> dict[str, list[Entry]]:
        return {}

    def addresses(self, name: str) -> list[str]:
        return self._lead_to.get(name, [])

    def point(self, domain: str, targets: list[DomainTarget]) -> None:
        for label, name in (("@", domain), ("www", f"www.{domain}")):
            self._lead_to[name] = [target.content for target in targets if target.name == label]


class TestAcmeHost(HostingConformance):
    """The host from outside hosts as everybody has to."""

    @pytest.fixture
    def registrar(self) -> Iterator[Registrar]:
        registrar = Registrar()
        yield registrar
        registrar.shelf.close()

    @pytest.fixture
    def point(self, registrar: Registrar) -> Point:
        return registrar.point

    @pytest.fixture
    def hosting(self, outside: None, registrar: Registrar) -> Iterator[Hosting]:
        with LocalServer() as server:
            sandbox: Any = importlib.import_module("acme_host.sandbox").FileServer(f"{server.address}/acme_host")
            server.serve(create_app([sandbox, registrar]))
            settings = importlib.import_module("acme_host.settings").Settings.at_sandbox(sandbox.address)
            host: Any = importlib.import_module("acme_host.hosting").FileHosting(settings)
            yield cast(Hosting, host)
            host.close()
            sandbox.shelf.close()

    @pytest.fixture
    def visit(self) -> Visit:
        def opened(url: str) -> tuple[int, str]:
            target = httpx2.URL(url)
            here = target.copy_with(host="127.0.0.1")
            answer = httpx2.get(here, headers={"host": target.netloc.decode()}, trust_env=False)
            return answer.status_code, answer.text

        return opened


@dataclass
class Seen:
    """What one customer got."""

    preview: str = ""
    """The words of the first preview, and `rewritten` those after one section was written anew."""
    rewritten: str = ""
    providers: dict[str, str] = field(default_factory=dict)
    """Capability → who serves the account."""
    hosts: list[str] = field(default_factory=list)
    """Who made a site for the order."""
    site: str = ""
    shows_its_site: bool = False


@dataclass
class Swapped:
    """One line for the writer was changed, then one for the host; who came when, and what came of it.

    `choosing` had seen a preview before, `building` had paid and waited for the site. `between` came after the first
    change, `late` after both.
    """

    choosing: Seen = field(default_factory=Seen)
    building: Seen = field(default_factory=Seen)
    between: Seen = field(default_factory=Seen)
    late: Seen = field(default_factory=Seen)
    asked: list[int] = field(default_factory=list)
    """How often the first writer had been asked: at the change, after it, and after the rewriting."""

    @property
    def all(self) -> list[Seen]:
        return [self.choosing, self.building, self.between, self.late]


@pytest.fixture(scope="module")
def swapped(hub: Platform) -> Swapped:
    with hub.people:
        return hub.during(lambda: swap(hub))


def swap(hub: Platform) -> Swapped:
    seen = Swapped()
    choosing, building = customer(hub), customer(hub)
    seen.choosing.preview = choosing.sees_a_preview()
    with hub.switch("pressable", "sites", "stuck"):
        building.until_paying().until("building")
        eventually(lambda: hosts_of(hub, building))
        with hub.changed(FIRST_AI, OTHER_AI):
            seen.asked.append(written(hub))
            between = customer(hub)
            seen.between.preview = between.sees_a_preview()
            seen.asked.append(written(hub))
            seen.choosing.rewritten = choosing.has_a_section_rewritten()
            seen.asked.append(written(hub))
            with hub.changed(FIRST_HOSTING, OTHER_HOSTING):
                late = customer(hub)
                seen.late.preview = late.sees_a_preview()
                for made in (choosing, between, late):
                    made.approves().chooses_a_plan().pays()
                late.until("live")
                choosing.until("building")
    for made, note in zip((choosing, building, between, late), seen.all, strict=True):
        made.until("live")
        note.providers, note.hosts = providers_of(hub, made), hosts_of(hub, made)
        note.site, note.shows_its_site = made.state()["site_url"], made.shows_its_site()
    return seen


def written(platform: Platform) -> int:
    """How often the first writer was asked."""
    return platform.live("openai", "responses")


def hosts_of(platform: Platform, made: Onboarded) -> list[str]:
    query = "SELECT provider FROM effects WHERE subject = %s AND step = 'hosting.create_site' AND state = 'done'"
    return [provider for (provider,) in platform.rows(query, made.state()["order_id"])]


def providers_of(platform: Platform, made: Onboarded) -> dict[str, str]:
    query = "SELECT capability, provider FROM bindings JOIN orders USING (account_id) WHERE orders.id = %s"
    return dict(platform.rows(query, made.state()["order_id"]))


def test_one_changed_line_sends_new_customers_to_another_writer(swapped: Swapped) -> None:
    assert MOTTO in swapped.between.preview
    assert MOTTO in swapped.late.preview
    at_the_change, after_it, _ = swapped.asked
    assert after_it == at_the_change


def test_one_changed_line_sends_new_customers_to_another_host(swapped: Swapped, hub: Platform) -> None:
    assert swapped.late.hosts == ["acme_host"]
    [site] = [entry for entry in hub.ledger("acme_host", "sites") if f"//{entry.id}." in swapped.late.site]
    assert site.state == "live"


def test_a_customer_with_a_preview_stays_with_the_writer_who_made_it(swapped: Swapped) -> None:
    assert MOTTO not in swapped.choosing.preview
    assert MOTTO not in swapped.choosing.rewritten
    assert swapped.choosing.rewritten != swapped.choosing.preview
    _, before, after = swapped.asked
    assert after == before + 1


def test_customers_in_mid_onboarding_stay_with_the_host_they_began_with(swapped: Swapped, hub: Platform) -> None:
    assert [seen.hosts for seen in (swapped.choosing, swapped.building, swapped.between)] == [["pressable"]] * 3
    assert sum(f"//{entry.id}." in seen.site for seen in swapped.all for entry in hub.ledger("acme_host", "sites")) == 1


def test_each_account_keeps_the_providers_it_began_with(swapped: Swapped) -> None:
    assert [(seen.providers["ai"], seen.providers["hosting"]) for seen in swapped.all] == [
        ("openai", "pressable"),
        ("openai", "pressable"),
        ("acme_writer", "pressable"),
        ("acme_writer", "acme_host"),
    ]


def test_nobody_pays_twice_or_waits_in_vain_because_of_the_change(swapped: Swapped, hub: Platform) -> None:
    assert all(seen.shows_its_site for seen in swapped.all)
    charges = [entry.reference for entry in hub.ledger("authorizenet", "charges") if entry.state == "live"]
    assert len(charges) == len(set(charges)) >= len(swapped.all)


def test_one_changed_line_sends_new_contacts_to_another_crm_and_old_ones_stay(hub: Platform) -> None:
    def job() -> tuple[Onboarded, Onboarded]:
        early = customer(hub).until_preview()
        with hub.changed(FIRST_CRM, OTHER_CRM):
            late = customer(hub).until_paying()
            early.chooses_a_plan().pays()
            late.until_live()
        return early.until_live(), late

    early, late = hub.during(job)
    assert (known(hub, "zoho", early), known(hub, "acme_crm", early)) == (1, 0)
    assert (known(hub, "zoho", late), known(hub, "acme_crm", late)) == (0, 1)


def test_one_changed_line_sends_the_mail_of_new_customers_by_another_service(hub: Platform) -> None:
    def job() -> tuple[Onboarded, Onboarded]:
        early = customer(hub).until_preview()
        with hub.changed(FIRST_MAIL, OTHER_MAIL):
            late = customer(hub).until_paying()
            early.chooses_a_plan().pays()
            late.until_live()
        early.until_live()
        eventually(lambda: all(who.letters("handover") for who in (early, late)))
        return early, late

    early, late = hub.during(job)
    assert mailed(hub, "acme_mail", late) == ["confirm", "handover", "receipt"]
    assert mailed(hub, "brevo", late) == mailed(hub, "acme_mail", early) == []
    assert mailed(hub, "brevo", early) == ["confirm", "handover", "receipt"]
    assert known(hub, "acme_mail", late) == known(hub, "brevo", early) == 1


def known(hub: Platform, plugin: str, who: Onboarded) -> int:
    """How often somebody is among a vendor's contacts."""
    return sum(entry.reference == who.email for entry in hub.ledger(plugin, "contacts"))


def mailed(hub: Platform, plugin: str, who: Onboarded) -> list[str]:
    """The kinds of mail that a vendor has sent to somebody."""
    return sorted(entry.facts["kind"] for entry in hub.ledger(plugin, "emails") if entry.facts["to"] == who.email)


def test_a_broken_file_changes_nothing_whoever_dies_meanwhile(hub: Platform) -> None:
    text = hub.config.read_text(encoding="utf-8")
    broken = text.replace(FIRST_AI, 'ai = "acme_host"').replace(FIRST_HOSTING, 'hosting = "presable"')
    mistakes = ("ai names acme_host, which serves hosting only", "hosting names presable, which is not enabled")
    assert journeys_go_on(hub, broken, *mistakes) == [("openai", "pressable")] * 2


def test_a_provider_that_accounts_are_bound_to_cannot_be_taken_away(swapped: Swapped, hub: Platform) -> None:
    text = hub.config.read_text(encoding="utf-8")
    [(bound,)] = hub.rows("SELECT count(*) FROM bindings WHERE provider = 'acme_host'")
    assert bound
    refusal = f"[plugins.acme_host] cannot be taken away: {bound} account(s) of reseller main are bound to it."
    assert journeys_go_on(hub, text.replace("[plugins.acme_host]\n", ""), refusal) == [("openai", "pressable")] * 2


def journeys_go_on(hub: Platform, wrong: str, *mistakes: str) -> list[tuple[str, str]]:
    """Under a file that is wrong, old and new customers go live, also when all processes die; who served them.

    Every process says the mistakes in its log, and the version stays.
    """
    text, version = hub.config.read_text(encoding="utf-8"), hub.version

    def job() -> list[tuple[str, str]]:
        early = customer(hub).until_preview()
        hub.config.write_text(wrong, encoding="utf-8")
        try:
            eventually(lambda: all(mistake in hub.log(name) for name in PROCESSES for mistake in mistakes))
            late = customer(hub).until_paying()
            all_die(hub)
            early.chooses_a_plan().pays().until("live")
            late.until_live()
            assert hub.version == version
        finally:
            hub.config.write_text(text, encoding="utf-8")
        return [(who["ai"], who["hosting"]) for who in (providers_of(hub, early), providers_of(hub, late))]

    return hub.during(job)


def all_die(hub: Platform) -> None:
    """SIGKILL for web and workers; answers when others have taken their places."""
    before = {name: hub.pid(name) for name in PROCESSES}
    for name in PROCESSES:
        hub.kill(name)
    eventually(lambda: all(hub.pid(name) != number for name, number in before.items()))
    eventually(lambda: hub.version)

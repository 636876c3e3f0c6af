"""One plugin that serves everything the onboarding needs, from memory: for the portal's tests.

What it is given decides what it does: a card "declined" is refused, a card "silent" never answers, a business called
"Impossible" cannot be hosted, the postal code "nowhere" has no price, the kind "unspeakable" is not written about.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from arumaldo import Money, NotFound, OutcomeUnknown, Plugin, PluginSettings, Refused, hookimpl
from arumaldo.capabilities.ai import Generation
from arumaldo.capabilities.hosting import DomainTarget, HostedDomain, HostedSite, Publication, SitePage
from arumaldo.capabilities.payments import Charge, MoneyBack, PaymentField, PaymentPage


class Settings(PluginSettings):
    """`pays_on` says whether checkout is a field on our page or a page of the provider's."""

    pays_on: str = "field"

    @classmethod
    def at_sandbox(cls, address: str) -> Settings:
        return cls()


class Writer:
    """Writes a website of three pages, and a section that quotes the wish."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @hookimpl
    def generate(self, name: str, instructions: str, facts: dict[str, str], schema: dict[str, Any]) -> Generation:
        if facts.get("Kind of business") == "unspeakable":
            raise Refused("acme", "We cannot write about this kind of business.")
        if name == "section":
            return Generation(content=_section(schema, instructions), model="acme-1")
        return Generation(content=_website(facts), model="acme-1")


def _website(facts: dict[str, str]) -> dict[str, Any]:
    def part(key: str, kind: str, heading: str, text: str) -> dict[str, Any]:
        return {"key": key, "kind": kind, "heading": heading, "text": text, "items": []}

    name = facts.get("Business name", "A business")
    home = [
        part("welcome", "hero", name, facts.get("What makes you special", "Welcome")),
        part("come", "call", "Come by", "We look forward to it."),
    ]
    offer = [part("offer", "text", "What we offer", facts.get("What you offer", ""))]
    contact = [part("contact", "contact", "How to reach us", "")]
    pages = [
        {"slug": "", "title": "Home", "sections": home},
        {"slug": "offer", "title": "What we do", "sections": offer},
        {"slug": "contact", "title": "Contact", "sections": contact},
    ]
    palette = {"accent": "#1f5f8b", "background": "#ffffff", "text": "#202020"}
    return {
        "title": name, "tagline": facts.get("Kind of business", ""), "language": "en", "palette": palette,
        "typeface": "sans", "shape": "leaf", "pages": pages,
    }  # fmt: skip


def _section(schema: dict[str, Any], instructions: str) -> dict[str, Any]:
    return {"key": "any", "kind": "text", "heading": "Written anew", "text": "Another try.", "items": []}


class Bank:
    """Cards are words, and the words are the tokens."""

    charges: ClassVar[dict[str, Charge]] = {}
    returns: ClassVar[dict[str, MoneyBack]] = {}

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @hookimpl
    def checkout(self, reference: str, amount: Money, description: str, return_url: str) -> PaymentField | PaymentPage:
        if self._settings.pays_on == "page":
            return PaymentPage(url=f"https://pay.acme.example/{reference}?back={return_url}")
        return PaymentField(
            module="field.js", facts={"greeting": "</script>'\""}, script_origins=["https://js.acme.example"],
            frame_origins=["https://frame.acme.example"], connect_origins=["https://api.acme.example"],
        )  # fmt: skip

    @hookimpl
    def charge(self, reference: str, amount: Money, token: str, description: str, email: str) -> Charge:
        if token == "declined":
            raise Refused("acme", "Your bank declined the card (insufficient funds). Nothing was charged.")
        if token == "silent":
            raise OutcomeUnknown("acme", "broke off")
        charge = Charge(id=f"ch-{reference}", reference=reference, amount=amount, state="paid", card="Visa 1111")
        return self.charges.setdefault(reference, charge)

    @hookimpl
    def find_charges(self, reference: str) -> list[Charge]:
        return [charge for charge in self.charges.values() if charge.reference == reference]

    @hookimpl
    def list_charges(self, since: datetime) -> list[Charge]:
        return list(self.charges.values())

    @hookimpl
    def get_charge(self, charge_id: str) -> Charge:
        return next(charge for charge in self.charges.values() if charge.id == charge_id)

    @hookimpl
    def give_back(self, reference: str, charge_id: str, amount: Money) -> MoneyBack:
        back = MoneyBack(id=f"re-{reference}", reference=reference, charge_id=charge_id, amount=amount)
        return self.returns.setdefault(reference, back)

    @hookimpl
    def find_returns(self, reference: str, charge_id: str) -> list[MoneyBack]:
        return [back for back in self.returns.values() if back.reference == reference]


class Host:
    """Sites that are live at once."""

    sites: ClassVar[dict[str, HostedSite]] = {}

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @hookimpl
    def create_site(self, reference: str, label: str, owner_email: str) -> HostedSite:
        if label == "Impossible":
            raise Refused("acme", "no room")
        address = f"http://{reference.lower()}.localhost"
        site = HostedSite(id=f"site-{reference}", reference=reference, url=address, state="live")
        return self.sites.setdefault(reference, site)

    @hookimpl
    def find_sites(self, reference: str) -> list[HostedSite]:
        return [site for site in self.sites.values() if site.reference == reference]

    @hookimpl
    def list_sites(self, since: datetime) -> list[HostedSite]:
        return list(self.sites.values())

    @hookimpl
    def get_site(self, site_id: str) -> HostedSite:
        for site in self.sites.values():
            if site.id == site_id:
                return site
        raise NotFound("acme", "has no such site")

    @hookimpl
    def put_pages(self, site_id: str, title: str, pages: list[SitePage]) -> Publication:
        return Publication(state="published")

    @hookimpl
    def remove_site(self, site_id: str) -> None:
        return None

    @hookimpl
    def domain_targets(self, site_id: str) -> list[DomainTarget]:
        return [DomainTarget(name=name, type="A", content="192.0.2.1") for name in ("@", "www")]

    @hookimpl
    def put_domain(self, site_id: str, domain: str) -> HostedDomain:
        return HostedDomain(domain=domain, state="attached", url=f"http://{domain}.localhost")

    @hookimpl
    def remove_domain(self, site_id: str, domain: str) -> None:
        return None


plugin = Plugin(
    settings=Settings,
    provides={
        "ai": "acme_of_the_tests:Writer",
        "billing": "acme_office_of_the_tests:Till",
        "customers": "acme_office_of_the_tests:Contacts",
        "dns": "acme_office_of_the_tests:Names",
        "email": "acme_office_of_the_tests:Post",
        "payments": "acme_of_the_tests:Bank",
        "hosting": "acme_of_the_tests:Host",
    },
    sandbox="acme_of_the_tests:Writer",
    browser="acme_of_the_tests:acme_browser",
)

"""Every page of the portal in every state worth seeing, one after the other, for pictures and for eyes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urljoin, urlsplit

import httpx2

from .customer import Onboarded, customer
from .platform import Platform, eventually

LONG_NAME = "The Extraordinarily Long-Named Family Bakery & Tea Room of Ashford"
"""Sixty characters and a few."""
LONG_DOMAIN = "the-extraordinarily-long-named-family-bakery-of-ashford.example"
_PROBLEM = "One thing needs another look"
_REMOVE = "Remove this domain"


@dataclass(frozen=True)
class Stop:
    """One page to look at. `typed` is filled in and sent first, so that its problems can be seen.

    Whoever looks makes sure to be there in the end, at the path of the address or where it `lands`, and that the page
    `says` so where the path does not tell.
    """

    name: str
    address: str
    cookies: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)
    sent: bool = False
    """The form is sent as it stands."""
    lands: str = ""
    says: str = ""
    opened: str = ""
    """The summary of a detail that is opened first."""
    forgets: bool = False
    """The browser loses its cookies between the opening of the form and the sending."""
    html: str = ""
    """A mail, shown in place of an address."""

    @property
    def path(self) -> str:
        """Where the browser is in the end."""
        return self.lands or urlsplit(self.address).path


class Tour:
    """Brings customers into states and says where to look; each state lasts until the next stop is asked for."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def stops(self) -> Iterator[Stop]:
        yield from self._strangers()
        yield from self._questions()
        yield from self._preview_and_plan()
        yield from self._paying()
        yield from self._site_and_domain()
        yield from self._trouble()

    def _at(self, name: str, path: str, who: Onboarded | None = None, **more: object) -> Stop:
        cookies = who.cookies if who else {}
        return Stop(name, urljoin(self._platform.url, path), cookies, **more)  # type: ignore[arg-type]

    def _strangers(self) -> Iterator[Stop]:
        yield self._at("landing", "/")
        yield self._at("sign up", "/signup")
        typed = {"email": "nobody", "password": "12345678"}
        yield self._at("sign up, with problems", "/signup", typed=typed, says="things need another look")
        yield self._at("log in", "/login")
        typed = {"email": "a@example.com", "password": "wrong one"}
        yield self._at("log in, with a problem", "/login", typed=typed, says="One thing needs another look")
        typed = {"email": "a@example.com", "password": "three random words"}
        yield self._at("to be sent once more", "/signup", typed=typed, forgets=True, says="Please send this once more")
        yield self._at("no such page", "/nothing-here", says="There is no such page")
        yield self._at("an old link", "/confirm/old", says="This link no longer works")

    def _questions(self) -> Iterator[Stop]:
        who = customer(self._platform)
        wrong = {1: {"kind": "Bakery"}, 2: {"offer": ""}, 3: {"phone": "1" * 41}, 4: {"languages": "English, " * 14}}
        for number in range(1, 5):
            path = f"/onboarding/questions/{number}"
            yield self._at(f"questions {number}", path, who)
            if number in wrong:
                yield self._at(f"questions {number}, with a problem", path, who, typed=wrong[number], says=_PROBLEM)
            if number < 4:
                who.answers_page(number, {"business_name": LONG_NAME})
        with self._platform.fault("openai", answer="delay", seconds=60, match="responses", times=None):
            who.answers_page(4, {"business_name": LONG_NAME})
            yield self._at("preview, being made", "/onboarding/preview", who, says="We are making your website")
        yield self._at("questions 1, with a long name", "/onboarding/questions/1", who)
        eventually(lambda: "Version 1, made" in who.page("/onboarding/preview"))
        yield self._at("preview, with a long name", "/onboarding/preview", who, says="Version 1, made")

    def _preview_and_plan(self) -> Iterator[Stop]:
        who = customer(self._platform)
        who.sees_a_preview()
        who.has_a_section_rewritten()
        yield self._at("preview", "/onboarding/preview", who, says="Version 2, made")
        yield self._at("dashboard, before", "/dashboard", who, says="Your website waits for you")
        who.approves()
        yield self._at("plan", "/onboarding/plan", who)
        typed = {"plan": "starter", "postal_code": ""}
        yield self._at("plan, with a problem", "/onboarding/plan", who, typed=typed, says=_PROBLEM)
        who.chooses_a_plan_only()
        yield from self._confirming(who)
        who.confirms().until("payment")
        yield self._at("payment", "/onboarding/payment", who, says="You pay")
        who.pays("declined").until("declined")
        yield self._at("payment, declined", "/onboarding/payment", who, says="This payment did not go through")

    def _confirming(self, who: Onboarded) -> Iterator[Stop]:
        path, opened = "/onboarding/confirm", "The mail does not come"
        yield self._at("confirm", path, who, opened=opened)
        eventually(lambda: who.post(path, email="nobody") == httpx2.codes.UNPROCESSABLE_CONTENT)  # after a minute
        wrong = {"email": "nobody"}
        yield self._at(
            "confirm, with a problem", path, who, opened=opened, typed=wrong, says="Write your e-mail address"
        )
        hasty = customer(self._platform)
        yield self._at("confirm, too soon", path, hasty, opened=opened, sent=True, says="or try again in")
        [letter] = eventually(lambda: who.letters("confirm"))
        yield Stop("test letter box", f"{self._platform.tree.sandbox_url}/letters?to={quote(letter.to)}")
        yield self._at("the link in the mail", who.link(), who, says="Is this your address?")
        yield self._at("confirmed on another device", hasty.link(), sent=True, says="Your address is confirmed")

    def _paying(self) -> Iterator[Stop]:
        who = customer(self._platform).until_preview().chooses_a_plan().until("payment")
        with self._platform.frozen("worker-1"), self._platform.frozen("worker-2"):
            who.pays().until("paying")
            yield self._at("progress, paying", "/onboarding/progress", who, says="We are taking your payment")
        who.until_live()
        who = customer(self._platform).until_preview().chooses_a_plan().until("payment")
        late = {"effect": "late", "answer": "cut", "seconds": 25, "match": "authCaptureTransaction"}
        with self._platform.fault("authorizenet", **late):
            who.pays().until("unknown")
            yield self._at("progress, in doubt", "/onboarding/progress", who, says="Please do not pay again")
        with self._platform.switch("pressable", "sites", "stuck"):
            who.until("building")
            yield self._at("progress, being built", "/onboarding/progress", who, says="We are building your website")
            yield self._at("dashboard, being built", "/dashboard", who, says="We are building your website")
        who.until("live")

    def _site_and_domain(self) -> Iterator[Stop]:
        who = customer(self._platform).until_paying().until_live()
        yield self._at("progress, live", "/onboarding/progress", who, says="Your website is live")
        yield self._at("dashboard, live", "/dashboard", who, says="Connect your own domain")
        yield self._at("domain, none yet", "/domain", who, says="Connect your own domain")
        yield self._at("domain, with a problem", "/domain", who, typed={"domain": "not a domain"}, says=_PROBLEM)
        who.enters(who.own_domain)
        who.until_domain("waiting")
        yield self._at("domain, name servers", "/domain", who, says="Now it is your turn")
        servers = [("name_server", server) for server in who.domain()["name_servers"]]
        asked = urlencode([("domain", who.own_domain), *servers])
        yield Stop("test registrar", f"{self._platform.tree.sandbox_url}/registrar?{asked}")
        with self._platform.switch("pressable", f"domain:{who.own_domain}", "waiting"):
            who.delegates().until_domain("delegated")
            yield self._at("domain, being connected", "/domain", who, says="Connecting it to your website")
        who.until_domain("live")
        yield self._at("domain, connected", "/domain", who, opened=_REMOVE, says="Open my website")
        wrong = {"name": "another.example"}
        yield self._at(
            "domain, another name typed",
            "/domain",
            who,
            opened=_REMOVE,
            typed=wrong,
            lands="/domain/remove",
            says=_PROBLEM,
        )
        yield self._at("dashboard, with a domain", "/dashboard", who, says="Your own domain is connected")
        for kind in ("confirm", "receipt", "handover", "name-servers", "connected"):
            yield _mail(who, kind)
        with self._platform.frozen("worker-1"), self._platform.frozen("worker-2"):
            who.removes_the_domain()
            yield self._at("domain, being removed", "/domain", who, says="The domain is being removed")
        eventually(lambda: not who.domain())
        who.enters(LONG_DOMAIN)
        who.until_domain("waiting")
        yield self._at("domain, with a long name", "/domain", who, says=LONG_DOMAIN)

    def _trouble(self) -> Iterator[Stop]:
        yield from self._trouble_with_domains()
        with self._platform.switch("pressable", "sites", "broken"):
            with self._platform.fault("authorizenet", status=503, match="voidTransaction|refund", times=None):
                lost = customer(self._platform).until_paying().until("failed")
                yield self._at("progress, failed", "/onboarding/progress", lost, says="on its way back")
            lost.until("returned")
        yield self._at("progress, money returned", "/onboarding/progress", lost, says="Your money is back")
        yield self._at("dashboard, money returned", "/dashboard", lost, says="Your money is back")
        yield _mail(lost, "money-back")
        with refusing(self._platform, "brevo", "POST /v3/smtp/email"):
            unreached = customer(self._platform)
            eventually(lambda: "was not accepted" in unreached.page("/onboarding/confirm"))
        yield self._at("confirm, refused", "/onboarding/confirm", unreached, says="was not accepted")
        with refusing(self._platform, "openai", "/responses"):
            unwritten = customer(self._platform)
            unwritten.answers_all()
            eventually(lambda: "Try again" in unwritten.page("/onboarding/preview"))
        yield self._at("preview, not written", "/onboarding/preview", unwritten, says="We could not make your website")

    def _trouble_with_domains(self) -> Iterator[Stop]:
        who = customer(self._platform).until_paying().until_live()
        self._platform.control("PUT", f"cloudflare/switches/before:{who.own_domain}", value="A 192.0.2.200")
        who.enters(who.own_domain)
        who.until_domain("taken")
        yield self._at("domain, set up elsewhere", "/domain", who, says="set up elsewhere already")
        other = customer(self._platform).until_paying().until_live()
        with refusing(self._platform, "cloudflare", "/dns_records"):
            other.enters(other.own_domain)
            other.until_domain("refused")
        yield self._at("domain, refused", "/domain", other, says="could not be connected")


def _mail(who: Onboarded, kind: str) -> Stop:
    """The newest mail of this kind."""
    return Stop(f"mail: {kind}", "about:blank", html=eventually(lambda: who.letters(kind))[-1].html)


@contextmanager
def refusing(platform: Platform, plugin: str, match: str) -> Iterator[None]:
    """The vendor says no to all that matches, for good."""
    with platform.fault(plugin, name="for-good", match=match, status=400, times=None):
        yield

"""A person's browser, as far as the onboarding needs one: pages, forms, cookies, and a second try when a page fails."""

from __future__ import annotations

import time
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Self
from urllib.parse import urlencode, urljoin, urlsplit

import httpx2

from arumaldo.demo.forms import Answers, Form, Page
from arumaldo.errors import HubError
from arumaldo.http import new_client

_LONGEST_PAUSE = 10.0
_FAILED, _AWAY = 400, 500


class Lost(HubError):
    """A page is not what a person would expect there; the sentence says which and what it says."""


class Away(Lost):
    """The portal does not answer, or says that it cannot now: later it may."""


class Visit(Page):
    """A page together with where it was found."""

    def __init__(self, answer: httpx2.Response) -> None:
        super().__init__(answer.text)
        self.url = str(answer.url)
        self.path = answer.url.path
        self.status = answer.status_code

    def needs(self, *names: str, button: str | None = None) -> Form:
        """The form with these fields (and this button). Lost: there is none."""
        form = self.form(*names, button=button)
        if form is None:
            wanted = f"“{button}”" if button else " and ".join(names)
            raise self.lost(f"has no form with {wanted}")
        return form

    def lost(self, what: str) -> Lost:
        """The error that says where this is and what stands there."""
        said = "; ".join(filter(None, self.alerts)) or self.text[:300]
        kind = Away if self.status >= _AWAY else Lost
        return kind(f"{self.path} ({self.status}) {what}. It says: {said}")


class Browser:
    """One person's session. Follows redirects, keeps cookies, and presses reload once when a page cannot be had."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        # browsers count localhost among the secure addresses, so they send it cookies that are marked Secure
        jar = CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https")))
        self._client = new_client(cookies=jar, follow_redirects=True, timeout=30, trust_env=False)
        self._client.headers["accept"] = "text/html,application/xhtml+xml"

    @property
    def cookies(self) -> dict[str, str]:
        """Name → value, of all that were set."""
        return {cookie.name: cookie.value or "" for cookie in self._client.cookies.jar}

    def open(self, path: str) -> Visit:
        """The page at a path of the portal, or at a whole address."""
        return self._visit("GET", urljoin(self.base_url, path))

    def submit(self, visit: Visit, form: Form, answers: Answers, button: str | None = None) -> Visit:
        """Fill in the form and send it by its button; the page that comes then. Lost: the answer is an error page."""
        data = form.filled(answers, form.button(button) if button else None)
        address = urljoin(visit.url, form.attributes.get("action") or visit.url)
        if form.attributes.get("method", "get").lower() == "get":
            return self._visit("GET", address, params=data)
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(visit.url))
        sent = {"origin": origin, "referer": visit.url, "content-type": "application/x-www-form-urlencoded"}
        return self._visit("POST", address, content=urlencode(data), headers=sent)

    def json(self, path: str) -> dict[str, Any]:
        """What a page's script would ask for. Lost: it is no JSON object."""
        answer = self.ask("GET", urljoin(self.base_url, path), headers={"accept": "application/json"})
        try:
            found = answer.json()
        except ValueError:
            found = None
        if answer.status_code >= _FAILED or not isinstance(found, dict):
            raise Visit(answer).lost("is not the state of an order")
        return found

    def _visit(self, method: str, address: str, **options: Any) -> Visit:
        visit = Visit(self.ask(method, address, **options))
        if visit.status >= _FAILED:
            raise visit.lost("is an error page")
        return visit

    def ask(self, method: str, address: str, **options: Any) -> httpx2.Response:
        """One request as this person, with the second try; `options` are those of `httpx2.Client.request`."""
        try:
            answer = self._send(method, address, **options)
        except httpx2.TransportError:
            pause = 1.0
        else:
            if answer.status_code != httpx2.codes.SERVICE_UNAVAILABLE:
                return answer
            pause = _pause(answer)
        time.sleep(pause)
        try:
            return self._send(method, address, **options)
        except httpx2.TransportError as error:
            raise Away(f"{urlsplit(address).path} cannot be opened: {type(error).__name__}") from error

    def _send(self, method: str, address: str, **options: Any) -> httpx2.Response:
        return self._client.request(method, address, **options)

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def look(address: str) -> Visit:
    """The page at a `*.localhost` address, which browsers look for on this machine whatever a name server says.

    Without cookies, without a second try. Lost: it cannot be had.
    """
    parts = urlsplit(address)
    here = parts._replace(netloc=f"127.0.0.1:{parts.port or 80}").geturl()
    try:
        with new_client(trust_env=False, timeout=10) as client:
            answer = client.get(here, headers={"host": parts.netloc})
    except httpx2.TransportError as error:
        raise Away(f"{address} cannot be opened: {type(error).__name__}") from error
    visit = Visit(answer)
    if answer.status_code != httpx2.codes.OK:
        raise visit.lost("is not a page")
    return visit


def _pause(answer: httpx2.Response) -> float:
    said = answer.headers.get("retry-after", "")
    return min(_LONGEST_PAUSE, float(said)) if said.isdigit() else 1.0

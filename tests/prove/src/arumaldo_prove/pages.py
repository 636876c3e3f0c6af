"""What customers see of the portal: how long each page took, and everything about those that failed them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import httpx2

from arumaldo.demo.browser import Away, Browser

PAGE_SECONDS = 5.0
_TOLD = 300
_PRESSES_RELOAD = 1.0
_UNAVAILABLE, _BROKEN = 503, 500


@dataclass(frozen=True)
class Try:
    """One time that a browser asked: when (monotonic), how long it waited, and what came."""

    began: float
    seconds: float
    answer: str
    is_true_503: bool = False

    @property
    def ended(self) -> float:
        return self.began + self.seconds


@dataclass(frozen=True)
class FailedPage:
    """A page that failed its customer, with every try of it and the beginning of what the last one said."""

    page: str
    why: str
    tries: tuple[Try, ...]
    said: str = ""

    @property
    def began(self) -> float:
        return self.tries[0].began

    @property
    def ended(self) -> float:
        return self.tries[-1].ended


@dataclass
class Meter:
    """What customers saw of the portal. Many threads write into it."""

    pages: list[Try] = field(default_factory=list)
    failed: list[FailedPage] = field(default_factory=list)


class MeasuredBrowser(Browser):
    """A browser that notes what its user has to put up with."""

    def __init__(self, base_url: str, meter: Meter, address: str) -> None:
        super().__init__(base_url)
        self._client.headers["x-forwarded-for"] = address  # customers do not all come from this machine
        self._meter = meter
        self._tries: list[Try] = []

    def ask(self, method: str, address: str, **options: Any) -> httpx2.Response:
        """A page fails that, after the one repeat, is neither an answer nor a true 503, or that took too long.

        A true 503 is an answer. What its reader asks for afterwards is another page, with a repeat of its own.
        """
        self._tries = []
        page = f"{method} {httpx2.URL(address).path}"
        try:
            answer = self._asked(method, address, **options)
        except Away as error:
            self._failed(page, str(error))
            raise
        slowest = max(one.seconds for one in self._tries)
        if answer.status_code >= _BROKEN and not self._tries[-1].is_true_503:
            self._failed(page, f"{answer.url.path} answered {answer.status_code}", answer.text)
        elif slowest > PAGE_SECONDS:
            self._failed(page, f"{answer.url.path} took {slowest:.1f} s", answer.text)
        return answer

    def _asked(self, method: str, address: str, **options: Any) -> httpx2.Response:
        try:
            return super().ask(method, address, **options)
        except Away:
            if not self._tries[0].is_true_503:
                raise
        time.sleep(_PRESSES_RELOAD)
        try:
            return self._send(method, address, **options)
        except httpx2.TransportError as error:
            raise Away(f"{httpx2.URL(address).path} cannot be opened: {type(error).__name__}") from error

    def _failed(self, page: str, why: str, said: str = "") -> None:
        self._meter.failed.append(FailedPage(page, why, tuple(self._tries), " ".join(said.split())[:_TOLD]))

    def _send(self, method: str, address: str, **options: Any) -> httpx2.Response:
        began, came, is_true_503 = time.monotonic(), "", False
        try:
            answer = super()._send(method, address, **options)
            came, is_true_503 = _described(answer), _is_true_503(answer)
        except httpx2.TransportError as error:
            came = f"{type(error).__name__}: {error}"
            raise
        else:
            return answer
        finally:
            tried = Try(began, time.monotonic() - began, came, is_true_503)
            self._tries.append(tried)
            self._meter.pages.append(tried)


def _described(answer: httpx2.Response) -> str:
    """The status, where it came from when that is another page, and when one may come again."""
    way = "".join(f"{one.status_code} → " for one in answer.history)
    again = answer.headers.get("retry-after")
    return f"{way}{answer.status_code}" + (f", Retry-After {again}" if again else "")


def _is_true_503(answer: httpx2.Response) -> bool:
    return answer.status_code == _UNAVAILABLE and answer.headers.get("retry-after", "").isdigit()

"""A page fails its customer, or it does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import httpx2
import pytest
from arumaldo_prove.pages import MeasuredBrowser, Meter

from arumaldo.demo.browser import Away

Answer = int | type[Exception]


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
def ask(meter: Meter) -> Callable[[Sequence[Answer]], None]:
    """Ask for a page of a portal that gives these answers, one after the other."""

    def asked(answers: Sequence[Answer]) -> None:
        left = list(answers)

        def portal(request: httpx2.Request) -> httpx2.Response:
            answer = left.pop(0)
            if isinstance(answer, int):
                again = {"retry-after": "0"} if answer == 503 else {}
                return httpx2.Response(answer, headers=again, text="what it says")
            raise answer("broke off")

        with MeasuredBrowser("http://localhost:1", meter, "10.0.0.1") as browser:
            browser._client = httpx2.Client(transport=httpx2.MockTransport(portal))
            browser.ask("GET", "http://localhost:1/page")

    return asked


@pytest.mark.parametrize(
    "answers", [[200], [404], [503, 200], [503, 503], [httpx2.ReadError, 200], [503, httpx2.ReadError, 200]]
)
def test_an_answer_or_a_true_503_at_the_repeat_is_none(
    ask: Callable[[Sequence[Answer]], None], meter: Meter, answers: Sequence[Answer]
) -> None:
    ask(answers)
    assert meter.failed == []
    assert len(meter.pages) == len(answers)


def test_an_error_page_is_a_failure_with_what_it_said(ask: Callable[[Sequence[Answer]], None], meter: Meter) -> None:
    ask([500])
    (failed,) = meter.failed
    assert (failed.page, failed.why, failed.said) == ("GET /page", "/page answered 500", "what it says")


def test_a_page_that_breaks_off_twice_is_a_failure_with_both_tries(
    ask: Callable[[Sequence[Answer]], None], meter: Meter
) -> None:
    with pytest.raises(Away):
        ask([httpx2.ReadError, httpx2.RemoteProtocolError])
    (failed,) = meter.failed
    assert [one.answer for one in failed.tries] == ["ReadError: broke off", "RemoteProtocolError: broke off"]
    assert failed.ended > failed.began


def test_after_a_true_503_the_next_page_has_one_repeat_and_no_more(
    ask: Callable[[Sequence[Answer]], None], meter: Meter
) -> None:
    with pytest.raises(Away):
        ask([503, httpx2.ReadError, httpx2.ReadError])
    assert len(meter.failed[0].tries) == 3


def test_a_page_that_takes_too_long_is_a_failure(
    ask: Callable[[Sequence[Answer]], None], meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arumaldo_prove.pages.PAGE_SECONDS", -1.0)
    ask([200])
    assert "took" in meter.failed[0].why

"""How a page is opened for a picture or a pair of eyes: in two widths, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Error, Frame, Page

from .tour import Stop

WIDTHS = (1280, 390)
MODES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@dataclass(frozen=True)
class View:
    """One way of looking."""

    width: int
    mode: Literal["light", "dark"]

    @property
    def is_phone(self) -> bool:
        return self.width < 600


_SETTLED = """async () => {
  for (const frame of document.querySelectorAll("iframe")) frame.loading = "eager";
  await document.fonts.ready;
  await new Promise((ready) => requestAnimationFrame(() => requestAnimationFrame(ready)));
}"""
VIEWS = [View(width, mode) for width in WIDTHS for mode in MODES]


@contextmanager
def opened(browser: Browser, stop: Stop, view: View) -> Iterator[tuple[Page, list[str]]]:
    """The page of a stop, and what the browser complained of."""
    size = {"width": view.width, "height": 844 if view.is_phone else 900}
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(stop.address))
    complaints: list[str] = []
    with browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        color_scheme=view.mode,
        locale="en-US",
        reduced_motion="reduce",
    ) as context:
        context.add_cookies([{"name": name, "value": value, "url": origin} for name, value in stop.cookies.items()])
        page = context.new_page()
        page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
        _go(page, stop)
        settle(page)
        _is_there(page, stop)
        yield page, complaints


def _go(page: Page, stop: Stop) -> None:
    if stop.html:
        page.set_content(stop.html)
    else:
        page.goto(stop.address)
    if stop.forgets:
        page.context.clear_cookies()
    if stop.opened:
        page.locator("summary", has_text=stop.opened).click()
    if stop.typed or stop.sent:
        _send(page, stop.typed)


def settle(page: Page) -> None:
    """Wait until the frames within the page are there, those too that a reader would have to scroll to."""
    is_whole = False
    while not is_whole:
        page.evaluate(_SETTLED)
        is_whole = all(_has_loaded(frame) for frame in page.frames)


def _has_loaded(frame: Frame) -> bool:
    """As soon as it has; False when the page has changed by itself meanwhile, and the frame is gone."""
    try:
        frame.wait_for_load_state("load")
    except Error:
        if not frame.is_detached():
            raise
        return False
    return True


def _is_there(page: Page, stop: Stop) -> None:
    """AssertionError: this is not the page that the stop names."""
    if not stop.html:
        assert urlsplit(page.url).path == stop.path, f"{stop.name}: the browser is at {page.url}"
    assert stop.says in " ".join(page.locator("body").inner_text().split()), f"{stop.name}: does not say {stop.says!r}"


def _send(page: Page, typed: dict[str, str]) -> None:
    """Fill the fields in and send the form they are in, as it stands."""
    for name, value in typed.items():
        field = page.locator(f"[name={name}]").first
        if field.get_attribute("type") == "radio":
            page.locator(f"[name={name}][value={value}]").check()
        else:
            field.fill(value)
    with page.expect_navigation():
        page.locator("main form button").first.click()

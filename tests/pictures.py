"""How a page is opened for a picture or a pair of eyes: in two widths, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

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
    context = browser.new_context(viewport=size, color_scheme=view.mode, locale="en-US", reduced_motion="reduce")  # type: ignore[arg-type]
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(stop.address))
    context.add_cookies([{"name": name, "value": value, "url": origin} for name, value in stop.cookies.items()])
    complaints: list[str] = []
    page = context.new_page()
    page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
    if stop.html:
        page.set_content(stop.html)
    else:
        page.goto(stop.address)
    if stop.forgets:
        context.clear_cookies()
    if stop.typed:
        _send(page, stop.typed)
    if stop.opened:
        page.locator("summary", has_text=stop.opened).click()
    settle(page)
    yield page, complaints
    context.close()


def settle(page: Page) -> None:
    """Wait until the frames within the page are there, those too that a reader would have to scroll to."""
    page.evaluate(_SETTLED)
    for frame in page.frames:
        frame.wait_for_load_state("load")


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

"""scripts/screenshots: pictures of every page, and one sheet with all of them for docs/pictures/."""

from __future__ import annotations

import argparse
import base64
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

from arumaldo.testing.chromium import chromium

from .pictures import VIEWS, View, opened, settle
from .platform import ROOT, Platform, running
from .tour import Stop, Tour

SHEET = ROOT / "docs" / "pictures" / "pages.jpg"
PREVIEW = ROOT / "docs" / "pictures" / "preview.png"
_SHOWN = (View(1280, "light"), View(390, "light"), View(390, "dark"))
_QUALITY = 55


def main() -> int:
    words = argparse.ArgumentParser(description="Pictures of every page, in two widths, light and dark.")
    words.add_argument("--out", type=Path, default=ROOT / ".arumaldo" / "screenshots", help="where single pictures go")
    out: Path = words.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as state, running(Path(state) / "state") as platform, _browser() as browser:
        stops = list(_pictures(platform, browser, out))
        _sheet(browser, stops, out)
    sys.stdout.write(f"{len(stops)} pages, {len(VIEWS)} pictures each, in {out}; all of them in {SHEET}\n")
    return 0


@contextmanager
def _browser() -> Iterator[Browser]:
    yield from chromium()


def _pictures(platform: Platform, browser: Browser, out: Path) -> Iterator[Stop]:
    for number, stop in enumerate(Tour(platform).stops(), start=1):
        for view in VIEWS:
            with opened(browser, stop, view) as (page, _):
                _stretch(page, view)
                page.screenshot(path=_file(out, stop, view), full_page=True)
                if stop.name == "preview" and view == View(1280, "light"):
                    page.screenshot(path=PREVIEW)
        sys.stderr.write(f"\r{number}: {stop.name:<40}")
        yield stop
    sys.stderr.write("\n")


def _stretch(page: Page, view: View) -> None:
    """On a phone, make the window as high as the page: what keeps to the window's edge is then at the page's end."""
    if view.is_phone:
        height = page.evaluate("() => document.documentElement.scrollHeight")
        page.set_viewport_size({"width": view.width, "height": height})
        settle(page)


def _file(out: Path, stop: Stop, view: View) -> Path:
    name = re.sub(r"[^a-z0-9]+", "-", stop.name.lower()).strip("-")
    return out / f"{name}-{view.width}-{view.mode}.png"


def _sheet(browser: Browser, stops: list[Stop], out: Path) -> None:
    """One picture with all pages: on a desk, on a phone, and on a phone in the dark."""
    rows = "".join(
        f"<figure><div>{_row(stop, out)}</div><figcaption>{stop.name}</figcaption></figure>" for stop in stops
    )
    page = browser.new_page(viewport={"width": 1800, "height": 1000})
    page.set_content(
        "<style>body{margin:0;padding:24px;background:#e6e9ee;font:15px system-ui;display:grid;gap:24px;"
        "grid-template-columns:repeat(4,1fr)}figure{margin:0}div{display:flex;gap:6px;align-items:flex-start;"
        "height:230px;overflow:hidden}img{box-shadow:0 1px 4px #0003}img:first-child{width:250px}img{width:74px}"
        f"figcaption{{padding-top:6px;color:#333}}</style>{rows}"
    )
    page.screenshot(path=SHEET, full_page=True, type="jpeg", quality=_QUALITY)
    page.close()


def _row(stop: Stop, out: Path) -> str:
    found = [base64.b64encode(_file(out, stop, view).read_bytes()).decode() for view in _SHOWN]
    return "".join(f'<img src="data:image/png;base64,{picture}">' for picture in found)


if __name__ == "__main__":
    sys.exit(main())

"""What every page asks its application for: the installation, the reseller whose address this is, and the brand."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import cast

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request

from arumaldo.config.model import Brand, ResellerConfig
from arumaldo.flows.accounts import Visitor
from arumaldo.installation import Installation
from arumaldo.store.people import Reseller
from arumaldo.store.scope import Rows


@dataclass(frozen=True)
class Setting:
    """What the layout needs to know about the reseller. `test_mode`: some provider of its is a sandbox."""

    brand: Brand
    test_mode: bool

    @property
    def mark(self) -> str:
        """The letter that stands for the brand."""
        return self.brand.name[:1].upper()

    @property
    def look(self) -> str:
        """Changes with the brand's style sheet and icon, so that browsers may keep both."""
        return hashlib.sha256(f"{self.brand.accent}{self.mark}".encode()).hexdigest()[:8]


def installation(request: Request) -> Installation:
    """The installation that this process serves."""
    return cast(Installation, request.app.state.installation)


def is_https(request: Request) -> bool:
    """Whether browsers reach this installation over https."""
    return installation(request).config.hub.base_url.startswith("https:")


def reseller(request: Request) -> Reseller:
    """Whose portal this is, by the host name. A reseller's row never changes, so it is read once per process."""
    slug = installation(request).config.reseller_for_host(_host(request))
    known: dict[str, Reseller] = request.app.state.resellers
    if slug not in known:
        found = installation(request).reseller(_host(request))
        # known to the installation, too, before a page holds the one connection that its thread may have
        installation(request).reseller_config(found.id)
        known[slug] = found
    return known[slug]


def reseller_config(request: Request) -> ResellerConfig:
    """The reseller's brand and plans."""
    config = installation(request).config
    return config.for_reseller(config.reseller_for_host(_host(request)))


def setting(request: Request) -> Setting:
    """For the layout; also while the database is away."""
    try:
        test_mode = installation(request).sandboxed(reseller(request).id)
    except SQLAlchemyError:
        test_mode = False
    return Setting(reseller_config(request).brand, test_mode)


def rows_of(request: Request, visitor: Visitor) -> AbstractContextManager[Rows]:
    """A transaction over the visitor's own account."""
    return installation(request).store.of(visitor.owner)


def test_place(request: Request, visitor: Visitor, capability: str) -> str:
    """Where a tester plays what lies outside the portal (letter box, registrar); "" where the provider is real."""
    inst = installation(request)
    return inst.config.hub.sandbox_url if inst.plays(visitor.owner, capability) else ""


def preview_origin(request: Request) -> str:
    """scheme://host of the place where generated pages are shown."""
    hub = installation(request).config.hub
    return f"{hub.base_url.partition('://')[0]}://{hub.preview_host}"


def _host(request: Request) -> str:
    return request.headers.get("host", "")

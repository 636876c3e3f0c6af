"""The customer's own domain: what the page and the command line do. The steps behind them are in `connecting`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from contextlib import contextmanager

import idna
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from arumaldo.errors import HubError
from arumaldo.flows.facts import DomainEntered, DomainGivenUp
from arumaldo.flows.moves import move
from arumaldo.flows.typed import Invalid
from arumaldo.installation import Installation
from arumaldo.store.domains import Domain
from arumaldo.store.orders import Site
from arumaldo.store.scope import Owner, Rows

_EXAMPLE = "Write the domain alone, like sunrise-bakery.com."
_IN_USE = "This domain is in use already. If it is yours, write to us."
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NOT_FOR_SALE = {"localhost", "local", "internal", "invalid", "onion", "arpa"}


def clean_domain(typed: str) -> str:
    """A domain as it is kept: lower case, Punycode, without "www." and what a browser puts around it. Invalid: none."""
    name = re.sub(r"^[a-z]+://", "", typed.strip().lower()).partition("/")[0].rstrip(".").removeprefix("www.")
    try:
        name = idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise Invalid({"domain": f"This is not a domain. {_EXAMPLE}"}) from None
    labels = name.split(".")
    if len(labels) < 2 or len(name) > 253 or not all(map(_LABEL.fullmatch, labels)) or _is_address(name):
        raise Invalid({"domain": f"This is not a domain. {_EXAMPLE}"})
    if labels[-1] in _NOT_FOR_SALE:
        raise Invalid({"domain": f"Names that end in .{labels[-1]} are not on the internet. {_EXAMPLE}"})
    return name


def domain_of(rows: Rows) -> Domain | None:
    """The account's domain, connected or on its way; None before it is entered and after it was given up."""
    return rows.first(Domain, Domain.state != "left", order_by=Domain.id.desc())


def enter_domain(inst: Installation, owner: Owner, typed: str) -> Domain:
    """Claim the domain for this account's open site, and begin to connect it.

    Invalid: it cannot be used, or is in use: nobody gets a domain that another customer here has. A second call with
    the same domain answers the first.
    """
    name = clean_domain(typed)
    try:
        with inst.store.of(owner) as rows:
            site = rows.first(Site, Site.state == "live", order_by=Site.id.desc(), lock=True)
            if site is None:
                raise Invalid({"domain": "A domain can be connected as soon as your website is open."})
            if (present := domain_of(rows)) is not None:
                if present.name == name:
                    return present
                raise Invalid({"domain": "Remove the domain that is there first."})
            domain = rows.add(Domain(site_id=site.id, name=name))
            rows.publish(DomainEntered(domain_id=domain.id))
            return domain
    except IntegrityError:
        raise Invalid({"domain": _IN_USE}) from None


def give_up_domain(rows: Rows) -> None:
    """Take the domain back; the site goes on at the host's own address. A second call changes nothing."""
    domain = rows.first(Domain, Domain.state != "left", order_by=Domain.id.desc(), lock=True)
    if domain is not None:
        _leave(rows, domain)


def adopt_domain(inst: Installation, name: str) -> str:
    """The operator lets us use a zone that was at the provider before us: its records for the site are set, everything
    else in it stays, and it is never removed by us. HubError says why nothing was done."""
    with _claimed(inst, name) as (rows, domain):
        if not move(domain, "entered"):
            raise HubError(f"{name} is {domain.state}; only one that was taken before us can be adopted")
        domain.adopted, domain.problem = True, None
        rows.publish(DomainEntered(domain_id=domain.id))
    return name


def release_domain(inst: Installation, name: str, *, live: bool = False) -> str:
    """The operator takes a domain from whoever has it here, as if they had given it up: it may not be theirs.

    HubError says why nothing was done: nobody has it, or a website is open there, and `live` was not said. A second
    call changes nothing.
    """
    with _claimed(inst, name) as (rows, domain):
        if domain.state == "live" and not live:
            raise HubError(f"a website is open at {name}; if it shall be taken away: arumaldo release {name} --live")
        _leave(rows, domain)
    return name


@contextmanager
def _claimed(inst: Installation, name: str) -> Iterator[tuple[Rows, Domain]]:
    """The domain of this name, of whichever account, held until the end. HubError: nobody has it."""
    with inst.store.hub() as session:
        row = session.scalars(select(Domain).where(Domain.name == name, Domain.state != "left")).one_or_none()
    if row is None:
        raise HubError(f"no customer has entered {name}")
    with inst.store.of(Owner(row.reseller_id, row.account_id)) as rows:
        yield rows, rows.get_one(Domain, row.id, lock=True)


def _leave(rows: Rows, domain: Domain) -> None:
    if move(domain, "leaving"):
        domain.problem, domain.note = None, ""
        rows.publish(DomainGivenUp(domain_id=domain.id))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True

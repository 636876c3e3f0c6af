"""The names that customers bring along: who has them, whether their records are seen, and their certificates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from arumaldo_pressable.sandbox.hosts import addresses_of
from arumaldo_pressable.sandbox.moments import moment
from arumaldo_pressable.sandbox.wire import NOT_THERE, Failure

if TYPE_CHECKING:
    from arumaldo_pressable.sandbox import PressableSandbox

_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*")
_HOPS = 5

Domain = dict[str, Any]


class Domains:
    """Each method is one whole change. A name has one site on the whole platform."""

    def __init__(self, sandbox: PressableSandbox) -> None:
        self._sandbox = sandbox
        self._shelf = sandbox.shelf

    def of(self, number: str, until: float | None = None) -> list[Domain]:
        """The names of a site as they stand now, oldest first; `until` as in `Shelf.all`."""
        return [self._looked_up(domain) for domain in self._shelf.all(f"domains:{number}", until)]

    def one(self, number: str, domain_id: str) -> Domain:
        """Failure 404: the site has none with this id."""
        domain = self._shelf.get(f"domains:{number}", domain_id)
        if domain is None:
            raise Failure(404, message=NOT_THERE)
        return self._looked_up(domain)

    def add(self, number: str, name: str) -> list[Domain]:
        """A name, and its www. where it is an apex; all names of the site. Failure 400: it is wrong or taken.

        The words of a refusal are [unverified].
        """
        if not _NAME.fullmatch(name):
            raise Failure(400, "Domain name is not valid")
        wanted = [name] if name.count(".") > 1 else [name, f"www.{name}"]
        with self._shelf.locked():
            places = [self._shelf.get("domain_names", one) for one in wanted]
            if any(place is not None and place["site"] != number for place in places):
                raise Failure(400, "Domain has already been taken")
            if places[0] is not None:
                raise Failure(400, "Domain already exists on this site")
            for one, place in zip(wanted, places, strict=True):
                if place is None:
                    self._keep_new(number, one)
        return self.of(number)

    def make_primary(self, number: str, domain_id: str) -> Domain:
        with self._shelf.locked():
            self.one(number, domain_id)
            for domain in self._shelf.all(f"domains:{number}"):
                self._keep(domain | {"primary": domain["id"] == domain_id})
        return self.one(number, domain_id)

    def remove(self, number: str, domain_id: str) -> None:
        """Without its primary domain a site is back at the vendor's own address for it.

        [unverified], so the switch `primary` may be `inherited`: then the oldest name that is left becomes primary.
        """
        with self._shelf.locked():
            gone = self.one(number, domain_id)
            self._shelf.remove(f"domains:{number}", domain_id)
            self._shelf.remove("domain_names", gone["name"])
            left = self._shelf.all(f"domains:{number}")
            if gone["primary"] and left and self._sandbox.switches.get("primary") == "inherited":
                self._keep(left[0] | {"primary": True})

    def leave(self, number: str) -> None:
        """Give up all names of a site."""
        for domain in self._shelf.all(f"domains:{number}"):
            self.remove(number, domain["id"])

    def primary(self, number: str) -> Domain | None:
        return next((domain for domain in self.of(number) if domain["primary"]), None)

    def served(self, name: str) -> Domain | None:
        """The name, when visitors see a site under it."""
        place = self._shelf.get("domain_names", name.lower())
        if place is None or place["site"] is None:
            return None
        found = [domain for domain in self.of(place["site"]) if domain["name"] == name.lower()]
        return found[0] if found and found[0]["certified"] else None

    def shown_at(self, domain: Domain) -> str:
        """The name that a visitor of `domain` ends up at."""
        primary = self.primary(domain["site"])
        if primary is not None and primary["certified"]:
            return str(primary["name"])
        apex = self.served(domain["name"].removeprefix("www."))
        return str(apex["name"] if apex is not None and apex["site"] == domain["site"] else domain["name"])

    def shown(self, domain: Domain) -> dict[str, Any]:
        """As every answer has it."""
        confirmed = domain["confirmed_at"] is not None
        if self._sandbox.switches.get("confirmation") == "current":
            confirmed = self._leads_here(domain)
        return {
            "id": int(domain["id"]),
            "created": moment(domain["created"]),
            "primary": domain["primary"],
            "name": domain["name"].rsplit(".", 2)[0] if domain["name"].count(".") > 1 else None,
            "healthy": domain["certified"],
            "dnsConfirmed": confirmed,
            "provisioned": domain["certified"],
            "domainName": domain["name"],
            "ipAddresses": list(addresses_of(domain["site"])),
        }

    def listed(self, domain: Domain) -> dict[str, Any]:
        """As the list alone has it."""
        return {**self.shown(domain), "type": "ARecord", "displayType": "A", "zoneId": domain["zone"]}

    def _keep_new(self, number: str, name: str) -> None:
        now, first = self._sandbox.now(), not self._shelf.all(f"domains:{number}")
        key = str(self._shelf.next_number("domains"))
        domain: Domain = {
            "id": key,
            "site": number,
            "name": name,
            "zone": int(key),
            "created": now,
            # [code:a8c] The first one becomes primary by itself.
            "primary": first,
            "confirmed_at": None,
            "certified": False,
        }
        self._shelf.put("domain_names", name, {"site": number}, now)
        self._keep(domain)

    def _looked_up(self, domain: Domain) -> Domain:
        """The vendor looks its records up whenever it is asked. What it has seen once stays seen."""
        if domain["certified"]:
            return domain
        held = self._sandbox.switches.get(f"domain:{domain['name'].removeprefix('www.')}")
        now, found = self._sandbox.now(), dict(domain)
        if found["confirmed_at"] is None and held != "waiting" and self._leads_here(domain):
            found["confirmed_at"] = now
        seen_at = found["confirmed_at"]
        if held is None and seen_at is not None and now >= seen_at + self._sandbox.certificate_seconds:
            found["certified"] = True
        return self._noted(found) if found != domain else domain

    def _noted(self, found: Domain) -> Domain:
        with self._shelf.locked():
            # It may have been removed, or made primary, while its records were looked up.
            domain = self._shelf.get(f"domains:{found['site']}", found["id"])
            if domain is None:
                return found
            domain |= {"confirmed_at": found["confirmed_at"], "certified": found["certified"]}
            self._keep(domain)
            return domain

    def _keep(self, domain: Domain) -> None:
        self._shelf.put(f"domains:{domain['site']}", domain["id"], domain, domain["created"])

    def _leads_here(self, domain: Domain) -> bool:
        ours, names = set(addresses_of(domain["site"])), [domain["name"]]
        for _ in range(_HOPS):
            found = [address for name in names for address in self._sandbox.internet.addresses(name)]
            if ours & set(found):
                return True
            names = found
        return False

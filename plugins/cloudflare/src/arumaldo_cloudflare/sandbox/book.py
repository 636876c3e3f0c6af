"""Zones and their records, as the vendor keeps them, and what the rest of the internet sees of them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from arumaldo_cloudflare.sandbox.wire import Failure, moment

if TYPE_CHECKING:
    from arumaldo_cloudflare.sandbox import CloudflareSandbox

ACCOUNT = "a" * 32
ZONES = "zones"
_RECORDS, _NAMES, _BEFORE = "records of zones", "zones by name", "zones from before"
_DAY = 86_400.0
_KEPT = {"pending": 28 * _DAY, "moved": 7 * _DAY}
"""How long a zone is kept that is not delegated (any more), on the free plan."""
_SERVERS = ("ada", "bob", "cleo", "dana", "elsa", "finn", "gwen", "hugo", "iris", "jean", "kira", "liam", "mona")
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z]{2,63}|xn--[a-z0-9-]{2,59})")
_EDGE = ["104.16.132.229", "104.16.133.229"]
_LONGEST_CHAIN = 8
SSL = "off"
"""Between the edge and the host, in a fresh zone."""
Row = dict[str, Any]


class Book:
    """Each method is one whole change."""

    def __init__(self, sandbox: CloudflareSandbox) -> None:
        self._sandbox = sandbox
        self.shelf = sandbox.shelf
        self._look_again_at = 0.0  # no zone is given up before that

    def catch_up(self) -> None:
        """What time and switches have brought about: zones given up, and zones that were there before us."""
        now = self._sandbox.now()
        with self.shelf.locked():
            if now >= self._look_again_at:
                self._give_up(now)
            for key, value in list(self._sandbox.switches.items()):
                kind, _, name = key.partition(":")
                if kind == "before" and self.shelf.get(_BEFORE, name) is None:
                    self._was_there(name, value.split(), now - 30 * _DAY)

    def zones(self) -> list[Row]:
        """All that a list shows, newest first."""
        found = self.shelf.all(ZONES, self._sandbox.searchable_until())
        return [zone for zone in found if not zone["gone"]][::-1]

    def filters(self, *names: str) -> list[str]:
        """Those of a list that are heeded."""
        loose = self._sandbox.switches.get("filters") == "loose"
        return [name for name in names if not (loose and name == "name")]

    def named(self, name: str) -> Row | None:
        known = self.shelf.get(_NAMES, name)
        zone = self.shelf.get(ZONES, known["id"]) if known else None
        return None if zone is None or zone["gone"] else zone

    def zone(self, key: str) -> Row:
        """Failure: no id, or none that there is; which code says so, depends on the path and on the token."""
        found = self.shelf.get(ZONES, key)
        if re.fullmatch(r"[0-9a-f]{32}", key) and found is not None and not found["gone"]:
            return found
        match self._sandbox.switches.get("absent"):
            case "1001":
                raise Failure(400, 1001, "Invalid zone identifier")
            case "9109":
                raise Failure(403, 9109, "Unauthorized to access requested resource")
            case "0":
                actor = f"Actor 'com.cloudflare.api.token.{'b' * 32}'"
                raise Failure(
                    403, 0, f"{actor} requires permission 'com.cloudflare.api.account.zone.list' to list zones"
                )
        raise Failure(404, 7003, f"Could not route to /zones/{key}, perhaps your object identifier is invalid?")

    def add_zone(self, name: str, account: str) -> Row:
        """Pending, with two name servers that no zone had before."""
        if account != ACCOUNT:
            raise Failure(400, 1068, "Permission denied")
        if not _DOMAIN.fullmatch(name):
            raise Failure(400, 1049, f"{name} is not a registered domain")
        with self.shelf.locked():
            if self.named(name) is not None or f"held:{name}" in self._sandbox.switches:
                raise Failure(400, 1061, f"{name} already exists")
            return self._add(name, self._sandbox.now())

    def remove(self, zone: Row) -> None:
        """Its records go with it, and its name is free."""
        with self.shelf.locked():
            self.keep_zone({**zone, "gone": True})
            self.shelf.remove(_RECORDS, zone["id"])
            self.shelf.remove(_NAMES, zone["name"])

    def keep_zone(self, zone: Row) -> None:
        self.shelf.put(ZONES, zone["id"], zone, zone["made"])
        self._look_again_at = min(self._look_again_at, _kept_until(zone))

    def records(self, zone: Row) -> list[Row]:
        kept = self.shelf.get(_RECORDS, zone["id"])
        return kept["rows"] if kept else []

    def keep_records(self, zone: Row, rows: Sequence[Row]) -> None:
        """All of a zone at once, so that a batch is one change, also when the sandbox is killed meanwhile."""
        self.shelf.put(_RECORDS, zone["id"], {"rows": list(rows)}, zone["made"])

    def delegate(self, domain: str, name_servers: Sequence[str]) -> bool:
        """The registrar names these servers from now on: the zone they belong to is active, another one has moved."""
        with self.shelf.locked():
            self.catch_up()
            zone = self.named(_plain(domain))
            if zone is None:
                return False
            ours = sorted(zone["name_servers"]) == sorted(map(_plain, name_servers))
            if ours and zone["status"] != "active":
                self.keep_zone({**zone, "status": "active", "activated": self._sandbox.now()})
            elif not ours and zone["status"] == "active":
                self.keep_zone({**zone, "status": "moved", "moved": self._sandbox.now()})
            return ours

    def addresses(self, name: str) -> list[str]:
        """Where a visitor gets to by a name in an active zone: the edge where a record is proxied, and nowhere when
        something is in the way there."""
        self.catch_up()
        seen, name = set[str](), _plain(name)
        while name not in seen and len(seen) < _LONGEST_CHAIN:
            seen.add(name)
            found = self._at(name)
            if found is None:
                return [name] if len(seen) > 1 else []  # an alias of a name that is not ours
            if any(record["proxied"] for record in found):
                return [] if self.obstacle(name) else list(_EDGE)
            aliases = [record["content"] for record in found if record["type"] == "CNAME"]
            if not aliases:
                return [record["content"] for record in found if record["type"] in ("A", "AAAA")]
            name = aliases[0]
        return []

    def obstacle(self, name: str) -> str:
        """What a browser says that asks the edge for a name over HTTPS; "" when a page comes. Hosts are taken to lead
        all visitors to HTTPS, as they do, and which the edge would ask without it where `ssl` says so."""
        zone = self._zone_of(_plain(name))
        if zone is None or not any(record["proxied"] for record in self._at(_plain(name)) or []):
            return ""
        if not self.has_certificate(zone):
            return "The connection is not secure: there is no certificate for this name"
        ssl = zone["settings"].get("ssl", SSL)
        return "Redirected too many times" if ssl in ("off", "flexible") else ""

    def has_certificate(self, zone: Row) -> bool:
        """Towards visitors; it comes a moment after the zone has become active."""
        if self._sandbox.switches.get(f"shield:{zone['name']}") == "waiting" or zone["status"] != "active":
            return False
        return bool(self._sandbox.now() - zone["activated"] >= self._sandbox.certificate_seconds)

    def _at(self, name: str) -> list[Row] | None:
        """The records of a name; None where no active zone here answers for it."""
        zone = self._zone_of(name)
        if zone is None or zone["status"] != "active":
            return None
        return [record for record in self.records(zone) if record["name"] == name]

    def _zone_of(self, name: str) -> Row | None:
        return next((found for end in _endings(name) if (found := self.named(end))), None)

    def _give_up(self, now: float) -> None:
        self._look_again_at = float("inf")
        for zone in self.shelf.all(ZONES):
            if _kept_until(zone) <= now:
                self.remove(zone)
            else:
                self._look_again_at = min(self._look_again_at, _kept_until(zone))

    def _add(self, name: str, made: float) -> Row:
        number = self.shelf.next_number("zone")
        first, second = _SERVERS[number % len(_SERVERS)], _SERVERS[(number * 5 + 3) % len(_SERVERS)]
        zone: Row = {
            "id": secrets.token_hex(16),
            "name": name,
            "status": "pending",
            "name_servers": [f"{first}{number}.ns.cloudflare.com", f"{second}{number}-b.ns.cloudflare.com"],
            "made": made,
            "activated": None,
            "settings": {},
            "rulesets": {},
            "gone": False,
        }
        # The name first: a sandbox that is killed in between has no zone that a second could stand beside.
        self.shelf.put(_NAMES, name, {"id": zone["id"]}, made)
        self.keep_zone(zone)
        return zone

    def _was_there(self, name: str, record: list[str], made: float) -> None:
        self.shelf.put(_BEFORE, name, {}, made)
        if self.named(name) is not None:
            return
        zone = {**self._add(name, made), "status": "active", "activated": made}
        self.keep_zone(zone)
        kind, content = record
        row = {"id": secrets.token_hex(16), "type": kind, "name": name, "content": content, "proxied": False}
        self.keep_records(zone, [{**row, "ttl": 1, "comment": None, "priority": None, "made": made}])


def form(zone: Row) -> Row:
    """As the vendor answers it."""
    changed = zone.get("moved") or zone["activated"] or zone["made"]
    return {
        "id": zone["id"],
        "name": zone["name"],
        "status": zone["status"],
        "paused": False,
        "type": "full",
        "development_mode": 0,
        "name_servers": zone["name_servers"],
        "original_name_servers": None,
        "original_registrar": None,
        "original_dnshost": None,
        "modified_on": moment(changed),
        "created_on": moment(zone["made"]),
        "activated_on": moment(zone["activated"]) if zone["activated"] else None,
        "meta": {"step": 2, "custom_certificate_quota": 0, "page_rule_quota": 3, "phishing_detected": False},
        "owner": {"id": None, "type": "user", "name": None},
        "account": {"id": ACCOUNT, "name": "Sandbox"},
        "permissions": ["#zone:read", "#zone:edit", "#dns_records:edit"],
        "plan": {"id": "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "name": "Free Website", "legacy_id": "free"},
    }


def _kept_until(zone: Row) -> float:
    since: float = zone["moved"] if zone["status"] == "moved" else zone["made"]
    return float("inf") if zone["gone"] else since + _KEPT.get(zone["status"], float("inf"))


def _plain(name: str) -> str:
    return name.lower().rstrip(".")


def _endings(name: str) -> list[str]:
    labels = name.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]

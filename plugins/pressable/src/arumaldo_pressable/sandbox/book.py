"""The vendor's books: sites, their states by the clock, and the queue of commands that run on them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from arumaldo.sandbox import Entry
from arumaldo_pressable.sandbox.hosts import site_host
from arumaldo_pressable.sandbox.models import SiteOrder
from arumaldo_pressable.sandbox.moments import moment
from arumaldo_pressable.sandbox.programs import PROGRAMS
from arumaldo_pressable.sandbox.shell import Shell
from arumaldo_pressable.sandbox.wire import Failure
from arumaldo_pressable.sandbox.wordpress import HOME, WordPress

if TYPE_CHECKING:
    from arumaldo_pressable.sandbox import PressableSandbox

DATACENTERS = {"BUR": "Los Angeles, CA, USA", "DCA": "Washington, DC, USA", "DFW": "Dallas, TX, USA"}
PHP_VERSIONS = ("8.3", "8.4", "8.5")
_BAD_NAME = (
    "Site name is not formatted correctly. Periods, spaces, and other special characters are not permitted in site"
    " names. Dashes are fine, but name cannot start or end with a dash. Name must be at least 3 characters in length"
)
_OUTPUT_CHARS = 1000

Site = dict[str, Any]


class Book:
    """Everything the vendor knows. Each method is one whole change."""

    def __init__(self, sandbox: PressableSandbox) -> None:
        self._sandbox = sandbox
        self._shelf = sandbox.shelf

    def create(self, order: SiteOrder) -> Site:
        """A new site, deploying. Failure 400: the order is wrong or its name taken, by whomever. 422: no room."""
        _check(order)
        with self._shelf.locked():
            if self._sandbox.switches.get("sites") == "broken":
                raise Failure(422, "The site could not be provisioned")
            if self._shelf.get("names", order.name.lower()) is not None:
                raise Failure(400, "Site name has already been taken")
            if self._sandbox.switches.get("sites") == "full" or len(self.all()) >= self._sandbox.max_sites:
                raise Failure(422, "You have reached the maximum number of sites for your plan")
            return self._create(order)

    def _create(self, order: SiteOrder) -> Site:
        now = self._sandbox.now()
        number = str(self._shelf.next_number("sites"))
        site: Site = {
            "id": number,
            "name": order.name,
            "created": now,
            "datacenter": order.datacenter_code or "DFW",
            "php": str(order.php_version or PHP_VERSIONS[0]),
            "staging": order.staging,
            "multisite": order.multisite_support,
            "tags": [],
            "live_at": None,
            "disabled": False,
            "deleted": False,
            "edge_cache": False,
        }
        self._shelf.put("names", order.name.lower(), {"site": number}, now)
        host = site_host(order.name, self._sandbox.address)
        self._shelf.put("wordpress", number, WordPress.installed(order.name, now, host).record, now)
        self.save(site)
        self._note(number, "site.created", "Site Created", "Created live site", "api.v1", now)
        return site

    def all(self, until: float | None = None) -> list[Site]:
        """The sites that exist, oldest first; `until` as in `Shelf.all`."""
        return [site for site in self._shelf.all("sites", until) if not site["deleted"]]

    def one(self, number: str) -> Site:
        """Failure 404: there is none, or not any more."""
        site = self._shelf.get("sites", number)
        if site is None or site["deleted"]:
            raise Failure(404, message="We could not locate the requested resources.")
        return site

    def named(self, name: str) -> Site | None:
        """The site of this name."""
        place = self._shelf.get("names", name.lower())
        return self._shelf.get("sites", place["site"]) if place and place["site"] else None

    def save(self, site: Site) -> None:
        self._shelf.put("sites", site["id"], site, site["created"])

    def state(self, site: Site) -> str:
        """By the clock: deploying, then live for good; the switch `sites` may hold a site back or let it fail."""
        if site["disabled"]:
            return "disabled"
        ready_at = site["created"] + self._sandbox.deploy_seconds
        if site["live_at"] is None:
            switch = self._sandbox.switches.get("sites")
            if switch == "failing":
                return "failed"
            if switch == "stuck" or self._sandbox.now() < ready_at:
                return "deploying"
            site["live_at"] = ready_at
            self.save(site)
        return "live"

    def remove(self, number: str) -> None:
        with self._shelf.locked():
            site = self.one(number)
            site["deleted"] = True
            self.save(site)
            self._shelf.remove("names", site["name"].lower())
            self._shelf.remove("wordpress", number)
            self._sandbox.domains.leave(number)

    def tag(self, number: str, names: list[str]) -> Site:
        """Adds the tags that are not there yet."""
        with self._shelf.locked():
            site = self.one(number)
            known = {tag["name"] for tag in site["tags"]}
            for name in dict.fromkeys(names):
                if name not in known:
                    site["tags"].append({"id": self._shelf.next_number("tags"), "name": name})
            self.save(site)
            return site

    def change(self, number: str, **changes: Any) -> Site:
        with self._shelf.locked():
            site = self.one(number)
            site.update(changes)
            self.save(site)
            return site

    def queue(self, number: str, lines: list[str]) -> None:
        """Queue command lines. Failure 422: the site is not live."""
        with self._shelf.locked():
            site = self.one(number)
            if self.state(site) != "live":
                raise Failure(422, "Commands can only be run on a live site")
            earliest = site["live_at"] + self._sandbox.ready_seconds
            due = max(self._sandbox.now() + self._sandbox.command_seconds, earliest)
            key = str(self._shelf.next_number("queue"))
            self._shelf.put(f"queue:{number}", key, {"key": key, "lines": lines, "due": due}, due)

    def wordpress(self, number: str) -> WordPress:
        """The site's WordPress after all commands that are due by now, each run in its turn."""
        with self._shelf.locked():
            for batch in self._shelf.all(f"queue:{number}", self._sandbox.now()):
                for line in batch["lines"]:
                    self._run(number, line, batch["due"])
                self._shelf.remove(f"queue:{number}", batch["key"])
            return self._open(number, self._sandbox.now())

    def activity(self, number: str) -> list[dict[str, Any]]:
        """The site's log, newest first."""
        self.wordpress(number)
        return self._shelf.all(f"activity:{number}")[::-1]

    def ledger(self) -> list[Entry]:
        return [self._entry(site) for site in self._shelf.all("sites")]

    def _entry(self, site: Site) -> Entry:
        tags = [tag["name"] for tag in site["tags"] if tag["name"].startswith("arumaldo.")]
        reference = tags[0].removeprefix("arumaldo.") if tags else site["name"].rpartition("-")[2]
        state = "deleted" if site["deleted"] else self.state(site)
        return Entry(
            id=site["id"],
            reference=reference,
            state="undone" if site["deleted"] else "live",
            facts={"name": site["name"], "state": state},
        )

    def _run(self, number: str, line: str, now: float) -> None:
        wordpress = self._open(number, now)
        output = Shell({**PROGRAMS, "wp": wordpress.wp}).run(line, "/")
        self._shelf.put("wordpress", number, wordpress.record, now)
        # The text of the command is in the log as well: nothing says that the vendor leaves it out.
        said = f"$ {line[-_OUTPUT_CHARS:]}\n{output[-_OUTPUT_CHARS:]}"
        self._note(number, "ssh.command", "SSH Command", said, "api.v1", now)

    def _open(self, number: str, now: float) -> WordPress:
        return WordPress(self._shelf.get("wordpress", number) or {"last_id": 0, "posts": {}, "options": {}}, now)

    def _note(self, number: str, name: str, description: str, message: str, source: str, now: float) -> None:
        key = self._shelf.next_number("activity")
        entry = {
            "id": key,
            "timestamp": moment(now),
            "accountEmail": "sandbox@example.com",
            "ipAddress": None,
            "userAgent": "PressableRuntime",
            "name": name,
            "description": description,
            "source": source,
            "message": message,
        }
        self._shelf.put(f"activity:{number}", str(key), entry, now)


def as_wp(command: str) -> str:
    """A line of the wp door as a line of the shell's door."""
    return f"(cd {HOME}; wp {command})"


def _check(order: SiteOrder) -> None:
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9-]{1,61})[A-Za-z0-9]", order.name):
        raise Failure(400, _BAD_NAME)
    if order.datacenter_code is not None and order.datacenter_code not in DATACENTERS:
        raise Failure(400, f"Datacenter is not valid. Must be one of the following: {', '.join(DATACENTERS)}")
    if order.php_version is not None and str(order.php_version) not in PHP_VERSIONS:
        raise Failure(400, f"PHP version is not valid. Must be one of the following: {', '.join(PHP_VERSIONS)}")

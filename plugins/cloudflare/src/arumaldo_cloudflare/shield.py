"""Encryption, HTTPS for all, cache and firewall, in the order in which a site is never unreachable.

The strict check of the host's certificate first, while visitors go straight there; then the certificate towards the
visitors is waited for, which takes from a quarter of an hour to a day; only then are they led through the network; last
HTTPS is demanded, and the firewall's rules are set. A host that forces HTTPS redirects for ever behind "off" and
"flexible", so where these stand and stay, visitors go on straight to the host.

In a zone that was there before us other hosts live, which may not bear what ours does: there the settings, which count
for the whole zone, are read and told. The rules name our hosts in every zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

from pydantic import BaseModel

from arumaldo import Denied, NotFound, Unavailable
from arumaldo.capabilities.dns import Record, Shield, Zone
from arumaldo_cloudflare.client import NAME, Absent, CloudflareClient, Said, as_model
from arumaldo_cloudflare.records import Records

_PHASE = "http_request_firewall_custom"
_RULES = [
    {
        "ref": "arumaldo-xmlrpc",
        "description": "Arumaldo: no XML-RPC but Jetpack's, which is signed",
        # Hosts connect a site through Jetpack; WordPress then takes no call there that is not signed.
        "expression": '(http.host in {$hosts} and http.request.uri.path eq "/xmlrpc.php"'
        ' and not starts_with(http.request.uri.query, "for=jetpack"))',
        "action": "block",
    },
]
"""In an expression, `$hosts` are ours, each in quotes."""
_ENOUGH = {
    "ssl": ("strict", "origin_pull"),
    "always_use_https": ("on",),
    "min_tls_version": ("1.2", "1.3"),
    "automatic_https_rewrites": ("on",),
}
"""Setting → what is left as it is; the first is what is set otherwise."""
_MEANS = {
    "ssl": "a checked connection to the host",
    "always_use_https": "HTTPS for all visitors",
    "min_tls_version": "refusing outdated encryption",
    "automatic_https_rewrites": "links rewritten to HTTPS",
}
_NO_SUCH_SETTING = {1006, 1057, 1024, 1025}
_NO_ENTRY_POINT = 10003
_WAITS = (
    "The certificate of the network that will stand before it is being made, which takes from a quarter of an hour to "
    "a day."
)
_ENCRYPTED: dict[str | None, Literal["none", "to the provider", "to the host"]] = {
    "flexible": "to the provider",
    "full": "to the provider",  # encrypted to the host too, but with any certificate
    "strict": "to the host",
    "origin_pull": "to the host",
}
_BEARS_HTTPS = ("full", "strict", "origin_pull")


class VendorSetting(BaseModel):
    """What we read of a setting."""

    value: str
    editable: bool | None = None


class VendorRule(BaseModel):
    """What we read of a rule. One that nobody named has the vendor's own `ref`."""

    id: str
    ref: str = ""
    description: str = ""
    expression: str = ""
    action: str = ""
    enabled: bool = True


class VendorRuleset(BaseModel):
    """What we read of a phase's entry point."""

    id: str
    rules: list[VendorRule] = []

    def named(self, ref: str) -> list[VendorRule]:
        return [rule for rule in self.rules if rule.ref == ref]


class Shielding:
    """What stands before `records` of one zone. `ours`: we made the zone, and nobody else's hosts are in it."""

    def __init__(self, client: CloudflareClient, zone: Zone, records: Sequence[Record], *, ours: bool) -> None:
        self._client = client
        self._path = f"/zones/{zone.id}"
        self._all = Records(client, zone)
        self._records = records
        self._ours = ours
        self._left_out: list[str] = []

    def put(self) -> Shield:
        """Set all of it, or say what it waits for; what stands already is not written again."""
        ssl = self._set("ssl")
        if not self._has_a_certificate():
            return Shield(encrypted="none", https_only=False, cached=False, firewall=False, ready=False, reason=_WAITS)
        straight = self._lead_through(ssl)
        if straight == set(self._hosts()):
            return self._told(ssl, through=False, https_only=False, firewall=False)
        https_only = self._set("always_use_https") == "on"
        for name in ("min_tls_version", "automatic_https_rewrites"):
            self._set(name)
        return self._told(ssl, through=not straight, https_only=https_only, firewall=self._put_rules())

    def take_back(self) -> None:
        """What was set up for our hosts alone: the rules, and then the records. A second call changes nothing."""
        with suppress(Denied):  # then we were not allowed to set any, either
            self._take_rules_back()
        self._all.take_back(self._records)

    def _hosts(self) -> list[str]:
        return self._all.hosts(self._records)

    def _lead_through(self, ssl: str | None) -> set[str]:
        """The hosts that go straight nevertheless."""
        bears = ssl in _BEARS_HTTPS
        straight = self._all.put(self._records, shielded=bears)
        if straight:
            why = "their address cannot be led through it" if bears else f"ssl is {ssl}, so it would redirect for ever"
            self._left_out.append(f"the network before {', '.join(sorted(straight))} ({why})")
        return straight

    def _told(self, ssl: str | None, *, through: bool, https_only: bool, firewall: bool) -> Shield:
        """What holds for all of our hosts."""
        return Shield(
            encrypted=_ENCRYPTED.get(ssl, "none") if through else "none",
            https_only=https_only and through,
            cached=through,
            firewall=firewall and through,
            reason=f"Left out: {'; '.join(self._left_out)}." if self._left_out else "",
        )

    def _has_a_certificate(self) -> bool:
        """Of those for the zone at least one is active."""
        found = self._client.call("GET", f"{self._path}/ssl/verification", repeatable=True)
        rows = found if isinstance(found, list) else []
        return any(isinstance(row, dict) and row.get("certificate_status") == "active" for row in rows)

    def _set(self, name: str) -> str | None:
        """The setting's value in the end; what stands where the plan does not allow another, None without it."""
        path, enough = f"{self._path}/settings/{name}", _ENOUGH[name]
        value: str | None = None
        try:
            now = as_model(VendorSetting, self._client.call("GET", path, repeatable=True), repeatable=True)
            value = now.value
            if value in enough:
                return value
            if not self._ours:
                self._left_out.append(f"{_MEANS[name]} ({name} is {value}, and stays so for others in the zone)")
                return value
            if now.editable is not False:
                self._client.call("PATCH", path, repeatable=True, json={"value": enough[0]})
                return enough[0]
        except Said as refusal:
            if not refusal.codes & _NO_SUCH_SETTING:
                raise
        self._left_out.append(f"{_MEANS[name]} ({name} is no part of the plan)")
        return value

    def _put_rules(self) -> bool:
        """Our rules beside those of others, each known by its `ref`; whether they stand."""
        try:
            for rule in _RULES:
                self._put_rule(rule)
        except Denied:
            self._left_out.append("the firewall's rules (api_token lacks the right Zone WAF edit)")
            return False
        except Said as refusal:
            self._left_out.append(f"the firewall's rules ({refusal.what})")
            return False
        return True

    def _put_rule(self, rule: dict[str, str]) -> None:
        hosts = " ".join(f'"{host}"' for host in self._hosts())
        rule = {**rule, "expression": rule["expression"].replace("$hosts", hosts)}
        ruleset = self._ruleset()
        if ruleset is None:
            self._client.call("PUT", self._entry, repeatable=True, json={"rules": [rule]})
            return
        try:
            self._put_into(ruleset, rule)
        except NotFound as gone:
            raise Unavailable(NAME, "has firewall rules that others change at the same time") from gone

    def _take_rules_back(self) -> None:
        ruleset = self._ruleset()
        for one in ruleset.rules if ruleset else []:
            if ruleset and one.ref in {rule["ref"] for rule in _RULES}:
                with suppress(NotFound):
                    self._client.call("DELETE", f"{self._path}/rulesets/{ruleset.id}/rules/{one.id}", repeatable=True)

    @property
    def _entry(self) -> str:
        return f"{self._path}/rulesets/phases/{_PHASE}/entrypoint"

    def _ruleset(self) -> VendorRuleset | None:
        """A fresh zone has none, and putting it makes it."""
        try:
            found = self._client.call("GET", self._entry, repeatable=True)
        except Absent as refusal:
            if _NO_ENTRY_POINT not in refusal.codes:
                raise
            return None
        return as_model(VendorRuleset, found, repeatable=True)

    def _put_into(self, ruleset: VendorRuleset, rule: dict[str, str]) -> None:
        path = f"{self._path}/rulesets/{ruleset.id}/rules"
        ours = ruleset.named(rule["ref"])
        if not ours:
            changed = self._client.call("POST", path, repeatable=True, json=rule)
            ours = as_model(VendorRuleset, changed, repeatable=True).named(rule["ref"])
        elif not ours[0].enabled or any(getattr(ours[0], key) != value for key, value in rule.items()):
            self._client.call("PATCH", f"{path}/{ours[0].id}", repeatable=True, json={**rule, "enabled": True})
        # Two workers at once may have added it both; each of them sees the first.
        for double in ours[1:]:
            self._client.call("DELETE", f"{path}/{double.id}", repeatable=True)

"""Encryption, HTTPS for all, cache and firewall, in the order in which a site is never unreachable.

The certificate towards visitors first; then the strict check of the host's own; only then is HTTPS demanded; the
firewall's rules last. A host that forces HTTPS behind "flexible" redirects for ever, so that is never set, and HTTPS is
not demanded where it stands.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from arumaldo import Denied, NotFound, Unavailable
from arumaldo.capabilities.dns import Shield
from arumaldo_cloudflare.client import NAME, Absent, CloudflareClient, Said, as_model

_PHASE = "http_request_firewall_custom"
_RULES = [
    {
        "ref": "arumaldo-xmlrpc",
        "description": "Arumaldo: no XML-RPC but Jetpack's, which is signed",
        # Hosts connect a site through Jetpack; WordPress then takes no call there that is not signed.
        "expression": '(http.request.uri.path eq "/xmlrpc.php"'
        ' and not starts_with(http.request.uri.query, "for=jetpack"))',
        "action": "block",
    },
]
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
_WAITS = "The certificate for your visitors is being made."
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
    """What stands before one zone, whose path in the API is `path`."""

    def __init__(self, client: CloudflareClient, path: str) -> None:
        self._client = client
        self._path = path
        self._left_out: list[str] = []

    def put(self) -> Shield:
        """Set all of it, or say what it waits for; what stands already is not written again."""
        if not self._has_a_certificate():
            return Shield(encrypted="none", https_only=False, cached=False, firewall=False, ready=False, reason=_WAITS)
        ssl = self._set("ssl")
        https_only = self._demand_https(ssl)
        for name in ("min_tls_version", "automatic_https_rewrites"):
            self._set(name)
        firewall = self._put_rules()
        return Shield(
            encrypted=_ENCRYPTED.get(ssl, "none"),
            https_only=https_only,
            cached=True,
            firewall=firewall,
            reason=f"Left out: {'; '.join(self._left_out)}." if self._left_out else "",
        )

    def _has_a_certificate(self) -> bool:
        """Of those for the zone at least one is active."""
        found = self._client.call("GET", f"{self._path}/ssl/verification", repeatable=True)
        rows = found if isinstance(found, list) else []
        return any(isinstance(row, dict) and row.get("certificate_status") == "active" for row in rows)

    def _demand_https(self, ssl: str | None) -> bool:
        if ssl in _BEARS_HTTPS:
            return self._set("always_use_https") == "on"
        self._left_out.append(f"{_MEANS['always_use_https']} (ssl is {ssl})")
        return False

    def _set(self, name: str) -> str | None:
        """The setting's value in the end; what stands where the plan does not allow another, None without it."""
        path, enough = f"{self._path}/settings/{name}", _ENOUGH[name]
        value: str | None = None
        try:
            now = as_model(VendorSetting, self._client.call("GET", path, repeatable=True), repeatable=True)
            value = now.value
            if value in enough:
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
        entry = f"{self._path}/rulesets/phases/{_PHASE}/entrypoint"
        try:
            found = self._client.call("GET", entry, repeatable=True)
        except Absent as refusal:
            if _NO_ENTRY_POINT not in refusal.codes:
                raise
            # A fresh zone has none, and putting it makes it.
            self._client.call("PUT", entry, repeatable=True, json={"rules": [rule]})
            return
        ruleset = as_model(VendorRuleset, found, repeatable=True)
        try:
            self._put_into(ruleset, rule)
        except NotFound as gone:
            raise Unavailable(NAME, "has firewall rules that others change at the same time") from gone

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

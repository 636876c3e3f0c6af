"""Settings of a zone, and its certificate towards visitors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from arumaldo_cloudflare.sandbox.book import SSL, Book, Row
from arumaldo_cloudflare.sandbox.wire import Call, Failure, Strict, success

if TYPE_CHECKING:
    from arumaldo_cloudflare.sandbox import CloudflareSandbox

_ON_OFF = ("on", "off")
_SETTINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "ssl": (SSL, ("off", "flexible", "full", "strict", "origin_pull")),
    "always_use_https": ("off", _ON_OFF),
    "min_tls_version": ("1.0", ("1.0", "1.1", "1.2", "1.3")),
    "automatic_https_rewrites": ("on", _ON_OFF),
    "brotli": ("on", _ON_OFF),
    "http3": ("on", _ON_OFF),
    "security_level": ("medium", ("off", "essentially_off", "low", "medium", "high", "under_attack")),
}
"""Name → what a fresh zone has, and what it may be."""
_SMALL_PLAN = {"min_tls_version"}


class Value(Strict):
    value: str


class Protection:
    """Handlers for the settings and the certificate of one zone."""

    def __init__(self, sandbox: CloudflareSandbox, book: Book) -> None:
        self._sandbox = sandbox
        self._book = book

    def verification(self, call: Call) -> Response:
        zone = self._book.zone(call.path["zone"])
        call.asked(one_of={"retry": ("true",)})
        if self._sandbox.switches.get("rights") == "no-certificates":
            raise Failure(403, 10000, "Authentication error")
        if zone["status"] == "pending":
            return success([])
        status = "active" if self._book.has_certificate(zone) else "initializing"
        row = {"certificate_status": status, "brand_check": False, "signature": "ECDSAWithSHA256"}
        return success([{**row, "validation_method": "txt", "verification_status": status == "active"}])

    def setting(self, call: Call) -> Response:
        return success(self._setting(self._book.zone(call.path["zone"]), call.path["name"]))

    def change(self, call: Call) -> Response:
        wanted, name = call.sent(Value).value, call.path["name"]
        with self._book.shelf.locked():
            zone = self._book.zone(call.path["zone"])
            if not self._setting(zone, name)["editable"]:
                raise Failure(400, 1057, f"The setting {name} cannot be modified for this zone")
            if wanted not in _SETTINGS[name][1]:
                raise Failure(400, 1007, f"Invalid value for zone setting {name}")
            zone["settings"][name] = wanted
            self._book.keep_zone(zone)
        return success(self._setting(zone, name))

    def _setting(self, zone: Row, name: str) -> Row:
        switches = self._sandbox.switches
        if name not in _SETTINGS or (switches.get("plan") == "old" and name in _SMALL_PLAN):
            raise Failure(400, 1006, f"Unrecognized zone setting name: {name}")
        fixed = switches.get("fixed") == name or (switches.get("plan") == "small" and name in _SMALL_PLAN)
        value = zone["settings"].get(name, _SETTINGS[name][0])
        return {"id": name, "value": value, "editable": not fixed, "modified_on": None}

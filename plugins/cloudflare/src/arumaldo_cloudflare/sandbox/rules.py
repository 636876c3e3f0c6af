"""Firewall rules: one entry point for each phase of a zone, made by the first write."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field
from starlette.responses import Response

from arumaldo_cloudflare.sandbox.book import Book, Row
from arumaldo_cloudflare.sandbox.wire import Call, Failure, Strict, moment, success

if TYPE_CHECKING:
    from arumaldo_cloudflare.sandbox import CloudflareSandbox

Phase = Literal["http_request_firewall_custom", "http_ratelimit", "http_request_firewall_managed"]
_PHASES = ("http_request_firewall_custom", "http_ratelimit", "http_request_firewall_managed")
_QUOTA = 5


class Rule(Strict):
    ref: str = Field(default="", max_length=60)
    description: str = ""
    expression: str = Field(min_length=1, max_length=4096)
    action: Literal["block", "managed_challenge", "js_challenge", "challenge", "log", "skip"]
    enabled: bool = True


class ChangedRule(Strict):
    ref: str | None = Field(default=None, max_length=60)
    description: str | None = None
    expression: str | None = Field(default=None, min_length=1, max_length=4096)
    action: Literal["block", "managed_challenge", "js_challenge", "challenge", "log", "skip"] | None = None
    enabled: bool | None = None


class Rules(Strict):
    rules: list[Rule]
    description: str = ""


class NewRuleset(Rules):
    name: str = Field(min_length=1)
    kind: Literal["zone"]
    phase: Phase


class Rulesets:
    """Handlers for the rulesets of one zone."""

    def __init__(self, sandbox: CloudflareSandbox, book: Book) -> None:
        self._sandbox = sandbox
        self._book = book

    def listed(self, call: Call) -> Response:
        """Without their rules."""
        self._admit()
        zone = self._book.zone(call.path["zone"])
        rows = [{key: value for key, value in one.items() if key != "rules"} for one in zone["rulesets"].values()]
        return success(rows)

    def create(self, call: Call) -> Response:
        self._admit()
        order = call.sent(NewRuleset)
        with self._book.shelf.locked():
            zone = self._book.zone(call.path["zone"])
            if order.phase in zone["rulesets"]:
                said = f"exceeded maximum number of zone rulesets for phase {order.phase}"
                raise Failure(400, 20217, f"'zone' is not a valid value for kind because {said}")
            return success(self._replace(zone, order.phase, order, order.name))

    def remove(self, call: Call) -> Response:
        with self._book.shelf.locked():
            zone, ruleset = self._ruleset(call)
            del zone["rulesets"][ruleset["phase"]]
            self._book.keep_zone(zone)
        return Response(status_code=204)

    def entrypoint(self, call: Call) -> Response:
        """A fresh zone has none."""
        zone, phase = self._phase(call)
        if phase not in zone["rulesets"]:
            raise Failure(404, 10003, f"could not find entrypoint ruleset in the {phase} phase")
        return success(zone["rulesets"][phase])

    def put_entrypoint(self, call: Call) -> Response:
        """Replaces the whole list; rules that are left out are gone."""
        order = call.sent(Rules)
        with self._book.shelf.locked():
            zone, phase = self._phase(call)
            return success(self._replace(zone, phase, order, "default"))

    def add_rule(self, call: Call) -> Response:
        order = call.sent(Rule)
        with self._book.shelf.locked():
            zone, ruleset = self._ruleset(call)
            return success(self._keep(zone, {**ruleset, "rules": [*ruleset["rules"], self._rule(order)]}))

    def change_rule(self, call: Call) -> Response:
        order = call.sent(ChangedRule).model_dump(exclude_unset=True)
        with self._book.shelf.locked():
            zone, ruleset = self._ruleset(call)
            found = self._find(ruleset, call.path["rule"])
            number = str(int(found["version"]) + 1)
            changed = {**found, **order, "version": number, "last_updated": moment(self._sandbox.now())}
            rules = [changed if rule is found else rule for rule in ruleset["rules"]]
            return success(self._keep(zone, {**ruleset, "rules": rules}))

    def remove_rule(self, call: Call) -> Response:
        with self._book.shelf.locked():
            zone, ruleset = self._ruleset(call)
            found = self._find(ruleset, call.path["rule"])
            rules = [rule for rule in ruleset["rules"] if rule is not found]
            return success(self._keep(zone, {**ruleset, "rules": rules}))

    def _find(self, ruleset: Row, key: str) -> Row:
        found: Row | None = next((rule for rule in ruleset["rules"] if rule["id"] == key), None)
        if found is None:
            raise Failure(404, 10003, "could not find rule")
        return found

    def _phase(self, call: Call) -> tuple[Row, str]:
        self._admit()
        phase = call.path["phase"]
        if phase not in _PHASES:
            raise Failure(400, 10004, f"unknown phase {phase}")
        return self._book.zone(call.path["zone"]), phase

    def _ruleset(self, call: Call) -> tuple[Row, Row]:
        self._admit()
        zone = self._book.zone(call.path["zone"])
        found = [ruleset for ruleset in zone["rulesets"].values() if ruleset["id"] == call.path["ruleset"]]
        if not found:
            raise Failure(404, 10003, "could not find ruleset")
        return zone, found[0]

    def _admit(self) -> None:
        if self._sandbox.switches.get("rights") == "no-rulesets":
            raise Failure(403, 10000, "Authentication error")

    def _replace(self, zone: Row, phase: str, order: Rules, name: str) -> Row:
        known = zone["rulesets"].get(phase) or {"id": secrets.token_hex(16), "version": "0", "name": name}
        ruleset = {
            **known, "description": order.description, "kind": "zone", "phase": phase,
            "rules": [self._rule(rule) for rule in order.rules],
        }  # fmt: skip
        return self._keep(zone, ruleset)

    def _keep(self, zone: Row, ruleset: Row) -> Row:
        """The version is text, and grows with each write."""
        quota = 0 if self._sandbox.switches.get("plan") == "no-rules" else _QUOTA
        if len(ruleset["rules"]) > quota:
            raise Failure(400, 20217, f"exceeded maximum number of rules for phase {ruleset['phase']}: {quota}")
        now = moment(self._sandbox.now())
        kept = {**ruleset, "version": str(int(ruleset["version"]) + 1), "last_updated": now}
        zone["rulesets"][ruleset["phase"]] = kept
        self._book.keep_zone(zone)
        return kept

    def _rule(self, rule: Rule) -> dict[str, Any]:
        key = secrets.token_hex(16)
        now = moment(self._sandbox.now())
        return {**rule.model_dump(), "ref": rule.ref or key, "id": key, "version": "1", "last_updated": now}

"""Which path leads to which handler, and who may ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from arumaldo_cloudflare.sandbox.book import ACCOUNT, form
from arumaldo_cloudflare.sandbox.limits import Limits
from arumaldo_cloudflare.sandbox.protection import Protection
from arumaldo_cloudflare.sandbox.records import Records
from arumaldo_cloudflare.sandbox.rules import Rulesets
from arumaldo_cloudflare.sandbox.wire import Call, Failure, Strict, paged, success

if TYPE_CHECKING:
    from arumaldo_cloudflare.sandbox import CloudflareSandbox

TOKEN = "sandbox-token"  # noqa: S105 - the sandbox's own
_STATES = ("initializing", "pending", "active", "moved")
_ORDERS = ("name", "status", "account.id", "account.name", "plan.id")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
Handler = Callable[[Call], Response]


class Account(Strict):
    id: str


class NewZone(Strict):
    name: str
    account: Account
    type: Literal["full"] = "full"


class Api:
    """Handlers by path and method; each one runs in a thread."""

    def __init__(self, sandbox: CloudflareSandbox) -> None:
        self._sandbox = sandbox
        self._book = sandbox.book
        self._records = Records(sandbox, self._book)
        self._protection = Protection(sandbox, self._book)
        self._rulesets = Rulesets(sandbox, self._book)
        self._limits = Limits(sandbox)

    def routes(self) -> list[BaseRoute]:
        zone, records, rulesets = "/zones/{zone}", "/zones/{zone}/dns_records", "/zones/{zone}/rulesets"
        entrypoint, rules = f"{rulesets}/phases/{{phase}}/entrypoint", f"{rulesets}/{{ruleset}}/rules"
        paths: list[tuple[str, str, Handler]] = [
            ("GET", "/user/tokens/verify", self._verify_user),
            ("GET", "/accounts/{account}/tokens/verify", self._verify_account),
            ("GET", "/zones", self._zones),
            ("POST", "/zones", self._add_zone),
            ("GET", zone, self._zone),
            ("DELETE", zone, self._remove_zone),
            ("PUT", f"{zone}/activation_check", self._check_activation),
            ("GET", records, self._records.listed),
            ("POST", records, self._records.create),
            ("POST", f"{records}/batch", self._records.batch),
            ("DELETE", f"{records}/{{record}}", self._records.remove),
            ("GET", f"{zone}/ssl/verification", self._protection.verification),
            ("GET", f"{zone}/settings/{{name}}", self._protection.setting),
            ("PATCH", f"{zone}/settings/{{name}}", self._protection.change),
            ("GET", rulesets, self._rulesets.listed),
            ("POST", rulesets, self._rulesets.create),
            ("DELETE", f"{rulesets}/{{ruleset}}", self._rulesets.remove),
            ("GET", entrypoint, self._rulesets.entrypoint),
            ("PUT", entrypoint, self._rulesets.put_entrypoint),
            ("POST", rules, self._rulesets.add_rule),
            ("PATCH", f"{rules}/{{rule}}", self._rulesets.change_rule),
            ("DELETE", f"{rules}/{{rule}}", self._rulesets.remove_rule),
        ]
        nowhere = Route("/{rest:path}", self._endpoint(_nowhere), methods=[*_METHODS])
        return [*(Route(path, self._endpoint(one), methods=[method]) for method, path, one in paths), nowhere]

    def _endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            path = {key: str(value) for key, value in request.path_params.items()}
            call = Call(path, dict(request.query_params), await request.body())
            return await run_in_threadpool(self._answer, handler, request, call)

        return endpoint

    def _answer(self, handler: Handler, request: Request, call: Call) -> Response:
        headers: dict[str, str] = {}
        try:
            headers = self._limits.take()
            self._admit(request)
            self._book.catch_up()
            answer = handler(call)
        except Failure as failure:
            answer = failure.answer()
        answer.headers.update(headers)
        return answer

    def _admit(self, request: Request) -> None:
        if "x-auth-key" in request.headers or "x-auth-email" in request.headers:
            raise Failure(400, 6003, "Invalid request headers", (6103, "Invalid format for X-Auth-Key header"))
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token or " " in token:
            raise Failure(400, 6003, "Invalid request headers", (6111, "Invalid format for Authorization header"))
        if token != TOKEN or self._sandbox.switches.get("token") == "revoked":
            raise Failure(403, 10000, "Authentication error")
        if self._sandbox.switches.get("token") == "elsewhere":
            raise Failure(403, 9109, "Cannot use the access token from location: 192.0.2.1")

    def _verify_user(self, call: Call) -> Response:
        if self._sandbox.switches.get("token") == "of-account":
            raise Failure(401, 1000, "Invalid API Token")
        return self._verified()

    def _verify_account(self, call: Call) -> Response:
        if call.path["account"] != ACCOUNT or self._sandbox.switches.get("token") != "of-account":
            raise Failure(401, 1000, "Invalid API Token")
        return self._verified()

    def _verified(self) -> Response:
        expired = self._sandbox.switches.get("token") == "expired"
        said = {"code": 10000, "message": "This API Token is valid and active", "type": None}
        token = {"id": "b" * 32, "status": "expired" if expired else "active"}
        return success(token, messages=[] if expired else [said])

    def _zones(self, call: Call) -> Response:
        choices = {"status": _STATES, "order": _ORDERS, "type": ("full",)}
        asked = call.asked("name", "account.id", "account.name", one_of=choices)
        if asked.get("account.id", ACCOUNT) != ACCOUNT or self._sandbox.switches.get("rights") == "no-list":
            raise Failure(403, 9109, "Unauthorized to access requested resource")
        rows = [
            form(zone)
            for zone in self._book.zones()
            if all(zone[key] == asked.get(key, zone[key]) for key in self._book.filters("name", "status"))
        ]
        return paged(rows, call, least=5, most=50, usual=20)

    def _add_zone(self, call: Call) -> Response:
        order = call.sent(NewZone)
        if self._sandbox.switches.get("rights") == "no-zones":
            actor = "requires permission 'com.cloudflare.api.account.zone.create' to create zones"
            raise Failure(403, 0, f"Actor 'com.cloudflare.api.token.{'b' * 32}' {actor}")
        return success(form(self._book.add_zone(order.name, order.account.id)))

    def _zone(self, call: Call) -> Response:
        return success(form(self._book.zone(call.path["zone"])))

    def _remove_zone(self, call: Call) -> Response:
        with self._book.shelf.locked():
            zone = self._book.zone(call.path["zone"])
            self._book.remove(zone)
        return success({"id": zone["id"]})

    def _check_activation(self, call: Call) -> Response:
        return success({"id": self._book.zone(call.path["zone"])["id"]})


def _nowhere(call: Call) -> Response:
    raise Failure(404, 7000, "No route for that URI")

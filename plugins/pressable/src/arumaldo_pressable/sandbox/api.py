"""The vendor's API, path by path."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from arumaldo_pressable.sandbox.book import PHP_VERSIONS, as_wp
from arumaldo_pressable.sandbox.events import notice
from arumaldo_pressable.sandbox.forms import ACCOUNT, account_form, list_form, show_form
from arumaldo_pressable.sandbox.hosts import site_host
from arumaldo_pressable.sandbox.models import (
    Commands,
    DeleteQuery,
    ListQuery,
    LogQuestion,
    NewDomain,
    NewTags,
    NoQuery,
    Nothing,
    OldTags,
    SiteOrder,
    TokenRequest,
)
from arumaldo_pressable.sandbox.visitor import forget_seen
from arumaldo_pressable.sandbox.wire import NOT_THERE, AuthFailure, Call, Failure, paged, success

if TYPE_CHECKING:
    from arumaldo_pressable.sandbox import PressableSandbox

CLIENT_ID = "sandbox"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - the sandbox's own, known to everyone
TOKEN_LIFE = 3599

Handler = Callable[[Call], Response]


class Api:
    """Handlers by path and method; each one is synchronous and runs in a thread."""

    def __init__(self, sandbox: PressableSandbox) -> None:
        self._sandbox = sandbox
        self._book = sandbox.book
        self._domains = sandbox.domains

    def app(self) -> ASGIApp:
        paths: dict[str, dict[str, Handler]] = {
            "/auth/token": {"POST": self.token},
            "/v1/account": {"GET": self.account},
            "/v1/sites": {"GET": self.list_sites, "POST": self.create_site},
            "/v1/sites/{id:int}": {"GET": self.show_site, "DELETE": self.delete_site},
            "/v1/sites/{id:int}/disable": {"PUT": self.disable},
            "/v1/sites/{id:int}/enable": {"PUT": self.enable},
            "/v1/sites/{id:int}/tags": {"POST": self.add_tags, "DELETE": self.remove_tags},
            "/v1/sites/{id:int}/domains": {"GET": self.list_domains, "POST": self.add_domain},
            "/v1/sites/{id:int}/domains/{domain:int}": {"GET": self.show_domain, "DELETE": self.delete_domain},
            "/v1/sites/{id:int}/domains/{domain:int}/primary": {"PUT": self.make_primary},
            "/v1/sites/{id:int}/wordpress/wpcli": {"POST": self.wpcli},
            "/v1/sites/{id:int}/wordpress/commands": {"POST": self.commands},
            "/v1/sites/{id:int}/logs/activity": {"POST": self.activity},
            "/v1/sites/{id:int}/edge-cache": {
                "GET": self.edge_cache,
                "PUT": self.toggle_edge_cache,
                "DELETE": self.purge_edge_cache,
            },
        }
        routes = [
            Route(path, self._endpoint(handler), methods=[method])
            for path, methods in paths.items()
            for method, handler in methods.items()
        ]
        return Router([*routes, Mount("/", _nothing_there)], redirect_slashes=False)

    def _endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            path_id, domain_id = (str(request.path_params.get(name, "")) for name in ("id", "domain"))
            call = Call(path_id, dict(request.query_params), request.headers, await request.body(), domain_id)
            return await run_in_threadpool(self._answer, handler, call)

        return endpoint

    def _answer(self, handler: Handler, call: Call) -> Response:
        try:
            if handler != self.token:
                self._authenticate(call)
            return handler(call)
        except (Failure, AuthFailure) as failure:
            return failure.answer()

    def _authenticate(self, call: Call) -> None:
        kind, _, token = call.headers.get("authorization", "").partition(" ")
        kept = self._sandbox.shelf.get("tokens", token) if kind == "Bearer" else None
        if kept is None or kept["until"] <= self._sandbox.now():
            raise AuthFailure(401, "invalid_token", "The access token is invalid or has expired")

    def token(self, call: Call) -> Response:
        request = _token_request(call)
        if request.grant_type != "client_credentials":
            raise AuthFailure(400, "unsupported_grant_type", "The authorization grant type is not supported")
        if (request.client_id, request.client_secret) != (CLIENT_ID, CLIENT_SECRET):
            raise AuthFailure(401, "invalid_client", "Client authentication failed")
        now = self._sandbox.now()
        token = secrets.token_urlsafe(32)
        self._sandbox.shelf.put("tokens", token, {"token": token, "until": now + TOKEN_LIFE}, now)
        return JSONResponse(
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": TOKEN_LIFE,
                "scope": "authorized",
                "created_at": int(now),
                "id": ACCOUNT,
                "name": "Sandbox",
                "email": "sandbox@example.com",
                "gravatar": "",
                "scopes": ["authorized", "owner"],
            }
        )

    def account(self, call: Call) -> Response:
        call.asked(NoQuery)
        count = len(self._book.all())
        room = count if self._sandbox.switches.get("sites") == "full" else self._sandbox.max_sites
        return success(account_form(count, room, PHP_VERSIONS[0]))

    def list_sites(self, call: Call) -> Response:
        query = call.asked(ListQuery)
        sites = self._book.all(self._sandbox.searchable_until())[::-1]
        if query.tag_name is not None:
            sites = [site for site in sites if query.tag_name in [tag["name"] for tag in site["tags"]]]
        if not query.paginate:
            return success([self._listed(site) for site in sites])
        shown, page = paged(sites, query.page, query.per_page)
        return success([self._listed(site) for site in shown], page)

    def create_site(self, call: Call) -> Response:
        site = self._book.create(call.sent(SiteOrder))
        self._tell("site_created", site["id"])
        return success(self._listed(site))

    def show_site(self, call: Call) -> Response:
        call.asked(NoQuery)
        site = self._book.one(call.path_id)
        return success(show_form(site, self._book.state(site), self._host(site)))

    def delete_site(self, call: Call) -> Response:
        call.asked(DeleteQuery)
        self._book.remove(call.path_id)
        self._tell("site_deleted", call.path_id)
        return success()

    def disable(self, call: Call) -> Response:
        call.sent(Nothing)
        if self._book.state(self._book.one(call.path_id)) != "live":
            raise Failure(422, "Only live sites can be disabled")
        site = self._book.change(call.path_id, disabled=True)
        self._tell("site_disabled", call.path_id)
        return success(self._listed(site))

    def enable(self, call: Call) -> Response:
        call.sent(Nothing)
        if not self._book.one(call.path_id)["disabled"]:
            raise Failure(422, "Only disabled sites can be enabled")
        site = self._book.change(call.path_id, disabled=False)
        self._tell("site_enabled", call.path_id)
        return success(self._listed(site))

    def add_tags(self, call: Call) -> Response:
        names = [tag.name for tag in call.sent(NewTags).tags]
        return success(self._listed(self._book.tag(call.path_id, names)))

    def remove_tags(self, call: Call) -> Response:
        ids = call.sent(OldTags).tag_ids
        tags = [tag for tag in self._book.one(call.path_id)["tags"] if tag["id"] not in ids]
        return success(self._listed(self._book.change(call.path_id, tags=tags)))

    def list_domains(self, call: Call) -> Response:
        call.asked(NoQuery)
        self._book.one(call.path_id)
        found = self._domains.of(call.path_id, self._sandbox.searchable_until())
        return success([self._domains.listed(domain) for domain in found])

    def add_domain(self, call: Call) -> Response:
        name = call.sent(NewDomain).name
        if self._book.one(call.path_id)["staging"]:
            raise Failure(422, "A staging site cannot have domains; convert it to a live site first")
        domains = self._domains.add(call.path_id, name)
        self._tell("domain_added", call.path_id)
        return success([self._domains.shown(domain) for domain in domains])

    def show_domain(self, call: Call) -> Response:
        call.asked(NoQuery)
        self._book.one(call.path_id)
        return success(self._domains.shown(self._domains.one(call.path_id, call.domain_id)))

    def make_primary(self, call: Call) -> Response:
        call.sent(Nothing)
        self._book.one(call.path_id)
        domain = self._domains.make_primary(call.path_id, call.domain_id)
        self._tell("primary_domain_set", call.path_id)
        return success(self._domains.shown(domain))

    def delete_domain(self, call: Call) -> Response:
        call.asked(NoQuery)
        self._book.one(call.path_id)
        self._domains.remove(call.path_id, call.domain_id)
        return success()

    def wpcli(self, call: Call) -> Response:
        self._book.queue(call.path_id, [as_wp(command) for command in call.sent(Commands).commands])
        return success()

    def commands(self, call: Call) -> Response:
        self._book.queue(call.path_id, call.sent(Commands).commands)
        return success()

    def activity(self, call: Call) -> Response:
        question = call.sent(LogQuestion)
        self._book.one(call.path_id)
        shown, page = paged(self._book.activity(call.path_id), question.page, question.per_page)
        return success(shown, page)

    def edge_cache(self, call: Call) -> Response:
        active = self._book.one(call.path_id)["edge_cache"]
        return success({"active": active, "defensive_mode": {"active": False, "active_until": None}})

    def toggle_edge_cache(self, call: Call) -> Response:
        call.sent(Nothing)
        active = self._book.one(call.path_id)["edge_cache"]
        self._book.change(call.path_id, edge_cache=not active)
        return success()

    def purge_edge_cache(self, call: Call) -> Response:
        self._book.one(call.path_id)
        forget_seen(self._sandbox.shelf, call.path_id)
        return success()

    def _tell(self, event: str, number: str) -> None:
        self._sandbox.webhooks.tell(lambda forged: notice(event, int(number), forged=forged))

    def _listed(self, site: dict[str, Any]) -> dict[str, Any]:
        return list_form(site, self._book.state(site), self._host(site), len(self._domains.of(site["id"])))

    def _host(self, site: dict[str, Any]) -> str:
        primary = self._domains.primary(site["id"])
        return site_host(site["name"] if primary is None else primary["name"], self._sandbox.address)


def _token_request(call: Call) -> TokenRequest:
    media = call.headers.get("content-type", "").partition(";")[0]
    if media != "application/x-www-form-urlencoded":
        raise AuthFailure(400, "invalid_request", "The request is not a form")
    try:
        return TokenRequest.model_validate(dict(parse_qsl(call.body.decode(), keep_blank_values=True)))
    except (ValidationError, UnicodeDecodeError) as error:
        raise AuthFailure(400, "invalid_request", "The request lacks a parameter or has an unknown one") from error


async def _nothing_there(scope: Scope, receive: Receive, send: Send) -> None:
    await Failure(404, message=NOT_THERE).answer()(scope, receive, send)

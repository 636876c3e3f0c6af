"""The control endpoints: what a test, the demo or a judge tells the sandboxes, and asks them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from arumaldo.sandbox.faults import Fault
from arumaldo.sandbox.internet import Internet
from arumaldo.sandbox.kit import Entry, Sandbox
from arumaldo.sandbox.webhooks import Subscription

_LEDGER = TypeAdapter(dict[str, list[Entry]])
_Order = Callable[[Sandbox, Request], Awaitable[Response]]
_Endpoint = Callable[[Request], Awaitable[Response]]


class Seconds(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    seconds: float


class Value(BaseModel):
    model_config = ConfigDict(extra="forbid")

    value: str


class Delegation(BaseModel):
    """What the owner of a domain tells the registrar."""

    model_config = ConfigDict(extra="forbid")

    domain: str
    name_servers: list[str]


def routes(sandboxes: Sequence[Sandbox], internet: Internet) -> list[BaseRoute]:
    """The endpoints below `/_control`. A refusal is JSON with a sentence: `{"error": "…"}`, 404 or 422."""
    by_name = {sandbox.name: sandbox for sandbox in sandboxes}

    async def ledgers(request: Request) -> Response:
        return JSONResponse({name: await run_in_threadpool(_ledger, sandbox) for name, sandbox in by_name.items()})

    async def letters(request: Request) -> Response:
        found = await run_in_threadpool(internet.letters, request.query_params.get("to", ""))
        return JSONResponse([letter.model_dump() for letter in found])

    async def delegate(request: Request) -> Response:
        """A second call replaces the first."""
        try:
            told = Delegation.model_validate_json(await request.body())
        except ValidationError as error:
            return _refusal(422, _sentence(error))
        if not await run_in_threadpool(internet.delegate, told.domain, told.name_servers):
            return _refusal(422, f"No vendor here answers for {told.domain} with these name servers.")
        return JSONResponse({"status": "ok"})

    def route(path: str, method: str, order: _Order) -> Route:
        return Route(path, _endpoint(by_name, order), methods=[method])

    return [
        Route("/health", _health, methods=["GET"]),
        Route("/ledger", ledgers, methods=["GET"]),
        Route("/letters", letters, methods=["GET"]),
        Route("/registrar", delegate, methods=["POST"]),
        route("/{name}/ledger", "GET", _one_ledger),
        route("/{name}/faults", "GET", _faults),
        route("/{name}/faults", "POST", _order_fault),
        route("/{name}/faults", "DELETE", _clear_faults),
        route("/{name}/webhooks", "GET", _webhooks),
        route("/{name}/webhooks", "POST", _subscribe),
        route("/{name}/webhooks", "DELETE", _end_webhooks),
        route("/{name}/clock", "POST", _set_clock),
        route("/{name}/show_late", "POST", _set_show_late),
        route("/{name}/expire_tokens", "POST", _expire_tokens),
        route("/{name}/switches", "GET", _switches),
        route("/{name}/switches/{key}", "PUT", _set_switch),
        route("/{name}/switches/{key}", "DELETE", _reset_switch),
    ]


def _endpoint(by_name: dict[str, Sandbox], order: _Order) -> _Endpoint:
    async def endpoint(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in by_name:
            return _refusal(404, f"No sandbox is called {name!r}. There are: {', '.join(by_name) or 'none'}.")
        try:
            return await order(by_name[name], request)
        except ValidationError as error:
            return _refusal(422, _sentence(error))

    return endpoint


async def _health(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _one_ledger(sandbox: Sandbox, request: Request) -> Response:
    return JSONResponse(await run_in_threadpool(_ledger, sandbox))


async def _faults(sandbox: Sandbox, request: Request) -> Response:
    return JSONResponse(_state_of_faults(sandbox))


async def _order_fault(sandbox: Sandbox, request: Request) -> Response:
    """A second call puts a second order in force."""
    sandbox.faults.order(Fault.model_validate_json(await request.body()))
    return JSONResponse(_state_of_faults(sandbox), 201)


async def _clear_faults(sandbox: Sandbox, request: Request) -> Response:
    sandbox.faults.clear()
    return JSONResponse(_state_of_faults(sandbox))


async def _webhooks(sandbox: Sandbox, request: Request) -> Response:
    return JSONResponse(_state_of_webhooks(sandbox))


async def _subscribe(sandbox: Sandbox, request: Request) -> Response:
    """A second call adds a second subscription."""
    sandbox.webhooks.subscribe(Subscription.model_validate_json(await request.body()))
    return JSONResponse(_state_of_webhooks(sandbox), 201)


async def _end_webhooks(sandbox: Sandbox, request: Request) -> Response:
    """Ends all of them, with what still waits; the list of what was sent stays."""
    sandbox.webhooks.clear()
    return JSONResponse(_state_of_webhooks(sandbox))


async def _set_clock(sandbox: Sandbox, request: Request) -> Response:
    """Sets the shift; a second call with the same number changes nothing."""
    sandbox.shift = Seconds.model_validate_json(await request.body()).seconds
    return JSONResponse({"seconds": sandbox.shift, "now": sandbox.now()})


async def _set_show_late(sandbox: Sandbox, request: Request) -> Response:
    sandbox.show_late = Seconds.model_validate_json(await request.body()).seconds
    return JSONResponse({"seconds": sandbox.show_late})


async def _expire_tokens(sandbox: Sandbox, request: Request) -> Response:
    await run_in_threadpool(sandbox.expire_tokens)
    return JSONResponse({"status": "ok"})


async def _switches(sandbox: Sandbox, request: Request) -> Response:
    return JSONResponse({"offered": dict(sandbox.offers), "set": sandbox.switches})


async def _set_switch(sandbox: Sandbox, request: Request) -> Response:
    value = Value.model_validate_json(await request.body()).value
    try:
        sandbox.switches[request.path_params["key"]] = value
    except ValueError as error:
        return _refusal(422, str(error))
    return JSONResponse(sandbox.switches)


async def _reset_switch(sandbox: Sandbox, request: Request) -> Response:
    try:
        sandbox.switches.reset(request.path_params["key"])
    except ValueError as error:
        return _refusal(422, str(error))
    return JSONResponse(sandbox.switches)


def _ledger(sandbox: Sandbox) -> Any:
    return _LEDGER.dump_python(sandbox.ledger(), mode="json")


def _state_of_faults(sandbox: Sandbox) -> dict[str, Any]:
    return {
        "orders": [fault.model_dump(mode="json") for fault in sandbox.faults.in_force()],
        "hits": dict(sandbox.faults.hits),
    }


def _state_of_webhooks(sandbox: Sandbox) -> dict[str, Any]:
    return {
        "subscriptions": [one.model_dump(mode="json") for one in sandbox.webhooks.subscriptions()],
        "sent": [one.model_dump(mode="json") for one in sandbox.webhooks.sent()],
    }


def _refusal(status: int, said: str) -> Response:
    return JSONResponse({"error": said}, status)


def _sentence(error: ValidationError) -> str:
    """pydantic's findings on one line, without the input, which may be anything."""
    found = []
    for mistake in error.errors(include_url=False, include_input=False, include_context=False):
        where = ".".join(str(part) for part in mistake["loc"])
        found.append(f"{where}: {mistake['msg']}" if where else mistake["msg"])
    return "; ".join(found)

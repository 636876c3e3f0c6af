"""The one door to the vendor: tokens, envelopes and errors end here."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from threading import Lock
from typing import Any, TypeVar

import httpx2
from pydantic import BaseModel, TypeAdapter, ValidationError

from arumaldo import Denied, Refused, Unavailable, remaining
from arumaldo.http import Door, Reply, new_client
from arumaldo_pressable.settings import Settings

NAME = "pressable"
PER_PAGE = 50
_EARLY = 60.0
_SAID_AT_MOST = 300

Model = TypeVar("Model", bound=BaseModel)


class Answer:
    """What the vendor's envelope held."""

    def __init__(self, reply: Reply, body: dict[str, Any]) -> None:
        self._reply = reply
        self._body = body

    def one(self, model: type[Model]) -> Model:
        """`data` as one object. An answer of another shape is in doubt, like one that is not JSON."""
        return self._as(TypeAdapter(model), self._body.get("data"))

    def many(self, model: type[Model]) -> list[Model]:
        """`data` as a list. The vendor sends null for an empty one."""
        shape = TypeAdapter(model)
        data = self._body.get("data") or []
        return [self._as(shape, one) for one in (data if isinstance(data, list) else [data])]

    @property
    def next_page(self) -> int | None:
        """The number of the page after this one. `nextPage` is not to be relied on, `lastPage` is."""
        page = self._body.get("page") or {}
        current, last = page.get("currentPage"), page.get("lastPage")
        if isinstance(current, int) and isinstance(last, int) and current < last:
            return current + 1
        return None

    def _as(self, shape: TypeAdapter[Model], data: Any) -> Model:
        try:
            return shape.validate_python(data)
        except ValidationError as error:
            raise self._reply.doubt("answered in a shape that is not its own") from error


class Tokens:
    """The access token of one process: kept until shortly before its end, renewed by one thread at a time.

    The vendor may lock an account whose authentication fails again and again. So threads that waited while
    another one was turned away share that refusal, and nothing here ever tries twice.
    """

    def __init__(self, settings: Settings, door: Door) -> None:
        self._settings = settings
        self._door = door
        self._lock = Lock()
        self._token = ""
        self._good_until = 0.0
        self._refusal: Denied | None = None
        self._refused_at = 0.0

    def current(self) -> str:
        """A token that should be good; asks the vendor for one only where none is kept."""
        if time.monotonic() < self._good_until:
            return self._token
        return self._renewed("")

    def instead_of(self, stale: str) -> str:
        """The token to use after the vendor did not accept `stale`; another thread may have it already."""
        return self._renewed(stale)

    def hide(self, text: str) -> str:
        """`text` without any secret of ours, should the vendor repeat one."""
        for secret in (self._settings.client_secret.get_secret_value(), self._token):
            text = text.replace(secret, "***") if secret else text
        return text

    def _renewed(self, stale: str) -> str:
        waits_since = time.monotonic()
        if not self._lock.acquire(timeout=remaining()):
            raise Unavailable(NAME, "did not give an access token in time")
        try:
            if self._token != stale and time.monotonic() < self._good_until:
                return self._token
            if self._refusal is not None and self._refused_at >= waits_since:
                raise Denied(NAME, self._refusal.what)
            return self._ask()
        finally:
            self._lock.release()

    def _ask(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret.get_secret_value(),
        }
        self._good_until = 0.0
        # The token's door is at the root of the host, and it takes a form where all others take JSON.
        reply = self._door.send("POST", f"{self._settings.base_url}/auth/token", repeatable=True, data=form)
        if reply.status in (400, 401, 403):
            self._refused_at = time.monotonic()
            self._refusal = Denied(NAME, f"does not accept client_id and client_secret: {self.hide(said(reply))}")
            raise self._refusal
        self._door.refuse_by_status(reply, self.hide(said(reply)), repeatable=True)
        body = reply.json()
        if not isinstance(body, dict) or not isinstance(body.get("access_token"), str):
            raise reply.doubt("answered the request for an access token without one")
        self._token = body["access_token"]
        life = body.get("expires_in")
        self._good_until = time.monotonic() + max(1.0, float(life if isinstance(life, int) else 3599) - _EARLY)
        return self._token


class PressableClient:
    """Calls the vendor's API. `http` takes the place of a client of its own, in tests."""

    def __init__(self, settings: Settings, http: httpx2.Client | None = None) -> None:
        self._root = f"{settings.base_url}/v1"
        self._door = Door(NAME, http or new_client())
        self._tokens = Tokens(settings, self._door)

    def call(self, method: str, path: str, *, repeatable: bool, **options: Any) -> Answer:
        """One call; `options` are httpx's (`json=`, `params=`). A second call sends a second request.

        A 401 says that the request was not carried out, so it is sent once more with a new token, and only once:
        then Denied. Otherwise the errors are those of `Door`; a refusal carries the vendor's own words.
        """
        token = self._tokens.current()
        reply = self._send(method, path, token, repeatable=repeatable, **options)
        if reply.status == 401:
            token = self._tokens.instead_of(token)
            reply = self._send(method, path, token, repeatable=repeatable, **options)
        self._door.refuse_by_status(reply, self._tokens.hide(said(reply)), repeatable=repeatable)
        return self._opened(reply)

    def each(self, path: str, model: type[Model]) -> Iterator[Model]:
        """Every object of a paginated list, as many requests as it has pages."""
        number: int | None = 1
        while number is not None:
            params = {"paginate": "true", "page": number, "per_page": PER_PAGE}
            answer = self.call("GET", path, repeatable=True, params=params)
            yield from answer.many(model)
            number = answer.next_page

    def close(self) -> None:
        self._door.close()

    def _send(self, method: str, path: str, token: str, *, repeatable: bool, **options: Any) -> Reply:
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        return self._door.send(method, f"{self._root}{path}", repeatable=repeatable, headers=headers, **options)

    def _opened(self, reply: Reply) -> Answer:
        body = reply.json()
        if not isinstance(body, dict):
            raise reply.doubt("answered without its envelope")
        if body.get("errors"):
            # Some refusals come inside HTTP 200.
            raise Refused(NAME, self._tokens.hide(said(reply)))
        return Answer(reply, body)


def said(reply: Reply) -> str:
    """The vendor's own sentence, whatever form its answer has: envelope, OAuth error, or a gateway's page."""
    fallback = f"answered {reply.status} without an explanation"
    try:
        body = json.loads(reply.body.decode("utf-8-sig"))
    except ValueError:
        return fallback
    if not isinstance(body, dict):
        return fallback
    errors = body.get("errors") if isinstance(body.get("errors"), list) else []
    first = body.get("message") or body.get("error_description") or body.get("error")
    words = [str(word) for word in [first, *(errors or [])] if word]
    return " ".join(words)[:_SAID_AT_MOST] or fallback

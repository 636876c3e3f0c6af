"""The one door to the vendor: its envelope, its codes and its limits end here."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from arumaldo import Denied, NotFound, OutcomeUnknown, ProviderError, Refused, Unavailable
from arumaldo.http import Door, Reply, new_client
from arumaldo_cloudflare.settings import Settings

NAME = "cloudflare"
_SAID_AT_MOST = 300
_PER_PAGE = 50
# Wrong or too narrow credentials, whatever the status: the vendor says some of them with 400.
_DENIED = {0, 1000, 1068, 6003, 6103, 6111, 9103, 9106, 9109, 10000}
_MALFORMED = {6103, 6111}
_NO_ACCOUNT = 1068
_ABSENT = {7000, 7003, 10003, 81044}
# The vendor's own failure under way, whatever the status.
_DOUBTFUL = {1052}
_NO_SUCH_ID = re.compile(r"invalid [a-z ]*identifier", re.IGNORECASE)
_RIGHTS = (
    (re.compile(r"POST /zones$"), "Zone edit, on the account"),
    (re.compile(r"DELETE /zones/\w+$"), "Zone edit"),
    (re.compile(r"GET /zones(/\w+)?$"), "Zone read"),
    (re.compile(r"/dns_records"), "DNS edit"),
    (re.compile(r"/ssl/"), "SSL and Certificates read"),
    (re.compile(r"/settings/"), "Zone Settings edit"),
    (re.compile(r"/rulesets/"), "Zone WAF edit"),
)
Model = TypeVar("Model", bound=BaseModel)


class Said(Refused):
    """A refusal with the vendor's codes, those within wrappers too."""

    def __init__(self, what: str, codes: frozenset[int]) -> None:
        super().__init__(NAME, what)
        self.codes = codes


class Absent(NotFound):
    """There is no such zone, record, ruleset or rule; which of them, the codes tell."""

    def __init__(self, what: str, codes: frozenset[int]) -> None:
        super().__init__(NAME, what)
        self.codes = codes


class Barred(Denied):
    """The token may not do this, with the vendor's codes; for a single zone, some of them may mean that it is gone."""

    def __init__(self, what: str, codes: frozenset[int]) -> None:
        super().__init__(NAME, what)
        self.codes = codes


class CloudflareClient:
    """Calls the API. `http` takes the place of a client of its own, in tests."""

    def __init__(self, settings: Settings, http: httpx2.Client | None = None) -> None:
        self._settings = settings
        self._door = Door(NAME, http or new_client())

    def call(self, method: str, path: str, *, repeatable: bool, **options: Any) -> Any:
        """One call; answers `result`. A second call sends a second request. `options` are httpx's.

        A refusal is a `Said`, with the vendor's codes, or `Absent`; what the token may not do is `Barred`.
        """
        return self._body(method, path, repeatable=repeatable, **options).get("result")

    def each(self, path: str, model: type[Model], **params: str) -> Iterator[Model]:
        """Every object of a paginated list."""
        page, more = 0, True
        while more:
            page += 1
            asked = {**params, "page": page, "per_page": _PER_PAGE}
            rows = self._body("GET", path, repeatable=True, params=asked).get("result") or []
            if not isinstance(rows, list):
                raise _no_answer(repeatable=True)
            yield from (as_model(model, row, repeatable=True) for row in rows)
            more = len(rows) == _PER_PAGE

    def close(self) -> None:
        self._door.close()

    def _body(self, method: str, path: str, *, repeatable: bool, **options: Any) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self._settings.api_token.get_secret_value()}"}
        url = f"{self._settings.base_url}{path}"
        reply = self._door.send(method, url, repeatable=repeatable, headers=headers, **options)
        if reply.status == httpx2.codes.NO_CONTENT:
            return {}
        if reply.status == 429:
            raise Unavailable(NAME, self._words(_errors(reply), reply), reply.retry_after or _resets_in(reply))
        if reply.status >= 500 or reply.status == 408:
            self._door.refuse_by_status(reply, self._words(_errors(reply), reply), repeatable=repeatable)
        body = reply.json()
        if not isinstance(body, dict):
            raise reply.doubt("answered without its envelope")
        if reply.status >= 400 or body.get("success") is not True:
            raise self._error(reply, f"{method} {path}", repeatable=repeatable)
        return body

    def _error(self, reply: Reply, asked: str, *, repeatable: bool) -> ProviderError:
        errors = _errors(reply)
        codes = frozenset(code for code, _ in errors)
        said = self._words(errors, reply)
        if codes & _DOUBTFUL or (reply.status < 400 and not codes):
            return reply.doubt(said)
        if codes & _ABSENT or reply.status == 404 or _NO_SUCH_ID.search(said):
            return Absent(said, codes)
        if codes & _DENIED or reply.status in (401, 403) or any(_is_of_rights(text) for _, text in errors):
            return Barred(_what_to_do(codes, said, asked), codes)
        return Said(said, codes)

    def _words(self, errors: list[tuple[int, str]], reply: Reply) -> str:
        """The vendor's sentences, without our token, which it may repeat."""
        words = "; ".join(f"{text} ({code})" for code, text in errors) or f"answered {reply.status}"
        return words.replace(self._settings.api_token.get_secret_value(), "***")[:_SAID_AT_MOST]


def _errors(reply: Reply) -> list[tuple[int, str]]:
    """Codes and sentences; none of what is no envelope, like a gateway's page."""
    body: object = None
    with contextlib.suppress(ValueError):
        body = json.loads(reply.body.decode("utf-8-sig"))
    return [*_flat(body.get("errors"))] if isinstance(body, dict) else []


def _flat(errors: object) -> Iterator[tuple[int, str]]:
    """Of both levels: older answers wrap the true reason."""
    for error in errors if isinstance(errors, list) else []:
        if isinstance(error, dict):
            yield from _flat(error.get("error_chain"))
            code = error.get("code")
            yield code if isinstance(code, int) else -1, str(error.get("message", ""))


def _is_of_rights(text: str) -> bool:
    # Code 1001 stands for much else, and a domain may have the word in its name.
    return "permission check" in text.lower() or "requires permission" in text.lower()


def _what_to_do(codes: frozenset[int], said: str, asked: str) -> str:
    if codes & _MALFORMED:
        return f"api_token has not the form of an API token (the global key is none): {said}"
    if _NO_ACCOUNT in codes:
        return f"account_id is not of api_token's account, or the right Zone edit is missing on it: {said}"
    if "location" in said:
        return f"api_token may not be used from this host's address, see the token's IP filter: {said}"
    right = next((f"the right {right}" for pattern, right in _RIGHTS if pattern.search(asked)), "a right")
    return f"api_token is not valid, or lacks {right}: {said}"


def _resets_in(reply: Reply) -> float | None:
    """Seconds until the limit is new again, where only the header of the limit tells: `"default";r=0;t=30`."""
    found = re.search(r";t=(\d{1,6})\b", reply.headers.get("ratelimit", ""))
    return float(found[1]) if found else None


def _no_answer(*, repeatable: bool) -> ProviderError:
    return (Unavailable if repeatable else OutcomeUnknown)(NAME, "answered in a shape that is not its own")


def as_model(model: type[Model], value: Any, *, repeatable: bool) -> Model:
    """What we read of an object; one of another shape is no answer."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _no_answer(repeatable=repeatable) from error

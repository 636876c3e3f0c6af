"""The one door to the vendor: its key, its limits and its errors end here."""

from __future__ import annotations

from typing import Any, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from arumaldo import Denied, NotFound, OutcomeUnknown, ProviderError, Refused, Unavailable
from arumaldo.http import Door, Reply, new_client
from arumaldo_brevo.settings import Settings

NAME = "brevo"
EXISTS = "duplicate_parameter"
_REPEATED = "duplicate_request"
_BUSY = "account_in_process"
_NO_MONEY = "not_enough_credits"
_UNDER_VALIDATION = "account_under_validation"
_OPERATORS = {"unauthorized", "permission_denied", _UNDER_VALIDATION}
_SAID_AT_MOST = 300

Model = TypeVar("Model", bound=BaseModel)


class Declined(Refused):
    """The vendor says no to what it was sent; `code` is its own word for the reason, "" where it gives none."""

    def __init__(self, provider: str, what: str, code: str) -> None:
        super().__init__(provider, what)
        self.code = code


class DoneBefore(Declined):
    """The very same request was taken before: what it asked for is there, or is being made."""


class BrevoClient:
    """Calls the API. `http` takes the place of a client of its own, in tests."""

    def __init__(self, settings: Settings, http: httpx2.Client | None = None) -> None:
        self._settings = settings
        self._door = Door(NAME, http or new_client())

    def read(self, path: str, shape: type[Model], **params: Any) -> Model:
        """One look. Unavailable also where the answer has a shape that is not the vendor's."""
        reply = self._send("GET", path, repeatable=True, params=params)
        try:
            return shape.model_validate(reply.json())
        except ValidationError as error:
            raise reply.doubt("answered in a shape that is not its own") from error

    def write(self, method: str, path: str, body: dict[str, Any], *, repeatable: bool) -> dict[str, Any]:
        """One change; {} for an empty answer, which an update has. A second call sends a second request."""
        reply = self._send(method, path, repeatable=repeatable, json=body)
        if not reply.body.strip():
            return {}
        answer = reply.json()
        if not isinstance(answer, dict):
            raise reply.doubt("answered in a shape that is not its own")
        return answer

    def close(self) -> None:
        self._door.close()

    def _send(self, method: str, path: str, *, repeatable: bool, **options: Any) -> Reply:
        headers = {"api-key": self._settings.api_key.get_secret_value(), "accept": "application/json"}
        url = f"{self._settings.base_url}{path}"
        reply = self._door.send(method, url, repeatable=repeatable, headers=headers, **options)
        if reply.status >= 400:
            raise self._error(reply, repeatable=repeatable)
        return reply

    def _error(self, reply: Reply, *, repeatable: bool) -> ProviderError:
        """Sorted by status, save where the vendor's own code says more."""
        code, said = self._said(reply)
        if reply.status >= 500 or reply.status == 408:
            return Unavailable(NAME, said, reply.retry_after) if repeatable else OutcomeUnknown(NAME, said)
        # Before the status: whatever number a repeat comes with, the first one was taken.
        if not repeatable and (code == _REPEATED or "already processed" in f"{code} {said}".lower()):
            return DoneBefore(NAME, said, code)
        if reply.status in (425, 429) or code in (_BUSY, _REPEATED):
            return Unavailable(NAME, said, _reset(reply))
        if reply.status in (401, 402, 403) or code in _OPERATORS or code == _NO_MONEY:
            return Denied(NAME, _for_the_operator(reply.status, code, said))
        if reply.status == 404:
            return NotFound(NAME, said)
        return Declined(NAME, said, code)

    def _said(self, reply: Reply) -> tuple[str, str]:
        """The vendor's code, and its sentence with that code; a gateway's page says nothing."""
        fallback = f"answered {reply.status} without an explanation"
        try:
            body = reply.json()
        except ProviderError:
            return "", fallback
        if not isinstance(body, dict):
            return "", fallback
        code = str(body.get("code") or "")
        words = str(body.get("message") or fallback).replace(self._settings.api_key.get_secret_value(), "***")
        return code, words[:_SAID_AT_MOST] + (f" ({code[:60]})" if code else "")


def _for_the_operator(status: int, code: str, said: str) -> str:
    if status == 402 or code == _NO_MONEY:
        return f"has no credits left for mail, so buy some there: {said}"
    if code == _UNDER_VALIDATION:
        return f"is still checking this account, so finish its validation there: {said}"
    if status == 401 or code == "unauthorized":
        return f"does not accept api_key, or not from this machine's address: {said}"
    return f"does not let this api_key do that: {said}"


def _reset(reply: Reply) -> float | None:
    """Seconds that are left, in the vendor's own header or, where a gateway speaks, in the usual one."""
    left = reply.headers.get("x-sib-ratelimit-reset", "").strip()
    return float(left) if left.replace(".", "", 1).isdigit() else reply.retry_after

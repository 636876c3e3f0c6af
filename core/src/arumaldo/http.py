"""The one way a plugin talks HTTP to its vendor: bounded in total time and size, with faults sorted by the next move.

    door = Door("acme", new_client(base_url=settings.base_url))
    reply = door.send("POST", "/things", json={...}, repeatable=False)

`send` sorts what never became an answer. What an answer *means* is the vendor's business, so it stays in the plugin;
`Door.refuse_by_status` does the part that all vendors share.
"""

from __future__ import annotations

import contextlib
import json
import ssl
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpx2

from arumaldo.deadline import remaining
from arumaldo.errors import Denied, NotFound, OutcomeUnknown, ProviderError, Refused, Unavailable
from arumaldo.hearing import heard

MAX_BYTES = 10 * 1024 * 1024
_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)


@cache
def trusted() -> ssl.SSLContext:
    """The certificate authorities that every client of this process trusts.

    Reading them takes longer than most requests, so it is done once, and not by each client anew.
    """
    return httpx2.create_ssl_context()


def new_client(**options: Any) -> httpx2.Client:
    """An `httpx2.Client` with these options that trusts what all trust. A second call makes a second one."""
    return httpx2.Client(verify=trusted(), **options)


class Reply:
    """A whole answer: status, headers, and the body as bytes."""

    def __init__(self, door: Door, status: int, headers: httpx2.Headers, body: bytes, *, repeatable: bool) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self._door = door
        self._repeatable = repeatable

    def json(self) -> Any:
        """The body as JSON, with or without a byte order mark.

        Anything else (a gateway's HTML page, half an answer) is Unavailable for a repeatable request and
        OutcomeUnknown for one that may have changed something.
        """
        try:
            read = json.loads(self.body.decode("utf-8-sig"))
        except ValueError as error:
            raise self.doubt(f"answered {self.status} with something that is not JSON") from error
        if self.status < 500 and self.status != 429:
            heard()
        return read

    def doubt(self, what: str) -> ProviderError:
        """The error for an answer that cannot be believed."""
        return self._door.doubt(what, repeatable=self._repeatable)

    @property
    def retry_after(self) -> float | None:
        """Seconds from the Retry-After header, in either of its two forms; None when absent or unreadable."""
        value = self.headers.get("retry-after", "").strip()
        if value.replace(".", "", 1).isdigit():
            return float(value)
        with contextlib.suppress(ValueError, TypeError):
            return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
        return None


class Door:
    """An HTTP client that knows whom it speaks for. Closing it closes the client."""

    def __init__(self, vendor: str, client: httpx2.Client) -> None:
        self.vendor = vendor
        self.client = client

    def send(self, method: str, url: str, *, repeatable: bool, **options: Any) -> Reply:
        """One request, within what is left of the call's deadline, read whole.

        Unavailable: it surely was not carried out, or it is `repeatable`. OutcomeUnknown: it may have been.
        A second call sends a second request; there are no retries here.
        """
        ends_at = time.monotonic() + remaining()
        timeout = httpx2.Timeout(max(0.05, remaining()), connect=min(5.0, max(0.05, remaining())))
        try:
            with self.client.stream(method, url, timeout=timeout, **options) as answer:
                body = self._read(answer, ends_at, repeatable=repeatable)
                return Reply(self, answer.status_code, answer.headers, body, repeatable=repeatable)
        except _NEVER_SENT as error:
            raise Unavailable(self.vendor, "cannot be reached") from error
        except httpx2.HTTPError as error:
            raise self.doubt(f"{method} broke off before the answer was complete", repeatable=repeatable) from error

    def _read(self, answer: httpx2.Response, ends_at: float, *, repeatable: bool) -> bytes:
        body = bytearray()
        for part in answer.iter_bytes():
            body += part
            if len(body) > MAX_BYTES:
                raise self.doubt("answered with more than 10 MiB", repeatable=repeatable)
            if time.monotonic() > ends_at:
                raise self.doubt("did not finish its answer in time", repeatable=repeatable)
        return bytes(body)

    def doubt(self, what: str, *, repeatable: bool) -> ProviderError:
        """Unavailable when the request may simply be repeated, else OutcomeUnknown."""
        return (Unavailable if repeatable else OutcomeUnknown)(self.vendor, what)

    def refuse_by_status(self, reply: Reply, said: str, *, repeatable: bool) -> None:
        """Raise for a status of 400 or more, as nearly every vendor means it; `said` is the vendor's own sentence."""
        match reply.status:
            case status if status < 400:
                return
            case 401 | 403:
                raise Denied(self.vendor, said)
            case 404:
                raise NotFound(self.vendor, said)
            case 429:
                raise Unavailable(self.vendor, said, reply.retry_after)
            case status if status >= 500 or status == 408:
                if repeatable:
                    raise Unavailable(self.vendor, said, reply.retry_after)
                raise OutcomeUnknown(self.vendor, said)
        raise Refused(self.vendor, said)

    def close(self) -> None:
        self.client.close()

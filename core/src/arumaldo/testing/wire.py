"""What goes over the wire between a plugin and its sandbox, to be held against the vendor's own description."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

T = TypeVar("T")


def described(name: str, read: Callable[[Path], T]) -> T:
    """What `read` makes of the vendor's description, the file or folder `name` in the folder that ARUMALDO_SPECS names.

    For a fixture. Where the variable is not set the test skips; where it is, and nothing can be read, it fails.
    """
    folder = os.environ.get("ARUMALDO_SPECS")
    if not folder:
        pytest.skip("ARUMALDO_SPECS is not set: nothing is held against the vendor's own description")
    try:
        return read(Path(folder) / name)
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        pytest.fail(f"ARUMALDO_SPECS is set, but {name} in it cannot be used: {error}")


@dataclass(frozen=True)
class Exchange:
    """One request and its answer; `path` as the vendor has it, `headers` those of the request in small letters."""

    method: str
    path: str
    query: str
    sent: bytes
    status: int
    answer: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Recorder:
    """Around a sandbox's application: writes down every exchange, before its caller has the last of the answer.

    Those whose path begins with `root` are written down, with what follows `strip` (by default `root`) as their path.
    """

    def __init__(self, app: ASGIApp, root: str, strip: str | None = None) -> None:
        self._app = app
        self._root = root
        self._strip = root if strip is None else strip
        self.exchanges: list[Exchange] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, and write down."""
        if not scope.get("path", "").startswith(self._root):
            await self._app(scope, receive, send)
            return
        sent, answer, status = bytearray(), bytearray(), 0

        async def heard() -> Message:
            message = await receive()
            sent.extend(message.get("body", b""))
            return message

        async def told(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            answer.extend(message.get("body", b""))
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                self.exchanges.append(
                    Exchange(scope["method"], path, query, bytes(sent), status, bytes(answer), headers)
                )
            await send(message)

        path, query = scope["path"].removeprefix(self._strip), scope["query_string"].decode()
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        await self._app(scope, heard, told)

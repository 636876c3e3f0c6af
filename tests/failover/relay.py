"""What an operator has in front of several hosts: passes TCP connections on to one of those that answer.

relay.py LISTEN:PORT TARGET:PORT...

With several targets, one whose /readyz does not answer with 200 is left out, and its connections are closed, until it
does so again.
A program of its own, for it also runs on hosts that are only namespaces.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

_PATIENCE = 1.0
_BETWEEN = 0.3
_READY = b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"

Address = tuple[str, int]


class Target:
    """One place to pass connections on to."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.answers = True
        self.open: set[asyncio.StreamWriter] = set()

    async def watch(self) -> None:
        """Look again and again whether it is ready."""
        while True:
            self.answers = await self._is_ready()
            if not self.answers:
                for writer in list(self.open):
                    writer.transport.abort()
            await asyncio.sleep(_BETWEEN)

    async def _is_ready(self) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE):
                reader, writer = await asyncio.open_connection(*self.address)
                try:
                    writer.write(_READY)
                    return b" 200 " in await reader.readline()
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return False


class Relay:
    """Passes connections on, to the targets in turn."""

    def __init__(self, targets: list[Target]) -> None:
        self._targets = targets

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from outside."""
        self._targets.append(self._targets.pop(0))
        for target in sorted(self._targets, key=lambda target: not target.answers):
            try:
                there = await asyncio.wait_for(asyncio.open_connection(*target.address), _PATIENCE)
            except (OSError, TimeoutError):
                continue
            target.open |= {writer, there[1]}
            await asyncio.gather(_pass_on(reader, there[1]), _pass_on(there[0], writer))
            target.open -= {writer, there[1]}
            return
        writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return host, int(port)


async def main(listen: str, *targets: str) -> None:
    """Listen until this process is ended."""
    made = [Target(_address(target)) for target in targets]
    server = await asyncio.start_server(Relay(made).connected, *_address(listen))
    watching = [target.watch() for target in made] if len(made) > 1 else []
    async with server:
        await asyncio.gather(server.serve_forever(), *watching)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

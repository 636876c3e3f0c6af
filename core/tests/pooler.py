"""A pooler in transaction mode, as small as one can be: all its clients share one connection to the server."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from types import TracebackType
from typing import Self

_WITHOUT_ENCRYPTION = (80877103, 80877104)  # SSLRequest, GSSENCRequest
_LET_IN = b"R" + struct.pack("!ii", 8, 0)
_IDLE = b"Z" + struct.pack("!i", 5) + b"I"


class Pooler:
    """Listens at `port` as long as the `with` lasts, and speaks PostgreSQL's protocol, version 3."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._turn = threading.Lock()
        self._server: socket.socket | None = None
        self._said = b""  # the server's settings, which every client is told

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.close()
        if self._server is not None:
            self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            startup = _startup(client)
            with self._turn:
                if self._server is None:
                    self._server = self._log_in(client, startup)
                else:
                    client.sendall(_LET_IN + self._said + _IDLE)
            while (message := _message(client)) and message[:1] != b"X":
                with self._turn:
                    self._transaction(client, self._server, message)

    def _log_in(self, client: socket.socket, startup: bytes) -> socket.socket:
        server = socket.create_connection(("127.0.0.1", self._server_port))
        server.sendall(startup)
        while True:
            said = _message(server)
            client.sendall(said)
            match said[:1]:
                case b"S":
                    self._said += said
                case b"R" if struct.unpack("!i", said[5:9])[0] in (10, 11):  # SASL waits for the client
                    server.sendall(_message(client))
                case b"Z" | b"":
                    return server

    def _transaction(self, client: socket.socket, server: socket.socket, message: bytes) -> None:
        """Pass on what the two say until no transaction is open any more."""
        while message:
            server.sendall(message)
            if message[:1] in (b"Q", b"S"):
                said = b""
                while said[:1] != b"Z":
                    said = _message(server)
                    client.sendall(said)
                if said == _IDLE:
                    return
            message = _message(client)


def _startup(client: socket.socket) -> bytes:
    while True:
        head = _exactly(client, 8)
        length, kind = struct.unpack("!ii", head)
        if kind not in _WITHOUT_ENCRYPTION:
            return head + _exactly(client, length - 8)
        client.sendall(b"N")


def _message(sender: socket.socket) -> bytes:
    head = _exactly(sender, 5)
    return head + _exactly(sender, struct.unpack("!i", head[1:])[0] - 4) if head else b""


def _exactly(sender: socket.socket, size: int) -> bytes:
    """So many bytes; none at the end of the connection."""
    found = b""
    while len(found) < size:
        part = sender.recv(size - len(found))
        if not part:
            return b""
        found += part
    return found

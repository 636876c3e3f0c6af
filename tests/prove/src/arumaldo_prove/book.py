"""A look into the database, many times a second, at little cost to the machine that is being proven."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import psycopg


class Book:
    """One connection, opened when it is needed and again when it was lost. Safe for several threads."""

    def __init__(self, url: Callable[[], str]) -> None:
        self._url = url
        self._open: psycopg.Connection[Any] | None = None
        self._asking = threading.Lock()

    def rows(self, query: str, values: Sequence[object]) -> list[Any]:
        """What it holds, of all accounts. psycopg.Error: it cannot be asked now."""
        with self._asking:
            if self._open is not None:
                with suppress(psycopg.Error):  # it was restarted meanwhile, or is another one by now
                    return self._ask(self._open, query, values)
                self._let_go()
            self._open = psycopg.connect(
                self._url(), connect_timeout=3, tcp_user_timeout=3000, options="-c statement_timeout=5s"
            )
            return self._ask(self._open, query, values)

    def close(self) -> None:
        """A second call does nothing."""
        with self._asking:
            self._let_go()

    def _ask(self, book: psycopg.Connection[Any], query: str, values: Sequence[object]) -> list[Any]:
        with book.transaction():
            book.execute("SELECT set_config('arumaldo.hub', 'on', true)")
            return book.execute(query.encode(), values).fetchall()

    def _let_go(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

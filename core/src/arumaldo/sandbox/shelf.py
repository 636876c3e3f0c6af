"""Where a sandbox keeps what exists at its vendor: JSON objects by kind and id, in one SQLite file.

The vendor's memory outlives the sandbox's process, as a real vendor's does; SQLite's write-ahead log makes each
change whole, also when the process is killed.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import weakref
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
  kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, made_at REAL NOT NULL,
  number INTEGER PRIMARY KEY AUTOINCREMENT, UNIQUE (kind, id)
)
"""


class Shelf:
    """Objects of one sandbox. Safe for several threads; every method is one whole change.

    An object is a dict of JSON values. `made_at` is the sandbox's own time, in seconds since 1970.
    """

    def __init__(self, path: Path | None = None) -> None:
        """`path` None keeps everything in memory, for tests."""
        self._lock = threading.RLock()
        self._db = sqlite3.connect(str(path or ":memory:"), check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(_SCHEMA)
        # A shelf that is merely dropped must not leave its connection open: newer Pythons warn of that.
        self._close = weakref.finalize(self, self._db.close)

    def put(self, kind: str, key: str, body: dict[str, Any], made_at: float) -> None:
        """Keep `body` under `key`; a second call replaces the body and leaves `made_at` as it was."""
        with self._lock:
            self._db.execute(
                "INSERT INTO objects (kind, id, body, made_at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
                (kind, key, json.dumps(body), made_at),
            )

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        """The object, or None."""
        with self._lock:
            row = self._db.execute("SELECT body FROM objects WHERE kind = ? AND id = ?", (kind, key)).fetchone()
        return json.loads(row[0]) if row else None

    def all(self, kind: str, until: float | None = None) -> list[dict[str, Any]]:
        """All objects of a kind, oldest first; `until` leaves out those made after that time."""
        with self._lock:
            rows = self._db.execute(
                "SELECT body FROM objects WHERE kind = ? AND made_at <= ? ORDER BY number",
                (kind, float("inf") if until is None else until),
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def remove(self, kind: str, key: str) -> bool:
        """Take the object away; False when there was none."""
        with self._lock:
            return self._db.execute("DELETE FROM objects WHERE kind = ? AND id = ?", (kind, key)).rowcount > 0

    def next_number(self, kind: str) -> int:
        """1, 2, 3 … for the ids of a kind; never the same twice, also after a restart."""
        with self._lock:
            counter = self.get("_numbers", kind) or {"last": 0}
            counter["last"] += 1
            self.put("_numbers", kind, counter, 0.0)
            return int(counter["last"])

    def clear(self) -> None:
        """Forget every object; a number that `next_number` gave is still not given again."""
        with self._lock:
            self._db.execute("DELETE FROM objects WHERE kind <> '_numbers'")

    def locked(self) -> threading.RLock:
        """The lock, for a change that reads first: `with shelf.locked(): ...`."""
        return self._lock

    def close(self) -> None:
        """Close the file; a second call changes nothing. What was put is there when it is opened again."""
        with self._lock:
            self._close()

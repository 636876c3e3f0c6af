"""On which line each key of a TOML text stands. Python's TOML reader gives the values and keeps the lines to itself."""

from __future__ import annotations

import bisect
import re
import tomllib
from collections.abc import Mapping

Path = tuple[str | int, ...]
"""The way to a value: ("plugins", "acme", "api_token"); numbers count list items from 0."""

_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\r\n]+")


def line_numbers(text: str) -> Mapping[Path, int]:
    """Line (from 1) of every table, key and list item of a text that `tomllib` has accepted."""
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.scan()
    return scanner.lines


class _Scanner:
    """Walks over the structure and leaves the meaning of values alone."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._text = text
        self._at = 0
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._entries: dict[Path, int] = {}  # [[array of tables]] → its last index

    def scan(self) -> None:
        table: Path = ()
        while self._peek():
            table = self._header() if self._peek() == "[" else self._pair(table)

    def _header(self) -> Path:
        """[table] or [[table]], which later keys belong to."""
        many = self._text.startswith("[[", self._at)
        line = self._line()
        self._at += 2 if many else 1
        path: Path = ()
        parts = self._key()
        for place, part in enumerate(parts):
            path = (*path, part)
            self.lines.setdefault(path, line)
            if many and place == len(parts) - 1:
                self._entries[path] = self._entries.get(path, -1) + 1
            if path in self._entries:
                path = (*path, self._entries[path])
                self.lines.setdefault(path, line)
        self._at += 2 if many else 1
        return path

    def _pair(self, table: Path) -> Path:
        line = self._line()
        path = table
        for part in self._key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self._at += 1  # the equals sign
        self._take(_SPACE)
        self._value(path)
        return table

    def _key(self) -> list[str]:
        """A dotted key, with the space around it."""
        parts: list[str] = []
        while True:
            self._take(_SPACE)
            quoted = self._text[self._at] in "\"'"
            raw = self._take(_STRING if quoted else _BARE_KEY)
            parts.append(tomllib.loads(f"key = {raw}")["key"] if quoted else raw)
            self._take(_SPACE)
            if self._text[self._at] != ".":
                return parts
            self._at += 1

    def _value(self, path: Path) -> None:
        match self._text[self._at]:
            case '"' | "'":
                self._take(_STRING)
            case "[":
                self._items(path)
            case "{":
                self._inline_table(path)
            case _:
                self._take(_SCALAR)

    def _items(self, path: Path) -> None:
        self._at += 1
        place = 0
        while (sign := self._peek()) != "]":
            if sign == ",":
                self._at += 1
                continue
            self.lines[*path, place] = self._line()
            self._value((*path, place))
            place += 1
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while (sign := self._peek()) != "}":
            if sign == ",":
                self._at += 1
            else:
                self._pair(path)
        self._at += 1

    def _peek(self) -> str:
        """The next character that is neither space nor comment; "" at the end."""
        self._take(_GAP)
        return self._text[self._at : self._at + 1]

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise ValueError(f"line {self._line()}: this is not TOML as the hub reads it")
        self._at = found.end()
        return found.group()

    def _line(self) -> int:
        return bisect.bisect_right(self._starts, self._at)

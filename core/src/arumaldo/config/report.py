"""Collects every mistake in the file as a sentence: where, what, and what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from arumaldo.config.lines import Path
from arumaldo.errors import ConfigError

_WORDS = {
    "missing": "is missing; add it",
    "string_type": "must be text in quotes",
    "bool_type": "must be true or false, without quotes",
    "bool_parsing": "must be true or false, without quotes",
    "int_type": "must be a whole number, without quotes",
    "int_parsing": "must be a whole number, without quotes",
    "int_from_float": "must be a whole number",
    "list_type": "must be a list in square brackets",
    "tuple_type": "must be a list in square brackets",
    "dict_type": "must be a table",
    "model_type": "must be a table",
}


class Report:
    """The mistakes so far. Adding the same sentence twice adds nothing."""

    def __init__(self, name: str, document: Mapping[str, Any], lines: Mapping[Path, int]) -> None:
        self._name = name
        self._document = document
        self._lines = lines
        self._sentences: set[tuple[int, str]] = set()
        self._absent: set[tuple[Path, str]] = set()

    def wrong(self, path: Path, predicate: str, under: Path = ()) -> None:
        """Say `predicate` ("must be …") of the key or table at `path`; `under` is the reseller's own table.

        What a reseller's table lacks is looked for in the installation's. A key that is in neither is told at the
        nearest table around it, and only once, however many resellers inherit its absence.
        """
        place, rest = self._place(path, under)
        if not rest or (path, predicate) not in self._absent:
            self._add(place, f"{self._label((*place, *rest))} {predicate}")
        if rest:
            self._absent.add((path, predicate))

    def about(self, path: Path, sentence: str, under: Path = ()) -> None:
        """Say a whole sentence about the key or table at `path`."""
        place, rest = self._place(path, under)
        self._add(place, f"{self._label((*place, *rest))}: {sentence}")

    def raise_if_any(self) -> None:
        """One ConfigError with all of them in the order of the file; nothing when there are none."""
        if self._sentences:
            raise ConfigError(*(sentence for _, sentence in sorted(self._sentences)))

    def has(self, path: Path) -> bool:
        """Whether the file has this very table, key or list item."""
        return path in self._lines

    def _add(self, place: Path, sentence: str) -> None:
        line = self._lines.get(place, 0)
        where = f"{self._name}:{line}" if line else self._name
        self._sentences.add((line, f"{where}: {sentence}"))

    def _place(self, path: Path, under: Path) -> tuple[Path, Path]:
        """The part of `path` that the file has, and the rest that it has not."""
        for end in range(len(path), 0, -1):
            for place in ((*under, *path[:end]), path[:end]):
                if place in self._lines:
                    return place, path[end:]
        return (), path

    def _label(self, path: Path) -> str:
        """As in "[table] key"; a table alone is "[table]", a list item "[table] key item 2"."""
        if len(path) == 1 and path[0] not in self._document:
            return f"[{path[0]}]"
        if isinstance(self._value(path), Mapping):
            return f"[{_dotted(path)}]"
        start = max(place for place, part in enumerate(path) if isinstance(part, str))
        table, key = _dotted(path[:start]), _dotted(path[start:])
        return f"[{table}] {key}" if table else key

    def _value(self, path: Path) -> Any:
        value: Any = self._document
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def not_known(word: str, known: Collection[str]) -> str:
    """The predicate for a name that nobody knows, with the nearest one that somebody does."""
    nearest = difflib.get_close_matches(word, known, n=1)
    if nearest:
        return f"is not known; did you mean {nearest[0]}?"
    return f"is not known; known here: {', '.join(known)}" if known else "is not known; take it away"


def predicate(error: ErrorDetails, known: Collection[str], secrets: Iterable[str] = ()) -> str:
    """What a validation error says of its key, in the words of this file and without any of the `secrets`."""
    if error["type"] == "extra_forbidden":
        return not_known(str(error["loc"][-1]), known)
    text = _WORDS.get(error["type"]) or str(error.get("ctx", {}).get("error") or error["msg"])
    text = text.removeprefix("Value error, ").replace("Input should be", "must be", 1)
    for secret in secrets:
        text = text.replace(secret, "…")
    return text if text.startswith(("must ", "is ")) else f"is not accepted: {text}"


def named(names: Iterable[str], last: str = "and") -> str:
    """a, b and c."""
    *first, final = names
    return f"{', '.join(first)} {last} {final}" if first else final


def _dotted(path: Path) -> str:
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f" item {part + 1}"
        else:
            text += ("." if text else "") + (part if re.fullmatch(r"[\w-]+", part) else f'"{part}"')
    return text

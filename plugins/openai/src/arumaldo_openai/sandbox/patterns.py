"""A text that matches a regular expression: for schemas whose strings have a pattern."""

from __future__ import annotations

import re
import string
from importlib import import_module
from typing import Any

from arumaldo_openai.sandbox.brief import Brief

_parser: Any = import_module("re._parser")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789 -_.#" + string.ascii_uppercase + string.punctuation
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
}


def example(pattern: str, brief: Brief, salt: object) -> str | None:
    """A short text that `pattern` finds, the same for the same brief; None where none was found."""
    try:
        text = _Example(brief, salt).sequence(_parser.parse(pattern))
        return text if re.search(pattern, text) else None
    except (re.error, ValueError, OverflowError):
        return None


class _Example:
    def __init__(self, brief: Brief, salt: object) -> None:
        self._brief = brief
        self._salt = salt
        self._place = 0

    def sequence(self, nodes: Any) -> str:
        return "".join(self._node(operation.name, argument) for operation, argument in nodes)

    def _node(self, name: str, argument: Any) -> str:
        if name == "LITERAL":
            return chr(argument)
        if name in _REPEATS:
            least, _, inner = argument
            return "".join(self.sequence(inner) for _ in range(least))
        if name == "SUBPATTERN":
            return self.sequence(argument[-1])
        if name == "ATOMIC_GROUP":
            return self.sequence(argument)
        if name == "BRANCH":
            return self.sequence(argument[1][self._draw(len(argument[1]))])
        if name == "AT":
            return ""
        return self._letter(name, argument)

    def _letter(self, name: str, argument: Any) -> str:
        if name == "ANY":
            allowed = string.ascii_lowercase
        elif name == "NOT_LITERAL":
            allowed = string.ascii_lowercase.replace(chr(argument), "")
        elif name == "IN":
            allowed = "".join(letter for letter in _candidates(argument) if _within(letter, argument))
        else:
            raise ValueError(name)
        if not allowed:
            raise ValueError("no letter fits")
        return allowed[self._draw(len(allowed))]

    def _draw(self, options: int) -> int:
        self._place += 1
        return self._brief.number(self._salt, self._place) % options


def _candidates(members: Any) -> str:
    """The usual letters, and the ends of every range that is asked for."""
    ends = [argument for operation, argument in members if operation.name in {"RANGE", "LITERAL"}]
    pairs = [end if isinstance(end, tuple) else (end,) for end in ends]
    return _LETTERS + "".join(chr(code) for pair in pairs for code in pair)


def _within(letter: str, members: Any) -> bool:
    negated = any(operation.name == "NEGATE" for operation, _ in members)
    return negated != any(_fits(letter, operation.name, argument) for operation, argument in members)


def _fits(letter: str, name: str, argument: Any) -> bool:
    if name == "LITERAL":
        return bool(ord(letter) == argument)
    if name == "RANGE":
        return bool(argument[0] <= ord(letter) <= argument[1])
    if name == "CATEGORY":
        return re.fullmatch(_CATEGORIES[argument.name], letter) is not None
    return False

"""The order, the lengths and the forms of what the gateway accepts, in tables of the sandbox's own.

The gateway maps JSON onto an XML sequence: a key out of order, a key it does not know, a value too long are all the
same error, E00003, and its text names the element.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

NAMESPACE = "AnetApi/xml/v1/schema/AnetApiSchema.xsd"


class Wrong(Exception):
    """E00003, with its text."""


@dataclass(frozen=True)
class Text:
    most: int | None = None
    least: int = 0
    pattern: str = ""
    private: bool = False
    """Its value is not repeated in the error's text."""

    def check(self, name: str, value: Any) -> None:
        text = _simple(name, value)
        shown = "XXXX" if self.private else text
        if self.most is not None and len(text) > self.most:
            raise Wrong(_invalid(name, shown, "The actual length is greater than the MaxLength value."))
        if len(text) < self.least:
            raise Wrong(_invalid(name, shown, "The actual length is less than the MinLength value."))
        if self.pattern and not re.fullmatch(self.pattern, text):
            raise Wrong(_invalid(name, shown, "The Pattern constraint failed."))


@dataclass(frozen=True)
class Number:
    least: int | None = None
    most: int | None = None
    whole: bool = False

    def check(self, name: str, value: Any) -> None:
        text = _simple(name, value)
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise Wrong(_invalid(name, text, "The string is not a valid Decimal value.")) from None
        out_of_range = (self.least is not None and number < self.least) or (
            self.most is not None and number > self.most
        )
        if not number.is_finite() or out_of_range or (self.whole and number != number.to_integral_value()):
            raise Wrong(_invalid(name, text, "The value is out of its range."))


@dataclass(frozen=True)
class Moment:
    def check(self, name: str, value: Any) -> None:
        text = _simple(name, value)
        try:
            datetime.fromisoformat(text)
        except ValueError:
            raise Wrong(_invalid(name, text, "The string is not a valid DateTime value.")) from None


@dataclass(frozen=True)
class NotPlayed:
    """Known to the gateway; this sandbox has no part for it."""

    def check(self, name: str, value: Any) -> None:
        raise Wrong(f"This sandbox does not play the element '{name}'.")


@dataclass(frozen=True)
class Field:
    name: str
    rule: Rule
    required: bool = False
    many: bool = False
    choice: str = ""
    """Of the neighbouring fields with the same choice, one and no more is there."""


@dataclass(frozen=True)
class Group:
    fields: tuple[Field, ...]

    def check(self, name: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise Wrong(f"The element '{name}' in namespace '{NAMESPACE}' cannot contain text.")
        rest: Sequence[Field] = self.fields
        for key, part in value.items():
            place = _place(rest, key)
            if place is None:
                raise Wrong(_unexpected(name, key, rest))
            field = rest[place]
            for one in part if field.many and isinstance(part, list) else [part]:
                field.rule.check(key, one)
            rest = [other for other in rest[place + 1 :] if not field.choice or other.choice != field.choice]
        if missing := _expected(rest, only_missing=True):
            said = f"List of possible elements expected: '{', '.join(missing)}' in namespace '{NAMESPACE}'."
            raise Wrong(f"The element '{name}' in namespace '{NAMESPACE}' has incomplete content. {said}")


Rule = Text | Number | Moment | NotPlayed | Group


def _place(rest: Sequence[Field], key: str) -> int | None:
    """Where `key` stands among what may still come; None if something required would be passed over."""
    for place, field in enumerate(rest):
        if field.name == key:
            return place
        if field.required and not any(other.choice and other.choice == field.choice for other in rest[place + 1 :]):
            return None
    return None


def _expected(rest: Sequence[Field], *, only_missing: bool) -> list[str]:
    names: list[str] = []
    for field in rest:
        names.append(field.name)
        if field.required:
            return names
    return [] if only_missing else names


def _unexpected(name: str, key: str, rest: Sequence[Field]) -> str:
    said = (
        f"The element '{name}' in namespace '{NAMESPACE}' has invalid child element '{key}' in namespace '{NAMESPACE}'."
    )
    names = _expected(rest, only_missing=False)
    return (
        f"{said} List of possible elements expected: '{', '.join(names)}' in namespace '{NAMESPACE}'."
        if names
        else said
    )


def _simple(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | Decimal):
        return str(value)
    raise Wrong(f"The element '{name}' in namespace '{NAMESPACE}' cannot contain child elements.")


def _invalid(name: str, value: str, why: str) -> str:
    said = f"The value '{value}' is invalid according to its datatype"
    return f"The '{NAMESPACE}:{name}' element is invalid - {said} - {why}"


def texts(lengths: dict[str, int | None]) -> tuple[Field, ...]:
    """Optional text fields with their greatest lengths, in this order."""
    return tuple(Field(name, Text(most)) for name, most in lengths.items())

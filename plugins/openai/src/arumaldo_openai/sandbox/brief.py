"""What the writer knows: the facts, in which languages to write, and a steady hand for every choice."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from functools import cached_property
from typing import Any, TypeVar

from arumaldo_openai.sandbox.phrases import LANGUAGE_NAMES, PHRASES

T = TypeVar("T")

_SUBJECTS = (
    ("name", r"\bname\b"),
    ("tone", r"\b(tone|voice|style)\b"),
    ("languages", r"\blanguages?\b"),
    ("hours", r"\b(hours?|open|opening|schedule)\b"),
    ("phone", r"\b(phone|telephone|mobile|whatsapp|fax)\b"),
    ("mail", r"mail\b"),
    ("address", r"\b(address|location|where)\b"),
    ("special", r"\b(special|different|unique|why|story|about|history|apart)\b"),
    ("offer", r"\b(offer|offers|services?|products?|menu|sell|treatments?|classes)\b"),
    ("kind", r"\b(kind|type|industry|trade|sector|business)\b"),
)
_SHORT = 80
_ENDS = (".", "!", "?", "…", "؟", "。", ":", ";")


class Brief:
    """The facts of one request. Briefs of equal requests, asked the same in the same order, answer the same."""

    def __init__(self, facts: dict[str, str], salt: str = "") -> None:
        self.facts = {label: value for label, value in facts.items() if value.strip()}
        self._seed = hashlib.sha256(json.dumps([facts, salt], sort_keys=True).encode()).digest()
        self._salt = salt
        self._said: list[str] = []

    def number(self, *salt: object) -> int:
        """A number that depends on the facts and on `salt` alone."""
        digest = hashlib.sha256(self._seed + repr(salt).encode()).digest()
        return int.from_bytes(digest[:6], "big")

    def pick(self, options: Sequence[T], *salt: object) -> T:
        """One of the options."""
        return options[self.number(*salt) % len(options)]

    def shuffled(self, options: Sequence[T], *salt: object) -> list[T]:
        """All of the options, in an order of this brief's own."""
        places = sorted(range(len(options)), key=lambda place: self.number(place, *salt))
        return [options[place] for place in places]

    def about(self, *subjects: str) -> list[tuple[str, str]]:
        """The facts on these subjects, label and value, in the order they were given."""
        return [(label, value) for label, value in self.facts.items() if subject_of(label) in subjects]

    def first(self, subject: str) -> str:
        """The first fact on a subject, whole; "" where none was given."""
        return next((value.strip() for _, value in self.about(subject)), "")

    def short(self, subject: str) -> str:
        """The first fact on a subject where it fits into a sentence; "" where it does not or was not given."""
        value = self.first(subject)
        return value if len(value) <= _SHORT and "\n" not in value else ""

    @cached_property
    def name(self) -> str:
        """What the business is called within sentences: at most 80 characters; "" where no name was given."""
        return _within_a_sentence(self.first("name"))

    @cached_property
    def title(self) -> str:
        """The name, or else the beginning of the first fact."""
        return self.name or _within_a_sentence(next(iter(self.facts.values()), ""))

    @cached_property
    def languages(self) -> list[str]:
        """Codes of the languages to write in, the main one first; only such as there are phrases for."""
        said = self.first("languages").casefold()
        places = [(said.find(word), code) for word, code in LANGUAGE_NAMES.items() if word in said]
        named = list(dict.fromkeys(code for _, code in sorted(places)))
        return named or [self._script()]

    def phrase(self, key: str, *salt: object, language: str = "", **words: str) -> str:
        """A phrase of the table with `words` in its gaps, in the main language or another one.

        What was said already, or stands in the instructions (a section to write anew), comes last. "" where no
        phrase has all its gaps filled.
        """
        words = {"name": self.name, **words}
        options = PHRASES[language or self.languages[0]][key]
        usable = [option for option in options if all(words.get(gap) for gap in re.findall(r"{(\w+)}", option))]
        filled = [option.format(**words) for option in usable]
        fresh = [text for text in filled if text not in self._said and _in_json(text) not in self._salt] or filled
        if not fresh:
            return ""
        self._said.append(self.pick(fresh, key, *salt))
        return self._said[-1]

    def _script(self) -> str:
        letters = [unicodedata.bidirectional(mark) for mark in "".join(self.facts.values())]
        return "ar" if letters.count("AL") > letters.count("L") else "en"


def _within_a_sentence(text: str) -> str:
    value = " ".join(text.split())
    return value if len(value) <= _SHORT else value[:_SHORT].rpartition(" ")[0] or value[:_SHORT]


def subject_of(label: str) -> str:
    """What a fact is about, judged by its label."""
    plain = label.casefold()
    return next((subject for subject, pattern in _SUBJECTS if re.search(pattern, plain)), "other")


def pieces(value: str) -> list[str]:
    """An enumeration in its parts ("bread, cakes and coffee" → three); empty where `value` is none."""
    parts = re.split(r"\s*[\n;•،]\s*|,\s+", value.strip(" \n.;"))
    if parts and len(parts) > 1:
        parts[-1:] = re.split(r"^(?:and|y|et|und|e|و)\s+|\s+(?:and|y|et|und|e|و)\s+", parts[-1])
    parts = [part.strip(" .-–*") for part in parts if part and part.strip(" .-–*")]
    return parts if 2 <= len(parts) <= 9 and all(len(part) <= 70 for part in parts) else []


def _in_json(text: str) -> str:
    """`text` as it stands within a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def sentence(text: str) -> str:
    """`text`, ended by a full stop unless it ends with a mark of its own."""
    text = text.strip()
    return text if not text or text.endswith(_ENDS) else f"{text}."


def facts_of(data: Any) -> dict[str, str]:
    """The facts in a request's input: its JSON object `facts`, or any JSON object of texts, or else the bare text."""
    text = _spoken(data)
    found = _json_object(text)
    inner = found.get("facts", found) if found else {}
    if isinstance(inner, dict) and inner:
        return {str(label): value if isinstance(value, str) else json.dumps(value) for label, value in inner.items()}
    return {"Text": text}


def _spoken(data: Any) -> str:
    if isinstance(data, str):
        return data
    parts: list[str] = []
    for item in data:
        content = item.get("content", "") if item.get("role") == "user" else ""
        parts += [content] if isinstance(content, str) else [part.get("text", "") for part in content]
    return "\n".join(part for part in parts if part)


def _json_object(text: str) -> dict[str, Any] | None:
    start = text.find("{")
    if start < 0:
        return None
    try:
        value, _ = json.JSONDecoder().raw_decode(text[start:])
    except ValueError:
        return None
    return value if isinstance(value, dict) else None

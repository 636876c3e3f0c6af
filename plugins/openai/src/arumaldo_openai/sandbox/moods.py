"""Colours, letters and shapes that suit a kind of business."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from arumaldo_openai.sandbox.brief import Brief


@dataclass(frozen=True)
class Mood:
    """`palettes` are (accent, background, text); `words` are property values that suit, for any list of choices."""

    signs: str
    palettes: Sequence[tuple[str, str, str]]
    words: Sequence[str]


_MOODS = (
    Mood(
        r"baker|bakery|caf[eé]|coffee|restaurant|kitchen|food|bistro|pastr|pizz|cater|panader|boulanger|bäcker|مخبز|مطعم",
        (
            ("#b4531f", "#fdf8f1", "#2b1d14"),
            ("#a8442a", "#fffaf4", "#2a1a16"),
            ("#8a5a12", "#fdfaf0", "#2a2216"),
            ("#9c3d4c", "#fdf7f5", "#2b1a1c"),
        ),
        ("serif", "arch", "circle", "warm"),
    ),
    Mood(
        r"\blaw|attorney|notar|legal|account|tax\b|consult|financ|insur|architect|abogad|avocat|anwalt|محام",
        (
            ("#1f3a5f", "#fbfaf7", "#16202c"),
            ("#23493f", "#fafaf6", "#16221d"),
            ("#6b2737", "#fbf9f6", "#221a1c"),
            ("#3c3a6b", "#faf9fb", "#1b1a2a"),
        ),
        ("serif", "square", "formal"),
    ),
    Mood(
        r"yoga|spa\b|massage|therap|wellness|garden|florist|meditat|pilates|beauty|salon",
        (
            ("#4d6b4f", "#f9faf5", "#1f2a21"),
            ("#2f6f6a", "#f6faf9", "#16292a"),
            ("#7a5577", "#fbf8fb", "#281c29"),
            ("#96594a", "#fcf8f5", "#2b1f1b"),
        ),
        ("serif", "leaf", "circle", "arch", "calm"),
    ),
    Mood(
        r"clinic|dent|doctor|clean|repair|plumb|electr|software|\bit\b|tech|fitness|\bcar\b|auto|print|school",
        (
            ("#0b62b0", "#f8fbfe", "#12202e"),
            ("#0d6f63", "#f6fbfa", "#10231f"),
            ("#4a4fc4", "#f9f9fe", "#1a1b33"),
            ("#b23a48", "#fdf9f9", "#271719"),
        ),
        ("sans", "square", "circle", "clear"),
    ),
)
_ANY = Mood(
    "",
    (
        ("#365f91", "#fafbfd", "#18212c"),
        ("#7b4b94", "#fbf9fd", "#231a2a"),
        ("#2e6b4f", "#f8fbf9", "#17241d"),
        ("#a04a2a", "#fdf9f6", "#271b15"),
        ("#5a5348", "#fbfaf8", "#211f1b"),
    ),
    (),
)
_ROLES: Mapping[str, int] = {"background": 1, "back": 1, "surface": 1, "paper": 1, "text": 2, "ink": 2, "foreground": 2}


def mood_of(brief: Brief) -> Mood:
    """The mood for what this business says it is."""
    said = f"{brief.first('kind')} {brief.first('offer')}".casefold()
    return next((mood for mood in _MOODS if re.search(mood.signs, said)), _ANY)


def colour(brief: Brief, name: str) -> str:
    """The colour for a property of this name, of one palette for the whole request."""
    return brief.pick(mood_of(brief).palettes, "palette")[_ROLES.get(name.casefold(), 0)]

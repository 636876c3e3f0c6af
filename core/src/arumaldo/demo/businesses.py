"""Customers for the demo: businesses that differ in name, kind, place and words, with the answers they would give."""

from __future__ import annotations

import re
from dataclasses import dataclass

from arumaldo.demo.forms import Answers

_NAMES = (
    "Alder",
    "Amber",
    "Aurora",
    "Beacon",
    "Birch",
    "Bramble",
    "Cedar",
    "Clover",
    "Copper",
    "Coral",
    "Ember",
    "Fern",
    "Finch",
    "Harbour",
    "Hazel",
    "Heron",
    "Juniper",
    "Lantern",
    "Linden",
    "Maple",
    "Meadow",
    "Olive",
    "Robin",
    "Willow",
)

_TRADES = (
    ("Bakery", "bakery", "sourdough bread, rye rolls and birthday cakes", "baked through the night in a stone oven"),
    ("Law", "law firm", "advice on tenancy, employment and wills", "the first half hour is a conversation, not a bill"),
    ("Yoga", "yoga studio", "vinyasa, prenatal and chair yoga", "classes of eight people at most"),
    ("Cycles", "bicycle workshop", "repairs, wheel building and used bicycles", "a loan bicycle while yours is mended"),
    ("Flowers", "florist", "bouquets, weddings and window boxes", "flowers from growers within thirty miles"),
    ("Dental", "dental practice", "check-ups, crowns and care for anxious patients", "the same dentist every time"),
    ("Books", "bookshop", "novels, maps and children's books", "readings on the first Friday of the month"),
    ("Pottery", "pottery", "tableware, courses and firing for others", "every glaze is mixed in the house"),
    ("Plumbing", "plumber", "boilers, bathrooms and burst pipes", "a price before the work, and it holds"),
    ("Music", "music school", "piano, cello and singing lessons", "instruments to borrow for the first year"),
    ("Vets", "veterinary practice", "vaccinations, surgery and dental care for cats and dogs", "a quiet room for cats"),
    ("Coffee", "coffee roaster", "single origins, blends and brewing courses", "roasted on Tuesdays, sold by Saturday"),
    (
        "Gardens",
        "landscape gardener",
        "dry walls, ponds and old fruit trees",
        "plants that need no watering after a year",
    ),
    ("Tailors", "tailor", "alterations, suits and mending", "trousers shortened while you wait"),
)
_STREETS = ("Mill Lane", "Station Road", "Church Street", "Quay Side", "Market Square", "Castle Hill", "Long Acre")
_TOWNS = ("Portland, OR 97205", "Madison, WI 53703", "Asheville, NC 28801", "Burlington, VT 05401", "Boulder, CO 80302")
_HOURS = ("Mon-Fri 9-17", "Tue-Sat 7-14", "Mon-Thu 8-18, Fri 8-13", "Wed-Sun 10-19")
_LANGUAGES = ("English", "English, Spanish", "English, French", "English, German")
_TONES = ("warm", "plain", "playful", "formal")

COUNT = len(_NAMES) * len(_TRADES) * 2
"""How many businesses there are before the first one comes again."""


@dataclass(frozen=True)
class Business:
    name: str
    answers: Answers
    """Field of the questionnaire → answer."""


def business(number: int) -> Business:
    """The business of this number; all below `COUNT` have different names."""
    trade, kind, offer, special = _TRADES[number % len(_TRADES)]
    rest = number // len(_TRADES)
    name = f"{_NAMES[rest % len(_NAMES)]} {trade}"
    if rest // len(_NAMES) % 2:
        name = f"{name} & Daughters"
    answers = {
        "business_name": name,
        "kind": kind,
        "offer": offer,
        "special": special,
        "address": f"{1 + number % 190} {_pick(_STREETS, number)}, {_pick(_TOWNS, rest + number)}",
        "phone": f"+1 555 01{number % 100:02d}",
        "hours": _pick(_HOURS, rest + number),
        "languages": _pick(_LANGUAGES, rest + number),
        "tone": _pick(_TONES, rest + number),
    }
    return Business(name, answers)


def domain_of(business: Business) -> str:
    """The first part of the domain that such a business would buy."""
    return re.sub(r"[^a-z]+", "-", business.name.lower()).strip("-")


def _pick(words: tuple[str, ...], number: int) -> str:
    return words[number % len(words)]

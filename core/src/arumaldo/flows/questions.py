"""The questions about the business: four short pages, and what the answers become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from arumaldo.flows.typed import Invalid


@dataclass(frozen=True)
class Question:
    """One question. `fact` is the label under which the answer is told to the writer."""

    name: str
    label: str
    fact: str
    hint: str = ""
    example: str = ""
    kind: Literal["line", "text", "choice"] = "line"
    required: bool = False
    max_length: int = 200
    choices: tuple[tuple[str, str], ...] = ()
    autocomplete: str = "off"
    inputmode: str = "text"


@dataclass(frozen=True)
class QuestionPage:
    """One page of questions."""

    title: str
    intro: str
    questions: tuple[Question, ...]


LONG = 20_000
QUESTIONS: tuple[QuestionPage, ...] = (
    QuestionPage(
        "Your business",
        "Two lines are enough to begin.",
        (
            Question(
                "business_name", "Name of your business", "Business name", "As it stands on your door.",
                "Sunrise Bakery", required=True, max_length=120, autocomplete="organization",
            ),
            Question(
                "kind", "What kind of business is it?", "Kind of business", "In your own words.",
                "Family bakery", required=True, max_length=120,
            ),
        ),
    ),
    QuestionPage(
        "What you do",
        "Write as you would tell a new customer.",
        (
            Question(
                "offer", "What do you offer?", "What you offer", "Your products or services, one after another.",
                "Sourdough bread, croissants, birthday cakes to order", kind="text", required=True, max_length=LONG,
            ),
            Question(
                "special", "What makes you special?", "What makes you special", "Leave it empty if you like.",
                "We bake through the night, so the bread is warm when you come", kind="text", max_length=LONG,
            ),
        ),
    ),
    QuestionPage(
        "How people reach you",
        "What you leave empty will not be on the website.",
        (
            Question(
                "address", "Address", "Address", "", "12 Mill Lane, Portland, OR 97201", max_length=300,
                autocomplete="street-address",
            ),
            Question(
                "phone", "Phone", "Phone", "", "+1 503 555 0134", max_length=40, autocomplete="tel", inputmode="tel"
            ),
            Question(
                "hours", "Opening hours", "Opening hours", "", "Tuesday to Saturday, 7 am to 6 pm", max_length=500
            ),
        ),
    ),
    QuestionPage(
        "How it should sound",
        "The last page. You can change every word afterwards.",
        (
            Question(
                "languages", "Languages", "Languages", "Which languages your visitors speak.",
                "English and Spanish", max_length=120,
            ),
            Question(
                "tone", "Tone", "Tone", "", kind="choice",
                choices=(("warm", "Warm and personal"), ("plain", "Plain and factual"), ("lively", "Lively and bold")),
            ),
        ),
    ),
)  # fmt: skip
_GUIDES = {"languages", "tone"}
"""These say how to write; they need not stand on a page."""


def clean(page: int, typed: Mapping[str, str]) -> dict[str, str]:
    """The answers of one page (1 is the first), trimmed. Invalid names every field that cannot be used."""
    answers, problems = {}, {}
    for question in QUESTIONS[page - 1].questions:
        value = typed.get(question.name, "").replace("\x00", "").strip()
        answers[question.name] = value
        if problem := _problem(question, value):
            problems[question.name] = problem
    if problems:
        raise Invalid(problems)
    return answers


def _problem(question: Question, value: str) -> str | None:
    if question.required and not value:
        return f"Please answer this one, for example: {question.example}"
    if len(value) > question.max_length:
        return f"This is {len(value):,} characters long; {question.max_length:,} fit. Shorten it a little."
    if question.choices and value and value not in dict(question.choices):
        return "Choose one of the answers."
    return None


def facts_of(answers: Mapping[str, str]) -> dict[str, str]:
    """Label → value, as the writer is told; nothing that was not answered."""
    every = [question for page in QUESTIONS for question in page.questions]
    return {question.fact: answers[question.name] for question in every if answers.get(question.name)}


def facts_to_show(answers: Mapping[str, str]) -> dict[str, str]:
    """Those facts that must stand on some page."""
    return facts_of({name: value for name, value in answers.items() if name not in _GUIDES})

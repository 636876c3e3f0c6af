"""The questions about the business, a few at a time."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from arumaldo.flows.accounts import Visitor
from arumaldo.flows.business import ask_for_preview, current_brief, missing_page, save_answers, start_brief
from arumaldo.flows.journey import journey
from arumaldo.flows.questions import QUESTIONS
from arumaldo.flows.typed import Invalid
from arumaldo_portal.forms import form_of, posted
from arumaldo_portal.pages.onboarding import PAID
from arumaldo_portal.rendering import show
from arumaldo_portal.sessions import for_customers
from arumaldo_portal.surroundings import rows_of


def questions(request: Request, visitor: Visitor) -> Response:
    """One page of questions, with what was answered before."""
    number = _number(request)
    with rows_of(request, visitor) as rows:
        if journey(rows).step in PAID:
            return RedirectResponse("/onboarding/progress", 303)
        brief = current_brief(rows)
        if brief and (missing := missing_page(brief)) and missing < number:
            return RedirectResponse(f"/onboarding/questions/{missing}", 303)
        return _show(request, number, brief.answers if brief else {})


def answer(request: Request, visitor: Visitor) -> Response:
    """Keep the answers and go on; after the last page the website is made."""
    number, form = _number(request), form_of(request)
    typed = {question.name: form[question.name] for question in QUESTIONS[number - 1].questions}
    with rows_of(request, visitor) as rows:
        if journey(rows).step in PAID:
            return RedirectResponse("/onboarding/progress", 303)
        try:
            brief = save_answers(rows, start_brief(rows).id, number, typed)
        except Invalid as error:
            return _show(request, number, typed, error.problems, status=422)
        if number < len(QUESTIONS):
            return RedirectResponse(f"/onboarding/questions/{number + 1}", 303)
        if (missing := missing_page(brief)) is not None:
            return RedirectResponse(f"/onboarding/questions/{missing}", 303)
        ask_for_preview(rows, brief.id)
    return RedirectResponse("/onboarding/preview", 303)


def _number(request: Request) -> int:
    number: int = request.path_params["number"]
    if not 1 <= number <= len(QUESTIONS):
        raise HTTPException(404)
    return number


def _show(
    request: Request, number: int, answers: Mapping[str, str], problems: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    return show(
        request,
        "questions/questions.html",
        status,
        page=QUESTIONS[number - 1],
        number=number,
        last=len(QUESTIONS),
        answers=answers,
        labels={question.name: question.label.rstrip("?") for question in QUESTIONS[number - 1].questions},
        problems=problems or {},
    )


routes = [
    Route("/onboarding/questions/{number:int}", for_customers(questions)),
    Route("/onboarding/questions/{number:int}", posted(for_customers(answer)), methods=["POST"]),
]

"""What somebody typed, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from arumaldo.errors import HubError

_EMAIL = re.compile(r"^[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+$")


class Invalid(HubError):
    """What somebody typed cannot be used: a sentence per field, for the page."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in problems.items()))
        self.problems = dict(problems)


def clean_address(email: str) -> str:
    """The address as it is kept. Invalid when it is none."""
    email = email.strip().lower()
    if problems := address_problems(email):
        raise Invalid(problems)
    return email


def address_problems(email: str) -> dict[str, str]:
    if len(email) > 254 or not _EMAIL.match(email):
        return {"email": "Write your e-mail address, like anna@example.com."}
    return {}

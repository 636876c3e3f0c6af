"""What the CRM takes, and how it says no."""

from __future__ import annotations

import json
import re
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_KEY = re.compile(r"[0-9]{15,19}")
FIELDS = {"Last_Name": 80, "First_Name": 40, "Email": 100, "Phone": 30, "Title": 100, "Description": 32000}
"""The fields of a contact that is kept here, and how long each may be."""


class Order(BaseModel):
    """The body of a create and of an update."""

    model_config = ConfigDict(extra="forbid")

    data: list[dict[str, Any]] = Field(min_length=1, max_length=100)
    trigger: list[str] = []


class Upsert(Order):
    duplicate_check_fields: list[Literal["Email"]] = ["Email"]


class Question(BaseModel):
    """The body of a query."""

    model_config = ConfigDict(extra="forbid", strict=True)

    select_query: str


class Listing(BaseModel):
    """The query of a list."""

    model_config = ConfigDict(extra="forbid")

    fields: str = ""
    page: int = Field(default=1, ge=1)
    per_page: int = Field(default=200, ge=1, le=200)


class Search(Listing):
    email: str = ""
    criteria: str = ""


Model = TypeVar("Model", bound=BaseModel)


class Failure(Exception):
    """An answer about the call itself."""

    def __init__(self, status: int, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = refusal(code, message, **details)


def refusal(code: str, message: str, **details: Any) -> dict[str, Any]:
    """One element of an answer, or a whole one: the vendor's form is the same."""
    return {"code": code, "details": details, "message": message, "status": "error"}


def missing(param: str) -> Failure:
    return Failure(400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", param_name=param)


def order_in(body: bytes, model: type[Model]) -> Model:
    """The body, whatever its content type: the vendor's own SDK sends none. Failure: it is not such an order."""
    try:
        return model.model_validate(json.loads(body))
    except ValidationError as error:
        path = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise Failure(400, "INVALID_DATA", "invalid data", json_path=f"$.{path}") from error
    except ValueError as error:
        raise Failure(400, "INVALID_DATA", "body") from error


def query_in(query: dict[str, str], model: type[Model]) -> Model:
    """The query. Failure: a parameter that is not known, or not of its type."""
    try:
        return model.model_validate(query)
    except ValidationError as error:
        raise Failure(400, "INVALID_DATA", "invalid data", param=str(error.errors()[0]["loc"][0])) from error


def key_in(key: object) -> str:
    """An id. Failure: it is not one."""
    if not _KEY.fullmatch(str(key)):
        raise invalid_id()
    return str(key)


def invalid_id() -> Failure:
    return Failure(400, "INVALID_DATA", "the id given seems to be invalid", resource_path_index=1)


def wrong_in(record: dict[str, Any], fields: dict[str, int], *, is_new: bool) -> dict[str, Any] | None:
    """What is wrong with a record, as the vendor would say it; None where nothing is."""
    if not str(record.get("Last_Name", "" if is_new else "unsaid") or "").strip():
        return refusal("MANDATORY_NOT_FOUND", "required field not found", api_name="Last_Name")
    for name, value in record.items():
        if name not in fields:
            return refusal("INVALID_DATA", "invalid data", api_name=name)
        if value is not None and not isinstance(value, str):
            return refusal("INVALID_DATA", "invalid data", api_name=name, expected_data_type="text")
        if len((value or "").encode("utf-16-le", "surrogatepass")) > 2 * fields[name]:
            return refusal("INVALID_DATA", "invalid data", api_name=name, maximum_length=str(fields[name]))
    email = record.get("Email")
    if email and not _EMAIL.fullmatch(email):
        return refusal("INVALID_DATA", "invalid data", api_name="Email", expected_data_type="email")
    return None

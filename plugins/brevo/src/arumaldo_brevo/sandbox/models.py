"""What the sandbox takes, and nothing besides. Bodies are as JSON has them; a query is text."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OUR_TAG = "aru:"


def _is_email(value: str) -> str:
    if not _EMAIL.fullmatch(value) or len(value) > 254:
        raise ValueError("valid email required")
    return value


def _is_ascii(value: str) -> str:
    # The vendor sends other letters in a header as they are, and such mail comes back.
    if not value.isascii():
        raise ValueError("ASCII only")
    return value


Address = Annotated[str, AfterValidator(_is_email)]
Name = Annotated[str, Field(min_length=1, max_length=70)]
Header = Annotated[str, AfterValidator(_is_ascii)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


class Person(_Body):
    email: Address
    name: Name | None = None


class NewMail(_Body):
    """One mail to one person: in our ledger each mail has its own line."""

    sender: Person
    to: list[Person] = Field(min_length=1, max_length=1)
    reply_to: Person | None = None
    subject: str = Field(min_length=1)
    html_content: str = Field(min_length=1)
    text_content: str | None = None
    tags: list[Annotated[str, Field(min_length=1)]] | None = None
    headers: dict[str, Header] = {}

    @model_validator(mode="after")
    def _key_is_a_uuid(self) -> Self:
        if self.key is not None and not _UUID.fullmatch(self.key):
            raise ValueError("idempotencyKey is not a UUID")
        return self

    @property
    def key(self) -> str | None:
        """The guard's key; the vendor does not mind how the name of a header is written."""
        return next((value for name, value in self.headers.items() if name.lower() == "idempotencykey"), None)

    @property
    def reference(self) -> str | None:
        return next((tag.removeprefix(_OUR_TAG) for tag in self.tags or [] if tag.startswith(_OUR_TAG)), None)


Attribute = str | float | bool | list[str]


class ContactChange(_Body):
    """The body of PUT."""

    attributes: dict[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_-]*$")], Attribute] = {}
    list_ids: list[int] = []
    unlink_list_ids: list[int] = []
    email_blacklisted: bool | None = None


class NewContact(_Body):
    """The body of POST."""

    email: Address
    attributes: dict[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_-]*$")], Attribute] = {}
    list_ids: list[int] = []
    email_blacklisted: bool | None = None
    update_enabled: bool = False


class _Period(_Query):
    start_date: date | None = None
    end_date: date | None = None
    sort: Literal["asc", "desc"] = "desc"
    offset: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.start_date is None) != (self.end_date is None):
            raise ValueError("startDate and endDate come together")
        return self


class MailQuery(_Period):
    """The filters of the list of mails, one of three mandatory."""

    email: Address | None = None
    message_id: str | None = None
    template_id: int | None = None
    limit: int = Field(default=500, ge=0, le=1000)

    @model_validator(mode="after")
    def _one_at_least(self) -> Self:
        if self.email is None and self.message_id is None and self.template_id is None:
            raise ValueError("email, templateId or messageId is mandatory")
        return self


class EventQuery(_Period):
    email: Address | None = None
    message_id: str | None = None
    template_id: int | None = None
    tags: str | None = None
    event: str | None = None
    days: int | None = Field(default=None, ge=1)
    limit: int = Field(default=2500, ge=0, le=5000)


class IdentifierQuery(_Query):
    identifier_type: Literal["email_id"] = "email_id"


class NoQuery(_Query):
    """For paths that know no filter."""

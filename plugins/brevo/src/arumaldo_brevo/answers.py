"""What we read of the vendor's answers; all else is its own."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field


class Taken(BaseModel):
    """The answer to a mail. A repeat of one that was taken before may come without an id."""

    message_id: str | None = Field(default=None, alias="messageId")


class Sent(BaseModel):
    """A mail as the list of mails shows it, which may leave the tags out."""

    message_id: str = Field(alias="messageId")
    date: str = ""
    tags: list[str] | None = None

    @property
    def made_at(self) -> datetime | None:
        return _moment(self.date)


class SentList(BaseModel):
    mails: list[Sent] | None = Field(default=None, alias="transactionalEmails")


class MailEvent(BaseModel):
    """Something that happened to a mail."""

    message_id: str = Field(alias="messageId")
    date: str = ""
    tag: str = ""
    event: str = ""

    @property
    def made_at(self) -> datetime | None:
        return _moment(self.date)

    @property
    def tags(self) -> list[str]:
        """All that `tag` holds: one tag, several with commas between them, or a list written as JSON."""
        try:
            read = json.loads(self.tag)
        except ValueError:
            read = self.tag.split(",")
        return [str(tag).strip() for tag in read] if isinstance(read, list) else [self.tag]


class Events(BaseModel):
    events: list[MailEvent] | None = None


class KnownContact(BaseModel):
    attributes: dict[str, Any] | None = None
    left: list[int] | None = Field(default=None, alias="listUnsubscribed")
    """The lists that this person has unsubscribed from, where the account lets people leave a single list."""


class Plan(BaseModel):
    type: str = ""
    credits: float = 0.0
    credits_type: str = Field(default="", alias="creditsType")


class Relay(BaseModel):
    enabled: bool = True


class Account(BaseModel):
    plan: list[Plan] = []
    relay: Relay = Relay()

    @property
    def credits(self) -> float:
        """What is left for mail; plans for text messages do not count."""
        return sum(plan.credits for plan in self.plan if plan.type != "sms")


class Sender(BaseModel):
    email: str
    active: bool = False


class Senders(BaseModel):
    senders: list[Sender] | None = None


class Domain(BaseModel):
    domain_name: str
    authenticated: bool = False


class Domains(BaseModel):
    domains: list[Domain] | None = None


class ContactList(BaseModel):
    name: str = ""


class Attribute(BaseModel):
    name: str


class Attributes(BaseModel):
    attributes: list[Attribute] | None = None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

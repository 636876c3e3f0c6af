"""Transactional mail: sending it, the list of it, and what happened to it."""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from arumaldo_brevo.sandbox.models import EventQuery, MailQuery, NewMail
from arumaldo_brevo.sandbox.wire import Failure, asked, told, when

if TYPE_CHECKING:
    from arumaldo.sandbox import Sandbox

SENDER = "hello@sandbox.example"
MAILS = "mails"
GUARD_SECONDS = 900.0
_KEYS = "keys"
_MONTH = 30 * 86400.0
_HAPPENED = ("requests", "delivered")
_FAILED = ("error",)
"""Of a sender that is not confirmed: the vendor takes the mail, and tells here alone that it was not sent."""


class Mails:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._shelf = sandbox.shelf

    def send(self, request: Request, body: bytes) -> Response:
        """A known key sends nothing: the first mail under it is answered, or the repeat is refused."""
        order = told(NewMail, body)
        if self._sandbox.switches.get("credits") == "none":
            raise Failure(402, "not_enough_credits", "Insufficient credits")
        if self._sandbox.switches.get("sender") == "refused":
            said = f"Sending has been rejected because the sender you used {order.sender.email} is not valid."
            raise Failure(400, "invalid_parameter", f"{said} Validate your sender or authenticate your domain")
        with self._shelf.locked():
            known = self._shelf.get(_KEYS, order.key) if order.key else None
            if known is not None and known["at"] > self._sandbox.now() - GUARD_SECONDS:
                return self._repeated(known)
            return JSONResponse({"messageId": self._keep(order)}, 201)

    def _repeated(self, known: dict[str, Any]) -> Response:
        match self._sandbox.switches.get("guard"):
            case "strict":
                raise Failure(400, "duplicate_request", "The very same request is repeated")
            case "processed":
                raise Failure(409, "Request already processed", "Nothing was sent")
            case "silent":
                return Response(status_code=204)
        return JSONResponse({"messageId": known["id"]}, 201)

    def _keep(self, order: NewMail) -> str:
        now = self._sandbox.now()
        minute = f"{datetime.fromtimestamp(now, UTC):%Y%m%d%H%M}"
        message_id = f"<{minute}.{secrets.randbelow(10**11):011d}@smtp-relay.mailin.fr>"
        mail = {
            "id": message_id, "uuid": str(uuid.uuid4()), "reference": order.reference, "tags": order.tags or [],
            "to": order.to[0].email, "from": order.sender.email, "subject": order.subject, "at": now,
            "html": order.html_content, "text": order.text_content or "", "sent": self._is_confirmed(order),
        }  # fmt: skip
        self._shelf.put(MAILS, message_id, mail, now)
        if order.key:
            self._shelf.put(_KEYS, order.key, {"id": message_id, "at": now}, now)
        return message_id

    def _is_confirmed(self, order: NewMail) -> bool:
        return order.sender.email.lower() == SENDER and self._sandbox.switches.get("sender") != "inactive"

    def listed(self, request: Request, body: bytes) -> Response:
        """Newest first, the last thirty days where no days are asked for."""
        query = asked(MailQuery, request)
        found = [mail for mail in self._found(query) if was_sent(mail)]
        page = found[query.offset : query.offset + query.limit]
        return JSONResponse({"count": len(found), "transactionalEmails": [self._row(mail) for mail in page]})

    def events(self, request: Request, body: bytes) -> Response:
        query = asked(EventQuery, request)
        tags = None if self._sandbox.switches.get("filter") == "loose" else query.tags
        rows = [row for mail in self._found(query) if _has_a_tag(mail, tags) for row in self._rows(mail, query)]
        return JSONResponse({"events": rows[query.offset : query.offset + query.limit]})

    def _found(self, query: MailQuery | EventQuery) -> list[dict[str, Any]]:
        shown = self._shelf.all(MAILS, self._sandbox.searchable_until())
        found = [mail for mail in shown if _fits(mail, query, self._sandbox.now())]
        return found if query.sort == "asc" else found[::-1]

    def _row(self, mail: dict[str, Any]) -> dict[str, Any]:
        tags = {} if self._sandbox.switches.get("tags") else {"tags": mail["tags"]}
        return {
            "email": mail["to"], "subject": mail["subject"], "messageId": self._shown(mail["id"]),
            "uuid": mail["uuid"], "date": when(mail["at"]), "from": mail["from"], **tags,
        }  # fmt: skip

    def _rows(self, mail: dict[str, Any], query: EventQuery) -> list[dict[str, Any]]:
        known = _HAPPENED if was_sent(mail) else _FAILED
        happened = [event for event in reversed(known) if query.event in (None, event)]
        return [
            {
                "email": mail["to"], "date": when(mail["at"]), "messageId": self._shown(mail["id"]), "event": event,
                "subject": mail["subject"], "tag": tag, "from": mail["from"],
            }
            for event in happened for tag in self._tags(mail["tags"])
        ]  # fmt: skip

    def _tags(self, tags: list[str]) -> list[str]:
        match self._sandbox.switches.get("tags"):
            case "each":
                return tags
            case "commas":
                return [", ".join(tags)]
        return ["[" + ",".join(f'"{tag}"' for tag in tags) + "]"]

    def _shown(self, message_id: str) -> str:
        return message_id.strip("<>") if self._sandbox.switches.get("ids") == "bare" else message_id


def was_sent(mail: dict[str, Any]) -> bool:
    """Mails that an earlier release has kept were all sent."""
    return bool(mail.get("sent", True))


def _fits(mail: dict[str, Any], query: MailQuery | EventQuery, now: float) -> bool:
    if query.start_date and query.end_date:
        in_time = query.start_date <= _day(mail["at"]) <= query.end_date
    else:
        in_time = mail["at"] > now - _MONTH
    return (
        in_time
        and query.template_id is None
        and (query.email is None or mail["to"].lower() == query.email.lower())
        and (query.message_id is None or mail["id"].strip("<>") == query.message_id.strip("<>"))
    )


def _has_a_tag(mail: dict[str, Any], tags: str | None) -> bool:
    wanted = {tag.strip() for tag in (tags or "").split(",") if tag.strip()}
    return not wanted or bool(wanted & set(mail["tags"]))


def _day(seconds: float) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()

"""Brevo, played: transactional mail, contacts, senders and lists.

Switches, among them whatever nothing says for certain:

    key         revoked: the key is not accepted. repeated: nor that, and the refusal repeats it
    account     validating: nothing is served while the vendor still looks at the account
    credits     none: 402 for every mail
    relay       off: the account may not send transactional mail
    sender      inactive: not confirmed; mail from it is taken, and then has an event "error". refused: mail from it is
                refused. by-domain: not confirmed, but its domain is
    guard       strict: a mail under a known key is refused by the code duplicate_request. processed: by "Request
                already processed". silent: it is answered without a body. Else the id of the first one is answered
    tags        json, commas or each: the list of mails shows no tags, and events show them as a JSON list, with
                commas between them, or in an event for each
    filter      loose: events of mails with other tags come as well
    ids         bare: lists and events leave out the angle brackets of a message's id
    contacts    racing: a contact that is there is told to clash, also where an update was asked for
    leaving     list: whoever unsubscribes leaves the one list. Else no more newsletters reach them at all
    attributes  few: contacts have no attribute COMPANY
    limits      off: the limits of the vendor's general tier are told and not kept
"""

from __future__ import annotations

from typing import ClassVar

from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from arumaldo.sandbox import Entry, Letter, Sandbox
from arumaldo_brevo.sandbox.account import Account
from arumaldo_brevo.sandbox.contacts import CONTACTS, Contacts
from arumaldo_brevo.sandbox.mail import MAILS, Mails, was_sent
from arumaldo_brevo.sandbox.wire import Handler, Wire, no_such_path


class BrevoSandbox(Sandbox):
    """One account with one key, one sender and one list."""

    name = "brevo"
    kinds = ("emails", "contacts")
    offers: ClassVar[dict[str, str]] = {
        "key": "revoked|repeated",
        "account": "validating",
        "credits": "none",
        "relay": "off",
        "sender": "inactive|refused|by-domain",
        "guard": "strict|processed|silent",
        "tags": "json|commas|each",
        "filter": "loose",
        "ids": "bare",
        "contacts": "racing",
        "leaving": "list",
        "attributes": "few",
        "limits": "off",
    }

    def app(self) -> ASGIApp:
        wire, mails, contacts, account = Wire(self), Mails(self), Contacts(self), Account(self)
        paths: list[tuple[str, str, Handler]] = [
            ("POST", "/smtp/email", mails.send),
            ("GET", "/smtp/emails", mails.listed),
            ("GET", "/smtp/statistics/events", mails.events),
            ("POST", "/contacts", contacts.put),
            ("GET", "/contacts/attributes", contacts.attributes),
            ("GET", "/contacts/lists/{number:int}", contacts.lists),
            ("GET", "/contacts/{email}", contacts.show),
            ("PUT", "/contacts/{email}", contacts.update),
            ("GET", "/account", account.show),
            ("GET", "/senders", account.senders),
            ("GET", "/senders/domains", account.domains),
        ]
        routes = [Route(path, wire.endpoint(handler), methods=[method]) for method, path, handler in paths]
        return Starlette(
            routes=[Mount("/v3", routes=routes)], exception_handlers={404: no_such_path, 405: no_such_path}
        )

    def ledger(self) -> dict[str, list[Entry]]:
        return {
            "emails": [
                Entry(
                    id=mail["id"],
                    reference=mail["reference"],
                    state="live" if was_sent(mail) else "undone",
                    facts={"kind": _kind(mail["tags"]), "to": mail["to"], "subject": mail["subject"]},
                )
                for mail in self.shelf.all(MAILS)
            ],
            "contacts": [
                Entry(
                    id=str(row["id"]),
                    reference=row["email"],
                    facts={"email": row["email"], "lists": ", ".join(map(str, row["lists"]))},
                )
                for row in self.shelf.all(CONTACTS)
            ],
        }

    def letters(self, to: str) -> list[Letter]:
        return [
            Letter(to=mail["to"], kind=_kind(mail["tags"]), subject=mail["subject"], html=mail["html"],
                   text=mail["text"], at=mail["at"])
            for mail in self.shelf.all(MAILS)
            if was_sent(mail) and mail["to"].lower() == to.lower()
        ]  # fmt: skip

    def hears_news(self, email: str) -> int:
        """How often newsletters for the list reach this address."""
        rows = [row for row in self.shelf.all(CONTACTS) if row["email"] == email.lower()]
        return sum(bool(row["lists"]) and not row["blocked"] for row in rows)

    def unsubscribe(self, email: str) -> None:
        """The person follows the link at the end of a newsletter. A second call changes nothing."""
        Contacts(self).leave(email)


def _kind(tags: list[str]) -> str:
    return tags[0] if tags else ""

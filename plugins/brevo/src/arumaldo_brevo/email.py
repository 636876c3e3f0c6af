"""email, by Brevo."""

from __future__ import annotations

import re
import uuid
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import httpx2
from pydantic import ValidationError

from arumaldo import Denied, NotFound, OutcomeUnknown, ProviderError, Refused, Unavailable, hookimpl
from arumaldo.capabilities.email import Mail, SentMail
from arumaldo_brevo.answers import Events, KnownContact, MailEvent, Sent, SentList, Taken
from arumaldo_brevo.client import EXISTS, NAME, BrevoClient, Declined, DoneBefore
from arumaldo_brevo.settings import Settings

BUSINESS = "COMPANY"
"""The contact attribute for the business. Values of one that the account does not have are dropped without a word."""
_TAG = "aru:"
_FAILED = "error"
_SPACE = uuid.UUID("8d0a0f2e-6a57-4a0c-9c8a-1c53f0b7a6d1")
"""Our references as UUIDs, which is what the vendor's own guard wants."""
_LONGEST_SENDER = 70
_AT_ONCE = 500
_LONGEST_WAIT = 30.0


class BrevoEmail:
    """One account. Each mail carries its reference as a tag, and as the key of the vendor's own guard.

    The guard lasts for a quarter of an hour; after that the tag tells.
    """

    def __init__(self, settings: Settings, http: httpx2.Client | None = None) -> None:
        self._settings = settings
        self._client = BrevoClient(settings, http)

    @hookimpl
    def send_mail(self, reference: str, mail: Mail) -> SentMail:
        """See the capability. What the vendor has taken already under this key is looked up, and answered."""
        order = self._order(reference, mail)
        try:
            answer = Taken.model_validate(self._client.write("POST", "/smtp/email", order, repeatable=False))
        except DoneBefore:
            return self._taken_before(reference, mail)
        except NotFound as error:
            raise Denied(NAME, f"takes no mail at {self._settings.base_url}, so see base_url: {error.what}") from error
        except Declined as refusal:
            raise self._sorted(refusal, mail) from refusal
        except ValidationError as error:
            raise OutcomeUnknown(NAME, "took a mail and answered in a shape that is not its own") from error
        if answer.message_id is None:
            return self._taken_before(reference, mail)
        return SentMail(id=_bracketed(answer.message_id), reference=reference)

    @hookimpl
    def find_mails(self, reference: str, mail: Mail) -> list[SentMail]:
        """See the capability. Among all mails to this person, exactly by our tag; nothing else makes a mail ours.

        The list need not show tags. Where it leaves them out, the vendor is asked what happened to mails with our tag.
        """
        tag = f"{_TAG}{reference}"
        listed = self._client.read("/smtp/emails", SentList, email=mail.to, limit=_AT_ONCE, sort="desc").mails or []
        found: list[Sent] | list[MailEvent] = [sent for sent in listed if tag in (sent.tags or [])]
        if not found and not all(sent.tags for sent in listed):
            found = [event for event in self._events(tag, mail.to) if tag in event.tags]
            # Taken, and then not sent: of a sender that is not confirmed the vendor says so here alone.
            failed = {_bracketed(event.message_id) for event in found if event.event.lower() == _FAILED}
            found = [event for event in found if _bracketed(event.message_id) not in failed]
        # By id, because a mail has an event for everything that happened to it; the oldest tells when it was taken.
        ours = {_bracketed(one.message_id): one.made_at for one in found}
        return [SentMail(id=number, reference=reference, made_at=made_at) for number, made_at in ours.items()]

    @hookimpl
    def put_subscriber(self, email: str, business: str) -> None:
        """See the capability.

        Nothing is said about blocking, so whoever unsubscribed from everything stays so; whoever left this one list is
        not put back on it. A business that the contact has stays, for the operator may have written it.
        """
        path, list_id = f"/contacts/{quote(email, safe='')}", self._settings.list_id
        known = self._known(path)
        if list_id in (known.left or []):
            return
        told = self._told(known, business)
        try:
            self._client.write("POST", "/contacts", {"email": email, "updateEnabled": True, **told}, repeatable=True)
        except NotFound as error:
            raise Refused(NAME, f"has no contact list {list_id}, so see list_id: {error.what}") from error
        except Declined as refusal:
            if refusal.code != EXISTS:
                raise self._about_the_contact(refusal, email) from refusal
            # Somebody else has made the same contact a moment ago.
            told = self._told(self._known(path), business)
            self._client.write("PUT", f"{path}?identifierType=email_id", told, repeatable=True)

    def close(self) -> None:
        self._client.close()

    def _order(self, reference: str, mail: Mail) -> dict[str, Any]:
        sender = {"email": self._settings.sender_email, "name": mail.from_name.strip()[:_LONGEST_SENDER].strip()}
        order: dict[str, Any] = {
            "sender": {key: value for key, value in sender.items() if value},
            "to": [{"email": mail.to}],
            "subject": mail.subject,
            "htmlContent": mail.html,
            "textContent": mail.text,
            "tags": [mail.kind, f"{_TAG}{reference}"],
            "headers": {"idempotencyKey": str(uuid.uuid5(_SPACE, reference))},
        }
        return order | ({"replyTo": {"email": mail.reply_to}} if mail.reply_to else {})

    def _taken_before(self, reference: str, mail: Mail) -> SentMail:
        """The mail that an earlier call made. Not to be seen, or not to be asked for: still it was taken."""
        try:
            found = self.find_mails(reference=reference, mail=mail)
        except ProviderError as error:
            raise OutcomeUnknown(NAME, f"has taken this mail before, and could not be asked for it: {error}") from error
        if not found:
            raise OutcomeUnknown(NAME, "has taken this mail before, and its list does not show it yet")
        return found[0]

    def _events(self, tag: str, to: str) -> list[MailEvent]:
        """What happened to mails with our tag, newest first."""
        try:
            return self._client.read("/smtp/statistics/events", Events, email=to, tags=tag, sort="desc").events or []
        except Unavailable as error:
            # Few such looks are allowed in an hour. Mail is not limited with them, and should not wait for them.
            pause = None if error.retry_after is None else min(error.retry_after, _LONGEST_WAIT)
            raise Unavailable(NAME, error.what, pause) from error

    def _known(self, path: str) -> KnownContact:
        """The contact as it is; an empty one where there is none."""
        # What is no address is for the next call to refuse.
        with suppress(Refused):
            return self._client.read(path, KnownContact, identifierType="email_id")
        return KnownContact()

    def _told(self, known: KnownContact, business: str) -> dict[str, Any]:
        told: dict[str, Any] = {"listIds": [self._settings.list_id]}
        if business and not (known.attributes or {}).get(BUSINESS):
            told["attributes"] = {BUSINESS: business}
        return told

    def _sorted(self, refusal: Declined, mail: Mail) -> ProviderError:
        """Whose matter it is. What the customer chose is taken out of the vendor's sentence before it is searched."""
        said = _without(refusal.what, mail.to, mail.subject)
        if re.search(r"\bsender\b", said):
            return Denied(NAME, f"does not send for {self._settings.sender_email}, so confirm it there: {refusal.what}")
        if re.search(r"\breply[ _-]?to\b", said):
            return Denied(NAME, f"takes no answers to {mail.reply_to}, so see support_email: {refusal.what}")
        return Refused(NAME, f"did not take the mail: {refusal.what}")

    def _about_the_contact(self, refusal: Declined, email: str) -> Refused:
        if re.search(r"\blist\b", _without(refusal.what, email)):
            number = self._settings.list_id
            return Refused(NAME, f"does not put anybody on list {number}, so see list_id: {refusal.what}")
        return Refused(NAME, f"does not take this contact: {refusal.what}")


def _bracketed(message_id: str) -> str:
    """The angle brackets belong to the id, and the vendor's lists may leave them out."""
    return f"<{message_id.strip('<>')}>"


def _without(said: str, *own: str) -> str:
    said = said.lower()
    for word in filter(None, own):
        said = said.replace(word.lower(), "…")
    return said

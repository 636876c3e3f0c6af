"""Mail to customers: written down with the rows that it tells of, worded and sent by a step of its own."""

from __future__ import annotations

from uuid import UUID

from arumaldo.bus.handlers import handles
from arumaldo.bus.work import Work
from arumaldo.capabilities.email import Mail
from arumaldo.flows import facts
from arumaldo.flows.letters import LETTERS, as_html, as_text
from arumaldo.flows.moves import move
from arumaldo.store.base import id_from
from arumaldo.store.mails import MailRow
from arumaldo.store.people import Member, User
from arumaldo.store.scope import Rows


def post(rows: Rows, kind: str, about: UUID, recipient: str = "") -> None:
    """Write a mail down; it is sent once these rows are committed. A second one of a kind about one thing is none.

    Without a `recipient` it goes to the account's owner, at the address they have now.
    """
    if rows.first(MailRow, MailRow.about == about, MailRow.kind == kind) is not None:
        return
    # A restored book that has forgotten the mail finds it at the provider under the same id, and sends no second one.
    mail = rows.add(
        MailRow(id=id_from(about, kind), kind=kind, about=about, recipient=recipient or owner_of(rows).email)
    )
    rows.publish(facts.MailDue(mail_id=mail.id), ends=False)


def owner_of(rows: Rows) -> User:
    """The person to whom the account belongs."""
    member = rows.all(Member)[0]
    return rows.session.get_one(User, member.user_id)


@handles(facts.MailDue, calls="email", refused=facts.MailRefused)
def send_the_mail(message: facts.MailDue, work: Work) -> None:
    with work.transaction() as rows:
        mail = rows.get_one(MailRow, message.mail_id)
        if mail.state != "due":
            return
        letter = LETTERS[mail.kind](rows, mail.about, work)
        # It quotes what customers typed: one line, for it becomes a header, and no longer than one may be.
        subject = " ".join(letter.subject.split())[:200]

    brand = work.portal.brand
    work.hub.email.send_mail(
        reference=work.reference(mail.id),
        mail=Mail(
            kind=mail.kind, to=mail.recipient, from_name=brand.name, reply_to=brand.support_email,
            subject=subject, html=as_html(letter, brand), text=as_text(letter, brand),
        ),
    )  # fmt: skip

    with work.transaction() as rows:
        mail = rows.get_one(MailRow, message.mail_id, lock=True)
        if move(mail, "sent"):
            mail.subject, mail.sent_at = subject, rows.now()
            rows.publish(facts.MailSent(mail_id=mail.id))


@handles(facts.MailRefused)
def note_that_the_mail_was_refused(message: facts.MailRefused, work: Work) -> None:
    with work.transaction() as rows:
        mail = rows.get_one(MailRow, message.mail_id, lock=True)
        if move(mail, "refused"):
            mail.problem = message.reason

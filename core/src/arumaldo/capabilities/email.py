"""email: transactional mail, and the list of people who may hear from the reseller."""

from __future__ import annotations

from pydantic import BaseModel, Field

from arumaldo.capabilities.kinds import Made, creates, puts, reads


class Mail(BaseModel, frozen=True):
    """One mail to one person. `kind` says what it is about ("confirm", "receipt"; letters and dashes)."""

    kind: str = Field(pattern=r"^[a-z][a-z-]{1,30}$")
    to: str
    from_name: str
    """The reseller's name; the address it is sent from is the provider's own setting."""
    reply_to: str = ""
    """Where an answer goes; empty: to the sender."""
    subject: str = Field(max_length=200)
    html: str
    text: str


class SentMail(Made, frozen=True):
    """A mail that the provider has taken; whether it arrives is another matter."""


class Email:
    """Whoever sends the mail."""

    @creates(find="find_mails", sure_after=60)
    def send_mail(self, reference: str, mail: Mail) -> SentMail:
        """Send it. A second call with the same `reference` must meet the vendor's own guard against doubles, where it
        has one. Refused: the address or the mail itself cannot be used."""
        raise NotImplementedError

    @reads
    def find_mails(self, reference: str, mail: Mail) -> list[SentMail]:
        """Every mail that was taken under `reference`; empty when there is none."""
        raise NotImplementedError

    @puts
    def put_subscriber(self, email: str, business: str) -> None:
        """Have this person on the list of customers, once; whoever unsubscribed stays unsubscribed. `business` is empty
        while it is not known. Refused: the provider will not have this address."""
        raise NotImplementedError

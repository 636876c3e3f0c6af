"""What every email provider owes, whoever sends.

    class TestAcmeMail(EmailConformance):
        @pytest.fixture
        def email(self): ...

A subclass supplies the fixtures below; the tests know nothing but the capability and them.
"""

from __future__ import annotations

import inspect
import itertools
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from arumaldo.capabilities.email import Email, Mail
from arumaldo.capabilities.kinds import kind_of
from arumaldo.errors import Refused
from arumaldo.sandbox import Letter

Letters = Callable[[str], Sequence[Letter]]
OnTheList = Callable[[str], int]
Unsubscribe = Callable[[str], None]

_numbers = itertools.count(1)
_HARD = "Grüße, 🥐 & <b>bold</b> “quotes” مخبز 株式会社"


class EmailConformance:
    """Inherit, supply the four fixtures, and every promise of the capability is tested against your provider."""

    @pytest.fixture
    def email(self) -> Email:
        """The provider under test."""
        raise NotImplementedError

    @pytest.fixture
    def letters(self) -> Letters:
        """What has come to an address, oldest first, by a way of your own."""
        raise NotImplementedError

    @pytest.fixture
    def on_the_list(self) -> OnTheList:
        """How often an address is among those whom news for customers reach."""
        raise NotImplementedError

    @pytest.fixture
    def unsubscribe(self) -> Unsubscribe:
        """Whoever has the address wants no more news, and says so to the provider itself."""
        raise NotImplementedError

    @pytest.fixture
    def guarded(self) -> bool:
        """Whether the provider knows a mail again that it has taken. Override where it cannot: plain SMTP, say."""
        return True

    @pytest.fixture
    def to(self) -> str:
        """An address that was never used."""
        return f"anna-{next(_numbers)}@example.com"

    def test_every_hook_is_there_with_every_parameter(self, email: Email) -> None:
        hooks = {name: hook for name, hook in vars(Email).items() if kind_of(hook)}
        assert hooks
        for name, hook in hooks.items():
            given = inspect.signature(getattr(email, name)).parameters
            assert ["self", *given] == list(inspect.signature(hook).parameters), name

    # Mail.

    def test_a_mail_arrives_whole(self, email: Email, letters: Letters, to: str) -> None:
        html, text = f"<p>{_HARD}</p>\n" + "<p>more</p>\n" * 2000, f"{_HARD}\n\n" + "more\n" * 2000
        mail = self.mail(to).model_copy(update={"kind": "money-back", "subject": _HARD, "html": html, "text": text})
        email.send_mail(reference=new_reference(), mail=mail)
        [letter] = letters(to)
        assert (letter.subject, letter.html, letter.text, letter.kind) == (_HARD, html, text, "money-back")

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param({"reply_to": ""}, id="no address for answers"),
            pytest.param({"from_name": "Bäckerei " * 12}, id="a sender with a long name"),
            pytest.param({"from_name": "مخبز & 株式会社"}, id="a sender in other scripts"),
            pytest.param({"subject": "ß" * 200}, id="the longest subject"),
            pytest.param({"kind": "x" * 31}, id="the longest kind"),
        ],
    )
    def test_a_mail_arrives_whatever_is_in_it(
        self, email: Email, letters: Letters, to: str, change: dict[str, str]
    ) -> None:
        mail = self.mail(to).model_copy(update=change)
        email.send_mail(reference=new_reference(), mail=mail)
        assert [(letter.kind, letter.subject) for letter in letters(to)] == [(mail.kind, mail.subject)]

    def test_a_mail_reaches_nobody_else(self, email: Email, letters: Letters, to: str) -> None:
        name, _, host = to.partition("@")
        email.send_mail(reference=new_reference(), mail=self.mail(f"{name}+shop@{host}"))
        assert (len(letters(f"{name}+shop@{host}")), len(letters(to))) == (1, 0)

    def test_a_mail_is_found_by_what_it_was_sent_for(self, email: Email, to: str) -> None:
        reference = new_reference()
        sent = email.send_mail(reference=reference, mail=self.mail(to))
        assert sent.id
        found = email.find_mails(reference=reference, mail=self.mail(to))
        assert [(one.id, one.reference) for one in found] == [(sent.id, reference)]

    @pytest.mark.parametrize("written", ["{name}+shop@{host}", "{NAME}@{host}"])
    def test_a_mail_is_found_however_the_address_is_written(self, email: Email, to: str, written: str) -> None:
        name, _, host = to.partition("@")
        mail, reference = self.mail(written.format(name=name, NAME=name.upper(), host=host)), new_reference()
        sent = email.send_mail(reference=reference, mail=mail)
        assert [one.id for one in email.find_mails(reference=reference, mail=mail)] == [sent.id]

    def test_a_mail_is_found_among_others_to_the_same_person(self, email: Email, to: str) -> None:
        references = [new_reference() for _ in range(3)]
        sent = [email.send_mail(reference=reference, mail=self.mail(to)) for reference in references]
        found = email.find_mails(reference=references[1], mail=self.mail(to))
        assert [one.id for one in found] == [sent[1].id]

    def test_what_was_never_sent_is_not_found(self, email: Email, to: str) -> None:
        assert email.find_mails(reference=new_reference(), mail=self.mail(to)) == []

    def test_another_mail_to_the_same_person_is_not_taken_for_ours(self, email: Email, to: str) -> None:
        reference = new_reference()
        email.send_mail(reference=reference, mail=self.mail(to))
        almost = reference[:-1] + ("b" if reference[-1] == "a" else "a")
        assert email.find_mails(reference=almost, mail=self.mail(to)) == []

    def test_two_mails_to_one_person_are_two(self, email: Email, letters: Letters, to: str) -> None:
        sent = [email.send_mail(reference=new_reference(), mail=self.mail(to)) for _ in range(2)]
        assert len({one.id for one in sent}) == len(letters(to)) == 2

    def test_the_same_mail_again_reaches_nobody_twice(
        self, email: Email, letters: Letters, to: str, guarded: bool
    ) -> None:
        if not guarded:
            pytest.skip("this provider cannot know a mail again, and relies on the hub to look first")
        reference = new_reference()
        first = email.send_mail(reference=reference, mail=self.mail(to))
        worded_anew = self.mail(to).model_copy(update={"text": "Thank you very much."})
        assert email.send_mail(reference=reference, mail=worded_anew).id == first.id
        assert [letter.text for letter in letters(to)] == [self.mail(to).text]

    def test_the_same_mail_by_several_workers_at_once_reaches_nobody_twice(
        self, email: Email, letters: Letters, to: str, guarded: bool
    ) -> None:
        if not guarded:
            pytest.skip("this provider cannot know a mail again, and relies on the hub to look first")
        reference = new_reference()
        with ThreadPoolExecutor(4) as workers:
            jobs = [workers.submit(email.send_mail, reference=reference, mail=self.mail(to)) for _ in range(4)]
            sent = {job.result().id for job in jobs}
        assert (len(sent), len(letters(to))) == (1, 1)

    @pytest.mark.parametrize("nonsense", ["nobody", "two words@example.com", "@example.com", "anna@"])
    def test_what_is_no_address_is_refused(self, email: Email, letters: Letters, nonsense: str) -> None:
        with pytest.raises(Refused):
            email.send_mail(reference=new_reference(), mail=self.mail(nonsense))
        with pytest.raises(Refused):
            email.put_subscriber(email=nonsense, business="")
        assert not letters(nonsense)

    # The list.

    def test_a_person_is_on_the_list_once_however_they_are_written(
        self, email: Email, on_the_list: OnTheList, to: str
    ) -> None:
        assert on_the_list(to) == 0
        for address, business in ((to, ""), (to.upper(), "Sunrise Bakery"), (to, "")):
            email.put_subscriber(email=address, business=business)
            assert on_the_list(to) == 1

    @pytest.mark.parametrize(
        "business", [_HARD, "مخبز السعادة", "🥐🥖", "<b>Bold</b>", "株式会社 ひまわり", "Bäckerei " * 13, " "]
    )
    def test_a_business_name_in_any_script_is_taken(
        self, email: Email, on_the_list: OnTheList, to: str, business: str
    ) -> None:
        email.put_subscriber(email=to, business=business)
        assert on_the_list(to) == 1

    def test_a_person_put_by_several_workers_at_once_is_on_the_list_once(
        self, email: Email, on_the_list: OnTheList, to: str
    ) -> None:
        with ThreadPoolExecutor(4) as workers:
            for done in [workers.submit(email.put_subscriber, email=to, business="") for _ in range(4)]:
                done.result()
        assert on_the_list(to) == 1

    def test_an_address_with_a_plus_is_another_one(self, email: Email, on_the_list: OnTheList, to: str) -> None:
        name, _, host = to.partition("@")
        email.put_subscriber(email=f"{name}+shop@{host}", business="")
        assert (on_the_list(f"{name}+shop@{host}"), on_the_list(to)) == (1, 0)

    def test_whoever_unsubscribed_stays_unsubscribed(
        self, email: Email, on_the_list: OnTheList, unsubscribe: Unsubscribe, to: str
    ) -> None:
        email.put_subscriber(email=to, business="")
        unsubscribe(to)
        assert on_the_list(to) == 0
        for address in (to, to.upper()):
            email.put_subscriber(email=address, business="Sunrise Bakery")
        assert on_the_list(to) == 0

    def test_whoever_unsubscribed_still_gets_mail_that_is_meant_for_them(
        self, email: Email, letters: Letters, unsubscribe: Unsubscribe, to: str
    ) -> None:
        email.put_subscriber(email=to, business="")
        unsubscribe(to)
        email.send_mail(reference=new_reference(), mail=self.mail(to))
        assert len(letters(to)) == 1

    def mail(self, to: str) -> Mail:
        return Mail(
            kind="receipt", to=to, from_name="Arumaldo", reply_to="help@example.com", subject="Your receipt",
            html="<p>Thank you.</p>", text="Thank you.",
        )  # fmt: skip


def new_reference() -> str:
    """A reference of the hub's own form: lower-case base32."""
    return "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(20))

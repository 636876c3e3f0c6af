"""The one door to the gateway: a single endpoint, JSON in the order of its XML schema, credentials in the body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import httpx2
from pydantic import ValidationError

from arumaldo import Denied, NotFound, OutcomeUnknown, ProviderError, Refused, Unavailable
from arumaldo.http import Door, Reply, new_client
from arumaldo_authorizenet.said import Account, Message, Messages, Result, Said
from arumaldo_authorizenet.settings import Settings

NAME = "authorizenet"

_BUSY = {"E00001", "E00049", "E00053", "E00104", "E00133"}
_NOT_LET_IN = {"E00005", "E00006", "E00007", "E00008", "E00009", "E00010", "E00011"}
_NO_RECORD = "E00040"

Answer = TypeVar("Answer", bound=Said)


class _Envelope(Said):
    messages: Messages


class Gateway:
    """Speaks for one account. Every method raises Denied when the account's credentials are not accepted."""

    def __init__(self, settings: Settings, http: httpx2.Client | None = None) -> None:
        self._door = Door(NAME, http or new_client())
        self._settings = settings

    def read(self, call: str, own: Mapping[str, Any], kind: type[Answer]) -> Answer:
        """Ask; repeat freely. `own` are the call's own elements, in the schema's order.

        NotFound: no such record. Unavailable: no answer, or none that can be believed. Refused: anything else.
        """
        reply = self._send(call, own, reference=None)
        message = self._checked(reply, own)
        if message is None:
            return self._parsed(reply, kind)
        if message.code == _NO_RECORD:
            raise NotFound(NAME, f"has no such record ({message.code})")
        raise Refused(NAME, f"does not answer {call}: {self._quoted(message, own)}")

    def transact(self, reference: str, transaction: Mapping[str, Any]) -> Result:
        """Send one transaction under our `reference`; a second call sends it again.

        Unavailable: it surely did not get there. OutcomeUnknown: it may have. What the gateway decided is in the
        result, whether it is good or bad.
        """
        own = {"transactionRequest": transaction}
        reply = self._send("createTransactionRequest", own, reference=reference)
        self._checked(reply, own)
        return self._parsed(reply, Result)

    def knows_client_key(self) -> bool:
        """Whether the account's public client key is the one in our settings."""
        return self.account().public_client_key == self._settings.client_key

    def account(self) -> Account:
        """What the account says of itself."""
        return self.read("getMerchantDetailsRequest", {}, Account)

    def close(self) -> None:
        self._door.close()

    def _send(self, call: str, own: Mapping[str, Any], reference: str | None) -> Reply:
        head: dict[str, Any] = {
            "merchantAuthentication": {
                "name": self._settings.login,
                "transactionKey": self._settings.transaction_key.get_secret_value(),
            }
        }
        if reference is not None:
            head["refId"] = reference
        repeatable = reference is None
        reply = self._door.send("POST", self._settings.api_url, repeatable=repeatable, json={call: {**head, **own}})
        if reply.status != 200:
            # The gateway itself answers 200 to everything; another status comes from something before it.
            self._not_the_gateway(reply, repeatable=repeatable)
        return reply

    def _not_the_gateway(self, reply: Reply, *, repeatable: bool) -> None:
        if repeatable:
            raise Unavailable(NAME, f"answered {reply.status}", reply.retry_after)
        raise OutcomeUnknown(NAME, f"answered {reply.status}")

    def _checked(self, reply: Reply, own: Mapping[str, Any]) -> Message | None:
        """What is wrong with the request as a whole; None where nothing is."""
        messages = self._parsed(reply, _Envelope).messages
        if messages.result_code == "Ok":
            return None
        message = messages.message[0] if messages.message else Message()
        if message.code in _BUSY:
            raise reply.doubt(f"cannot answer now: {self._quoted(message, own)}")
        if message.code in _NOT_LET_IN:
            raise self.denied(message, own)
        return message

    def _parsed(self, reply: Reply, kind: type[Answer]) -> Answer:
        document = reply.json()
        try:
            return kind.model_validate(document)
        except ValidationError:
            # The cause is left out: it would quote the answer.
            raise reply.doubt("answered in a form that we do not know") from None

    def denied(self, message: Message, own: Mapping[str, Any] | None = None) -> ProviderError:
        """The error for an account that is not let in, with the remedy."""
        remedy = "check login and transaction_key in [plugins.authorizenet], and that api_url is their environment"
        return Denied(NAME, f"{self._quoted(message, own or {})}; {remedy}")

    def _quoted(self, message: Message, own: Mapping[str, Any]) -> str:
        """The gateway's code and words, without anything that we sent and must keep to ourselves."""
        text = message.text
        for secret in (self._settings.transaction_key.get_secret_value(), *_tokens(own)):
            text = text.replace(secret, "…")
        text = re.sub(r"\d[\d -]{10,}\d", "…", text)
        return f"{message.code or 'no code'} {text[:200]}".strip()


def _tokens(own: Mapping[str, Any]) -> list[str]:
    payment = own.get("transactionRequest", {}).get("payment", {})
    value = payment.get("opaqueData", {}).get("dataValue", "")
    return [value] if value else []

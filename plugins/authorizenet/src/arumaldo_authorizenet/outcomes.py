"""What a bad outcome means: the gateway's codes, sorted by what happens next, with words for the customer."""

from __future__ import annotations

from arumaldo import Denied, OutcomeUnknown, ProviderError, Refused
from arumaldo_authorizenet.client import NAME
from arumaldo_authorizenet.said import Message, Outcome

DUPLICATE = {"11", "318"}
NOT_SETTLED = {"50", "54"}
NOT_THERE = {"16", "319"}
TOKEN_GONE = {"E00113", "E00114", "E00115"}
FOREIGN_TOKEN = "E00116"  # noqa: S105 - a code

_NUMBER = "The card number is not valid. Nothing was charged. Please check it and enter the card again."
_EXPIRY = "The expiry date is not valid or has passed. Nothing was charged. Please check it, or use another card."
_CODE = "The security code does not match the card. Nothing was charged. Please check it and enter the card again."
_ADDRESS = (
    "The bank does not know the card under this billing address. Nothing was charged; should your bank show a reserved"
    " amount, it disappears by itself. Try another card."
)
_BRAND = "This kind of card is not accepted here. Nothing was charged. Please use another card."
_CHECKS = "The payment did not pass the security checks. Nothing was charged. Try another card, or write to us."
_DECLINED = "Your bank declined the card. Nothing was charged. Try another card, or ask your bank."
_CALL_BANK = (
    "Your bank wants to hear from you before it allows this payment. Nothing was charged. Call it, or try another card."
)
_AMOUNT = (
    "The gateway does not accept this amount. Nothing was charged. Please write to us; another card will not help."
)

_WORDS = {
    "2": _DECLINED, "3": _CALL_BANK, "4": _DECLINED, "5": _AMOUNT,
    "6": _NUMBER, "37": _NUMBER, "315": _NUMBER,
    "7": _EXPIRY, "8": _EXPIRY, "316": _EXPIRY, "317": _EXPIRY,
    "17": _BRAND, "28": _BRAND,
    "27": _ADDRESS, "45": _ADDRESS,
    "44": _CODE, "65": _CODE, "78": _CODE,
    "250": _CHECKS, "251": _CHECKS, "254": _CHECKS,
}  # fmt: skip
_ACCOUNT = {
    "13": "says that the account is inactive or its login wrong; check it in the merchant interface",
    "39": "does not take this currency; set `currency` in [plugins.authorizenet] to the account's own",
}
# The request itself was at fault and reached no card.
_NOT_UNDERSTOOD = {"E00003", "E00013", "E00014", "E00015", "E00016", "E00088", "E00089", "E00090", "E00091", "E00092"}

FOREIGN_CLIENT_KEY = "client_key in [plugins.authorizenet] is not that of login; copy it from the same account"
CARD_GONE = "The card details could not be used any more. Nothing was charged. Please enter the card again."
OUR_FAULT = (
    "We could not put the payment to the bank because of a mistake on our side ({code}). Nothing was charged. Please"
    " write to us."
)


def declined() -> Refused:
    """The bank said no, and gave no reason that may be passed on."""
    return Refused(NAME, _DECLINED)


def refusal(outcome: Outcome) -> ProviderError:
    """The error for a transaction that the gateway answered with "declined" or "error"."""
    code = outcome.error.error_code
    if code in _ACCOUNT:
        return Denied(NAME, f"{_ACCOUNT[code]} (code {code})")
    if code in _WORDS:
        return Refused(NAME, _WORDS[code])
    if outcome.response_code == "2":
        return declined()
    # Codes 19 to 26, 57 to 63 and any that we do not know: the gateway warns that the bank may have reserved it.
    return OutcomeUnknown(NAME, f"could not say how it ended (code {code or 'missing'})")


def request_refusal(message: Message) -> ProviderError:
    """The error for a transaction request that was turned away as a whole."""
    if message.code == "E00118":
        return declined()
    if message.code in _NOT_UNDERSTOOD:
        return Refused(NAME, OUR_FAULT.format(code=message.code))
    return OutcomeUnknown(NAME, f"answered without an outcome ({message.code or 'no code'})")

"""Authorize.Net, played: its one API endpoint, and AcceptUI.js with the card form that a browser meets.

Accounts: login `sandbox-shop` with key `sandbox-key-0001` and client key `sandbox-shop-public-client-key`; and
`other-shop` with `other-key-0002` and `other-shop-public-client-key`, to play with another account's tokens.

Cards: any number with a right check digit, such as 4111 1111 1111 1111, any expiry to come, any code.
4222 2222 2222 2 is declined. So is billing zip 46282, and security code 901. A wrong check digit and a past
expiry are accepted by the form's API, as by the real one, and refused when the card is charged.

Clock: a day after its submission a transaction is settled; from then on it is refunded and no longer voided.

Switches:
    settle      `now`                       everything is settled at once
    review      `hold`                      good charges are held for review; `approve` and `decline` end that
    currency    `EUR`, …                    the account's currency; USD where it is not set
    processor   `down`                      charges end with error 19, nothing is booked, the token is used up
    busy        `on`                        every request is answered E00053, with status 200 as ever
    test_mode   `on`                        charges are approved with the transaction id 0, and nothing is booked
    name_doubles  `off`                     the refusal of a double does not name the first transaction
    client_key  a key                       the public client key that the account says it has
    parrot      `on`                        errors repeat the whole request in their text, as careless gateways do

`POST _test/token` is the walker's door, a convention of every payments sandbox of this project: JSON
`{"card": "…"}`, or nothing for a card that is approved, answers `{"token": "…"}`, which is what the payment page
would have got from the field. Optional besides: `code`, `zip`, `expiry` (MMYYYY).

Webhooks: `authcapture.created`, `fraud.held`, `void.created` and `refund.created` of the login `sandbox-shop`, signed
with the signature key `0123456789ABCDEF`, eight times over (128 characters). A forged one is signed with another key.

Ledger: `charges` under their invoice number; voided and wholly refunded ones are undone, declined ones refused.
`returns`, voids and refunds, under the reference of the request that made them.
"""

from arumaldo_authorizenet.sandbox.vendor import AuthorizenetSandbox

__all__ = ["AuthorizenetSandbox"]

"""Looking things up in the gateway's books: first what is not settled yet, then the settled batches.

The lists name the invoice number, which is our reference, but neither the reference of the request nor what a refund
returns; the details of a transaction name both. So the lists only find, and the details decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from arumaldo import Money, NotFound
from arumaldo.capabilities.payments import Charge, MoneyBack
from arumaldo_authorizenet.asks import PAGE_ROWS, page
from arumaldo_authorizenet.client import NAME, Gateway
from arumaldo_authorizenet.said import Batch, Batches, Details, Row, Rows, State, Transaction, card_in_words

# The gateway lists the batches of a month at most per request.
_MONTH = timedelta(days=30)
_CLOCKS_MAY_DIFFER = timedelta(days=1)


class Books:
    """The account's transactions as charges and returns. All methods only read, and raise Unavailable in doubt."""

    def __init__(self, gateway: Gateway, currency: str) -> None:
        self._gateway = gateway
        self._currency = currency

    def charge(self, details: Details, state: State | None = None) -> Charge:
        """A transaction in our words; `state` where more is known than the transaction itself shows."""
        transaction = details.transaction
        card = transaction.payment.credit_card
        return Charge(
            id=transaction.trans_id,
            reference=transaction.order.invoice_number or None,
            made_at=transaction.submitted_at,
            amount=self.amount(transaction),
            state=state or transaction.state,
            card=card_in_words(card.card_type, card.card_number),
        )

    def amount(self, transaction: Transaction) -> Money:
        return Money.of(transaction.auth_amount.quantize(Decimal("0.01")), self._currency)

    def details(self, trans_id: str) -> Details:
        """One transaction. NotFound when the gateway has none with this id, or it cannot be an id."""
        if not trans_id.isascii() or not trans_id.isdigit():
            raise NotFound(NAME, "has no transaction with this id")
        return self._gateway.read("getTransactionDetailsRequest", {"transId": trans_id}, Details)

    def find_sale(self, charge_id: str) -> Details:
        """The same for a charge; a refund or a void under this id is NotFound."""
        details = self.details(charge_id)
        if not details.transaction.is_sale:
            raise NotFound(NAME, "has no charge with this id")
        return details

    def charges(self, reference: str) -> list[Charge]:
        """All charges under `reference`, the last 30 days' and those not settled; declined ones left out."""
        entries = self._entries(reference, since=datetime.now(UTC) - _MONTH)
        sales = [entry for entry in entries if entry.transaction.is_sale and entry.carries(reference)]
        found = [self.charge(sale, self._state(sale.transaction, entries)) for sale in sales]
        return [charge for charge in found if charge.state != "declined"]

    def charges_since(self, since: datetime) -> list[Charge]:
        """All charges of the account since then, from the lists alone; declined ones left out.

        A list does not say which charge a refund returns: one of the same invoice and at least its amount does.
        """
        rows = {row.trans_id: row for row in self._rows(since)}.values()
        refunds = [row for row in rows if row.is_refund]
        sales = [row for row in rows if not row.is_refund and row.state != "declined" and row.submitted_at >= since]
        return [self._listed_charge(sale, _is_refunded(sale, refunds)) for sale in sales]

    def _listed_charge(self, row: Row, returned: bool) -> Charge:
        return Charge(
            id=row.trans_id,
            reference=row.invoice_number or None,
            made_at=row.submitted_at,
            amount=Money.of(row.settle_amount.quantize(Decimal("0.01")), self._currency),
            state="returned" if returned else row.state,
            card=card_in_words(row.account_type, row.account_number),
        )

    def charge_now(self, charge_id: str) -> Charge:
        """The charge with what became of it, refunds included. NotFound when there is none."""
        sale = self.find_sale(charge_id)
        return self.charge(sale, "returned" if self._refund(sale) else None)

    def money_back(self, reference: str, sale: Details) -> MoneyBack | None:
        """The whole return of this charge, if there is one."""
        if sale.transaction.transaction_status == "voided":
            # A void makes no transaction of its own, so the gateway keeps no reference for it.
            return MoneyBack(
                id=sale.transaction.trans_id,
                reference=reference,
                charge_id=sale.transaction.trans_id,
                amount=self.amount(sale.transaction),
            )
        refund = self._refund(sale)
        return self.refunded(refund, sale.transaction.trans_id) if refund else None

    def refunded(self, refund: Details, charge_id: str) -> MoneyBack:
        return MoneyBack(
            id=refund.transaction.trans_id,
            reference=refund.transref_id or None,
            made_at=refund.transaction.submitted_at,
            charge_id=charge_id,
            amount=self.amount(refund.transaction),
        )

    def _refund(self, sale: Details) -> Details | None:
        transaction = sale.transaction
        if not transaction.is_settled or not transaction.order.invoice_number:
            return None
        settled_at = transaction.batch and transaction.batch.settled_at
        entries = self._entries(transaction.order.invoice_number, since=settled_at or transaction.submitted_at)
        return next((entry for entry in entries if _is_whole_return(entry.transaction, transaction)), None)

    def _state(self, transaction: Transaction, entries: list[Details]) -> State:
        returned = any(_is_whole_return(entry.transaction, transaction) for entry in entries)
        return "returned" if returned else transaction.state

    def _entries(self, invoice: str, since: datetime) -> list[Details]:
        """Everything under this invoice number, each once, in the order in which it was made."""
        found = {row.trans_id for row in self._rows(since) if row.invoice_number == invoice}
        return [self.details(trans_id) for trans_id in sorted(found, key=int)]

    def _rows(self, since: datetime) -> Iterator[Row]:
        # In this order nothing slips through when a batch settles between the two.
        yield from self._listed("getUnsettledTransactionListRequest", {})
        for batch in self._batches(since):
            yield from self._listed("getTransactionListRequest", {"batchId": batch})

    def _listed(self, call: str, own: dict[str, str]) -> Iterator[Row]:
        number = 1
        while True:
            rows = self._gateway.read(call, {**own, **page(number)}, Rows).transactions or []
            yield from rows
            if len(rows) < PAGE_ROWS:
                return
            number += 1

    def _batches(self, since: datetime) -> list[str]:
        """The batches settled since then, newest first."""
        found: list[Batch] = []
        until = max(since, datetime.now(UTC)) + _CLOCKS_MAY_DIFFER
        start = since - _CLOCKS_MAY_DIFFER
        while start < until:
            dates = {"firstSettlementDate": _moment(start), "lastSettlementDate": _moment(min(start + _MONTH, until))}
            found += self._gateway.read("getSettledBatchListRequest", dates, Batches).batch_list or []
            start += _MONTH
        return list(dict.fromkeys(batch.batch_id for batch in reversed(found)))


def _is_whole_return(refund: Transaction, charge: Transaction) -> bool:
    return refund.returns(charge.trans_id) and refund.auth_amount >= charge.auth_amount


def _is_refunded(sale: Row, refunds: list[Row]) -> bool:
    own = [row for row in refunds if row.invoice_number and row.invoice_number == sale.invoice_number]
    return any(row.settle_amount >= sale.settle_amount for row in own)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

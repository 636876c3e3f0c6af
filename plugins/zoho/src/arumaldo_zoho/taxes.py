"""Tax rates by place, and the price that follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from arumaldo import Money
from arumaldo.capabilities.billing import Address, Quote


def _exact(value: object) -> object:
    if not isinstance(value, float):
        return value
    raise ValueError(f'write the rate in quotes, as in "{value}", so that it is exact')


def plain_code(postal_code: str) -> str:
    """A postal code or the beginning of one, as two are compared: capital letters and digits alone."""
    return "".join(mark for mark in postal_code.upper() if mark.isalnum())


class TaxRate(BaseModel):
    """What is added in one country, or in that part of it whose postal codes begin alike."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    country: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2")
    postal_prefix: str = ""
    rate: Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, le=100, max_digits=8)]
    """In per cent of the net price."""
    label: str = Field(min_length=1)
    """What customers know it as ("VAT"); the rate is added."""
    tax_id: str | None = Field(default=None, pattern=r"^[0-9A-Za-z]{1,40}$")
    """The same tax's id in Zoho Billing, which then shows it as a line of the invoice. Without it the invoice has one
    line, the whole price, and says in words what of it is tax."""

    @field_validator("postal_prefix")
    @classmethod
    def _plain(cls, value: str) -> str:
        return plain_code(value)


def rate_at(taxes: Sequence[TaxRate], address: Address) -> TaxRate | None:
    """The rate whose postal prefix says most about this address; None where nothing is added."""
    code = plain_code(address.postal_code)
    fitting = [tax for tax in taxes if tax.country == address.country and code.startswith(tax.postal_prefix)]
    return max(fitting, key=lambda tax: len(tax.postal_prefix), default=None)


def tax_of(net: int, rate: Decimal) -> int:
    """In minor units, half a unit upwards."""
    return _rounded(net * rate / 100)


def quote_of(price: Money, address: Address, taxes: Sequence[TaxRate], *, included: bool) -> Quote:
    """The price at this address; `included`: the price holds the tax already, so that it is the total."""
    rate = rate_at(taxes, address)
    if rate is None:
        return Quote(net=price, tax=_money(0, price), total=price)
    tax = _rounded(price.minor * rate.rate / (100 + rate.rate)) if included else tax_of(price.minor, rate.rate)
    net = price.minor - tax if included else price.minor
    label = f"{rate.label} {rate.rate.normalize():f} %"
    return Quote(net=_money(net, price), tax=_money(tax, price), total=_money(net + tax, price), tax_label=label)


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def _money(minor: int, like: Money) -> Money:
    return Money(minor=minor, currency=like.currency)

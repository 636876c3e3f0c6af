"""Money: whole minor units and a currency, never a float."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, Field

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]

# ISO 4217: currencies whose minor unit is not a hundredth.
_NONE = [
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "UYI",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
]
_THREE = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
_DIGITS = {**dict.fromkeys(_NONE, 0), **dict.fromkeys(_THREE, 3)}
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


class Money(BaseModel, frozen=True):
    """`minor` is in the currency's smallest unit: 2900 USD is $29.00."""

    minor: int
    currency: Currency = "USD"

    @property
    def decimal(self) -> Decimal:
        """The amount as vendors write it, with the currency's own number of places."""
        digits = _DIGITS.get(self.currency, 2)
        return Decimal(self.minor).scaleb(-digits)

    @classmethod
    def of(cls, amount: Decimal | str, currency: str) -> Money:
        """From a decimal amount; raises ValueError when it is finer than the minor unit."""
        scaled = Decimal(amount).scaleb(_DIGITS.get(currency, 2))
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{amount} {currency} is finer than the smallest unit of {currency}")
        return cls(minor=int(scaled), currency=currency)

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(minor=self.minor + other.minor, currency=self.currency)

    def __str__(self) -> str:
        sign = _SIGNS.get(self.currency)
        amount = f"{self.decimal:,f}"
        return f"{sign}{amount}" if sign else f"{amount} {self.currency}"

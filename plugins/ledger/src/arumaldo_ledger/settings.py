"""The keys of `[plugins.ledger]`.

[[plugins.ledger.taxes]]
country = "US"
postal_prefix = "787"
rate = "8.25"
label = "Sales tax"
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from arumaldo import PluginSettings


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

    @field_validator("postal_prefix")
    @classmethod
    def _plain(cls, value: str) -> str:
        return plain_code(value)


class Settings(PluginSettings):
    """Tax rates; where none fits an address, nothing is added."""

    taxes: list[TaxRate] = Field(default_factory=list)
    prices_include_tax: bool = False
    """True: the plans' prices hold the tax already, so the customer pays exactly the price. False: it is added."""

    @model_validator(mode="after")
    def _one_rate_for_each_place(self) -> Self:
        places = [(tax.country, tax.postal_prefix) for tax in self.taxes]
        for country, prefix in places:
            if places.count((country, prefix)) > 1:
                where = f"postal codes {prefix}… in {country}" if prefix else country
                raise ValueError(f"there are two rates for {where}: leave one")
        return self

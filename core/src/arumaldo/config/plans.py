"""`[plans.<name>]`: what customers can buy."""

from __future__ import annotations

import difflib
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from arumaldo.capabilities.billing import Plan
from arumaldo.config.model import Text
from arumaldo.config.tables import Tables
from arumaldo.money import Money

# ISO 4217, without funds, metals and those whose minor unit `arumaldo.money` does not know.
_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY
COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
ISK JMD JPY KES KGS KHR KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD
NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC
SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH USD UYU UZS VES VND WST XCD YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CODES.split())


def _price(value: object) -> object:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError(f'must be in quotes, as in price = "{value}"; a bare number is not exact to the cent')  # noqa: TRY004 - pydantic collects ValueErrors
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,3})?", value):
        raise ValueError('must be an amount like "29.00", digits with a point and without the currency')
    return value


def _currency(value: str) -> str:
    if value not in CURRENCIES:
        nearest = difflib.get_close_matches(value.upper(), sorted(CURRENCIES), n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        raise ValueError(f'must be the code of a currency like "USD"{hint}')
    return value


class _PlanTable(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    title: Text
    price: Annotated[str, BeforeValidator(_price)]
    currency: Annotated[str, AfterValidator(_currency)] = "USD"
    every: Literal["month", "year"] = "month"
    points: list[Text] = Field(default_factory=list, max_length=20)


def read_plans(tables: Tables) -> dict[str, Plan]:
    """The plans in the order of the file; at least one, or that is said."""
    found = tables.table("plans")
    if not found:
        tables.wrong(
            ("plans",), 'has no plan; add a table like [plans.starter] with title = "Starter", price = "29.00"'
        )
    plans = {name: _read_plan(tables, name) for name in found}
    return {name: plan for name, plan in plans.items() if plan}


def _read_plan(tables: Tables, name: str) -> Plan | None:
    path = ("plans", name)
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", name):
        tables.wrong(path, "must be named in lower-case letters, digits and dashes; the name stands in addresses")
    table, missing = tables.model(_PlanTable, path, tables.table(*path))
    tables.missing(path, missing)
    if table is None:
        return None
    price = _money(tables, name, table)
    if price is None:
        return None
    return Plan(name=name, title=table.title, price=price, every=table.every, points=table.points)


def _money(tables: Tables, name: str, table: _PlanTable) -> Money | None:
    try:
        price = Money.of(table.price, table.currency)
    except ValueError as error:
        tables.wrong(("plans", name, "price"), f"must be whole in the smallest unit: {error}")
        return None
    if not price.minor:
        tables.wrong(("plans", name, "price"), "must be more than zero")
        return None
    return price

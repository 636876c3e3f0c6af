"""The keys of `[plugins.zoho]`."""

from __future__ import annotations

from typing import Literal, Self, cast
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from arumaldo import PluginSettings
from arumaldo_zoho.taxes import TaxRate

DataCentre = Literal["us", "eu", "in", "au", "jp", "ca", "sa", "cn"]
# The hosts of each data centre, from the table of the vendor's own SDK.
_ACCOUNTS = {
    "us": "accounts.zoho.com",
    "eu": "accounts.zoho.eu",
    "in": "accounts.zoho.in",
    "au": "accounts.zoho.com.au",
    "jp": "accounts.zoho.jp",
    "ca": "accounts.zohocloud.ca",
    "sa": "accounts.zoho.sa",
    "cn": "accounts.zoho.com.cn",
}
_APIS = {
    "us": "www.zohoapis.com",
    "eu": "www.zohoapis.eu",
    "in": "www.zohoapis.in",
    "au": "www.zohoapis.com.au",
    "jp": "www.zohoapis.jp",
    "ca": "www.zohoapis.ca",
    "sa": "www.zohoapis.sa",
    "cn": "www.zohoapis.com.cn",
}


def data_centre_of(address: str) -> DataCentre | None:
    """Whose API is at this address; None where it is none that is known."""
    host = urlsplit(address).hostname
    return next((cast(DataCentre, name) for name, api in _APIS.items() if api == host), None)


class Settings(PluginSettings):
    """A client of Zoho's API console with a refresh token, and one organisation of Zoho Billing.

    Where no tax rate fits an address, nothing is added.
    """

    data_centre: DataCentre = "us"
    """Where the account lives. A token of one data centre is no token at another."""
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    refresh_token: SecretStr = Field(min_length=1)
    organization_id: str = Field(pattern=r"^[0-9]+$")
    """Billing's; that of Books may differ."""
    taxes: list[TaxRate] = Field(default_factory=list)
    prices_include_tax: bool = False
    """True: the plans' prices hold the tax already, so the customer pays exactly the price. False: it is added."""
    accounts_url: str | None = Field(default=None, pattern=r"^https?://")
    """Instead of the data centre's own; the next one likewise."""
    api_url: str | None = Field(default=None, pattern=r"^https?://")

    @property
    def accounts(self) -> str:
        """Where tokens come from, without a slash at the end."""
        return (self.accounts_url or f"https://{_ACCOUNTS[self.data_centre]}").rstrip("/")

    @property
    def api(self) -> str:
        """Where CRM and Billing are, without a slash at the end."""
        return (self.api_url or f"https://{_APIS[self.data_centre]}").rstrip("/")

    @model_validator(mode="after")
    def _one_rate_for_each_place(self) -> Self:
        places = [(tax.country, tax.postal_prefix) for tax in self.taxes]
        for country, prefix in places:
            if places.count((country, prefix)) > 1:
                where = f"postal codes {prefix}… in {country}" if prefix else country
                raise ValueError(f"there are two rates for {where}: leave one")
        return self

    @classmethod
    def at_sandbox(cls, address: str) -> Self:
        """The sandbox's own credentials, which are no secret."""
        return cls(
            client_id="sandbox",
            client_secret=SecretStr("sandbox-secret"),
            refresh_token=SecretStr("sandbox-refresh"),
            organization_id="10234695",
            accounts_url=f"{address}/accounts",
            api_url=address,
        )

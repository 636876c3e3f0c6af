"""The keys of `[plugins.authorizenet]`."""

from __future__ import annotations

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, SecretStr

from arumaldo import PluginSettings


def _private(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    on_this_machine = host in {"localhost", "127.0.0.1"} or host.endswith(".localhost")
    if host and (parts.scheme == "https" or (parts.scheme == "http" and on_this_machine)):
        return url
    raise ValueError("must begin with https://, because credentials travel to it")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


_Address = Annotated[str, AfterValidator(_private)]


class Settings(PluginSettings):
    """One gateway account. `login`, `transaction_key` and `client_key` are made in the merchant interface.

    For the gateway's own test environment set `api_url` to https://apitest.authorize.net/xml/v1/request.api and
    `browser_url` to https://jstest.authorize.net; its credentials are separate ones.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    login: str = Field(min_length=1, max_length=25)
    """The API login id. It is public: the payment page shows it to the browser."""
    transaction_key: SecretStr = Field(min_length=1, max_length=16)
    client_key: str = Field(min_length=1)
    """The public client key of the same login, for the card form."""
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    """The account's currency: the gateway fixes one per account, and does not name it in its look-ups."""
    api_url: _Address = "https://api.authorize.net/xml/v1/request.api"
    browser_url: _Address = "https://js.authorize.net"
    """The host of the card form's script, AcceptUI.js."""
    duplicate_window: int = Field(default=28800, ge=600, le=28800)
    """Seconds during which the gateway itself refuses a second charge of one invoice; 28800 is its longest."""

    @classmethod
    def at_sandbox(cls, address: str) -> Self:
        """The account that the sandbox at `address` knows."""
        return cls(
            login="sandbox-shop",
            transaction_key=SecretStr("sandbox-key-0001"),
            client_key="sandbox-shop-public-client-key",
            api_url=f"{address}/xml/v1/request.api",
            browser_url=address,
        )

    @property
    def browser_origin(self) -> str:
        """Scheme, host and port of `browser_url`, as a Content-Security-Policy names it."""
        return _origin(self.browser_url)

    @property
    def api_origin(self) -> str:
        """The same of `api_url`."""
        return _origin(self.api_url)

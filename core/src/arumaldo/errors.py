"""Every error that crosses a boundary, sorted by what happens next.

HubError
  ConfigError         stop and name the line of hubconfig.toml
  ProviderError
    Unavailable       try again later
    OutcomeUnknown    ask the vendor what happened before trying again
    Denied            the operator's matter: credentials wrong, expired or too narrow; work waits
    Refused           the customer's or the flow's matter: surely nothing was made
      NotFound        the vendor has no such thing

A message says who, what, and what to do now. It never holds a secret, a token or a card number.
"""

from __future__ import annotations


class HubError(Exception):
    """Anything this hub raises on purpose."""


class ConfigError(HubError):
    """One or more mistakes in hubconfig.toml or in a plugin, each a sentence with its remedy."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class ProviderError(HubError):
    """A provider could not do what it was asked; `provider` is the plugin's name."""

    heard = False
    """Whether the vendor had answered something else shortly before: then it is not away as a whole. The hub's own."""

    def __init__(self, provider: str, what: str) -> None:
        self.provider = provider
        self.what = what.replace("\x00", "")  # a vendor's sentence goes into rows, which cannot hold it
        super().__init__(f"{provider}: {self.what}")


class Unavailable(ProviderError):
    """Surely nothing was made, and a later try may do better. `retry_after` is in seconds, if the vendor said so."""

    def __init__(self, provider: str, what: str, retry_after: float | None = None) -> None:
        super().__init__(provider, what)
        self.retry_after = retry_after


class OutcomeUnknown(ProviderError):
    """The vendor may or may not have done it: look before trying again."""


class Denied(ProviderError):
    """The vendor does not accept our credentials or their rights: a person has to act, and the work waits."""


class Refused(ProviderError):
    """The vendor said no for a reason of substance, and surely nothing was made."""


class NotFound(Refused):
    """The vendor has no such thing."""

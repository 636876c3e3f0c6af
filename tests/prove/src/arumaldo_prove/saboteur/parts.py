"""events and billing, by a saboteur."""

from __future__ import annotations

from arumaldo_zoho.billing import ZohoBilling
from arumaldo_zoho.settings import Settings as ZohoSettings

from arumaldo import hookimpl
from arumaldo.capabilities.billing import Address, Plan, Quote
from arumaldo.capabilities.events import Event
from arumaldo_prove.saboteur import Settings
from arumaldo_prove.saboteur.deeds import Deeds


class Listener:
    """Hears everything. What it goes wrong at once, it goes wrong at for ever: poison."""

    def __init__(self, settings: Settings) -> None:
        self._deeds = Deeds(settings)

    @hookimpl
    def heard(self, event: Event) -> None:
        self._deeds.at(f"event {event.id}")


class Books(ZohoBilling):
    """Somebody else's books. It goes wrong at the first asking for the price at some postal codes."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(ZohoSettings.at_sandbox(settings.books))
        self._deeds = Deeds(settings)

    @hookimpl
    def quote(self, plan: Plan, address: Address) -> Quote:
        self._deeds.at(f"price at {address.postal_code}", once=True)
        return super().quote(plan, address)

"""What `arumaldo check --live` asks the vendor."""

from __future__ import annotations

from contextlib import closing, suppress

from arumaldo import NotFound
from arumaldo_pressable.client import PressableClient
from arumaldo_pressable.settings import Settings
from arumaldo_pressable.sites import VendorSite


def check(settings: Settings) -> str:
    """A token, a list of one site, and of its domains: the credentials are accepted, and their scope has both."""
    one = {"paginate": "true", "page": 1, "per_page": 1}
    with closing(PressableClient(settings)) as client:
        for site in client.call("GET", "/sites", repeatable=True, params=one).many(VendorSite):
            with suppress(NotFound):
                client.call("GET", f"/sites/{site.id}/domains", repeatable=True)
    return "the credentials are accepted and may list sites"

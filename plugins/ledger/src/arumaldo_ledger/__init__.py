"""A ledger of our own for Arumaldo Cloud: serves `billing` without a vendor, a network or an account."""

from arumaldo import Plugin
from arumaldo_ledger.settings import Settings, TaxRate

plugin = Plugin(settings=Settings, provides={"billing": "arumaldo_ledger.billing:LedgerBilling"})

__all__ = ["Settings", "TaxRate", "plugin"]

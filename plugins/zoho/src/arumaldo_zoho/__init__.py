"""Zoho for Arumaldo Cloud: contacts in the CRM, and the books in Billing."""

from arumaldo import Plugin
from arumaldo_zoho.settings import Settings
from arumaldo_zoho.taxes import TaxRate

plugin = Plugin(
    settings=Settings,
    provides={
        "billing": "arumaldo_zoho.billing:ZohoBilling",
        "customers": "arumaldo_zoho.customers:ZohoCustomers",
    },
    sandbox="arumaldo_zoho.sandbox:ZohoSandbox",
    check="arumaldo_zoho.check:check",
)

__all__ = ["Settings", "TaxRate", "plugin"]

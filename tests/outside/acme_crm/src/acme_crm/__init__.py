"""Acme CRM: a box of cards, one for each person."""

from acme_crm.settings import Settings
from arumaldo import Plugin

plugin = Plugin(
    settings=Settings,
    provides={"customers": "acme_crm.customers:AcmeCustomers"},
    sandbox="acme_crm.sandbox:AcmeCrmSandbox",
    check="acme_crm.check:check",
)

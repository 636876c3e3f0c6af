"""Card payments through Authorize.Net. The card is typed into the gateway's own form; we only ever hold a token."""

from arumaldo import Plugin
from arumaldo_authorizenet.settings import Settings

plugin = Plugin(
    settings=Settings,
    provides={"payments": "arumaldo_authorizenet.payments:AuthorizenetPayments"},
    sandbox="arumaldo_authorizenet.sandbox:AuthorizenetSandbox",
    browser="arumaldo_authorizenet:browser",
    check="arumaldo_authorizenet.check:check",
)

"""Acme Mail: every mail is a letter under a name that we choose."""

from acme_mail.settings import Settings
from arumaldo import Plugin

plugin = Plugin(
    settings=Settings,
    provides={"email": "acme_mail.email:AcmeEmail"},
    sandbox="acme_mail.sandbox:AcmeMailSandbox",
    check="acme_mail.check:check",
)

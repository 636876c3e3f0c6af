"""Transactional mail and the contact list at Brevo."""

from arumaldo import Plugin
from arumaldo_brevo.settings import Settings

plugin = Plugin(
    settings=Settings,
    provides={"email": "arumaldo_brevo.email:BrevoEmail"},
    sandbox="arumaldo_brevo.sandbox:BrevoSandbox",
    check="arumaldo_brevo.check:check",
)

__all__ = ["Settings", "plugin"]

"""The kit from which a plugin's author builds the vendor's sandbox: same wire format, with faults on demand.

A sandbox is an ASGI application that behaves like the vendor and is at least as strict. It does not import its
plugin's client: it validates what it is sent by models of its own. The kit brings what every sandbox needs:
a shelf for its objects, a clock that can be moved, faults, webhooks, and a ledger of what exists.
"""

from arumaldo.sandbox.faults import Fault
from arumaldo.sandbox.internet import Internet, Letter
from arumaldo.sandbox.kit import Entry, Sandbox
from arumaldo.sandbox.server import create_app
from arumaldo.sandbox.shelf import Shelf
from arumaldo.sandbox.webhooks import Notice

__all__ = ["Entry", "Fault", "Internet", "Letter", "Notice", "Sandbox", "Shelf", "create_app"]

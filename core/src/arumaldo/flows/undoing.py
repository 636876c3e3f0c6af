"""What all steps have in common that take something back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from arumaldo.bus.effects import ours
from arumaldo.bus.work import Work
from arumaldo.capabilities.kinds import Made
from arumaldo.store.journal import Effect

AGAIN_AFTER = timedelta(hours=1)
SURE_AFTER = timedelta(seconds=60)
ENDED_BADLY = ("paid", "failed", "returned", "dropped")
"""What an order may be whose money goes back and whose things are taken away; never a live one."""


def settled_ids(effect: Effect, work: Work, find: Callable[[], Sequence[Made]]) -> list[str]:
    """The vendor's ids of what an effect made, none where it made nothing. What is in doubt is settled before it is
    undone: `find` asks the vendor, again and again until it is final that nothing of ours is there."""
    if effect.state in ("refused", "undone"):
        return []
    if effect.state == "done":
        return [effect.vendor_id] if effect.vendor_id else []
    found = [made.id for made in ours(effect, find())]
    with work.transaction() as rows:
        waited = rows.now() - effect.intended_at
    if not found and waited < SURE_AFTER:
        work.look_again(5, f"asking {effect.provider} whether {effect.step} took effect")
    return found


def wait_an_hour(work: Work, because: str) -> None:
    """After a vendor has refused to take something back."""
    with work.transaction() as rows:
        waited = rows.now() - work.published_at
    if waited < AGAIN_AFTER:
        work.look_again(600, because)

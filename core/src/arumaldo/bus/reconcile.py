"""The reconciler: compares what each vendor holds under our references with the book.

What stands in the book is left alone, and so is what bears no sign of us. Surplus is what carries a reference of an
effect that came to something else: a second site of one order, say, made by a worker that was frozen in the instant
before its call. It is taken away where the hook says how; money never is, a person decides about it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from arumaldo.bus.run import Configured
from arumaldo.bus.work import Reference
from arumaldo.capabilities import CAPABILITIES
from arumaldo.capabilities.kinds import Kind, Made, kind_of
from arumaldo.capabilities.payments import Charge
from arumaldo.errors import HubError, ProviderError
from arumaldo.hub import Provider
from arumaldo.money import Money
from arumaldo.store.scope import Owner, Store

_EffectRow = Row[tuple[Any, ...]]
log = logging.getLogger(__name__)

LISTING_SECONDS = 300.0
"""A vendor's whole list comes in pages, and nobody waits for it."""
SHORT = 10
"""So much of a reference is kept by a vendor that has room for a name alone."""
_SETTLING = timedelta(minutes=2)
"""So lately settled, another may be about to be; and clocks may differ."""

_SERVING = text("""
SELECT reseller_id, provider, capability, min(account_id::text)::uuid AS account_id FROM bindings
GROUP BY reseller_id, provider, capability ORDER BY reseller_id, provider, capability
""")
_EFFECTS = text("""
SELECT reseller_id, account_id, subject, reference, state, vendor_id, problem, created_at, settled_at FROM effects
WHERE reseller_id = :reseller AND provider = :provider AND step = :step
  AND (vendor_id = ANY(:ids) OR left(reference, 10) = ANY(:references))
""")
_REPORT = text("""
INSERT INTO findings AS f (id, reseller_id, provider, step, vendor_id, reference, what, amount, currency, state)
VALUES (gen_random_uuid(), :reseller, :provider, :step, :vendor_id, :reference, :what, :amount, :currency, :state)
ON CONFLICT (reseller_id, provider, step, vendor_id) DO UPDATE
SET state = CASE WHEN f.state = 'kept' THEN f.state ELSE excluded.state END, what = excluded.what,
    settled_at = CASE WHEN excluded.state = 'open' THEN NULL ELSE hub_now() END
""")
_GONE = text("""
UPDATE findings SET state = 'gone', settled_at = hub_now()
WHERE reseller_id = :reseller AND provider = :provider AND step = :step AND state = 'open'
  AND vendor_id <> ALL(:still)
""")
_OPEN = text("SELECT * FROM findings WHERE id = :id AND state = 'open'")
_SETTLE = text("UPDATE findings SET state = :state, settled_at = hub_now() WHERE id = :id AND state = 'open'")


class Repairs(Protocol):
    """What the flows know to do about what was found."""

    def adopt(self, owner: Owner, provider: str, step: str, made: Made) -> bool:
        """Take into the book what an order of the book made and the book does not say; whether that was so.

        A second call with the same changes nothing. `owner` names the reseller; the account is the order's.
        """
        ...

    def returned(self, owner: Owner, subject: UUID) -> None:
        """The money of this order is back with the customer, whatever the book says."""
        ...


@dataclass(frozen=True)
class _Place:
    """One kind of thing at one vendor of one reseller."""

    owner: Owner
    provider: Provider
    step: str
    kind: Kind

    @property
    def key(self) -> dict[str, object]:
        return {"reseller": self.owner.reseller_id, "provider": self.provider.name, "step": self.step}


@dataclass(frozen=True)
class Outcome:
    """What one comparison came to. `problems`: the vendors that could not be asked, a sentence each."""

    listed: int = 0
    surplus: int = 0
    undone: int = 0
    adopted: int = 0
    problems: tuple[str, ...] = ()

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.listed + other.listed, self.surplus + other.surplus, self.undone + other.undone,
            self.adopted + other.adopted, self.problems + other.problems,
        )  # fmt: skip


@dataclass(frozen=True)
class _Seen:
    """What stands in the book for a vendor's list, the ids in that list, and the hub's time."""

    effects: Sequence[_EffectRow]
    listed: set[str]
    now: datetime


class Reconciler:
    """Compares on demand. A second comparison finds what the first one left, and nothing else."""

    def __init__(self, store: Store, configured: Configured, repairs: Repairs) -> None:
        self._store = store
        self._configured = configured
        self._repairs = repairs

    def run(self, since: datetime) -> Outcome:
        """Ask all vendors that serve anybody for what was made `since`."""
        outcome = Outcome()
        for place in self._places():
            try:
                outcome += self._compare(place, since)
            except ProviderError as error:
                log.warning("%s could not be compared with the book: %s", place.step, error)
                outcome += Outcome(problems=(f"{error}",))
        return outcome

    def settle(self, finding: UUID, *, undo: bool) -> None:
        """Take away at the vendor what was found (money goes back to the customer), or note that it may stay.

        Undoing is looked for before it is done, so that a second call after a crash repeats nothing. HubError when
        there is no such open finding; a ProviderError leaves it open.
        """
        with self._store.hub() as session:
            row = session.execute(_OPEN, {"id": finding}).one_or_none()
        if row is None:
            raise HubError(f"{finding} is not an open finding; arumaldo today lists what is.")
        if undo:
            self._undo(row)
        with self._store.hub() as session:
            session.execute(_SETTLE, {"id": finding, "state": "undone" if undo else "kept"})

    def _undo(self, row: _EffectRow) -> None:
        capability, _, name = row.step.partition(".")
        kind = kind_of(getattr(CAPABILITIES[capability], name))
        provider = self._configured.provider(Owner(row.reseller_id, row.reseller_id), row.provider, capability)
        if row.amount is not None:
            _give_back(provider, row)
        elif kind is not None and kind.undo is not None:
            provider.call(kind.undo, {_first_parameter(capability, kind.undo): row.vendor_id})
        else:
            raise HubError(f"{row.provider} offers no way to take {row.vendor_id} away: do it there, and --keep this.")

    def _places(self) -> Iterable[_Place]:
        with self._store.hub() as session:
            serving = session.execute(_SERVING).all()
        for row in serving:
            owner = Owner(row.reseller_id, row.account_id)
            hooks = {name: kind_of(hook) for name, hook in vars(CAPABILITIES[row.capability]).items()}
            for name, kind in hooks.items():
                if kind is not None and kind.listed:
                    provider = self._configured.provider(owner, row.provider, row.capability)
                    yield _Place(owner, provider, f"{row.capability}.{name}", kind)

    def _compare(self, place: _Place, since: datetime) -> Outcome:
        listed: list[Made] = place.provider.call(place.kind.listed or "", {"since": since}, LISTING_SECONDS)
        ours = [made for made in listed if made.reference and len(made.reference) >= SHORT]
        with self._store.hub() as session:
            now: datetime = session.execute(text("SELECT hub_now()")).scalar_one()
            seen = _Seen(_effects(session, place, ours), {made.id for made in listed}, now)
        outcome, still = Outcome(listed=len(listed)), []
        for made in ours:
            found = self._judge(place, made, seen)
            outcome += found
            if found.surplus > found.undone:
                still.append(made.id)
        with self._store.hub() as session:
            session.execute(_GONE, {**place.key, "still": still})
        return outcome

    def _judge(self, place: _Place, made: Made, seen: _Seen) -> Outcome:
        effects, now = seen.effects, seen.now
        known = next((effect for effect in effects if effect.vendor_id == made.id), None)
        named = known or next((one for one in effects if one.reference.startswith(made.reference)), None)
        returned = isinstance(made, Charge) and made.state == "returned"
        if named is None:
            return self._without_effect(place, made, returned=returned)
        if known is not None and known.state == "done":
            if returned:
                self._repairs.returned(Owner(known.reseller_id, known.account_id), known.subject)
            return Outcome()
        if returned or _explained(named, known, made, now):
            return Outcome()
        # Only beside the one that counts is another one surely too much.
        may_undo = named.state != "done" or named.vendor_id in seen.listed
        return self._surplus(place, made, f"the book has {_stands(named)} for this order", may_undo=may_undo)

    def _without_effect(self, place: _Place, made: Made, *, returned: bool) -> Outcome:
        if self._repairs.adopt(place.owner, place.provider.name, place.step, made):
            log.warning("%s %s of %s was taken into the book", place.step, made.id, place.provider.name)
            return Outcome(adopted=1)
        if returned:
            return Outcome()
        self._report(place, made, "no order of the book made it", "open")
        return Outcome(surplus=1)

    def _surplus(self, place: _Place, made: Made, what: str, *, may_undo: bool) -> Outcome:
        if place.kind.undo is None or not may_undo:
            self._report(place, made, what, "open")
            return Outcome(surplus=1)
        undo = place.kind.undo
        place.provider.call(undo, {_first_parameter(place.provider.capability, undo): made.id})
        log.warning("%s %s of %s was surplus and is undone: %s", place.step, made.id, place.provider.name, what)
        self._report(place, made, what, "undone")
        return Outcome(surplus=1, undone=1)

    def _report(self, place: _Place, made: Made, what: str, state: str) -> None:
        amount = made.amount if isinstance(made, Charge) else None
        values = {
            **place.key, "vendor_id": made.id, "reference": made.reference, "what": what, "state": state,
            "amount": amount and amount.minor, "currency": amount and amount.currency,
        }  # fmt: skip
        with self._store.hub() as session:
            session.execute(_REPORT, values)


def _effects(session: Session, place: _Place, ours: Sequence[Made]) -> Sequence[_EffectRow]:
    """Read after the vendor's list, so that the book is never the older of the two."""
    ids = [made.id for made in ours]
    references = sorted({(made.reference or "")[:SHORT] for made in ours})
    return session.execute(_EFFECTS, {**place.key, "ids": ids, "references": references}).all()


def _explained(named: _EffectRow, known: _EffectRow | None, made: Made, now: datetime) -> bool:
    """Whether the book will account for it by itself, or has said already that it is not ours."""
    if named.state in ("intended", "unknown"):
        return True
    if named.state == "refused" and (named.problem or "").startswith("taken"):
        return True
    if made.made_at is not None and made.made_at < named.created_at - _SETTLING:
        return True
    just_settled = named.settled_at is not None and named.settled_at > now - _SETTLING
    return just_settled and (known is not None or named.state == "refused")


def _stands(effect: _EffectRow) -> str:
    return f"{effect.vendor_id} ({effect.state})" if effect.vendor_id else f"an effect that was {effect.state}"


def _give_back(provider: Provider, row: _EffectRow) -> None:
    reference = Reference(row.id, 1).at("payments.give_back")
    charge = {"reference": reference, "charge_id": row.vendor_id}
    if not provider.call("find_returns", charge):
        provider.call("give_back", {**charge, "amount": Money(minor=row.amount, currency=row.currency)})


def _first_parameter(capability: str, hook: str) -> str:
    name: str = getattr(CAPABILITIES[capability], hook).__code__.co_varnames[1]
    return name

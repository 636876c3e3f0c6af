"""The reconciler: compares what each vendor holds under our references with the book.

What stands in the book is left alone, and so is what bears no sign of us. Surplus is what carries a reference of an
effect that came to something else: a second site of one order, say, made by a worker that was frozen in the instant
before its call. It is taken away where the hook says how; money never is, a person decides about it.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from arumaldo.bus import clocks, findings
from arumaldo.bus.run import Configured
from arumaldo.capabilities import CAPABILITIES
from arumaldo.capabilities.kinds import Kind, Made, kind_of
from arumaldo.capabilities.payments import Charge
from arumaldo.errors import HubError, ProviderError
from arumaldo.hub import Provider
from arumaldo.store.base import moment_of
from arumaldo.store.journal import TAKEN
from arumaldo.store.scope import Owner, Store

_EffectRow = Row[tuple[Any, ...]]
log = logging.getLogger(__name__)

TRIES = 3
LISTING_SECONDS = 300.0
"""A vendor's whole list comes in pages, and nobody waits for it."""
_SETTLING = timedelta(minutes=2)
"""So lately settled, another may be about to be; and clocks may differ."""

_SERVING = text("""
SELECT DISTINCT reseller_id, provider, capability FROM bindings
""")
_EFFECTS = text("""
SELECT reseller_id, account_id, subject, reference, state, vendor_id, problem, settled_at FROM effects
WHERE step = :step AND (left(reference, 10) = ANY(:references)
  OR (reseller_id = :reseller AND provider = :provider AND vendor_id = ANY(:ids)))
""")
_OURS = re.compile("[a-z2-7]{10,20}")
"""A reference of ours, or its beginning: so much of it is kept by a vendor that has room for a name alone."""
_MADE_TWICE_WITHIN = timedelta(hours=1)
"""What a frozen worker makes a second time is not younger; a person's copy of a site may be."""


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
    kept: set[str]
    """Ids of which a person has said that they may stay."""
    now: datetime


class Reconciler:
    """Compares on demand. A second comparison finds what the first one left, and nothing else."""

    def __init__(self, store: Store, configured: Configured, repairs: Repairs) -> None:
        self._store = store
        self._configured = configured
        self._repairs = repairs

    def run(self, since: datetime, tries: int = TRIES) -> Outcome:
        """Ask all vendors that serve anybody, or would serve new accounts, for what was made `since`.

        A list that cannot be had is asked for up to so many `tries`, with growing pauses.
        """
        outcome = Outcome()
        for reseller, plugin, capability in self._serving():
            for name, hook in vars(CAPABILITIES[capability]).items():
                kind = kind_of(hook)
                if kind is not None and kind.listed:
                    step = f"{capability}.{name}"
                    outcome += self._patiently(Owner(reseller, reseller), plugin, step, kind, since, tries)
        return outcome

    def _serving(self) -> Sequence[tuple[UUID, str, str]]:
        with self._store.hub() as session:
            found = {(row.reseller_id, row.provider, row.capability) for row in session.execute(_SERVING)}
            resellers = session.execute(text("SELECT id FROM resellers")).scalars().all()
        for reseller in resellers:
            for capability in CAPABILITIES:
                with suppress(HubError):  # nobody serves it
                    plugin = self._configured.first_provider(Owner(reseller, reseller), capability)
                    found.add((reseller, plugin, capability))
        return sorted(found)

    def _patiently(
        self, owner: Owner, plugin: str, step: str, kind: Kind, since: datetime, tries: int
    ) -> Outcome:  # fmt: skip
        outcome, pauses = self._place(owner, plugin, step, kind, since), threading.Event()
        for tried in range(1, tries):
            if not outcome.problems:
                break
            pauses.wait(clocks.back_off(tried, most=5.0))
            outcome = self._place(owner, plugin, step, kind, since)
        return outcome

    def _place(self, owner: Owner, plugin: str, step: str, kind: Kind, since: datetime) -> Outcome:
        """One kind of thing at one vendor; what goes wrong with it hinders no other."""
        try:
            provider = self._configured.provider(owner, plugin, step.partition(".")[0])
            return self._compare(_Place(owner, provider, step, kind), since)
        except DBAPIError:
            raise
        except HubError as error:
            log.warning("%s of %s could not be compared with the book: %s", step, plugin, error)
            return Outcome(problems=(f"{error}",))
        except Exception as error:
            log.exception("%s of %s could not be compared with the book", step, plugin)
            return Outcome(problems=(f"{plugin}: {step} could not be compared: {type(error).__name__}",))

    def _compare(self, place: _Place, since: datetime) -> Outcome:
        listed: list[Made] = place.provider.call(place.kind.listed or "", {"since": since}, LISTING_SECONDS)
        ours = [made for made in listed if made.reference and _OURS.fullmatch(made.reference)]
        with self._store.hub() as session:
            now: datetime = session.execute(text("SELECT hub_now()")).scalar_one()
            kept = findings.kept(session, place.key)
            seen = _Seen(_effects(session, place, ours), {made.id for made in listed}, kept, now)
        outcome, still = Outcome(listed=len(listed)), []
        for made in ours:
            found = self._judge(place, made, seen)
            outcome += found
            if found.surplus > found.undone:
                still.append(made.id)
        with self._store.hub() as session:
            findings.gone(session, place.key, since, still)
        return outcome

    def _judge(self, place: _Place, made: Made, seen: _Seen) -> Outcome:
        mine = [effect for effect in seen.effects if effect.reseller_id == place.owner.reseller_id]
        known = next((effect for effect in mine if effect.vendor_id == made.id), None)
        named = known or next((one for one in seen.effects if one.reference.startswith(made.reference)), None)
        returned = isinstance(made, Charge) and made.state == "returned"
        if named is None:
            return self._without_effect(place, made, returned=returned)
        if named not in mine:  # several resellers may share a vendor's account; each compares its own
            return Outcome()
        if known is not None and known.state == "done":
            if returned:
                self._tell_that_it_was_returned(place, known)
            return Outcome()
        if returned or made.id in seen.kept or _explained(named, known, made, seen.now):
            return Outcome()
        may_undo = _is_surely_too_much(named, known, made, seen)
        return self._surplus(place, made, f"the book has {_stands(named)} for this order", may_undo=may_undo)

    def _tell_that_it_was_returned(self, place: _Place, known: _EffectRow) -> None:
        charge: Charge = place.provider.call("get_charge", {"charge_id": known.vendor_id})
        if charge.state == "returned":
            self._repairs.returned(Owner(known.reseller_id, known.account_id), known.subject)

    def _without_effect(self, place: _Place, made: Made, *, returned: bool) -> Outcome:
        if self._repairs.adopt(place.owner, place.provider.name, place.step, made):
            log.warning("%s %s of %s was taken into the book", place.step, made.id, place.provider.name)
            return Outcome(adopted=1)
        if returned:
            return Outcome()
        self._report(place, made, "no order of the book made it", "open")
        return Outcome(surplus=1)

    def _surplus(self, place: _Place, made: Made, what: str, *, may_undo: bool) -> Outcome:
        undo = place.kind.undo
        if undo is None or not may_undo:
            self._report(place, made, what, "open")
            return Outcome(surplus=1)
        try:
            place.provider.call(undo, {findings.first_parameter(place.provider.capability, undo): made.id})
        except ProviderError as error:
            self._report(place, made, f"{what}; it could not be undone: {error.what}", "open")
            return Outcome(surplus=1)
        log.warning("%s %s of %s was surplus and is undone: %s", place.step, made.id, place.provider.name, what)
        self._report(place, made, what, "undone")
        return Outcome(surplus=1, undone=1)

    def _report(self, place: _Place, made: Made, what: str, state: str) -> None:
        with self._store.hub() as session:
            findings.report(session, place.key, made, what, state)


def _effects(session: Session, place: _Place, ours: Sequence[Made]) -> Sequence[_EffectRow]:
    """Read after the vendor's list, so that the book is never the older of the two."""
    ids = [made.id for made in ours]
    references = sorted({(made.reference or "")[:10] for made in ours})
    return session.execute(_EFFECTS, {**place.key, "ids": ids, "references": references}).all()


def _explained(named: _EffectRow, known: _EffectRow | None, made: Made, now: datetime) -> bool:
    """Whether the book will account for it by itself, or has said already that it is not ours."""
    if named.state in ("intended", "unknown"):
        return True
    if named.state == "refused" and named.problem == TAKEN:
        return True
    if made.made_at is not None and made.made_at < moment_of(named.subject) - _SETTLING:
        return True
    just_settled = named.settled_at is not None and named.settled_at > now - _SETTLING
    return just_settled and (known is not None or named.state == "refused")


def _stands(effect: _EffectRow) -> str:
    return f"{effect.vendor_id} ({effect.state})" if effect.vendor_id else f"an effect that was {effect.state}"


def _is_surely_too_much(named: _EffectRow, known: _EffectRow | None, made: Made, seen: _Seen) -> bool:
    """Only beside the one that counts, and made about when that was made; or when the order's is undone."""
    if named.state != "done" and known is not None:
        return True
    since = moment_of(named.subject)
    is_of_then = made.made_at is not None and made.made_at <= since + _MADE_TWICE_WITHIN
    return is_of_then and (named.state != "done" or named.vendor_id in seen.listed)

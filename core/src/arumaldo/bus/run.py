"""One attempt at one delivery: claim, run, and sort what went wrong by the next move."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy import and_, or_
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from arumaldo.bus import bindings, clocks, deliveries
from arumaldo.bus.bindings import Bound
from arumaldo.bus.deliveries import Held, Overtaken
from arumaldo.bus.effects import Effects
from arumaldo.bus.handlers import Handler, Registry
from arumaldo.bus.messages import FromTheFuture, Message, Refusal, read_message
from arumaldo.bus.outbox import LISTENER
from arumaldo.bus.work import LookAgain, Work
from arumaldo.capabilities.events import Event
from arumaldo.config.model import Portal
from arumaldo.errors import Denied, HubError, OutcomeUnknown, ProviderError, Refused, Unavailable
from arumaldo.hub import AccountHub, Provider
from arumaldo.store.journal import Effect
from arumaldo.store.scope import Owner, Store

log = logging.getLogger(__name__)

ATTEMPTS = 10
"""After so many failures that nobody foresaw, a delivery is quarantined: a person looks, and may replay it."""
LISTENER_ATTEMPTS = 5
DEADLY = 3
"""After so many holders that went away, a delivery runs in a process of its own."""
ALONE_PLACES = {"steps": 2, "listeners": 1}
"""So many of them at once, for each worker: a process is dear to start, and what hangs in one holds up its own kind."""
ALONE_PAUSE = 1.0
QUESTION_PAUSE = 0.5
"""The longest pause after a look that failed, while it is in doubt whether something was made."""
TRIES = 60
"""For so many tries a step waits no longer than its vendor's failures in a row warrant, whatever befell the step. One
of many calls, at a vendor that answers most, gets further with each. After that it waits for its own failures."""
PATIENCE = 24 * 3600.0
"""Seconds for which an unavailable vendor is waited for; then the step counts as refused."""
PARKED_PAUSE = 15.0
BEHIND_PAUSE = 1.0
"""Until this process has the newest configuration, too."""
FUTURE_PAUSE = 5.0


class _NotYet(LookAgain):
    """The step was not begun."""

    failing: bool | None = None


class _Parked(_NotYet):
    """It waits for a person, and the vendor is not to blame for that time."""

    failing: bool | None = False


class _LeftAlone(_NotYet):
    """Its vendor has failed again and again, which goes on as long as it is left alone, or asked for a pause."""

    def __init__(self, bound: Bound, after: float) -> None:
        super().__init__(after, f"{bound.provider} asked us to wait: {bound.reason}")
        self.provider = bound.provider
        self.failing = True if bound.failures >= clocks.BREAKS_AFTER else None


class Configured(Protocol):
    """What the runner needs to know of the present configuration (`arumaldo.installation`)."""

    @property
    def version(self) -> int: ...
    def first_provider(self, owner: Owner, capability: str) -> str: ...
    def provider(self, owner: Owner, plugin: str, capability: str) -> Provider: ...
    def newest_version(self) -> int: ...
    def portal(self, reseller_id: UUID) -> Portal: ...


@dataclass
class Runner:
    """Runs deliveries for one worker process, with the parts that guard an attempt: `effects` and `work`."""

    store: Store
    handlers: Registry
    configured: Configured
    worker: int
    effects: Callable[[Work], Effects] = Effects
    work: type[Work] = Work
    alone: Callable[[Held], bool] | None = None
    """Runs one delivery in a process of its own; True: however that ended, it was not the delivery's doing."""
    busy: dict[int, tuple[str, float]] = field(default_factory=dict)
    """Thread id → lane, and the monotonic time at which its attempt must be over."""
    at: dict[int, int] = field(default_factory=dict)
    """Thread id → the delivery in its hands, from before the claim to after the end."""
    troubled: set[tuple[UUID, str]] = field(default_factory=set)
    """(reseller, clock) of whoever has failed here since they answered last."""
    places: dict[str, threading.Semaphore] = field(
        default_factory=lambda: {kind: threading.Semaphore(many) for kind, many in ALONE_PLACES.items()}
    )

    def run(self, delivery: int) -> None:
        """One attempt. Never raises: whatever goes wrong is written to the delivery, or left for the next worker."""
        self.at[threading.get_ident()] = delivery
        try:
            held = deliveries.claim(self.store, delivery, self.worker, self.configured.version)
            if held is None:
                return
            self.busy[threading.get_ident()] = (held.lane, time.monotonic() + held.within)
            if held.deaths >= DEADLY and self.alone is not None:
                self._attempt_alone(held, self.alone)
            else:
                self.attempt(held)
        except DBAPIError:
            log.warning("the database went away during delivery %s; it will be taken up again", delivery)
        except Exception:
            log.exception("delivery %s could not be put back; it will be taken up again", delivery)
        finally:
            self.busy.pop(threading.get_ident(), None)
            self.at.pop(threading.get_ident(), None)

    def _attempt_alone(self, held: Held, alone: Callable[[Held], bool]) -> None:
        """What seems to kill its workers gets a process of its own; only what kills that one too is quarantined."""
        place = self.places["listeners" if held.handler.startswith(LISTENER) else "steps"]
        if not place.acquire(blocking=False):
            self._put_back_unasked(held, ALONE_PAUSE, "it waits for its turn to run alone")
            return
        try:
            log.warning(
                "%s of %s was held by %s workers that went away; it runs alone", held.handler, held.type, held.deaths
            )
            blameless = alone(held)
            if deliveries.held_by(self.store, held.id, held.token) is None:  # it was brought to an end
                return
            if blameless:
                self._put_back_unasked(held, ALONE_PAUSE, "its process had to go before it was done")
            else:
                self._quarantine(held, "it ended the process that ran it alone")
        finally:
            place.release()

    def attempt(self, held: Held) -> None:
        """Run the handler of what this worker holds, and write down how it ended."""
        handler, version = self.handlers.named(held.handler), self.configured.version
        try:
            if held.handler.startswith(LISTENER):
                self._tell(held)
            elif handler is None:
                self._put_back_unasked(held, FUTURE_PAUSE, f"this release has no handler {held.handler}")
            else:
                self._handle(held, handler)
        except Overtaken as error:
            log.info("%s", error)
        except LookAgain as pause:
            self._pause(held, handler, pause)
        except FromTheFuture as error:
            self._put_back_unasked(held, FUTURE_PAUSE, str(error))
        except ProviderError as error:
            self._sort(held, handler, error, version)
        except Exception as error:
            if _database_is_away(error):
                raise
            log.exception("%s failed on %s", held.handler, held.type)
            self._retry_or_quarantine(held, f"{type(error).__name__}: {error}")

    def _handle(self, held: Held, handler: Handler) -> None:
        message = read_message(held.type, held.version, held.body)
        provider_of, bound = self._provider(held, handler)
        work = self.work(self.store, held)
        effects = self.effects(work)
        work.hub = AccountHub(provider_of, effects.invoke)
        work.portal_of = self.configured.portal
        try:
            handler.run(message, work)
        except LookAgain as pause:
            pause.failing = False if effects.heard else None
            self._answered(held, bound, effects)
            raise
        if not work.ended:
            with work.locked() as rows:
                deliveries.end(rows.session, held)
        self._answered(held, bound, effects)

    def _answered(self, held: Held, bound: Bound | None, effects: Effects) -> None:
        """Written down only where a failure is known, so that it costs nothing while all is well."""
        if bound is None or not effects.heard:
            return
        key = (held.owner.reseller_id, clocks.of(bound.provider, held.lane))
        if bound.failures or key in self.troubled:
            self.troubled.discard(key)
            with self.store.hub() as session:
                clocks.well(session, *key)

    def _provider(self, held: Held, handler: Handler) -> tuple[Callable[[str], Provider], Bound | None]:
        """The provider of the one capability that the handler calls."""
        if handler.calls is None:
            return _nothing, None
        bound = self._bound(held.owner, handler.calls)
        if bound.parked_at is not None:
            raise _Parked(PARKED_PAUSE, f"{bound.provider} is parked: {bound.reason}")
        if bound.wait > 0:
            raise _LeftAlone(bound, bound.wait)
        self._one_tries(held, bound)
        before = self.configured.version
        try:
            provider = self.configured.provider(held.owner, bound.provider, handler.calls)
        except HubError as error:
            is_behind = self.configured.newest_version() > before
            raise _NotYet(BEHIND_PAUSE if is_behind else PARKED_PAUSE, str(error)) from error
        return lambda capability: provider if capability == handler.calls else _nothing(capability), bound

    def _one_tries(self, held: Held, bound: Bound) -> None:
        """After five failures in a row and a pause, one step asks; the others go on when it was answered."""
        if bound.failures < clocks.BREAKS_AFTER:
            return
        with self.store.hub() as session:
            mine = clocks.probe(session, held.owner.reseller_id, clocks.of(bound.provider, held.lane))
        if not mine:
            raise _LeftAlone(bound, clocks.PROBE_SECONDS)

    def _bound(self, owner: Owner, capability: str) -> Bound:
        with self.store.of(owner) as rows:
            found = bindings.bound(rows.session, owner, capability)
            if found is None:
                first = self.configured.first_provider(owner, capability)
                bindings.bind(rows.session, owner, capability, first, self.configured.version)
                found = bindings.bound(rows.session, owner, capability)
        if found is None:
            raise HubError(f"account {owner.account_id} could not be bound for {capability}")
        return found

    def _tell(self, held: Held) -> None:
        plugin, before = held.handler.removeprefix(LISTENER), self.configured.version
        try:
            provider = self.configured.provider(held.owner, plugin, "events")
        except HubError as error:
            if self.configured.newest_version() > before:  # whoever published this may have enabled it a moment ago
                raise _NotYet(BEHIND_PAUSE, str(error)) from error
            self._finish(held, why=f"{plugin} is not enabled any more")
            return
        event = Event(
            id=held.message_id, type=held.type, version=held.version, body=held.body, created_at=held.published_at,
            reseller_id=held.owner.reseller_id, account_id=held.owner.account_id,
        )  # fmt: skip
        provider.call("heard", {"event": event})
        self._finish(held)

    def _sort(self, held: Held, handler: Handler | None, error: ProviderError, version: int) -> None:
        """`version` of the configuration is the one that the attempt was made under."""
        if error.heard and handler is not None and not isinstance(error, Denied):
            with self.store.hub() as session:
                clocks.well(session, held.owner.reseller_id, clocks.of(error.provider, held.lane))
        match error:
            case _ if handler is None:  # a listener's trouble is its own: nobody else waits for it
                self._retry_or_quarantine(held, str(error))
            case Refused():
                self._refuse(held, handler, error.what)
            case Denied() if self.configured.newest_version() > version:  # it was asked with what has been changed
                self._put_back(held, BEHIND_PAUSE, str(error), counts=False)
            case Denied():
                log.error("%s is parked until somebody acts: %s", error.provider, error.what)
                with self.store.hub() as session:
                    clocks.park(session, held.owner.reseller_id, clocks.of(error.provider, held.lane), error.what)
                self._put_back(held, PARKED_PAUSE, str(error), counts=False)
            case Unavailable() | OutcomeUnknown():
                self._wait_for(held, handler, error)
            case _:
                self._retry_or_quarantine(held, str(error))

    def _wait_for(self, held: Held, handler: Handler, error: Unavailable | OutcomeUnknown) -> None:
        """Try again later; after a day of nothing but failures the step is given up, if nothing is in doubt."""
        log.warning("%s: %s", held.handler, error)
        retry_after = error.retry_after if isinstance(error, Unavailable) else None
        reseller, clock = held.owner.reseller_id, clocks.of(error.provider, held.lane)
        failures = None
        with self.store.hub() as session:
            if isinstance(error, Unavailable):
                failures = clocks.failed(session, reseller, clock, error.what, retry_after)
                self.troubled.add((reseller, clock))
            moment = deliveries.now(session)
        if self._given_up(held, handler, error.provider, moment):
            return
        doubtful = any(effect.state != "done" for effect in self._effects(held))
        if doubtful:
            back_off = clocks.back_off(held.attempt, QUESTION_PAUSE)
        elif failures is not None and held.attempt <= TRIES:
            back_off = clocks.back_off(min(held.attempt, failures + 2))
        else:
            back_off = clocks.back_off(held.attempt)
        pause = max(min(retry_after or 0.0, clocks.LONGEST_PAUSE), back_off)
        self._put_back(held, pause, str(error), counts=True, failing=True)

    def _pause(self, held: Held, handler: Handler | None, pause: LookAgain) -> None:
        if isinstance(pause, _LeftAlone) and pause.failing and held.failing_since is not None and handler is not None:
            with self.store.hub() as session:
                moment = deliveries.now(session)
            if self._given_up(held, handler, pause.provider, moment):
                return
        ran = not isinstance(pause, _NotYet)
        self._put_back(held, pause.after, str(pause), counts=False, failing=pause.failing, ran=ran)

    def _given_up(self, held: Held, handler: Handler, provider: str, moment: datetime) -> bool:
        failing = (moment - (held.failing_since or moment)).total_seconds()
        if failing <= PATIENCE or not self._may_be_given_up(held, handler):
            return False
        self._refuse(held, handler, f"{provider} has not been available for a day")
        return True

    def _may_be_given_up(self, held: Held, handler: Handler) -> bool:
        """Not while it is unknown whether something was made, nor when money was taken and its step has not ended."""
        open_money = handler.calls == "payments"
        return not any(
            effect.state != "done" or (open_money and _is_money(effect.step)) for effect in self._effects(held)
        )

    def _effects(self, held: Held) -> Sequence[Effect]:
        """What was made, or may have been, for what the message is about, or by this lane for the account it is of."""
        subject = read_message(held.type, held.version, held.body).subject
        if subject is None:
            return ()
        of_the_account = and_(Effect.subject == held.owner.account_id, Effect.step.startswith(f"{held.lane}."))
        theirs = or_(Effect.subject == subject, of_the_account)
        with self.store.of(held.owner) as rows:
            return rows.all(Effect, theirs, Effect.state.in_(("intended", "unknown", "done")))

    def _refuse(self, held: Held, handler: Handler, reason: str) -> None:
        """Write what the refusal means, in the transaction that ends the delivery."""
        message = read_message(held.type, held.version, held.body)
        fact = self._refusal(handler, message)
        if fact is None:
            self._quarantine(held, f"refused: {reason}")
            return
        work = self.work(self.store, held)
        with work.locked() as rows:
            rows.publish(fact.of(message, reason))
            deliveries.end(rows.session, held, "refused", reason[:500])

    def _refusal(self, handler: Handler, message: Message) -> type[Refusal] | None:
        if handler.refused is not None:
            return handler.refused
        return self.handlers.default_refusal if message.is_about_an_order else None

    def _retry_or_quarantine(self, held: Held, why: str) -> None:
        most = LISTENER_ATTEMPTS if held.handler.startswith(LISTENER) else ATTEMPTS
        if held.faults + 1 >= most:
            self._quarantine(held, why)
        else:
            self._put_back(held, clocks.back_off(held.attempt), why, counts=True, fault=True)

    def _quarantine(self, held: Held, why: str) -> None:
        log.error("%s of %s is quarantined: %s", held.handler, held.type, why)
        self._finish(held, "quarantined", why)

    def _finish(self, held: Held, state: str = "done", why: str | None = None) -> None:
        with self.store.of(held.owner) as rows:
            deliveries.end(rows.session, held, state, why and why.replace("\x00", "")[:500])

    def _put_back_unasked(self, held: Held, after: float, why: str) -> None:
        """The step did not come so far that its holder, or its vendor, could be judged by it."""
        self._put_back(held, after, why, counts=False, failing=None, ran=False)

    def _put_back(
        self, held: Held, after: float, why: str, *, counts: bool, failing: bool | None = False,
        fault: bool = False, ran: bool = True,
    ) -> None:  # fmt: skip
        deliveries.put_back(self.store, held, after, why, counts=counts, failing=failing, fault=fault, ran=ran)


def _database_is_away(error: Exception) -> bool:
    """Not the fault of what was asked: the connection, the server, or a lock that somebody else holds."""
    return isinstance(error, DBAPIError) and (
        error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    )


def _is_money(step: str) -> bool:
    return step.startswith("payments.")


def _nothing(capability: str) -> Provider:
    raise HubError(f"this handler does not call {capability}; name it in @handles(..., calls=...)")

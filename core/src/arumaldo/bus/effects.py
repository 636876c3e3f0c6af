"""Effects: one thing made at a vendor, once, whatever crashes.

intent (committed) → call → record. Before any repeat the vendor is asked: found and ours → adopted; surely absent →
called again, or, with money whose outcome was in doubt, given up as refused; else the question waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar, get_type_hints
from uuid import UUID

from sqlalchemy import func, select, text, update

from arumaldo.bus.doubts import NOT_CHARGED
from arumaldo.bus.work import LookAgain, Reference, Work
from arumaldo.capabilities import CAPABILITIES
from arumaldo.capabilities.kinds import Made
from arumaldo.errors import Denied, HubError, OutcomeUnknown, ProviderError, Refused, Unavailable
from arumaldo.hub import Call
from arumaldo.store.base import moment_of
from arumaldo.store.journal import EFFECT_MOVES, TAKEN, Effect
from arumaldo.store.scope import Rows
from arumaldo.store.upkeep import Restoration

T = TypeVar("T")
_CLOCKS_MAY_DIFFER = timedelta(minutes=2)
_SLOWEST_LOOK = 30.0


@dataclass(frozen=True)
class Intent:
    """What is known of the effect before this attempt does anything."""

    id: UUID
    state: str
    fresh: bool
    looks: int
    age: timedelta
    since: datetime
    """From when on something at the vendor can be ours."""
    before_restore: bool
    """The book was restored from a copy, and what was made after the copy is not in it."""
    result: dict[str, Any] | None
    problem: str | None


class Effects:
    """Carries out the calls of one attempt; hand `invoke` to its `AccountHub`."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._made_something = False
        self.heard = False
        """Whether the vendor has answered anything in this attempt."""

    def invoke(self, call: Call) -> Any:
        """Reads and puts go through. A create becomes an effect: a second call with its reference answers the first."""
        try:
            return self._invoke(call)
        except ProviderError as error:
            error.heard = self.heard
            raise

    def _invoke(self, call: Call) -> Any:
        self._work.need_time_for_a_call()
        if call.kind.name != "creates":
            return self._plain(call)
        reference = call.arguments["reference"]
        if not isinstance(reference, Reference):
            raise HubError(f"{call.step} needs a reference made by work.reference(...)")
        call = Call(call.provider, call.hook, call.kind, {**call.arguments, "reference": reference.at(call.step)})
        return self._once(call, self._intend(call, reference))

    def _plain(self, call: Call) -> Any:
        try:
            return self._asked(call.make)
        except Refused as error:
            if not self._made_something:
                raise
            # A look at what was just made is no verdict on it.
            raise OutcomeUnknown(call.provider.name, f"{call.hook} was refused: {error.what}") from error

    def _asked(self, ask: Callable[[], T]) -> T:
        """What the vendor answers."""
        try:
            answer = ask()
        except ProviderError as error:
            self.heard |= error.heard
            raise
        self.heard = True
        return answer

    def _once(self, call: Call, intent: Intent) -> Made:
        match intent.state:
            case "done":
                self._made_something = True
                return _promised(call).model_validate(intent.result)
            case "refused" | "undone":
                raise Refused(call.provider.name, intent.problem or "this was taken back")
        if not intent.fresh and (found := self.look(call, intent)) is not None:
            return found
        return self._make(call, intent)

    def _intend(self, call: Call, reference: Reference) -> Intent:
        with self._work.locked() as rows:
            effect = rows.first(Effect, Effect.reference == call.arguments["reference"], lock=True)
            fresh = effect is None
            if effect is None:
                effect = rows.add(
                    Effect(
                        subject=reference.subject, step=call.step, generation=reference.generation, state="intended",
                        reference=call.arguments["reference"], provider=call.provider.name,
                        **_lost_sight_of(rows, reference),
                    )
                )  # fmt: skip
                rows.session.refresh(effect)
            now = rows.now()
            return Intent(
                effect.id, effect.state, fresh and not effect.before_restore, effect.looks, now - effect.intended_at,
                _since(effect), effect.before_restore, effect.result, effect.problem,
            )  # fmt: skip

    def look(self, call: Call, intent: Intent) -> Made | None:
        """What the vendor holds for the reference; None when it may be called (again). The guard against doubles."""
        found = self._find(call)
        mine = [made for made in found if _is_ours(made, call.arguments["reference"], intent.since)]
        if mine:
            self._record(call, intent, "done", mine[0])
            return mine[0]
        if found:
            self._record(call, intent, "refused", problem=TAKEN)
            raise Refused(call.provider.name, TAKEN)
        if intent.age.total_seconds() < call.kind.sure_after:
            self._ask_later(call, intent)
        if call.kind.money and not intent.before_restore:
            self._record(call, intent, "refused", problem=NOT_CHARGED, looked=True)
            raise Refused(call.provider.name, NOT_CHARGED)
        self._intend_again(intent)
        return None

    def _find(self, call: Call) -> list[Made]:
        find = call.kind.find or ""
        wanted = _parameters(call.provider.capability, find)
        arguments = {name: value for name, value in call.arguments.items() if name in wanted}
        try:
            found: list[Made] = self._asked(partial(call.provider.call, find, arguments))
        except Refused as error:  # the look was refused, which says nothing about what it looks for
            raise OutcomeUnknown(call.provider.name, f"{find} was refused: {error.what}") from error
        return found

    def _ask_later(self, call: Call, intent: Intent) -> None:
        """The question stays open: ask at growing intervals until an empty answer is final."""
        sure_in = call.kind.sure_after - intent.age.total_seconds()
        with self._work.locked() as rows:
            rows.session.execute(
                update(Effect).where(Effect.id == intent.id).values(state="unknown", looks=Effect.looks + 1)
            )
        after = min(2.0**intent.looks, _SLOWEST_LOOK, sure_in + 0.5)
        raise LookAgain(after, f"asking {call.provider.name} whether {call.step} took effect")

    def _intend_again(self, intent: Intent) -> None:
        with self._work.locked() as rows:
            rows.session.execute(
                update(Effect)
                .where(Effect.id == intent.id)
                .values(state="intended", looks=0, before_restore=False, intended_at=text("hub_now()"))
            )

    def _make(self, call: Call, intent: Intent) -> Made:
        try:
            self._work.need_time_for_a_call()
        except LookAgain:
            self._withdraw(intent)
            raise
        try:
            made: Made = self._asked(call.make)
        except Refused as error:
            self._record(call, intent, "refused", problem=error.what)
            raise
        except (Unavailable, Denied):
            self._withdraw(intent)
            raise
        except OutcomeUnknown as error:
            self._record(call, intent, "unknown", problem=error.what)
            raise
        self._record(call, intent, "done", made)
        return made

    def _withdraw(self, intent: Intent) -> None:
        """Surely nothing was made, so there is nothing to look for."""
        with self._work.locked() as rows:
            effect = rows.get_one(Effect, intent.id, lock=True)
            if effect.state in ("intended", "unknown"):
                rows.session.delete(effect)

    def _record(
        self, call: Call, intent: Intent, state: str, made: Made | None = None, problem: str | None = None,
        *, looked: bool = False,
    ) -> None:  # fmt: skip
        with self._work.locked() as rows:
            effect = rows.get_one(Effect, intent.id, lock=True)
            if state != effect.state and state not in EFFECT_MOVES[effect.state]:
                raise HubError(f"{call.step} cannot go from {effect.state} to {state}")
            effect.state, effect.problem = state, problem
            effect.looks += looked
            if made is not None:
                self._made_something = True
                effect.vendor_id, effect.result = made.id, made.model_dump(mode="json")
            if state != "unknown":
                effect.settled_at = rows.now()


def settle(work: Work, step: str, subject: UUID, state: str) -> None:
    """Note that what was done at `step` for `subject` was taken back ("undone") or turned down later ("refused").

    What was in doubt, and was looked for, is refused from now on. A second call changes nothing.
    """
    with work.locked() as rows:
        for effect in rows.all(Effect, Effect.subject == subject, Effect.step == step):
            if effect.state in ("intended", "unknown"):
                effect.state = "refused"
            elif effect.state == "done":
                effect.state = state


def made(rows: Rows, step: str, subject: UUID, generation: int = 1) -> Effect | None:
    """The effect of one generation of a step, whatever its state; None when none was ever intended."""
    return rows.first(Effect, Effect.subject == subject, Effect.step == step, Effect.generation == generation)


def refused_so_far(rows: Rows, step: str, subject: UUID) -> int:
    """How many generations of a step were refused: the next one is one more."""
    return len(rows.all(Effect, Effect.subject == subject, Effect.step == step, Effect.state == "refused"))


def in_doubt(rows: Rows, step: str, subject: UUID) -> bool:
    """Whether a call was begun at `step` for `subject` whose outcome is not known."""
    where = (Effect.subject == subject, Effect.step == step, Effect.state.in_(("intended", "unknown")))
    return rows.first(Effect, *where) is not None


def ours(effect: Effect, found: Sequence[Made]) -> list[Made]:
    """Of what the vendor holds for the effect, what we made: all else is others', and nobody here takes it away."""
    return [made for made in found if _is_ours(made, effect.reference, _since(effect))]


def _is_ours(made: Made, reference: str, since: datetime) -> bool:
    """It carries our reference; or the vendor keeps none, and it was made after our intent."""
    if made.reference is not None:
        return made.reference == reference
    return made.made_at is not None and made.made_at >= since - _CLOCKS_MAY_DIFFER


def _since(effect: Effect) -> datetime:
    """From when on something at the vendor can be ours."""
    return moment_of(effect.subject) if effect.before_restore else effect.created_at


def _lost_sight_of(rows: Rows, reference: Reference) -> dict[str, Any]:
    """In a restored book: what is older than the restoration may have been made already, so it is looked for first."""
    restored_at = rows.session.scalars(select(func.max(Restoration.restored_at))).one()
    if restored_at is None or moment_of(reference.subject) > restored_at + _CLOCKS_MAY_DIFFER:
        return {}
    return {"before_restore": True, "intended_at": restored_at}


def _promised(call: Call) -> type[Made]:
    hook = getattr(CAPABILITIES[call.provider.capability], call.hook)
    promised: type[Made] = get_type_hints(hook)["return"]
    return promised


def _parameters(capability: str, hook: str) -> set[str]:
    code = getattr(CAPABILITIES[capability], hook).__code__
    return set(code.co_varnames[1 : code.co_argcount])

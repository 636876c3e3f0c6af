"""The only way to rows: as an account, as a reseller, or, for the bus and for log-in, as the hub."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast
from uuid import UUID

from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy import ColumnElement, Engine, ExceptionContext, create_engine, event, select, text
from sqlalchemy.exc import InvalidatePoolError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from arumaldo.config.addresses import database_settings
from arumaldo.errors import ConfigError, HubError
from arumaldo.store.seal import Keyring

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Owner:
    """Whose rows: an account of a reseller."""

    reseller_id: UUID
    account_id: UUID


class _OwnedRow(Protocol):
    id: Any
    reseller_id: Any
    account_id: Any


Publish = Callable[["Rows", Any], None]
Ring = Callable[[list[tuple[str, int]]], object]
Owned = TypeVar("Owned", bound=_OwnedRow)


class NoSuchRow(HubError):
    """This account has no such row; whether another one has is nobody's business."""


class Rows:
    """One account's rows within one transaction. What is added becomes this account's."""

    def __init__(self, session: Session, owner: Owner, publish: Publish) -> None:
        self.session = session
        self.owner = owner
        self._publish = publish

    def publish(self, message: Any, *, ends: bool = True) -> None:
        """Write a `bus.messages.Message` and its deliveries; they leave only with this transaction's rows.

        In a handler's transaction this ends its delivery, unless `ends` is False: then the step goes on.
        """
        self.session.flush()
        self._publish(self, message)
        self.session.info["published"] = self.session.info.get("published", False) or ends

    def get(self, model: type[Owned], key: UUID, *, lock: bool = False) -> Owned | None:
        """The row, or None; `lock` holds it against other transactions until this one ends."""
        return self.first(model, cast(ColumnElement[bool], model.id == key), lock=lock)

    def get_one(self, model: type[Owned], key: UUID, *, lock: bool = False) -> Owned:
        """The row. NoSuchRow when this account has none with this id."""
        row = self.get(model, key, lock=lock)
        if row is None:
            raise NoSuchRow(f"no {model.__name__} {key} in this account")
        return row

    def first(
        self, model: type[Owned], *where: ColumnElement[bool], order_by: Any = None, lock: bool = False
    ) -> Owned | None:
        """The first match, or None."""
        query = self._query(model, where, order_by).limit(1)
        return cast("Owned | None", self.session.scalars(query.with_for_update() if lock else query).first())

    def all(self, model: type[Owned], *where: ColumnElement[bool], order_by: Any = None) -> Sequence[Owned]:
        """All matches, oldest first unless told otherwise."""
        return cast("Sequence[Owned]", self.session.scalars(self._query(model, where, order_by)).all())

    def now(self) -> datetime:
        """The hub's time."""
        moment: datetime = self.session.execute(_NOW).scalar_one()
        return moment

    def add(self, row: Owned) -> Owned:
        """Add the row as this account's, and send it to the database, so that its constraints speak at once."""
        row.reseller_id, row.account_id = self.owner.reseller_id, self.owner.account_id
        self.session.add(row)
        self.session.flush()
        return row

    def _query(self, model: type[Owned], where: tuple[ColumnElement[bool], ...], order_by: Any) -> Any:
        mine = (model.account_id == self.owner.account_id, model.reseller_id == self.owner.reseller_id)
        return select(model).where(*mine, *where).order_by(model.id if order_by is None else order_by)


class Store:
    """The database, behind scopes. Row-level security is the second net behind the filters of `Rows`."""

    def __init__(self, engine: Engine, keys: Keyring, publish: Publish, ring: Ring) -> None:
        """`publish` writes a message; `ring` is told (lane, delivery id) of what was published, after the commit."""
        self.engine = engine
        self.keys = keys
        self._publish = publish
        self._ring = ring
        self._sessions = sessionmaker(engine, expire_on_commit=False, autoflush=False)

    @contextmanager
    def of(self, owner: Owner) -> Iterator[Rows]:
        """A transaction in which only this account's rows exist; commits at the end, rolls back on an error."""
        with self._transaction() as session:
            enter_account(session, owner)
            yield Rows(session, owner, self._publish)

    @contextmanager
    def hub(self) -> Iterator[Session]:
        """A transaction that sees all rows: for the bus, for log-in and sign-up, and for nothing else."""
        with self._transaction() as session:
            session.execute(_ENTER_HUB)
            yield session

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with self._sessions.begin() as session:
            yield session
        if rings := session.info.pop("rings", None):
            self._ring(rings)

    def close(self) -> None:
        self.engine.dispose()


_NOW = text("SELECT hub_now()")
_ENTER_HUB = text("SELECT set_config('arumaldo.hub', 'on', true)")
_ENTER_ACCOUNT = text("SELECT set_config('arumaldo.account', :account, true), set_config('arumaldo.hub', 'off', true)")


def enter_account(session: Session, owner: Owner) -> None:
    """From here to its end the transaction sees this account's rows and no others."""
    session.execute(_ENTER_ACCOUNT, {"account": str(owner.account_id)})


def connect(url: str, *, pool_size: int = 10) -> Engine:
    """An engine for `url`, with settings that survive a silent network cut and a fail-over; see `config.addresses`.

    ConfigError: the address is wrong.
    """
    try:
        settings = database_settings(url)
    except ValueError as error:
        raise ConfigError(f"The address of the database {error}.") from None
    engine = create_engine(
        "postgresql+psycopg://",  # SQLAlchemy cannot read an address of several hosts; libpq can
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        hide_parameters=True,  # a password's hash has no business in an error's text
        connect_args=settings,
    )

    @event.listens_for(engine, "connect")
    def use_utc(connection: Any, _record: object) -> None:
        connection.execute("SET timezone = 'UTC'")
        connection.commit()

    event.listen(engine, "checkout", _leave_what_takes_no_writes)
    event.listen(engine, "handle_error", _writes_are_refused)
    return engine


def _leave_what_takes_no_writes(connection: Any, _record: object, _proxy: object) -> None:
    """A server that was made a standby, or read-only, since we connected: the hub looks for the one that writes.

    The server says so with its next answer, and the pool has just had one.
    """
    said = connection.info.parameter_status
    if "on" in (said("in_hot_standby"), said("default_transaction_read_only")):
        raise InvalidatePoolError


def _writes_are_refused(context: ExceptionContext) -> OperationalError | None:
    """It became so within a transaction: then the database is away, and all connections to it are dropped."""
    refused = context.original_exception
    if not isinstance(refused, ReadOnlySqlTransaction):
        return None
    context.is_disconnect = True
    return OperationalError(None, None, refused, connection_invalidated=True)


def check_role(engine: Engine) -> None:
    """ConfigError when the role that serves would pass row-level security."""
    with engine.connect() as connection:
        role, passes = connection.execute(
            text("SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        ).one()
    if passes:
        raise ConfigError(
            f"The database is used as {role}, who sees all accounts' rows whatever the rules say: use the role app, "
            "which is neither superuser nor may bypass row-level security."
        )


def check_room(engine: Engine, pool_size: int) -> None:
    """Warn when the server has not as many connections free as this process may need."""
    with engine.connect() as connection:
        most, used = connection.execute(
            text(
                "SELECT current_setting('max_connections')::int,"
                " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
            )
        ).one()
    if used + pool_size > most:
        log.warning(
            "The database allows %s connections, %s are in use, and this process may need %s: raise max_connections, "
            "or lower [hub] threads or the number of processes.", most, used, pool_size,
        )  # fmt: skip

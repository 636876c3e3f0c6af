"""One process's view of the installation: the database, the present configuration, and the providers it names."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from arumaldo import versions
from arumaldo.bus.bell import Bell
from arumaldo.bus.bindings import bound
from arumaldo.bus.handlers import HANDLERS
from arumaldo.bus.outbox import Outbox
from arumaldo.config.model import EMBEDDED, MAIN, Config, HubSettings, Portal, ResellerConfig
from arumaldo.config.parse import parse, parse_file
from arumaldo.deadline import CALL_SECONDS
from arumaldo.errors import ConfigError
from arumaldo.hub import AccountHub, Provider, Providers
from arumaldo.store.people import Reseller
from arumaldo.store.schema import SERVABLE, standing, too_new
from arumaldo.store.scope import Owner, Store, check_role, check_room, connect
from arumaldo.store.seal import Keyring

log = logging.getLogger(__name__)

FOLLOW_SECONDS = 1.0
START_PATIENCE = 20.0
"""Seconds for which a process that starts waits for its database."""
BESIDES = 6
"""Database connections for heartbeat, sweeper, open pages and configuration, beside one per thread."""


@dataclass(frozen=True)
class _Present:
    """What changes together when a new version comes."""

    version: int
    config: Config
    providers: Providers


class Installation:
    """Opened once per process. `config` and `version` change while it runs; a flow under way keeps its providers."""

    def __init__(self, path: Path, environ: Mapping[str, str], *, threads: int | None = None) -> None:
        """Read and check the file, connect, and take up the newest version. ConfigError says all that is wrong.

        Each of `threads` (`[hub] threads` when not said) may hold one database connection at a time.
        """
        self._path = path
        self._environ = environ
        config = _first_config(path, environ)
        hub = config.hub
        _refuse_embedded(hub)
        pool_size = (threads or hub.threads) + BESIDES
        self.redis_url = hub.redis.get_secret_value()
        self.keys = Keyring([secret.get_secret_value() for secret in (hub.secret, *hub.previous_secrets)])
        self.bell = Bell(self.redis_url)
        self.store = Store(
            connect(hub.database.get_secret_value(), pool_size=pool_size),
            self.keys,
            Outbox(HANDLERS, self.listeners).publish,
            self.bell.ring,
        )
        self._slugs: dict[UUID, str] = {}
        self._retired: list[tuple[float, Providers]] = []  # of earlier versions: calls under way may still use them
        self._seen_digest = _digest(path)
        self._resting_digest: str | None = None
        self._is_set_up = False
        self._over = threading.Event()
        _check_database(self.store.engine)
        check_room(self.store.engine, pool_size)
        self._present = self._first(config)
        self._follower = threading.Thread(target=self._follow, name="follow-config", daemon=True)
        self._follower.start()

    def _first(self, config: Config) -> _Present:
        try:
            with self.store.hub() as session:
                return _Present(versions.publish(session, self.keys, config), config, Providers())
        except ConfigError as error:  # right in itself, but not beside what accounts are bound to
            with self.store.hub() as session:
                stored = versions.read(session, self.keys, versions.newest_number(session))
            log.error("%s is not used, the newest stored version is:\n%s", self._path.name, error)  # noqa: TRY400
        config = parse(stored.text, name=self._path.name, environ=self._environ, base=self._path.parent)
        return _Present(stored.number, config, Providers())

    @property
    def config(self) -> Config:
        return self._present.config

    @property
    def version(self) -> int:
        return self._present.version

    def reseller(self, host: str) -> Reseller:
        """The reseller whose portal answers at this host name."""
        slug = self.config.reseller_for_host(host)
        with self.store.hub() as session:
            return session.scalars(select(Reseller).where(Reseller.slug == slug)).one()

    def reseller_config(self, reseller_id: UUID) -> ResellerConfig:
        """Brand, providers, plugins and plans of one reseller."""
        return self.config.for_reseller(self._slug(reseller_id))

    def portal(self, reseller_id: UUID) -> Portal:
        """Where this reseller's customers reach the portal: a log-in counts for one host name only."""
        base, reseller = self.config.hub.base_url, self.reseller_config(reseller_id)
        if reseller.slug == MAIN or not reseller.hostnames:
            return Portal(reseller.brand, base)
        parts = urlsplit(base)
        port = f":{parts.port}" if parts.port else ""
        return Portal(reseller.brand, f"{parts.scheme}://{reseller.hostnames[0]}{port}")

    def sandboxed(self, reseller_id: UUID) -> bool:
        """Whether any provider of new orders is a sandbox: pages then say "Test mode"."""
        config = self.reseller_config(reseller_id)
        return any(config.plugins[names[0]].sandbox for names in config.providers.values())

    def plays(self, owner: Owner, capability: str) -> bool:
        """Whether this account's provider is a sandbox."""
        with self.store.of(owner) as rows:
            found = bound(rows.session, owner, capability)
        plugin = found.provider if found else self.first_provider(owner, capability)
        choice = self.reseller_config(owner.reseller_id).plugins.get(plugin)
        return choice is not None and choice.sandbox

    def hub(self, owner: Owner) -> AccountHub:
        """The account's hub for a page: it reads, and nothing else."""

        def provider_of(capability: str) -> Provider:
            with self.store.of(owner) as rows:
                found = bound(rows.session, owner, capability)
            plugin = found.provider if found else self.first_provider(owner, capability)
            return self.provider(owner, plugin, capability)

        return AccountHub(provider_of)

    def listeners(self, reseller_id: UUID) -> Sequence[str]:
        """The enabled plugins that listen to `events`."""
        plugins = self.reseller_config(reseller_id).plugins
        return [name for name, choice in plugins.items() if "events" in choice.plugin.provides]

    def first_provider(self, owner: Owner, capability: str) -> str:
        """Who serves new accounts. ConfigError when nobody does."""
        try:
            return self.reseller_config(owner.reseller_id).providers[capability][0]
        except KeyError:
            raise ConfigError(f"[providers] names nobody for {capability}") from None

    def first_providers(self, owner: Owner) -> dict[str, str]:
        """Capability → who serves new accounts."""
        providers = self.reseller_config(owner.reseller_id).providers
        return {capability: names[0] for capability, names in providers.items()}

    def provider(self, owner: Owner, plugin: str, capability: str) -> Provider:
        """The plugin, set up for this account's reseller. HubError when it is not enabled."""
        present, slug = self._present, self._slug(owner.reseller_id)
        return present.providers.get(slug, present.config.for_reseller(slug), plugin, capability)

    def set_up(self) -> None:
        """Make ready whoever serves new accounts, from now on also those of each version that comes.

        A worker does so before it claims anything: some packages take seconds to import where much is to be done, and
        the steps that it holds would wait for that.
        """
        self._is_set_up = True
        self._present.providers.make_ready(self._present.config)

    def newest_version(self) -> int:
        """The version that all processes follow; this one may not have taken it up yet."""
        with self.store.hub() as session:
            return versions.newest_number(session)

    def close(self) -> None:
        """Stop following and let go of all connections."""
        self._over.set()
        self._follower.join(timeout=1.0)  # longer only where the database hangs, which must hold up nobody who leaves
        for _, providers in self._retired:
            providers.close()
        self._present.providers.close()
        self.bell.close()
        self.store.close()

    def _slug(self, reseller_id: UUID) -> str:
        if reseller_id not in self._slugs:
            with self.store.hub() as session:
                self._slugs[reseller_id] = session.scalars(
                    select(Reseller.slug).where(Reseller.id == reseller_id)
                ).one()
        return self._slugs[reseller_id]

    def _follow(self) -> None:
        while not self._over.wait(FOLLOW_SECONDS):
            try:
                self._publish_changed_file()
                self._take_up_newest()
                self._close_retired()
            except DBAPIError:
                log.warning("the configuration cannot be followed: the database cannot be reached")
            except ConfigError as error:
                log.error("the changed configuration is not used; the present one stays:\n%s", error)  # noqa: TRY400
            except Exception:
                log.exception("the configuration could not be followed")

    def _close_retired(self) -> None:
        while self._retired and self._retired[0][0] < time.monotonic():
            self._retired.pop(0)[1].close()

    def _publish_changed_file(self) -> None:
        """Check a file that has changed and rested for one round, and store it as the next version."""
        digest = _digest(self._path)
        if digest is None or digest == self._seen_digest:
            self._resting_digest = None
            return
        if digest != self._resting_digest:
            self._resting_digest = digest
            return
        try:
            config = parse_file(self._path, environ=self._environ)
            with self.store.hub() as session:
                versions.publish(session, self.keys, config)
        except ConfigError:
            self._seen_digest = digest  # said once, not every second
            raise
        self._seen_digest = digest

    def _take_up_newest(self) -> None:
        with self.store.hub() as session:
            number = versions.newest_number(session)
            if number == self.version:
                return
            stored = versions.read(session, self.keys, number)
        config = parse(stored.text, name=self._path.name, environ=self._environ, base=self._path.parent)
        if config.hub != self.config.hub:
            log.warning("[hub] has changed; start the hub's processes again for that to count")
        present = _Present(number, config, Providers())
        if self._is_set_up:
            present.providers.make_ready(config)
        self._retired.append((time.monotonic() + 2 * CALL_SECONDS, self._present.providers))
        self._present = present
        log.info("configuration version %s is in use", number)


def _first_config(path: Path, environ: Mapping[str, str]) -> Config:
    """The file; while it is wrong, the newest stored version, so that a process can start again meanwhile.

    That needs the database and the secret in the environment, for the file cannot be believed in anything.
    """
    try:
        return parse_file(path, environ=environ)
    except ConfigError as error:
        stored = _newest_stored(environ)
        if stored is None:
            raise
        log.error("%s is not used, the newest stored version is:\n%s", path.name, error)  # noqa: TRY400
        return parse(stored, name=path.name, environ=environ, base=path.parent)


def _newest_stored(environ: Mapping[str, str]) -> str | None:
    url, secret = environ.get("ARUMALDO_DATABASE"), environ.get("ARUMALDO_SECRET")
    if not url or not secret:
        return None
    engine = connect(url, pool_size=1)
    try:
        with Session(engine) as session:
            number = versions.newest_number(session)
            return versions.read(session, Keyring([secret]), number).text if number else None
    except DBAPIError:
        return None
    finally:
        engine.dispose()


def _refuse_embedded(hub: HubSettings) -> None:
    servers = {"database": ("postgresql://app:…@host/name", hub.database), "redis": ("redis://host:6379/0", hub.redis)}
    mistakes = [
        f'[hub] {key} is "embedded", and only "arumaldo demo" brings a server of its own, and none runs here with this '
        f"file: start scripts/demo, or write an address, like {example}, or set ARUMALDO_{key.upper()}"
        for key, (example, value) in servers.items()
        if value.get_secret_value() == EMBEDDED
    ]
    if mistakes:
        raise ConfigError(*mistakes)


def _check_database(engine: Engine) -> None:
    _wait_for(engine)
    check_role(engine)
    with engine.connect() as connection:
        stands = standing(connection)
        if stands == "too new":
            raise ConfigError(too_new(connection))
        if stands not in SERVABLE:
            raise ConfigError('The database has not this release\'s schema: run "arumaldo migrate" first.')


def _wait_for(engine: Engine) -> None:
    """The database may be starting again just now. OperationalError when it is away for longer."""
    ends_at = time.monotonic() + START_PATIENCE
    while True:
        try:
            with engine.connect():
                return
        except OperationalError:
            if time.monotonic() > ends_at:
                raise
            log.warning("the database cannot be reached; trying again")
            time.sleep(0.5)


def _digest(path: Path) -> str | None:
    """None while there is no such file."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None

"""PostgreSQL with a standby: one address of two hosts, and the one that takes writes is used."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from arumaldo.store.migrate import migrate
from arumaldo.store.scope import connect
from tests.platform import eventually

from .servers import Database, address, pair

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, Database]]:
    with pair(tmp_path_factory.mktemp("servers")) as both:
        migrate(address("owner", *reversed(both)))
        yield both


@pytest.fixture
def both(servers: tuple[Database, Database]) -> tuple[Database, Database]:
    """The primary and its standby, whichever they are by now."""
    one, two = servers
    return (two, one) if one.ask("SELECT pg_is_in_recovery()") else (one, two)


@pytest.fixture
def engine(servers: tuple[Database, Database]) -> Iterator[Engine]:
    """Where the first host is tried first."""
    made = connect(address("app", *servers), pool_size=3)
    yield made
    made.dispose()


def port(engine: Engine) -> int:
    """Where a transaction of this pool is."""
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT current_setting('port')")).scalar_one())


def wrote(engine: Engine) -> bool:
    """Write something, and say whether it was written."""
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT set_config('arumaldo.hub', 'on', true)"))
            connection.execute(text("INSERT INTO workers (host, pid) VALUES ('test', 1)"))
    except OperationalError:
        return False
    return True


def fill(engine: Engine) -> None:
    """Have all connections of the pool open."""
    held = [engine.connect() for _ in range(3)]
    for connection in held:
        connection.close()


def test_a_read_only_server_is_left_by_all_connections_at_their_next_use(
    both: tuple[Database, Database], engine: Engine
) -> None:
    primary, standby = both
    fill(engine)
    assert port(engine) == primary.port
    primary.ask("ALTER SYSTEM SET default_transaction_read_only = on")
    primary.ask("SELECT pg_reload_conf()")
    eventually(lambda: primary.ask("SHOW default_transaction_read_only") == "on")
    with pytest.raises(OperationalError, match="read-only"):
        engine.connect()
    standby.promote()
    held = [engine.connect() for _ in range(3)]
    assert {connection.execute(text("SHOW port")).scalar_one() for connection in held} == {str(standby.port)}
    for connection in held:
        connection.close()
    primary.kill()
    primary.follow(standby)
    primary.start()


def test_a_transaction_that_becomes_read_only_says_that_the_database_is_away(
    both: tuple[Database, Database], engine: Engine
) -> None:
    with engine.connect() as connection:
        connection.execute(text("SET TRANSACTION READ ONLY"))
        with pytest.raises(OperationalError, match="read-only") as told:
            connection.execute(text("DELETE FROM workers"))
    assert told.value.connection_invalidated
    assert wrote(engine)


def test_what_the_address_says_goes_before_what_we_would_say(both: tuple[Database, Database]) -> None:
    more = "&connect_timeout=9&options=-c%20lock_timeout%3D1s"
    made = connect(address("app", *both, more=more), pool_size=1)
    with made.connect() as connection:
        told = connection.connection.dbapi_connection.info.get_parameters()  # type: ignore[union-attr]
        assert (told["connect_timeout"], told["tcp_user_timeout"]) == ("9", "5000")
        said = [
            connection.execute(text(f"SHOW {name}")).scalar_one() for name in ("lock_timeout", "tcp_keepalives_idle")
        ]
        assert said == ["1s", "3"]
    made.dispose()


def test_a_killed_primary_is_followed_by_its_standby_and_is_not_used_when_it_comes_back_as_one(
    both: tuple[Database, Database], engine: Engine
) -> None:
    primary, standby = both
    fill(engine)
    assert wrote(engine)
    primary.kill()
    assert not wrote(engine)
    standby.promote()
    eventually(lambda: wrote(engine))
    primary.follow(standby)
    primary.start()
    engine.dispose()
    assert wrote(engine)
    assert port(engine) == standby.port
    alone = connect(address("app", primary), pool_size=1)
    with pytest.raises(OperationalError, match="read-only"):
        alone.connect()
    alone.dispose()

"""The database `arumaldo` and its two roles on the embedded server, with the passwords that the state folder keeps."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql

from arumaldo.demo.files import secret_in
from arumaldo.errors import ConfigError

DATABASE = "arumaldo"
ROLES = ("owner", "app")
_SUPERUSER = "postgres"
_LIMITS = sql.SQL("LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION")


def superuser_secret(state: Path) -> str:
    """The superuser's password."""
    return _secret(state, _SUPERUSER)


def url(state: Path, port: int, role: str, database: str = DATABASE) -> str:
    """`postgresql://role:password@127.0.0.1:port/database`."""
    return f"postgresql://{role}:{_secret(state, role)}@127.0.0.1:{port}/{database}"


def prepare(state: Path, port: int) -> bool:
    """False while nothing answers there; else make the roles and the database where they are missing, and True.

    A second call changes nothing. ConfigError: the superuser's password is not the one in the state folder.
    """
    try:
        with psycopg.connect(url(state, port, _SUPERUSER, "postgres"), autocommit=True, connect_timeout=5) as server:
            for role in ROLES:
                _put_role(server, role, _secret(state, role))
            _put_database(server)
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise ConfigError(
                f"The database in {state} does not know the password in database-{_SUPERUSER}.secret beside it:"
                " bring that file back, or start afresh with another folder (--state)."
            ) from error
        return False
    return True


def _put_role(server: psycopg.Connection, role: str, password: str) -> None:
    known = server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = sql.SQL("ALTER ROLE" if known else "CREATE ROLE")
    server.execute(sql.SQL("{} {} {} PASSWORD {}").format(verb, sql.Identifier(role), _LIMITS, sql.Literal(password)))


def _put_database(server: psycopg.Connection) -> None:
    name = sql.Identifier(DATABASE)
    if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
        server.execute(sql.SQL("CREATE DATABASE {} OWNER owner").format(name))
    server.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    server.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO app").format(name))


def _secret(state: Path, role: str) -> str:
    return secret_in(state / f"database-{role}.secret")

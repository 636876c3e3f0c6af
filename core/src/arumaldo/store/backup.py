"""A copy of the whole book, and the book put back from it, with PostgreSQL's own programs."""

from __future__ import annotations

import gzip
import os
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import IO
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from sqlalchemy import text

from arumaldo.errors import ConfigError, HubError
from arumaldo.store.scope import connect

_END = b"-- PostgreSQL database dump complete"
_END_WITHIN = 4096
_AS_HUB = "-c arumaldo.hub=on"
_RESTORED = """
SET search_path = public;
SET row_security = on;
SET arumaldo.hub = 'on';
INSERT INTO restorations (id, copied_at)
  SELECT gen_random_uuid(), coalesce(
    greatest((SELECT max(created_at) FROM messages), (SELECT max(seen_at) FROM workers)),
    hub_now() - interval '90 days');
INSERT INTO pauses (name, reason)
  VALUES ('restored', 'the book was restored from a copy and is being compared with the vendors')
  ON CONFLICT (name) DO NOTHING;
UPDATE effects SET intended_at = hub_now(), before_restore = true WHERE state IN ('intended', 'unknown');
UPDATE duties SET holder = NULL, due_at = hub_now();
DELETE FROM workers;
"""


def backup(owner_url: str, programs: Path, file: Path) -> int:
    """Write a copy of the book, as it is at one moment, into a file that only its owner may read; answers its bytes.

    The file is SQL for psql, packed with gzip. Pages and workers go on meanwhile. What was sealed stays sealed: `[hub]
    secret` is needed to use the copy. HubError when the database or the disk will not; then there is no file. A file
    that is there already is not touched.
    """
    if file.exists():
        raise HubError(f"{file} is there already: choose another name, or move it away.")
    half = file.with_name(file.name + ".part")
    words = ["--format=plain", "--compress=gzip", "--no-owner", "--enable-row-security", "--schema=public"]
    try:
        os.close(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        with _program(programs / "pg_dump", [*words, f"--file={half}", f"--dbname={_plain(owner_url)}"], owner_url):
            pass
        with half.open("rb") as written:
            os.fsync(written.fileno())
        half.rename(file)
    except OSError as error:
        raise HubError(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        half.unlink(missing_ok=True)
    return file.stat().st_size


def restore(owner_url: str, programs: Path, file: Path) -> None:
    """Put the copy into an empty database, in one transaction, and leave all work paused until it is compared.

    HubError when the file is not a whole copy, or the database is not empty: a book in use is never written over.
    """
    _refuse_unless_whole(file)
    _refuse_unless_empty(owner_url)
    words = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", _plain(owner_url)]
    with _program(programs / "psql", words, owner_url) as psql, gzip.open(file) as copy:
        for line in copy:
            # A new database has its schema public already, and it belongs to whoever made the database.
            if not line.startswith((b"CREATE SCHEMA public", b"COMMENT ON SCHEMA public")):
                psql.write(line)
        psql.write(_RESTORED.encode())


def _refuse_unless_whole(file: Path) -> None:
    end = b""
    try:
        with gzip.open(file) as copy:
            while part := copy.read(1 << 20):
                end = end[-_END_WITHIN:] + part
    except FileNotFoundError:
        raise HubError(f"There is no file {file}.") from None
    except (OSError, EOFError, zlib.error) as error:
        raise HubError(f"{file} is not a whole copy: {error}.") from error
    if _END not in end[-_END_WITHIN:]:
        raise HubError(f"{file} is not a whole copy: its end is missing.")


def _refuse_unless_empty(owner_url: str) -> None:
    engine = connect(owner_url, pool_size=1)
    try:
        with engine.connect() as connection:
            tables = connection.execute(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).scalar_one()
    finally:
        engine.dispose()
    if tables:
        raise HubError(
            "The database is not empty. Make a new one, and name it: a restored book never takes the place of one"
            " that is in use."
        )


@contextmanager
def _program(path: Path, words: Sequence[str], url: str) -> Iterator[IO[bytes]]:
    """The program's standard input, until it has ended. HubError with what it said when it could not do its work."""
    env = {**os.environ, **_secretly(url)}
    with tempfile.TemporaryFile() as said:
        try:
            running = Popen([str(path), *words], stdin=PIPE, stdout=DEVNULL, stderr=said, env=env)
        except FileNotFoundError:
            raise ConfigError(f"There is no {path.name} here: install PostgreSQL's client programs.") from None
        try:
            with suppress(BrokenPipeError), running:  # when it left early, it says itself why
                if running.stdin is not None:
                    yield running.stdin
        except BaseException:
            running.kill()
            raise
        if running.returncode:
            said.seek(0)
            first = next(iter(said.read().decode(errors="replace").strip().splitlines()), "")
            raise HubError(f"{path.name} could not do it: {first or f'exit code {running.returncode}'}")


def _secretly(url: str) -> dict[str, str]:
    """What the programs are told by their environment: the password, and to see the rows of all accounts."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    password = query.get("password") or unquote(parts.password or "")
    options = f"{query.get('options', '')} {_AS_HUB}".strip()
    return {"PGOPTIONS": options, **({"PGPASSWORD": password} if password else {})}


def _plain(url: str) -> str:
    """The address as PostgreSQL's programs take it, without what `_secretly` says."""
    parts = urlsplit(url)
    user, at, place = parts.netloc.rpartition("@")
    name = quote(unquote(user.partition(":")[0])) + at
    query = [(key, value) for key, value in parse_qsl(parts.query) if key not in ("password", "options")]
    return urlunsplit(("postgresql", name + place, parts.path, urlencode(query, quote_via=quote), ""))

"""PostgreSQL's own folder: made once, whole or not at all, and cleared of what a killed server left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

from arumaldo.demo.accounts import Account, server_account
from arumaldo.demo.child import Command
from arumaldo.demo.database import superuser_secret
from arumaldo.demo.places import home_of, programs_for
from arumaldo.demo.programs import PostgresPrograms
from arumaldo.errors import ConfigError, HubError

_LEAVING = 40.0
"""Seconds that an earlier server gets to write everything down and leave."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "password_encryption": "scram-sha-256",
}


def command(state: Path, port: int, found: PostgresPrograms) -> Command:
    """The server on the data of this state, made at the first call.

    ConfigError: nobody here may run it, or the data was made by another version.
    """
    account = server_account()
    home = home_of(state, account)
    programs = programs_for(found, account)
    data = home / "data"
    if not data.exists():
        _make(data, programs, account, superuser_secret(state))
    _check_version(data, programs)
    settings = {**_SETTINGS, "port": str(port)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Command(
        "postgres",
        [str(programs.bin / "postgres"), "-D", str(data), *options],
        env={**os.environ, "LC_ALL": "C"},
        account=account,
        stop_signals=((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0)),
        leash=signal.SIGINT,
        before=partial(_clear_the_way, data),
    )


def _make(data: Path, programs: PostgresPrograms, account: Account | None, password: str) -> None:
    """initdb beside the place, then one rename: a start that was killed in between begins anew."""
    new = data.with_name("data.new")
    shutil.rmtree(new, ignore_errors=True)
    told = data.with_name("password")
    told.unlink(missing_ok=True)
    try:
        _hand_over(told, password, account)
        _initdb(new, told, programs, account)
    finally:
        told.unlink(missing_ok=True)
    new.rename(data)


def _hand_over(file: Path, password: str, account: Account | None) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as told:
        told.write(password)
        if account is not None:
            os.fchown(told.fileno(), account.uid, account.gid)


def _initdb(data: Path, told: Path, programs: PostgresPrograms, account: Account | None) -> None:
    always_there = ["--locale=C"]
    if programs.major >= 17:  # the first release with locales of its own
        always_there += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    done = subprocess.run(
        [
            programs.bin / "initdb",
            *("--pgdata", data, "--username", "postgres", "--pwfile", told),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-instructions", *always_there),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=data.parent,
        env={**os.environ, "LC_ALL": "C"},
        **(account.identity() if account else {}),
    )
    if done.returncode != 0:
        raise HubError(f"The database could not be made in {data}. initdb said:\n{done.stderr.strip()}")


def _check_version(data: Path, programs: PostgresPrograms) -> None:
    made_by = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    if made_by != str(programs.major):
        raise ConfigError(
            f"The data in {data} were made by PostgreSQL {made_by}, and here is PostgreSQL {programs.major}:"
            " install that version, or start afresh with another folder (--state)."
        )


def _clear_the_way(data: Path) -> None:
    """Take away the pid file of a server that is gone; one that is still there is asked to leave.

    Only the holder of the state's lock calls this. PostgreSQL itself is misled by a pid file when that number
    belongs to another process meanwhile, as it does after a restart of a small machine.
    """
    file = data / "postmaster.pid"
    ends_at = time.monotonic() + _LEAVING
    while (pid := _number_in(file)) and _serves(pid, data):
        os.kill(pid, signal.SIGINT)
        if time.monotonic() > ends_at:
            raise HubError(f"An earlier database server (process {pid}) on {data} does not leave: end it first.")
        time.sleep(0.1)
    file.unlink(missing_ok=True)


def _number_in(file: Path) -> int | None:
    try:
        first = file.read_text(encoding="ascii", errors="replace").split("\n", 1)[0].strip()
    except FileNotFoundError:
        return None
    return int(first) if first.isdigit() else None


def _serves(pid: int, data: Path) -> bool:
    """Whether this process is a server on this data; one that has ended and waits to be collected is not."""
    if Path("/proc/self").exists():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(data) in words
    said = subprocess.run(["/bin/ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False)
    return str(data) in said.stdout

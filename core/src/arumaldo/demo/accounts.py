"""Who a database server runs as: it refuses to be root, so for root another account is found."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arumaldo.errors import ConfigError


@dataclass(frozen=True)
class Account:
    """A user of this machine, by number."""

    name: str
    uid: int
    gid: int

    def reaches(self, folder: Path) -> bool:
        """Whether this user can enter the folder and write in it."""
        return self.runs("/bin/sh", "-c", 'cd "$0" && test -w .', str(folder))

    def runs(self, *command: str) -> bool:
        """Whether the command ends well when this user runs it."""
        try:
            return subprocess.run(command, **self.identity(), capture_output=True, cwd="/", check=False).returncode == 0
        except OSError:
            return False

    def identity(self) -> dict[str, Any]:
        """The arguments with which `subprocess` runs a command as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def server_account() -> Account | None:
    """None: run the server as ourselves. For root: the user `postgres` where there is one, else `nobody`."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise ConfigError(
        "PostgreSQL does not run as root, and this machine has neither a user `postgres` nor `nobody`:"
        " start the demo as an ordinary user."
    )

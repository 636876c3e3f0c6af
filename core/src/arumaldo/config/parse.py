"""Read hubconfig.toml whole, and say every mistake in it at once.

Of `[hub]`, some keys may come from the environment (`FROM_ENVIRONMENT`); everything else stands in the file.

Reading changes nothing but Python's memory: enabled plugins are imported and their hooks checked, nothing is stored
and no vendor is asked. A second call reads anew; imported plugins stay imported.
"""

from __future__ import annotations

import hashlib
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from arumaldo.config.addresses import has_password
from arumaldo.config.lines import line_numbers
from arumaldo.config.model import Config, HubSettings
from arumaldo.config.references import References
from arumaldo.config.report import Report, not_known
from arumaldo.config.resellers import read_resellers
from arumaldo.config.tables import Source, Tables
from arumaldo.errors import ConfigError

FROM_ENVIRONMENT = {
    key: f"ARUMALDO_{key.upper()}" for key in ("base_url", "database", "redis", "secret", "sandbox_url", "preview_host")
}
"""Keys of [hub] that the process's environment sets in place of the file, where the variable is not empty: they belong
to the machine rather than to the business, and the demo and containers set them from outside."""
_TABLES = ("hub", "brand", "providers", "plugins", "plans", "resellers")


def parse_file(path: Path, *, environ: Mapping[str, str]) -> Config:
    """Read the file; relative `file:` references begin at its folder. ConfigError with every mistake.

    A secret that stands in a file which every user of the machine can read is a mistake here.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        mode = path.stat().st_mode
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ConfigError(
            f"{path} cannot be read ({reason}); name the file that is meant, or copy the one of the repository"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not text in UTF-8; save it in that encoding") from error
    return parse(text, name=path.name, environ=environ, base=path.parent, readable_by_others=bool(mode & stat.S_IROTH))


def parse(
    text: str,
    *,
    environ: Mapping[str, str],
    base: Path,
    name: str = "hubconfig.toml",
    readable_by_others: bool = False,
) -> Config:
    """Read the text of a file called `name` in the folder `base`. ConfigError with every mistake, in order."""
    document = _document(text, name)
    report = Report(name, document, line_numbers(text))
    tables = Tables(Source(document, report, References(environ, base), readable_by_others))
    for table in document:
        if table not in _TABLES:
            report.wrong((table,), not_known(table, [f"[{known}]" for known in _TABLES]))
    hub = _read_hub(tables, environ)
    resellers = read_resellers(tables, hub or _stand_in(tables))
    report.raise_if_any()
    if hub is None:
        raise AssertionError("[hub] is wrong, and nobody said so")
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Config(text=text, digest=digest, hub=hub, resellers=resellers)


def _document(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        line = re.search(r"\(at line (\d+), column \d+\)$", said)
        where = int(line[1]) if line else text.count("\n") + 1
        what = re.sub(r" \(at [^()]*\)$", "", said)
        raise ConfigError(
            f"{name}:{where}: this is not TOML: {what[:1].lower()}{what[1:]}; correct this line, "
            f"then the rest of the file will be checked"
        ) from error


def _read_hub(tables: Tables, environ: Mapping[str, str]) -> HubSettings | None:
    table = tables.table("hub")
    tables.refuse_open_secrets(("hub",), table, ("secret", "previous_secrets"))
    tables.refuse_open_secrets(("hub",), table, _with_password(table))
    variables = {key: variable for key, variable in FROM_ENVIRONMENT.items() if environ.get(variable)}
    told = {**table, **{key: environ[variable] for key, variable in variables.items()}}
    hub, missing = tables.model(HubSettings, ("hub",), told, told_by=variables)
    tables.missing(("hub",), missing)
    return hub


def _with_password(table: Mapping[str, Any]) -> list[str]:
    said = {key: table.get(key) for key in ("database", "redis")}
    return [key for key, address in said.items() if isinstance(address, str) and has_password(address)]


def _stand_in(tables: Tables) -> HubSettings:
    """For the checks that come after a wrong [hub]; it serves nothing else."""
    return HubSettings(secret=SecretStr("-" * 32), sandbox=tables.table("hub").get("sandbox") is True)

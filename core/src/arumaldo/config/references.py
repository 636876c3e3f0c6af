"""Values that stand elsewhere: `env:NAME` in the environment, `file:PATH` in a file of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_KINDS = ("env:", "file:")


class References:
    """Looks up what a value refers to. A relative `file:` path begins at the folder of hubconfig.toml."""

    def __init__(self, environ: Mapping[str, str], base: Path) -> None:
        self._environ = environ
        self._base = base

    def resolve(self, value: str) -> str:
        """The text that is meant, without the space around it; `value` itself when it is no reference.

        ValueError with a sentence when the variable is not set, the file cannot be read, or there is nothing in it.
        """
        if not is_reference(value):
            return value
        kind, _, name = value.partition(":")
        found = self._variable(name) if kind == "env" else self._file(name)
        if not found:
            raise ValueError(f"refers to {value}, which is empty; put the value there")
        return found

    def _variable(self, name: str) -> str:
        if name not in self._environ:
            raise ValueError(
                f"refers to env:{name}, but no such variable is set; set {name} for every process of the hub"
            )
        return self._environ[name].strip()

    def _file(self, name: str) -> str:
        path = self._base / name
        try:
            return path.read_text("utf-8").strip()
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise ValueError(
                f"refers to file:{name}, which cannot be read ({reason}); "
                f"put the value alone into {path}, readable by the hub's user"
            ) from error
        except UnicodeDecodeError as error:
            raise ValueError(f"refers to file:{name}, which is not text in UTF-8; write it anew") from error


def is_reference(value: str) -> bool:
    """Whether this is `env:NAME` or `file:PATH`; an address such as file:///srv is none."""
    return value.startswith(_KINDS) and not value.startswith("file://")

"""Switches: what a vendor can be told besides, by name. A misspelt one that did nothing would prove nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Self


class Switches(dict[str, str]):
    """Those that are set. `offered`: name, or "family:" for names that go on after the colon → regular expression of
    the values."""

    def __init__(self, offered: Mapping[str, str]) -> None:
        super().__init__()
        self.offered = offered

    def __setitem__(self, key: str, value: str) -> None:
        """A second call replaces the value; "" resets it, where that is no value of its own. ValueError: there is no
        such switch, or it has no such value."""
        self._check(key, value)
        if re.fullmatch(self._values(key), value):
            super().__setitem__(key, value)
        else:
            self.reset(key)

    def reset(self, key: str) -> None:
        """As if it had never been set; a second call changes nothing. ValueError: there is no such switch."""
        self._values(key)
        self.pop(key, None)

    def _check(self, key: str, value: str) -> None:
        values = self._values(key)
        if value and not re.fullmatch(values, value):
            raise ValueError(f"the switch {key!r} has no value {value!r}; it takes {values}")

    def _values(self, key: str) -> str:
        family, colon, of = key.partition(":")
        values = self.offered.get(family + colon)
        if values is None or (colon and not of):
            raise ValueError(f"there is no switch {key!r}; there are: {', '.join(sorted(self.offered)) or 'none'}")
        return values

    def update(self, *others: Any, **more: str) -> None:
        """The same for several: all of them, or where one is wrong none."""
        told = dict(*others, **more)
        for key, value in told.items():
            self._check(key, value)
        for key, value in told.items():
            self[key] = value

    def setdefault(self, key: str, default: str = "") -> str:
        """As with any dict."""
        if key not in self:
            self[key] = default
        return self.get(key, "")

    def __ior__(self, others: Any) -> Self:  # type: ignore[override,misc] # dict's own would look at nothing
        self.update(others)
        return self

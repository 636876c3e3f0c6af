"""Faults on demand: what goes wrong between a vendor and us."""

from __future__ import annotations

import random
import re
import threading
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Fault(BaseModel):
    """One order: which requests, how many of them, and what happens to them."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    name: str = ""
    """For the report; free text."""
    match: str = ".*"
    """A regular expression, searched in "METHOD /path\\nbody" (the path below the sandbox's own, without a query;
    the first 4,000 bytes of the body)."""
    times: int | None = Field(default=1, ge=1)
    """How many matching requests; None is without end."""
    share: float = Field(default=1.0, gt=0, le=1)
    """The part of the matching requests that is hit, drawn from `seed`."""
    seed: int = 0
    effect: Literal["before", "after", "late"] = "before"
    """`before`: the request never reaches the vendor's books. `after`: it does, and only the answer suffers.
    `late`: the caller is cut off at once, and the effect happens `seconds` later."""
    answer: Literal["status", "cut", "drip", "html", "malformed", "delay", "hang"] = "status"
    """`status`: `status` with `retry_after`. `cut`: the connection ends within the answer. `drip`: a byte a second.
    `html`: a gateway's page with `status`. `malformed`: 200 with half a JSON document. `delay`: the true answer,
    `seconds` later (`effect` does not matter). `hang`: no answer until the caller leaves."""
    status: int = Field(default=503, ge=200, le=599)
    retry_after: float | None = Field(default=None, ge=0)
    """The Retry-After header of `status`, `html` and `malformed`, in seconds."""
    seconds: float = Field(default=0.0, ge=0)
    """For `late` on the vendor's clock (`Sandbox.now`, which a test may move), for `delay` on the real one."""

    @field_validator("match")
    @classmethod
    def _is_an_expression(cls, match: str) -> str:
        try:
            re.compile(match)
        except re.error as error:
            raise ValueError(f"is not a regular expression: {error}") from error
        return match


class Faults:
    """The orders in force and how often each one hit. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[tuple[Fault, random.Random]] = []
        self.hits: dict[str, int] = {}

    def order(self, fault: Fault) -> None:
        """Put one more order in force, behind those that are there."""
        with self._lock:
            self._orders.append((fault, random.Random(fault.seed)))  # noqa: S311 - a drawn share, not a secret

    def in_force(self) -> list[Fault]:
        """The orders that can still hit, oldest first, with the `times` that are left."""
        with self._lock:
            return [fault for fault, _ in self._orders]

    def clear(self) -> None:
        """Take back all orders; the counts stay."""
        with self._lock:
            self._orders.clear()

    def take(self, method: str, path: str, body: bytes) -> Fault | None:
        """The fault that hits this request, counted; None where the request goes through."""
        text = f"{method} {path}\n{body[:4000].decode('utf-8', 'replace')}"
        with self._lock:
            for place, (fault, draw) in enumerate(self._orders):
                if not re.search(fault.match, text) or draw.random() >= fault.share:
                    continue
                self.hits[fault.name or fault.match] = self.hits.get(fault.name or fault.match, 0) + 1
                if fault.times is not None:
                    left = fault.model_copy(update={"times": fault.times - 1})
                    self._orders[place] = (left, draw)
                    if left.times == 0:
                        del self._orders[place]
                return fault
        return None

"""The sentinels one by one, and the replicas that they would promote."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from arumaldo.config.addresses import Sentinels, sentinels
from arumaldo.discovery import described
from arumaldo.live_check.finding import Finding
from arumaldo.live_check.limits import LONGEST

ENOUGH = 3
"""Sentinels, of which one may be lost."""
_GLANCE: Mapping[str, Any] = {"socket_timeout": 2.0, "socket_connect_timeout": 2.0, "retry": Retry(NoBackoff(), 0)}


@dataclass(frozen=True)
class Seen:
    """What one sentinel says of the servers that it watches."""

    sentinel: str
    master: str
    sentinels: int
    """That it knows, itself among them."""
    quorum: int
    down_after: float
    """Seconds of silence after which a master counts as lost."""
    replicas: tuple[tuple[str, int], ...]
    """Those that it would promote."""
    problem: str = ""
    """Why it could not bring a fail-over about now, in its own words."""


def watchers(url: str) -> Iterator[Finding]:
    """What is left of the sentinels has to be more than half when a server is lost, and to agree."""
    address = sentinels(url)
    places = sorted(set(address.hosts))
    if len(places) < ENOUGH:
        yield Finding(
            "redis.sentinels", "warning",
            f"the address names {len(places)} of them: when one is lost, too few are left to promote anybody",
            f"Run {ENOUGH} sentinels on hosts of their own, and name all of them in [hub] redis.",
        )  # fmt: skip
    seen = []
    for host, port in places:
        try:
            seen.append(_ask(host, port, address))
        except (redis.RedisError, OSError) as error:
            yield _silent(f"{host}:{port}", address.service, error)
    yield from told(seen)
    yield from successors(address, seen)


def _silent(place: str, service: str, error: Exception) -> Finding:
    if "No such master" in str(error):
        return Finding(
            "redis.sentinels", "warning", f"the sentinel at {place} does not know {service}",
            f"Have it say, as the others do: sentinel monitor {service} HOST PORT 2.",
        )  # fmt: skip
    return Finding(
        "redis.sentinels", "warning", f"the sentinel at {place} does not answer ({described(error)})",
        "Start it again, or open the way to it from here: a fail-over needs more than half of them.",
    )  # fmt: skip


def _ask(host: str, port: int, address: Sentinels) -> Seen:
    with redis.Redis(host=host, port=port, **{**_GLANCE, **address.sentinel}) as client:
        ask: Callable[..., Any] = client.execute_command
        master: Mapping[str, Any] = ask("SENTINEL MASTER", address.service)
        replicas: Sequence[Mapping[str, Any]] = ask("SENTINEL SLAVES", address.service)
        return Seen(
            f"{host}:{port}",
            f"{master['ip']}:{master['port']}",
            int(master["num-other-sentinels"]) + 1,
            int(master["quorum"]),
            int(master["down-after-milliseconds"]) / 1000,
            tuple((str(each["ip"]), int(each["port"])) for each in replicas if _may_take_over(each)),
            _problem(ask, address.service),
        )


def _may_take_over(replica: Mapping[str, Any]) -> bool:
    gone = any(replica[flag] for flag in ("is_sdown", "is_odown", "is_disconnected"))
    return not gone and replica["master-link-status"] == "ok" and int(replica["slave-priority"]) > 0


def _problem(ask: Callable[..., Any], service: str) -> str:
    try:
        ask("SENTINEL CKQUORUM", service)
    except redis.ResponseError as error:  # or we may not ask that, which keeps nobody from a fail-over
        return str(error) if str(error).startswith("NOQUORUM") else ""
    return ""


def told(seen: Sequence[Seen]) -> Iterator[Finding]:
    """What is wrong with what the sentinels say, each thing once, with those who say it."""
    if alone := [each for each in seen if each.sentinels < ENOUGH]:
        yield Finding(
            "redis.sentinels", "warning",
            f"{_names(alone)}: knows of {min(each.sentinels for each in alone)}, itself among them: none may be lost",
            "Have all of them monitor the same master; there they find each other.",
        )  # fmt: skip
    if hasty := [each for each in seen if each.quorum < ENOUGH // 2 + 1]:
        yield Finding(
            "redis.quorum", "warning",
            f"{_names(hasty)}: the quorum is 1, so one sentinel that is cut off by itself begins a fail-over",
            "Say to each sentinel: SENTINEL SET (the name of the servers) quorum 2.",
        )  # fmt: skip
    if unable := [each for each in seen if each.problem]:
        yield Finding(
            "redis.quorum", "warning", f"{_names(unable)}: cannot promote anybody now ({unable[0].problem})",
            "Start the sentinels that are away, let them reach each other, and set a quorum of 2 of 3.",
        )  # fmt: skip
    if len({each.master for each in seen}) > 1:
        yield Finding(
            "redis.sentinels.master", "warning",
            f"they name different masters: {', '.join(f'{each.sentinel} names {each.master}' for each in seen)}",
            "Wait for a fail-over under way and look again; else have those that are wrong monitor the right master.",
        )  # fmt: skip
    if slow := [each for each in seen if each.down_after > LONGEST]:
        yield Finding(
            "redis.down-after-milliseconds", "warning",
            f"{_names(slow)}: a master counts as lost after {max(each.down_after for each in slow):g} s only",
            "Say to each sentinel: SENTINEL SET (the name of the servers) down-after-milliseconds 2000.",
        )  # fmt: skip
    if lonely := [each for each in seen if not each.replicas]:
        yield Finding(
            "redis.replicas", "warning", f"{_names(lonely)}: knows no replica that could take over",
            "Start a second server with replicaof, with the same password, and a replica-priority above 0.",
        )  # fmt: skip


def _names(seen: Sequence[Seen]) -> str:
    return ", ".join(each.sentinel for each in seen)


def successors(address: Sentinels, seen: Sequence[Seen]) -> Iterator[Finding]:
    """The replicas, asked as the hub would ask them once they are promoted."""
    for host, port in sorted({replica for each in seen for replica in each.replicas}):
        try:
            with redis.Redis(host=host, port=port, **{**_GLANCE, **address.redis}) as client:
                yield from withheld(client.info("replication"), f"{host}:{port}")
        except (redis.RedisError, OSError) as error:
            yield Finding(
                "redis.replicas", "warning",
                f"the replica at {host}:{port} does not answer us ({described(error)}): promoted, it is of no use",
                "Open the way to it from here, and give it the user and the password of the master.",
            )  # fmt: skip


def withheld(said: Mapping[str, Any], where: str) -> Iterator[Finding]:
    """Whether this server takes writes only while it has replicas: what it says of them stands there only then."""
    if "min_slaves_good_slaves" in said:
        yield Finding(
            "redis.min-replicas-to-write", "warning",
            f"it is above 0 at {where}: of two servers the one that is left refuses whatever it is sent",
            "Set min-replicas-to-write 0 at all servers; nothing in Redis is worth keeping.",
        )  # fmt: skip

"""Redis, or the master that its sentinels name."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import redis

from arumaldo.bus.bell import open_redis
from arumaldo.config.addresses import is_sentinel
from arumaldo.config.model import EMBEDDED, HubSettings
from arumaldo.discovery import described
from arumaldo.live_check.finding import Finding, embedded
from arumaldo.live_check.limits import answered
from arumaldo.live_check.sentinels import watchers, withheld

_OLDEST_REDIS = (7, 0)


def bell(hub: HubSettings) -> Iterator[Finding]:
    """Redis, or the master that its sentinels name."""
    url = hub.redis.get_secret_value()
    if url == EMBEDDED:
        yield embedded("redis")
        return
    client = open_redis(url)
    yield from patience(client)
    if is_sentinel(url):
        yield from watchers(url)
    try:
        began = time.monotonic()
        said: Mapping[str, Any] = client.info()
        where = "sentinels' master" if is_sentinel(url) else _place(url)
        yield from rings(said, time.monotonic() - began, where)
        yield from withheld(said, where)
    except redis.AuthenticationError as error:
        yield Finding("redis", "wrong", str(error), "Check the user and the password in [hub] redis.")
    except (redis.RedisError, OSError) as error:
        remedy = "Check the address in [hub] redis, and that the servers named there run and may be reached from here."
        yield Finding("redis", "wrong", described(error), remedy)
    except (AttributeError, TypeError, ValueError) as error:  # how redis-py takes an option that it does not know
        remedy = "Take what redis-py does not know out of the address: look behind its question mark."
        yield Finding("redis", "wrong", described(error), remedy)
    finally:
        client.close()


def patience(client: redis.Redis) -> Iterator[Finding]:
    """For how long this client waits, for the servers and for their sentinels."""
    yield from answered(client.connection_pool.connection_kwargs)
    if asked := getattr(client, "sentinels", None):
        yield from answered(asked.sentinel_kwargs, "sentinel_")


def _place(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2] or urlsplit(url).path


def rings(said: Mapping[str, Any], seconds: float, where: str) -> Iterator[Finding]:
    """What Redis says of itself."""
    number = str(said.get("valkey_version") or said.get("redis_version", ""))
    name = said.get("server_name", "redis")
    yield Finding("redis", "well", f"{name} {number} at {where}, in {seconds * 1000:.0f} ms")
    if tuple(int(part) for part in number.split(".")[:2] if part.isdigit()) < _OLDEST_REDIS:
        yield Finding("redis.version", "wrong", f"{number} is too old", "Install Redis 7 or Valkey.")
    if said.get("role") != "master":
        yield Finding(
            "redis.role", "wrong", "this is a replica, which takes no writes",
            "Name the master in [hub] redis, or its sentinels: sentinel://host:26379,host:26379/name.",
        )  # fmt: skip
    if (policy := str(said.get("maxmemory_policy", ""))).startswith("allkeys"):
        yield Finding(
            "redis.maxmemory-policy", "warning",
            f"{policy}: when its memory is full, Redis throws away what the hub has rung for; steps then wait for the "
            "next round of a worker",
            "Set maxmemory-policy noeviction, or give the hub a Redis of its own.",
        )  # fmt: skip

"""Hosts of their own on one machine: network namespaces behind a router, whose links can be cut without a word.

    with network(hosts=2) as net:
        Child(Command("web", net.hosts[0].runs([...])), logs).start()
        with net.cut(net.hosts[0]):
            ...

A cut is made at the router, as blackhole rules: packets vanish, nobody is told, and no link goes down. A namespace
lives as long as the process that holds it, so nothing is left behind when a test is killed.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from arumaldo.demo.child import Child, Command
from tests.platform import eventually

_TOOLS = ("ip", "unshare", "nsenter", "sleep")
_PROBE = """
ip link add t0 type veth
ip rule add from 10.0.0.1 blackhole
echo 1 > /proc/sys/net/ipv4/ip_forward
"""
"""What the router of a test has to be able to do."""
_CAP_NET_ADMIN = 12  # linux/capability.h
_LONGEST = "900"
"""Seconds that a namespace lives at most."""


@dataclass(frozen=True)
class Host:
    """One namespace: a machine of its own, as far as the network is concerned."""

    pid: int
    address: str

    def runs(self, argv: Sequence[str]) -> list[str]:
        """The command, as run on this host."""
        return [str(shutil.which("nsenter")), f"--net=/proc/{self.pid}/ns/net", "--", *argv]

    def does(self, *argv: str) -> None:
        """Run a command of the host's network to its end."""
        subprocess.run(self.runs(argv), check=True, capture_output=True)

    @contextmanager
    def thread(self) -> Iterator[Executor]:
        """A thread of this process that is on that host: what it opens, it opens there."""
        with ThreadPoolExecutor(1, initializer=self._enter) as pool:
            yield pool

    def _enter(self) -> None:
        handle = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(handle, 0):
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(handle)


@dataclass(frozen=True)
class Network:
    """This machine, a router, and hosts behind it."""

    address: str
    """Ours, as the hosts see it."""
    servers: str
    """Another one of ours, for what has to be cut off by itself."""
    router: Host
    hosts: list[Host]

    @contextmanager
    def cut(self, host: Host, only: str = "0.0.0.0/0") -> Iterator[None]:
        """All packets between this host and the others, or only this one address, vanish."""
        ways = [("from", host.address, "to", only), ("from", only, "to", host.address)]
        for way in ways:
            self.router.does("ip", "rule", "add", *way, "blackhole")
        try:
            yield
        finally:
            for way in ways:
                self.router.does("ip", "rule", "del", *way, "blackhole")


def why_not() -> str | None:
    """Why there can be no hosts of their own here; None where there can be."""
    missing = [tool for tool in _TOOLS if not shutil.which(tool)]
    if missing:
        return f"{', '.join(missing)} is not installed"
    tried = subprocess.run(
        [str(shutil.which("unshare")), "--net", "sh", "-ec", _PROBE], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        return f"no network namespaces here: {tried.stderr.strip()}"
    return None if _may_join() else "this user may not join a namespace to this machine's own network"


def _may_join() -> bool:
    """Whether this process may change the machine's network."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    rights = next(int(line.split()[1], 16) for line in status if line.startswith("CapEff:"))
    return bool(rights >> _CAP_NET_ADMIN & 1)


def needs_namespaces(reason: str | None, environ: Mapping[str, str]) -> None:
    """Skip where networks cannot be cut, with the reason; where `CI=true`, fail instead."""
    if reason is None:
        return
    if environ.get("CI") == "true":
        pytest.fail(f"CI must be able to cut networks: {reason}")
    pytest.skip(reason)


@contextmanager
def network(logs: Path, hosts: int) -> Iterator[Network]:
    """A router and so many hosts behind it."""
    with ExitStack() as stack:
        router = Host(stack.enter_context(_namespace(logs, "router")), "")
        router.does("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        net = _free_network()
        us = Host(os.getpid(), f"{net}.1")
        _join(us, f"{net}.1", router, f"{net}.2", f"hub{os.getpid()}")
        behind = []
        for number in range(1, hosts + 1):
            theirs, router_s = f"{net}.{4 * number + 1}", f"{net}.{4 * number + 2}"
            host = Host(stack.enter_context(_namespace(logs, f"host-{number}")), theirs)
            _join(host, theirs, router, router_s, "out")
            host.does("ip", "route", "add", "default", "via", router_s)
            us.does("ip", "route", "add", f"{net}.{4 * number}/30", "via", f"{net}.2")
            behind.append(host)
        us.does("ip", "address", "add", f"{net}.254/32", "dev", f"hub{os.getpid()}")
        router.does("ip", "route", "add", f"{net}.254", "via", us.address)
        yield Network(us.address, f"{net}.254", router, behind)


@contextmanager
def _namespace(logs: Path, name: str) -> Iterator[int]:
    """The number of the process that holds it."""
    holder = Child(Command(name, [str(shutil.which("unshare")), "--net", "sleep", _LONGEST]), logs)
    holder.start()
    try:
        eventually(lambda: holder.pid and os.readlink(f"/proc/{holder.pid}/ns/net") != os.readlink("/proc/self/ns/net"))
        assert holder.pid
        Host(holder.pid, "").does("ip", "link", "set", "lo", "up")
        yield holder.pid
    finally:
        holder.stop()


def _join(host: Host, its: str, router: Host, router_s: str, name: str) -> None:
    """A wire from the host to the router; it goes when either of them goes."""
    other = f"to{its.rpartition('.')[2]}"
    host.does("ip", "link", "add", name, "type", "veth", "peer", "name", other, "netns", str(router.pid))
    for end, place, address in ((host, name, its), (router, other, router_s)):
        end.does("ip", "address", "add", f"{address}/30", "dev", place)
        end.does("ip", "link", "set", place, "up")


def _free_network() -> str:
    """The first three numbers of addresses that nobody on this machine has."""
    used = subprocess.run([str(shutil.which("ip")), "-o", "address"], check=True, capture_output=True, text=True).stdout
    return next(net for net in (f"10.213.{os.getpid() % 250 + step}" for step in range(5)) if f" {net}." not in used)

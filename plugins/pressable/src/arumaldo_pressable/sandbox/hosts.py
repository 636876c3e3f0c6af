"""Where a browser on this machine finds a site: below "localhost", at the sandbox's port."""

from __future__ import annotations

from urllib.parse import urlsplit


def site_host(name: str, address: str) -> str:
    """Host and port for a site's own name, or for a domain that leads to it; `address` is the sandbox's."""
    port = urlsplit(address).port
    return f"{name}.localhost" + (f":{port}" if port else "")


def addresses_of(number: str) -> tuple[str, str]:
    """The two addresses of a site, from the ranges for documentation; no two of 60,000 sites have the same two."""
    place = int(number) - 1
    return f"192.0.2.{place % 254 + 1}", f"198.51.100.{(place + place // 254) % 254 + 1}"

"""One hub on two hosts for all tests that cut networks."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .hosts import Hub, hub
from .network import needs_namespaces, network, why_not


@pytest.fixture(scope="package")
def two_hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Skips where there can be no hosts on this machine; where `CI=true`, fails."""
    needs_namespaces(why_not(), os.environ)
    state = tmp_path_factory.mktemp("hosts")
    with network(state / "log", hosts=2) as net, hub(state, net) as made:
        yield made

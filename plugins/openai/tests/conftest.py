"""The plugin and its sandbox: in memory, and over real HTTP where faults need a connection."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest
from arumaldo_openai import Settings
from arumaldo_openai.ai import OpenAiWriter
from arumaldo_openai.sandbox import OpenAiSandbox

from arumaldo.sandbox import create_app
from arumaldo.sandbox.local import LocalServer, in_memory


@pytest.fixture
def sandbox() -> OpenAiSandbox:
    """The vendor, in memory, quick of thought."""
    sandbox = OpenAiSandbox("http://localhost:9000/openai")
    sandbox.switches["latency"] = "0"
    return sandbox


@pytest.fixture
def http(sandbox: OpenAiSandbox) -> httpx2.Client:
    return httpx2.Client(transport=in_memory(create_app([sandbox], control=False)))


@pytest.fixture
def ai(sandbox: OpenAiSandbox, http: httpx2.Client) -> Iterator[OpenAiWriter]:
    writer = OpenAiWriter(Settings.at_sandbox(sandbox.address), http)
    yield writer
    writer.close()


@pytest.fixture
def served() -> Iterator[OpenAiSandbox]:
    """The vendor over real HTTP on this machine."""
    with LocalServer() as server:
        sandbox = OpenAiSandbox(f"{server.address}/openai")
        sandbox.switches["latency"] = "0"
        server.serve(create_app([sandbox]))
        yield sandbox


@pytest.fixture
def wired(served: OpenAiSandbox) -> Iterator[OpenAiWriter]:
    """The plugin as the hub makes it: from its settings alone."""
    writer = OpenAiWriter(Settings.at_sandbox(served.address))
    yield writer
    writer.close()

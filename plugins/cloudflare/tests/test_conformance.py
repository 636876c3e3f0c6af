"""What every provider of domains owes."""

from __future__ import annotations

import pytest
from arumaldo_cloudflare.dns import CloudflareDns
from arumaldo_cloudflare.sandbox import CloudflareSandbox

from arumaldo.capabilities.dns import Dns
from arumaldo.testing.dns import Delegate, DnsConformance, Resolve


class TestCloudflareDns(DnsConformance):
    @pytest.fixture
    def dns(self, cloudflare: CloudflareDns, sandbox: CloudflareSandbox) -> Dns:
        sandbox.certificate_seconds = 0.3
        return cloudflare  # type: ignore[return-value]

    @pytest.fixture
    def delegate(self, sandbox: CloudflareSandbox) -> Delegate:
        return lambda domain, servers: sandbox.delegate(domain, list(servers))

    @pytest.fixture
    def resolve(self, sandbox: CloudflareSandbox) -> Resolve:
        return sandbox.addresses

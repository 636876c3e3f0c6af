"""Where networks cannot be cut, nobody is told that all is well."""

from __future__ import annotations

import pytest

from .network import needs_namespaces


def test_where_networks_cannot_be_cut_a_laptop_skips_and_ci_fails() -> None:
    with pytest.raises(pytest.skip.Exception, match="no rights"):
        needs_namespaces("no rights", {})
    with pytest.raises(pytest.fail.Exception, match="no rights"):
        needs_namespaces("no rights", {"CI": "true"})
    needs_namespaces(None, {"CI": "true"})

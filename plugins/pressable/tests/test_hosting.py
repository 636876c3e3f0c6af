"""What every hosting provider owes, owed by this one."""

from __future__ import annotations

from typing import cast

import pytest
from arumaldo_pressable.hosting import PressableHosting

from arumaldo.capabilities.hosting import Hosting
from arumaldo.testing.hosting import HostingConformance, Point, Visit

from .conftest import Records


class TestPressableHosting(HostingConformance):
    @pytest.fixture
    def hosting(self, pressable: PressableHosting) -> Hosting:
        return cast(Hosting, pressable)

    @pytest.fixture
    def visit(self, open_page: Visit) -> Visit:
        return open_page

    @pytest.fixture
    def point(self, records: Records) -> Point:
        return records.point

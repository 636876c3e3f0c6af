"""The vendor's site object, and where it is."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from arumaldo import NotFound
from arumaldo_pressable.client import NAME
from arumaldo_pressable.names import reference_in


class Tag(BaseModel):
    name: str


class VendorSite(BaseModel):
    """What we read of the vendor's site object."""

    id: int
    name: str
    state: str
    url: str
    created: datetime | None = None
    tags: list[Tag] | None = None
    # The vendor's spelling.
    edgeCache: str | None = None  # noqa: N815
    ipAddressOne: str | None = None  # noqa: N815
    ipAddressTwo: str | None = None  # noqa: N815

    @property
    def reference(self) -> str | None:
        return reference_in([tag.name for tag in self.tags or []])

    @property
    def our_state(self) -> Literal["preparing", "live", "failed", "disabled"]:
        """Deploying, cloning and whatever else the vendor may say are `preparing`: a flow gives up by its deadline.

        No state of failure is documented, so only one that says so itself is taken for one.
        """
        match self.state:
            case "live" | "disabled":
                return self.state
            case state if "fail" in state:
                return "failed"
        return "preparing"


def site_path(site_id: str) -> str:
    """The path of a site. NotFound: no site of the vendor's can have such an id."""
    if not (site_id.isascii() and site_id.isdecimal()):
        raise NotFound(NAME, f"has no site {site_id!r}")
    return f"/sites/{site_id}"

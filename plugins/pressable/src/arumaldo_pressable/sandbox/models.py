"""What the vendor accepts in a request, field by field; anything else is an error."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class TokenRequest(Strict):
    grant_type: str
    client_id: str
    client_secret: str


class SiteOrder(Strict):
    name: str
    install: Literal["wordpress", "woocommerce"] = "wordpress"
    php_version: str | float | None = None
    datacenter_code: str | None = None
    staging: bool = False
    sandbox: bool = False
    duplikit: bool = False
    multisite_support: bool = False
    wp_admin_username: str | None = Field(default=None, min_length=1)
    wp_admin_email: str | None = Field(default=None, pattern=r"^[^@\s]+@[^@\s]+$")


class NewTag(Strict):
    name: str = Field(min_length=1, max_length=255)
    color: str | None = None
    tag_id: int | None = None


class NewTags(Strict):
    tags: list[NewTag] = Field(min_length=1)


class OldTags(Strict):
    tag_ids: list[int] = Field(min_length=1)


class NewDomain(Strict):
    name: str = Field(min_length=1)


class Commands(Strict):
    commands: list[Annotated[str, Field(min_length=1)]] = Field(min_length=1)


class LogFilter(Strict):
    field: str
    operator: str
    value: str


class LogQuestion(Strict):
    page: int = Field(default=1, ge=1)
    per_page: int = Field(default=20, ge=1, le=50)
    filters: list[LogFilter] = []


class Nothing(Strict):
    pass


class NoQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ListQuery(NoQuery):
    paginate: bool = False
    page: int = Field(default=1, ge=1)
    per_page: int = Field(default=20, ge=1, le=50)
    tag_name: str | None = None


class DeleteQuery(NoQuery):
    force: bool = False

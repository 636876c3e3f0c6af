"""What POST /v1/responses takes, by models of the sandbox's own. Source: the vendor's OpenAPI, `CreateResponse`.

Parameters that this sandbox does not play (tools, streaming, background work, stored conversations) are known and
refused, so that a client cannot rely on them unnoticed.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class TextPart(_Strict):
    type: Literal["input_text"]
    text: str


class Message(_Strict):
    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: str | Annotated[list[TextPart], Field(min_length=1)]


class PlainFormat(_Strict):
    type: Literal["text"]


class JsonSchemaFormat(_Strict):
    type: Literal["json_schema"]
    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")
    schema_: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None
    description: str | None = None


class TextOptions(_Strict):
    format: Annotated[PlainFormat | JsonSchemaFormat, Field(discriminator="type")] | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class CreateResponse(_Strict):
    model: str = Field(min_length=1)
    input: str | Annotated[list[Message], Field(min_length=1)]
    instructions: str | None = None
    text: TextOptions = TextOptions()
    max_output_tokens: int | None = Field(default=None, ge=16)
    store: bool | None = True
    metadata: dict[str, str] | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    parallel_tool_calls: bool | None = True
    safety_identifier: str | None = Field(default=None, max_length=64)
    prompt_cache_key: str | None = None
    stream: Literal[False] | None = None
    background: Literal[False] | None = None
    tools: Annotated[list[Any], Field(max_length=0)] = []

"""What the vendor says: whole answers and errors, in its own shapes. Source: the vendor's OpenAPI, `Response`."""

from __future__ import annotations

import copy
from typing import Any, Self

from pydantic import ValidationError

from arumaldo_openai.sandbox.wire import CreateResponse

_LETTERS_PER_TOKEN = 4


class Problem(Exception):
    """An error answer: `{"error": {message, type, param, code}}`."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers: dict[str, str] = {}
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}

    @classmethod
    def unknown_model(cls, name: str) -> Self:
        words = f"The model '{name[:100]}' does not exist or you do not have access to it."
        return cls(404, words, param="model", code="model_not_found")

    @classmethod
    def schema(cls, name: str, what: str) -> Self:
        words = f"Invalid schema for response_format '{name}': {what}"
        return cls(400, words, param="text.format.schema", code="invalid_json_schema")

    @classmethod
    def invalid(cls, error: ValidationError) -> Self:
        """The first thing that is wrong with a request."""
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        param = ".".join(str(part) for part in first["loc"]) or None
        if first["type"] == "json_invalid":
            return cls(400, "We could not parse the JSON body of your request.")
        if first["type"] == "missing":
            return cls(400, f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")
        if first["type"] == "extra_forbidden":
            return cls(400, f"Unknown parameter: '{param}'.", param=param, code="unknown_parameter")
        return cls(400, f"Invalid value for '{param}': {first['msg']}.", param=param, code="invalid_value")


def model(name: str, made_at: int) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": made_at, "owned_by": "system"}


def answer(asked: CreateResponse, text: str, number: int, now: float) -> dict[str, Any]:
    """A completed answer whose only message says `text`."""
    request = asked.model_dump(by_alias=True, exclude_unset=True)
    return {
        "id": f"resp_{number:032x}",
        "object": "response",
        "created_at": int(now),
        "completed_at": int(now),
        "status": "completed",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": asked.instructions,
        "max_output_tokens": asked.max_output_tokens,
        "metadata": asked.metadata or {},
        "model": asked.model,
        "output": [_message(number, {"type": "output_text", "text": text, "annotations": [], "logprobs": []})],
        "parallel_tool_calls": asked.parallel_tool_calls is not False,
        "previous_response_id": None,
        "store": asked.store is not False,
        "temperature": 1.0 if asked.temperature is None else asked.temperature,
        "text": {"format": {"type": "text"}, **request.get("text", {})},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0 if asked.top_p is None else asked.top_p,
        "truncation": "disabled",
        "usage": _usage(tokens(f"{asked.instructions or ''}{request['input']}"), tokens(text)),
    }


def tokens(text: str) -> int:
    """About how many tokens a text is; the vendor counts otherwise, and similarly."""
    return -(-len(text) // _LETTERS_PER_TOKEN)


def text_of(whole: dict[str, Any]) -> str:
    return str(whole["output"][0]["content"][0]["text"])


def with_text(whole: dict[str, Any], text: str) -> dict[str, Any]:
    """The same answer, saying something else."""
    changed = copy.deepcopy(whole)
    changed["output"][0]["content"][0]["text"] = text
    changed["usage"] = _usage(whole["usage"]["input_tokens"], tokens(text))
    return changed


def cut(whole: dict[str, Any], reason: str, share: float) -> dict[str, Any]:
    """An answer that ended before it was whole, after `share` of its text."""
    text = text_of(whole)
    changed = with_text(whole, text[: int(len(text) * share)])
    changed["output"][0]["status"] = "incomplete"
    changed |= {"status": "incomplete", "completed_at": None, "incomplete_details": {"reason": reason}}
    return changed if share else changed | {"output": []}


def refused(whole: dict[str, Any], words: str) -> dict[str, Any]:
    """A completed answer that says no."""
    changed = with_text(whole, "")
    changed["output"][0]["content"] = [{"type": "refusal", "refusal": words}]
    return changed


def _message(number: int, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"msg_{number:032x}",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [content],
    }


def _usage(read: int, written: int) -> dict[str, Any]:
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": read + written,
    }

"""The one door to the vendor: the `openai` package, bounded in total time and size, its faults sorted by the next move.

What the package raises can quote the request (`str()` of a status error holds the vendor's sentence, a decoding error
the whole answer), so errors are sorted first and raised afterwards, without the original as cause or context.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from arumaldo import Denied, ProviderError, Refused, Unavailable, remaining
from arumaldo.http import trusted
from arumaldo_openai.settings import Settings

if TYPE_CHECKING:
    import openai

MAX_BYTES = 10 * 1024 * 1024
_NAME = re.compile(r"[a-z0-9_.]{1,60}")
_MONEY = frozenset({"insufficient_quota", "credit_balance_exhausted", "billing_hard_limit_reached"})
_UNWANTED = frozenset({"content_policy_violation", "content_filter", "invalid_prompt", "bio_policy"})
_TOO_LONG = frozenset({"context_length_exceeded", "string_above_max_length"})
_SETTINGS = frozenset({"model", "max_output_tokens"})


class _Part(BaseModel):
    type: str = ""
    text: str = ""


class _Output(BaseModel):
    type: str = ""
    content: list[_Part] | None = None


class _Details(BaseModel):
    reason: str = ""


class _Failure(BaseModel):
    code: str = ""


class _Usage(BaseModel):
    input_tokens: int = 0
    output_tokens: int = 0


class Answer(BaseModel):
    """What we read of an answer; all else is the vendor's."""

    model: str
    status: Literal["completed", "failed", "in_progress", "cancelled", "queued", "incomplete"]
    output: list[_Output]
    incomplete_details: _Details | None = None
    error: _Failure | None = None
    usage: _Usage

    @property
    def text(self) -> str:
        """All that was written; other output (reasoning) left out."""
        return "".join(part.text for part in self._parts() if part.type == "output_text")

    @property
    def refused(self) -> bool:
        return any(part.type == "refusal" for part in self._parts())

    @property
    def stopped_by(self) -> str:
        """Why the answer is not whole; "" where it is."""
        if self.status == "completed":
            return ""
        return _named(self.incomplete_details.reason if self.incomplete_details else self.status) or self.status

    def _parts(self) -> Iterator[_Part]:
        for item in self.output:
            if item.type == "message":
                yield from item.content or []


class _Model(BaseModel):
    id: str


Said = TypeVar("Said", bound=BaseModel)


class Door:
    """The vendor, as far as we talk to it."""

    def __init__(self, settings: Settings, http: httpx2.Client | None = None) -> None:
        # Here, because it takes a third of the time that a process needs to start, and only workers ask this vendor.
        import openai

        self._openai = openai.OpenAI(
            api_key=settings.api_key.get_secret_value(),
            base_url=settings.base_url,
            max_retries=0,
            http_client=http or httpx2.Client(transport=Bounded(httpx2.HTTPTransport(verify=trusted()))),
        )
        # The package takes these from the environment, where a stray variable would bill somebody else.
        self._openai.organization = self._openai.project = None

    def respond(self, **request: Any) -> Answer:
        """One POST /responses within what is left of the call's deadline. A second call is a second generation.

        Unavailable: no whole answer, or the vendor is busy. Denied: key, money, or a setting. Refused: the vendor
        will not take this request.
        """
        answer = self._sent(self._openai.responses.with_raw_response.create, Answer, request)
        if isinstance(answer, ProviderError):
            raise answer
        if answer.status == "failed":
            raise _failed(answer.error.code if answer.error else "")
        return answer

    def look_up(self, model: str) -> None:
        """One GET /models/{model}. Denied: the key is not accepted, or its account has no such model."""
        found = self._sent(self._openai.models.with_raw_response.retrieve, _Model, {"model": model})
        if isinstance(found, ProviderError):
            raise found

    def close(self) -> None:
        self._openai.close()

    def _sent(self, call: Callable[..., Any], kind: type[Said], request: dict[str, Any]) -> Said | ProviderError:
        """The answer, or the error to raise once nothing of the request hangs on it."""
        import openai

        left = max(0.05, remaining())
        timeout = httpx2.Timeout(left, connect=min(5.0, left))
        try:
            raw = call(timeout=timeout, **request)
            return kind.model_validate_json(raw.http_response.content.removeprefix(b"\xef\xbb\xbf"))
        except openai.APIStatusError as error:
            return _sorted(error)
        except openai.APITimeoutError:
            return Unavailable("openai", "did not finish its answer in time")
        except openai.APIConnectionError:
            return Unavailable("openai", "cannot be reached, or broke off before the answer was complete")
        except ValidationError:
            return Unavailable("openai", "answered with something that is not an answer")


class Bounded(httpx2.BaseTransport):
    """Reads an answer only as long as the call's deadline lasts, and only so much of it.

    The package's own time-out is one for each read: a byte a second would keep it waiting for ever.
    """

    def __init__(self, inner: httpx2.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        ends_at = time.monotonic() + remaining()
        answer = self._inner.handle_request(request)
        stream = answer.stream
        assert isinstance(stream, httpx2.SyncByteStream)  # noqa: S101 - a sync transport's own promise
        answer.stream = _BoundedStream(stream, ends_at)
        return answer

    def close(self) -> None:
        self._inner.close()


class _BoundedStream(httpx2.SyncByteStream):
    def __init__(self, inner: httpx2.SyncByteStream, ends_at: float) -> None:
        self._inner = inner
        self._ends_at = ends_at

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for part in self._inner:
            size += len(part)
            if size > MAX_BYTES:
                raise httpx2.ReadError("the answer is too large")
            if time.monotonic() > self._ends_at:
                raise httpx2.ReadTimeout("the answer takes too long")
            yield part

    def close(self) -> None:
        self._inner.close()


def _sorted(error: openai.APIStatusError) -> ProviderError:
    """The vendor's status and code as our next move."""
    code, kind = _named(error.code), _named(error.type)
    said = f"answered {error.status_code}" + (f" ({code or kind})" if code or kind else "")
    if _MONEY & {code, kind} or code.endswith("_spend_limit_exceeded"):
        return Denied("openai", f"{said}: the account's money or limit is used up; raise it at the vendor")
    if error.status_code in {401, 403}:
        return Denied("openai", f"{said}: check `api_key` and what the key may do")
    if error.status_code == 404 or error.param in _SETTINGS:
        return Denied("openai", f"{said}: check `model`, `max_output_tokens` and `base_url`")
    if error.status_code in {408, 409, 429} or error.status_code >= 500:
        return Unavailable("openai", said, _retry_after(error.response.headers))
    if code in _UNWANTED:
        return Refused("openai", "would not write about this. Change the answers about the business and try again.")
    if code in _TOO_LONG or error.status_code == 413:
        return Refused("openai", "cannot read answers this long. Shorten them and try again.")
    return Refused("openai", f"{said}: does not take this request")


def _failed(code: str) -> ProviderError:
    if code in _UNWANTED:
        return Refused("openai", "would not write about this. Change the answers about the business and try again.")
    return Unavailable("openai", f"gave up while writing ({_named(code) or 'no reason given'})")


def _retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds, from either of the vendor's two headers; a date as well as a number."""
    milliseconds, said = headers.get("retry-after-ms", ""), headers.get("retry-after", "").strip()
    if milliseconds.replace(".", "", 1).isdigit():
        return float(milliseconds) / 1000
    if said.replace(".", "", 1).isdigit():
        return float(said)
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    return None


def _named(value: object) -> str:
    """A code of the vendor's, if it looks like one: whatever else stands there may quote the customer."""
    return value if isinstance(value, str) and _NAME.fullmatch(value) else ""

"""What goes wrong at the vendor, and what the hub does next."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from email.utils import formatdate
from typing import Any

import httpx2
import openai
import pytest
from arumaldo_openai import Settings
from arumaldo_openai.ai import OpenAiWriter
from arumaldo_openai.client import Bounded
from arumaldo_openai.sandbox import OpenAiSandbox
from pydantic import SecretStr

from arumaldo import Denied, ProviderError, Refused, Unavailable, deadline
from arumaldo.capabilities.ai import Generation
from arumaldo.sandbox import Fault
from arumaldo.website import Website, strict_schema

SECRETS = {"Business name": "Moonlight Confidential", "Phone": "+1 555 010 0199"}


def written(ai: OpenAiWriter, facts: dict[str, str] | None = None) -> Generation:
    schema = strict_schema(Website)
    return ai.generate(name="website", instructions="Write.", facts=facts or SECRETS, schema=schema)


def refusal(ai: OpenAiWriter) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        written(ai)
    return caught.value


@pytest.mark.parametrize(
    ("key", "value", "error", "words"),
    [
        ("content", "refuse", Refused, "would not write about this. Change the answers"),
        ("content", "filtered", Refused, "content filter forbids. Change the answers"),
        ("content", "incomplete", Unavailable, "stopped before the text was whole (max_output_tokens)"),
        ("content", "malformed", Unavailable, "does not fit what was asked for"),
        ("content", "stray", Unavailable, "does not fit what was asked for"),
        ("key", "revoked", Denied, "answered 401 (invalid_api_key): check `api_key`"),
        ("key", "narrow", Denied, "answered 403 (insufficient_permissions): check `api_key`"),
        ("quota", "exhausted", Denied, "money or limit is used up"),
        ("quota", "rate", Unavailable, "answered 429 (rate_limit_exceeded)"),
    ],
)
def test_each_way_to_fail_leads_to_its_own_next_move(
    ai: OpenAiWriter, sandbox: OpenAiSandbox, key: str, value: str, error: type[ProviderError], words: str
) -> None:
    sandbox.switches[key] = value
    caught = refusal(ai)
    assert type(caught) is error
    assert words in caught.what
    del sandbox.switches[key]
    assert written(ai).content["title"] == "Moonlight Confidential"


def test_a_busy_vendor_says_when_to_come_back(ai: OpenAiWriter, sandbox: OpenAiSandbox) -> None:
    sandbox.switches["quota"] = "rate"
    caught = refusal(ai)
    assert isinstance(caught, Unavailable)
    assert caught.retry_after == 7.0


def test_a_model_that_is_gone_is_the_operators_matter(sandbox: OpenAiSandbox, http: httpx2.Client) -> None:
    settings = Settings.at_sandbox(sandbox.address).model_copy(update={"model": "gpt-0"})
    caught = refusal(OpenAiWriter(settings, http))
    assert isinstance(caught, Denied)
    assert "answered 404 (model_not_found): check `model`" in caught.what


def test_a_wrong_address_is_the_operators_matter(sandbox: OpenAiSandbox, http: httpx2.Client) -> None:
    settings = Settings.at_sandbox(sandbox.address).model_copy(update={"base_url": f"{sandbox.address}/v7"})
    caught = refusal(OpenAiWriter(settings, http))
    assert isinstance(caught, Denied)
    assert "`base_url`" in caught.what


def test_a_schema_the_vendor_does_not_take_is_refused(ai: OpenAiWriter) -> None:
    with pytest.raises(Refused, match=r"answered 400 \(invalid_json_schema\)"):
        ai.generate(name="x", instructions="", facts=SECRETS, schema={"type": "object", "properties": {}})


def test_too_little_room_for_the_answer_can_be_tried_again(sandbox: OpenAiSandbox, http: httpx2.Client) -> None:
    sandbox_settings = Settings.at_sandbox(sandbox.address).model_copy(update={"max_output_tokens": 20})
    caught = refusal(OpenAiWriter(sandbox_settings, http))
    assert isinstance(caught, Unavailable)
    assert "`max_output_tokens`" in caught.what


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        Fault(status=503, effect="after"),
        Fault(status=502, answer="html"),
        Fault(status=200, answer="html"),
        Fault(answer="malformed"),
        Fault(answer="cut"),
        Fault(answer="cut", effect="after"),
    ],
    ids=lambda fault: f"{fault.answer}-{fault.status}-{fault.effect}",
)
def test_a_broken_answer_can_be_asked_for_again(served: OpenAiSandbox, wired: OpenAiWriter, fault: Fault) -> None:
    served.faults.order(fault)
    assert isinstance(refusal(wired), Unavailable)
    assert written(wired).content["title"] == "Moonlight Confidential"


@pytest.mark.parametrize(
    ("fault", "wait"),
    [(Fault(status=503, retry_after=12.0), 12.0), (Fault(status=429, retry_after=3.0), 3.0), (Fault(status=500), None)],
)
def test_the_vendors_waiting_time_is_passed_on(
    served: OpenAiSandbox, wired: OpenAiWriter, fault: Fault, wait: float | None
) -> None:
    served.faults.order(fault)
    caught = refusal(wired)
    assert isinstance(caught, Unavailable)
    assert caught.retry_after == wait


def waited(headers: dict[str, str]) -> float | None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(503, headers=headers))
    caught = refusal(OpenAiWriter(Settings(api_key=SecretStr("sk-x")), httpx2.Client(transport=transport)))
    assert isinstance(caught, Unavailable)
    return caught.retry_after


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry-after-ms": "1500"}, 1.5), ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0)],
)
def test_a_waiting_time_is_read_in_every_form(headers: dict[str, str], seconds: float) -> None:
    assert waited(headers) == seconds


def test_a_waiting_time_given_as_a_date_is_counted_from_now() -> None:
    in_a_day = time.time() + 86_400
    seconds = waited({"retry-after": formatdate(in_a_day, usegmt=True)})
    assert seconds is not None
    assert in_a_day - time.time() - 1 <= seconds <= 86_400


@pytest.mark.parametrize("answer", ["drip", "hang"])
def test_an_answer_that_does_not_end_is_given_up_at_the_deadline(
    served: OpenAiSandbox, wired: OpenAiWriter, answer: Any
) -> None:
    served.faults.order(Fault(answer=answer, effect="after", status=200, seconds=3600))
    with deadline(1.5), pytest.raises(Unavailable, match="did not finish its answer in time"):
        written(wired)
    assert len(served.ledger()["responses"]) == 1


def test_a_vendor_out_of_reach_can_be_tried_later() -> None:
    settings = Settings(api_key=SecretStr("sk-none"), base_url="http://127.0.0.1:9/v1")
    with pytest.raises(Unavailable, match="cannot be reached"):
        written(OpenAiWriter(settings))


def test_an_endless_answer_is_not_read_to_the_end() -> None:
    class Endless(httpx2.SyncByteStream):
        sent = 0

        def __iter__(self) -> Any:
            while self.sent < 100 * 1024 * 1024:
                self.sent += 1024 * 1024
                yield b" " * 1024 * 1024

    stream = Endless()
    flood = httpx2.MockTransport(lambda _: httpx2.Response(200, stream=stream))
    writer = OpenAiWriter(Settings(api_key=SecretStr("sk-x")), httpx2.Client(transport=Bounded(flood)))
    with pytest.raises(Unavailable):
        written(writer)
    assert stream.sent < 20 * 1024 * 1024


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (400, {"code": "content_policy_violation"}, Refused, "would not write about this"),
        (400, {"code": "context_length_exceeded"}, Refused, "Shorten them"),
        (413, {}, Refused, "Shorten them"),
        (400, {"param": "max_output_tokens", "code": "invalid_value"}, Denied, "`max_output_tokens`"),
        (429, {"type": "tokens", "code": "team_spend_limit_exceeded"}, Denied, "money or limit"),
        (429, {"code": "credit_balance_exhausted"}, Denied, "money or limit"),
        (409, {}, Unavailable, "answered 409"),
        (422, {"code": "Moonlight Confidential"}, Refused, "answered 422 (invalid_request_error): does not take"),
    ],
)
def test_the_vendors_codes_decide_what_happens_next(
    status: int, body: dict[str, str], error: type[ProviderError], words: str
) -> None:
    said = {"message": "Moonlight Confidential", "type": "invalid_request_error", "param": None, "code": None}
    caught = refusal(_answering(status, {"error": said | body}))
    assert type(caught) is error
    assert words in caught.what
    assert "Moonlight" not in str(caught)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("server_error", Unavailable),
        ("rate_limit_exceeded", Unavailable),
        ("invalid_prompt", Refused),
        ("", Unavailable),
    ],
)
def test_an_answer_that_failed_while_it_was_written_is_no_answer(code: str, error: type[ProviderError]) -> None:
    failed = {"model": "m", "status": "failed", "output": [], "error": {"code": code}, "usage": {}}
    assert type(refusal(_answering(200, failed))) is error


@pytest.mark.parametrize(
    "answer", [{}, [], None, {"id": "resp_1", "object": "response", "output": []}, {"output": "x"}]
)
def test_an_answer_of_another_shape_can_be_asked_for_again(answer: Any) -> None:
    assert isinstance(refusal(_answering(200, answer)), Unavailable)


def test_thoughts_before_the_answer_are_left_out() -> None:
    text = {"type": "output_text", "text": '{"n": 1}'}
    output = [{"type": "reasoning", "summary": []}, {"type": "message", "content": [text]}]
    writer = _answering(200, {"model": "m", "status": "completed", "output": output, "usage": {}})
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    made = writer.generate(name="n", instructions="", facts={}, schema=schema)
    assert made.content == {"n": 1}


def test_nothing_of_the_customers_words_is_in_an_error_or_a_log(
    ai: OpenAiWriter, sandbox: OpenAiSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for value in ("refuse", "filtered", "incomplete", "malformed", "stray"):
            sandbox.switches["content"] = value
            caught = refusal(ai)
            assert caught.__cause__ is None
            assert caught.__context__ is None
            assert not any(word in str(caught) for word in SECRETS.values())
    said = caplog.text + " ".join(str(vars(record)) for record in caplog.records)
    assert caplog.records, "the log is listened to"
    assert not any(word in said for word in SECRETS.values())
    assert "sk-sandbox" not in said


def test_one_call_is_one_request(served: OpenAiSandbox, wired: OpenAiWriter) -> None:
    served.faults.order(Fault(name="all", status=503, times=None))
    refusal(wired)
    assert served.faults.hits == {"all": 1}


def test_stray_variables_of_the_environment_change_nothing(
    served: OpenAiSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-other")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-other")
    seen: list[httpx2.Headers] = []
    http = httpx2.Client(event_hooks={"request": [lambda request: seen.append(request.headers)]})
    writer = OpenAiWriter(Settings.at_sandbox(served.address), http)
    written(writer)
    assert seen[0]["authorization"] == "Bearer sk-sandbox"
    assert not any("other" in value for value in seen[0].values())
    writer.close()


def test_a_closed_writer_gives_its_connections_back(served: OpenAiSandbox) -> None:
    writer = OpenAiWriter(Settings.at_sandbox(served.address))
    written(writer)
    writer.close()
    with pytest.raises((RuntimeError, ProviderError, openai.OpenAIError)):
        written(writer)


def test_the_hub_need_not_load_the_vendors_package_to_know_the_plugin() -> None:
    code = "import sys, arumaldo_openai; sys.exit('openai' in sys.modules or 'jsonschema' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def _answering(status: int, body: Any) -> OpenAiWriter:
    """A writer whose vendor answers this, whatever it is asked."""
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, json=body))
    return OpenAiWriter(Settings(api_key=SecretStr("sk-x")), httpx2.Client(transport=transport))

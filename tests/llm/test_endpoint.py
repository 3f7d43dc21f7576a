"""Endpoints that drip, bomb, ask for years and echo the key: against real servers here."""

import base64
import gzip
import json
import logging
import math
import time
from urllib.parse import quote

import pytest

from coverage_kit.errors import AskError, DraftError, ModelError
from coverage_kit.llm.costs import Budget, Prices
from coverage_kit.llm.endpoint import Endpoint, Prompt
from coverage_kit.measure.judge.cache import ReplyCache
from coverage_kit.measure.judge.model_judge import ModelJudge
from coverage_kit.measure.judge.protocol import Item
from coverage_kit.measure.judge.rubrics import read_rubrics
from coverage_kit.settings import DraftSettings, EndpointSettings, JudgeSettings
from coverage_kit.tasks.briefs import Brief
from coverage_kit.tasks.draft import ChatDrafter, fill_drafts
from tests.chat_server import KEY, Reply, chat_server
from tests.reliability.bad_server import Fault, bad_server

PROMPT = Prompt("system", "user")
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BUSY = b"HTTP/1.1 429 Busy\r\nContent-Length: 2\r\n%s\r\n{}"


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def endpoint(base_url, retries=0, timeout_seconds=5.0):
    settings = EndpointSettings(model="small", base_url=base_url, timeout_seconds=timeout_seconds)
    return Endpoint(settings, "draft", AskError, retries)


def failure_of(fault, **options):
    with bad_server([fault]) as server, pytest.raises(ModelError) as caught:
        endpoint(f"{server.url}/0", **options).complete(PROMPT)
    return caught.value


@pytest.mark.parametrize(
    "echo",
    [
        KEY,
        f"Bearer {KEY}",
        KEY.upper(),
        "".join(f"%{byte:02x}" for byte in KEY.encode()),
        quote(f"key={KEY}", safe=""),
        base64.b64encode(KEY.encode()).decode(),
        f"Basic {base64.b64encode(f'user:{KEY}'.encode()).decode()}",
        "".join(f"\\u{ord(character):04x}" for character in KEY),
    ],
)
def test_an_echoed_key_is_in_no_reply_and_in_no_failure(echo):
    secrets = {KEY.lower(), echo.lower(), base64.b64encode(KEY.encode()).decode()[:-4].lower()}
    with chat_server(lambda number, body: Reply(text=f"The key is {echo}.")) as chat:
        reply = endpoint(chat.base_url).complete(PROMPT).replies[0]
    assert "[key]" in reply.text
    assert not [secret for secret in secrets if secret in reply.text.lower()]
    for status in (400, 401, 429, 500):
        reply = Reply(status, echo)
        with (
            chat_server(lambda number, body, reply=reply: reply) as chat,
            pytest.raises(ModelError) as caught,
        ):
            endpoint(chat.base_url).complete(PROMPT)
        shown = f"{caught.value} {caught.value.found} {caught.value.retry_after}".lower()
        assert not [secret for secret in secrets if secret in shown]


def test_a_key_that_is_spread_over_tokens_is_dropped_with_them():
    pieces = [KEY[:5], KEY[5:9], KEY[9:]]
    spread = tuple({piece: math.log(0.9), "x": math.log(0.1)} for piece in pieces)
    second = tuple({"x": math.log(0.9), piece: math.log(0.1)} for piece in pieces)
    for likely in (spread, second):
        with chat_server(lambda number, body, it=likely: Reply(text="4", top_logprobs=it)) as chat:
            prompt = Prompt("system", "user", n_alternatives=2)
            reply = endpoint(chat.base_url).complete(prompt).replies[0]
        assert (reply.text, reply.tokens, reply.alternatives) == ("4", (), ())


def test_an_echoed_key_reaches_neither_the_drafts_nor_the_cache_of_the_judge(tmp_path):
    brief = Brief("e1", "add_question_and_answer", ("## Words",), ("What words?",), "Words.", ())
    with chat_server(lambda number, body: Reply(text=f"Grade: 4, {KEY}")) as chat:
        drafter = ChatDrafter(DraftSettings(model="small", base_url=chat.base_url))
        assert fill_drafts(drafter, [brief], tmp_path / "drafts.json").drafted == ("e1",)
        cache = ReplyCache(tmp_path / "judge.sqlite")
        settings = JudgeSettings(model="small", base_url=chat.base_url, max_money=0)
        judge = ModelJudge(settings, Budget(Prices(currency="USD", models={})), cache)
        judge.grade(read_rubrics()["answers-query"], Item("q1", {"query": "a", "passage": "b"}))
        cache.close()
    for name in ("drafts.json", "judge.sqlite"):
        content = (tmp_path / name).read_bytes()
        assert KEY.encode() not in content
        assert b"[key]" in content


@pytest.mark.parametrize("retries", [0, 1])
def test_a_dripped_answer_ends_at_the_timeout_of_the_settings(retries):
    fault = Fault("drip", "drip", JSON + b"Content-Length: 99999\r\n\r\n", b"[")
    start = time.monotonic()
    failure = failure_of(fault, timeout_seconds=0.4, retries=retries)
    assert time.monotonic() - start < 20
    assert failure.found == f"no answer in 0.4 s, asked {retries + 1} times"
    assert failure.may_cost


def test_a_bomb_is_unpacked_no_further_than_any_answer_is_large():
    bomb = gzip.compress(bytes(200_000_000), 1)
    headers = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    failure = failure_of(Fault("bomb", "close", JSON + headers + bomb))
    assert failure.found == "an answer of more than 32,000,000 bytes"


def test_half_of_a_packed_answer_is_no_answer():
    half = gzip.compress(json.dumps({"choices": ["x" * 5_000]}).encode())[:-9]
    headers = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(half)
    failure = failure_of(Fault("half", "close", JSON + headers + half))
    assert failure.found == "an answer that is cut off"


def test_the_status_of_a_refusal_counts_whatever_its_body_is():
    half = gzip.compress(b"[" * 9_000)[:-9]
    answer = b"HTTP/1.1 503 No\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n%b"
    for encoding in (b"gzip", b"br"):
        fault = Fault("half", "close", answer % (encoding, len(half), half))
        assert failure_of(fault).status == 503


def test_a_packed_answer_is_read():
    message = {"choices": [{"message": {"content": "Words."}}]}
    content = gzip.compress(json.dumps(message).encode())
    headers = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(content)
    with bad_server([Fault("whole", "close", JSON + headers + content)]) as server:
        assert endpoint(f"{server.url}/0").complete(PROMPT).replies[0].text == "Words."


def test_an_answer_that_is_nested_without_end_is_no_answer():
    deep = JSON + b"Content-Length: 200000\r\n\r\n" + b"[" * 200_000
    assert "no chat completion" in failure_of(Fault("deep", "close", deep)).found


@pytest.mark.parametrize(
    ("header", "pauses"),
    [
        (b"", [0.5, 1.0]),
        (b"Retry-After: 3\r\n", [3.0, 3.0]),
        (b"Retry-After-Ms: 20\r\n", [0.02, 0.02]),
        (b"Retry-After: 123456789\r\n", [120.0, 120.0]),
        (b"Retry-After: -5\r\n", [0.5, 1.0]),
    ],
)
def test_pauses_are_what_the_endpoint_asks_for_but_bounded(monkeypatch, caplog, header, pauses):
    slept = []
    monkeypatch.setattr("coverage_kit.llm.endpoint.time.sleep", slept.append)
    with caplog.at_level(logging.WARNING):
        failure = failure_of(Fault("busy", "close", BUSY % header), retries=2)
    assert failure.status == 429
    assert slept == pauses
    assert len([record for record in caplog.records if "asks for a pause" in record.message]) == (
        pauses[0] == 120.0
    )


def test_terminal_codes_of_a_server_are_in_no_failure():
    body = json.dumps({"error": {"message": "\x1b[31m\x07red\x9b"}}).encode()
    answer = b"HTTP/1.1 500 No\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    failure = failure_of(Fault("codes", "close", answer))
    assert failure.found.isprintable()


def test_a_draft_says_that_the_endpoint_drips():
    fault = Fault("drip", "drip", b"HTTP/1.1 200 ", b"O")
    with bad_server([fault]) as server:
        settings = DraftSettings(model="small", base_url=f"{server.url}/0", timeout_seconds=0.4)
        with pytest.raises(DraftError, match=r"no answer in 0\.4 s"):
            ChatDrafter(settings, retries=0).draft(
                Brief("e1", "add_question_and_answer", (), (), "", ())
            )

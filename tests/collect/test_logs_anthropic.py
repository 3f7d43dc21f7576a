import json

import pytest

from coverage_kit.collect.logs.api_format import lone_request, open_exchange
from tests.collect.log_samples import ANTHROPIC, kinds, read_records, spans

ASKED = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 1024,
    "messages": [{"role": "user", "content": "Best CRM?"}],
}


@pytest.fixture
def read(tmp_path):
    return lambda *records, **options: read_records(tmp_path, *records, **options)


def test_cited_blocks_are_spans_of_the_joined_text(read):
    log = read({"request": ASKED, "response": ANTHROPIC})
    answer = log.answers.iloc[0]
    assert answer["text"] == "I'll look it up.\nIn short, Acme leads, and Beta is cheap."
    assert (answer["engine"], answer["model"], answer["run_id"]) == (
        "claude",
        "claude-sonnet-4-5",
        "msg_1",
    )
    assert spans(log) == [("a.com", "Acme leads"), ("c.com", "Beta is cheap.")]
    assert kinds(log) == [["a.com", "cited"], ["c.com", "cited"], ["b.com", "retrieved"]]
    assert log.searches["text"].tolist() == ["best crm 2026", "crm prices"]
    assert answer["has_searched"]


def test_a_query_is_what_the_user_said_not_what_a_tool_returned(read):
    messages = [
        {
            "role": "user",
            "content": [{"type": "text", "text": "Best CRM?"}, {"type": "image", "source": {}}],
        },
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "t", "content": "42 rows"}],
        },
    ]
    assert read({"request": {**ASKED, "messages": messages}, "response": ANTHROPIC}).queries[
        "text"
    ].tolist() == ["Best CRM?"]


def test_without_a_search_the_engine_did_not_search(read):
    response = {**ANTHROPIC, "content": [{"type": "text", "text": "Acme.", "citations": None}]}
    log = read({"request": ASKED, "response": response})
    assert log.answers[["text", "has_searched"]].to_numpy().tolist() == [["Acme.", False]]


def test_fetched_pages_are_retrieved(read):
    fetched = {
        "type": "web_fetch_result",
        "url": "https://d.com/p",
        "content": {"type": "document"},
    }
    block = {"type": "web_fetch_tool_result", "tool_use_id": "t", "content": fetched}
    response = {**ANTHROPIC, "content": [block, {"type": "text", "text": "Acme."}]}
    assert kinds(read({"request": ASKED, "response": response})) == [["d.com", "retrieved"]]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (
            {
                "request": ASKED,
                "response": {
                    "type": "error",
                    "error": {"type": "overloaded_error", "message": "Overloaded"},
                },
            },
            "Overloaded",
        ),
        ({"request": ASKED, "error": "timeout"}, "timeout"),
        (
            {"request": ASKED, "response": {**ANTHROPIC, "content": [], "stop_reason": "refusal"}},
            "no answer text, stop reason refusal",
        ),
        (
            {
                "custom_id": "1",
                "params": ASKED,
                "result": {
                    "type": "errored",
                    "error": {"type": "error", "error": {"type": "x", "message": "bad model"}},
                },
            },
            "bad model",
        ),
        ({"custom_id": "1", "params": ASKED, "result": {"type": "canceled"}}, "status canceled"),
        ({"custom_id": "1", "params": ASKED, "result": {"type": "expired"}}, "status expired"),
    ],
)
def test_failed_calls_are_failures(read, record, reason):
    log = read(record)
    assert log.failures[["engine", "error"]].to_numpy().tolist() == [["claude", reason]]
    assert log.answers.empty
    assert log.queries["text"].tolist() == ["Best CRM?"]


def test_a_batch_result_beside_its_params_is_an_answer(read):
    log = read(
        {"custom_id": "1", "params": ASKED, "result": {"type": "succeeded", "message": ANTHROPIC}}
    )
    assert len(log.answers) == 1
    assert len(log.citations) == 3


def test_a_batch_result_finds_its_prompt_by_its_id():
    assert lone_request({"custom_id": "1", "params": ASKED}) == ("1", "Best CRM?")
    exchange = open_exchange(
        {"custom_id": "1", "result": {"type": "succeeded", "message": ANTHROPIC}},
        {"1": "Best CRM?"},
    )
    assert (exchange.prompt, exchange.body["id"], exchange.error) == ("Best CRM?", "msg_1", None)


def test_a_batch_finds_its_prompts_in_the_file_of_its_requests(read, tmp_path):
    requests = [json.dumps({"custom_id": name, "params": ASKED}) for name in ("1", "2")]
    (tmp_path / "requests.jsonl").write_text("\n".join(requests), encoding="utf-8")
    log = read(
        {"custom_id": "1", "result": {"type": "succeeded", "message": ANTHROPIC}},
        {"custom_id": "2", "result": {"type": "expired"}},
    )
    assert log.queries[["text", "demand"]].to_numpy().tolist() == [["Best CRM?", 1.0]]
    assert log.failures["error"].tolist() == ["status expired"]
    assert log.rejects.empty

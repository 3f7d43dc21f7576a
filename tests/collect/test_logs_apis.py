import json
from datetime import UTC, datetime

import pytest

from coverage_kit.collect.logs import Citation, read_log
from coverage_kit.collect.logs.api_format import lone_request, open_exchange
from coverage_kit.collect.logs.perplexity import marked_citations
from coverage_kit.settings import LogSettings
from tests.collect.log_samples import OPENAI_CHAT, kinds, read_records, spans

A, B, C = "https://a.com/x", "https://b.com", "https://c.com"
OPENAI = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1767225600,
    "model": "gpt-5",
    "status": "completed",
    "error": None,
    "text": {"format": {"type": "text"}},
    "tools": [{"type": "web_search"}],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "output": [
        {
            "id": "ws_1",
            "type": "web_search_call",
            "status": "completed",
            "action": {
                "type": "search",
                "query": "best crm",
                "queries": ["best crm", "crm for smb"],
                "sources": [
                    {"type": "url", "url": A},
                    {"type": "url", "url": B},
                    {"type": "api", "name": "oai-weather"},
                ],
            },
        },
        {
            "id": "ws_2",
            "type": "web_search_call",
            "status": "completed",
            "action": {"type": "open_page", "url": C},
        },
        {
            "id": "msg_1",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "Sure.", "annotations": []},
                {
                    "type": "output_text",
                    "text": "Acme is best.",
                    "annotations": [
                        {
                            "type": "url_citation",
                            "start_index": 0,
                            "end_index": 4,
                            "title": "A",
                            "url": f"{A}?utm_source=openai",
                        },
                        {
                            "type": "file_citation",
                            "file_id": "f",
                            "filename": "notes.pdf",
                            "index": 5,
                        },
                    ],
                },
            ],
        },
    ],
}
PERPLEXITY = {
    "id": "p1",
    "model": "sonar-pro",
    "created": 1767225600,
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Acme leads [2][1], B lags [2]."},
            "delta": {"role": "assistant", "content": ""},
        }
    ],
    "citations": [A, B, C],
    "search_results": [{"title": "D", "url": "https://d.com"}, {"title": "A", "url": A}],
    "usage": {
        "prompt_tokens": 3,
        "completion_tokens": 9,
        "total_tokens": 12,
        "num_search_queries": 2,
        "cost": {"input_tokens_cost": 0.0, "output_tokens_cost": 0.0, "total_cost": 0.0},
    },
}


@pytest.fixture
def read(tmp_path):
    def of_records(*records, name="log.jsonl"):
        path = tmp_path / name
        path.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
        return read_log(LogSettings(files=(str(tmp_path),)))

    return of_records


def test_openai_sources_are_retrieved_and_annotations_cited(read):
    log = read({"request": {"model": "gpt-5", "input": "Best CRM?"}, "response": OPENAI})
    answer = log.answers.iloc[0]
    assert answer["text"] == "Sure.\nAcme is best."
    assert (answer["engine"], answer["model"], answer["surface"], answer["has_searched"]) == (
        "openai",
        "gpt-5",
        "api",
        True,
    )
    assert answer["asked_at"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert kinds(log) == [["a.com", "cited"], ["b.com", "retrieved"], ["c.com", "retrieved"]]
    start, end = log.citations.loc[0, ["start", "end"]]
    assert answer["text"][start:end] == "Acme"
    assert log.citations.loc[0, "url"] == A
    assert log.searches["text"].tolist() == ["crm for smb"]
    assert log.queries["text"].tolist() == ["Best CRM?"]
    assert log.mapping["query"] == "request.input"


def test_openai_without_a_web_search_call_did_not_search(read):
    response = {**OPENAI, "output": OPENAI["output"][2:]}
    assert read({"input": "x", "response": response}).answers["has_searched"].tolist() == [False]


def test_openai_prompt_is_the_last_thing_the_user_said(read):
    messages = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "yes?"},
        {"role": "user", "content": [{"type": "input_text", "text": "Best CRM?"}]},
    ]
    assert read({"request": {"input": messages}, "response": OPENAI}).queries["text"].tolist() == [
        "Best CRM?"
    ]


def test_openai_response_without_its_request_is_a_reject(read):
    log = read(OPENAI, {"prompt": "x", "response": OPENAI})
    assert log.rejects[["line", "reason"]].to_numpy().tolist() == [
        [1, "no prompt: a response without its request"]
    ]
    assert len(log.answers) == 1


def test_openai_batch_finds_its_prompts_in_the_other_file(read, tmp_path):
    request = {
        "custom_id": "1",
        "method": "POST",
        "url": "/v1/responses",
        "body": {"input": "Best CRM?"},
    }
    (tmp_path / "z_requests.jsonl").write_text(json.dumps(request), encoding="utf-8")
    response = {"custom_id": "1", "response": {"status_code": 200, "body": OPENAI}, "error": None}
    log = read(response, {**response, "custom_id": "2"})
    assert log.queries["text"].tolist() == ["Best CRM?"]
    assert log.rejects["line"].tolist() == [2]
    assert "batch" not in log.mapping


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (
            {
                "request": {"input": "x"},
                "response": {"status_code": 500, "body": {"error": {"message": "boom"}}},
            },
            "boom",
        ),
        (
            {"request": {"input": "x"}, "response": {"status_code": 503, "body": OPENAI}},
            "HTTP status 503",
        ),
        ({"request": {"input": "x"}, "response": None, "error": {"code": "expired"}}, "expired"),
        (
            {"input": "x", "custom_id": "1", "response": {"status_code": 429, "body": None}},
            "HTTP status 429",
        ),
        ({"request": {"input": "x"}, "response": {**OPENAI, "output": []}}, "no answer text"),
        ({"request": {"input": "x"}, "response": {**OPENAI, "status": "failed"}}, "status failed"),
        (
            {
                "request": {"model": "sonar", "messages": [{"role": "user", "content": "x"}]},
                "error": "timeout",
            },
            "timeout",
        ),
    ],
)
def test_failed_calls_are_failures(read, record, reason):
    log = read(record)
    assert log.failures["error"].tolist() == [reason]
    assert log.answers.empty and log.citations.empty
    assert log.queries["text"].tolist() == ["x"]


def test_malformed_parts_of_a_response_are_ignored(read):
    odd = {
        **OPENAI,
        "output": [
            None,
            3,
            {"type": "web_search_call", "action": None},
            {"type": "message", "content": "x"},
        ],
    }
    message = {
        "type": "message",
        "content": [None, {"type": "output_text", "text": "Hi.", "annotations": None}],
    }
    log = read(
        {"input": "x", "response": odd}, {"input": "y", "response": {**OPENAI, "output": [message]}}
    )
    assert log.failures["error"].tolist() == ["no answer text"]
    assert log.answers["text"].tolist() == ["Hi."]


def test_perplexity_markers_count_from_one_and_unmarked_urls_are_retrieved(read):
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Best CRM?"},
    ]
    log = read({"request": {"messages": messages}, "response": PERPLEXITY})
    assert kinds(log) == [
        ["b.com", "cited"],
        ["a.com", "cited"],
        ["c.com", "retrieved"],
        ["d.com", "retrieved"],
    ]
    assert log.citations["position"].tolist() == [0, 1, 2, 3]
    assert log.answers[["engine", "has_searched"]].to_numpy().tolist() == [["perplexity", True]]
    assert log.queries["text"].tolist() == ["Best CRM?"]


def test_perplexity_answer_without_markers_cites_all_of_its_list():
    assert [
        citation.url
        for citation in marked_citations("In [2026] Acme leads.", [Citation(A), Citation(B)])[0]
    ] == [A, B]
    assert marked_citations("Acme [1, 3].", [Citation(A), Citation(B), Citation(C)])[1] == (
        Citation(B),
    )
    assert marked_citations("Acme.", []) == ((), ())


def test_perplexity_markers_stay_true_beside_text_that_is_no_url(read):
    response = {**PERPLEXITY, "citations": ["a manual", B], "search_results": None}
    assert kinds(read({"query": "x", **response})) == [["b.com", "cited"]]


def test_perplexity_markers_count_search_results_where_citations_are_not_listed(read):
    response = {key: value for key, value in PERPLEXITY.items() if key != "citations"}
    assert kinds(read({"prompt": "x", "response": response})) == [
        ["a.com", "cited"],
        ["d.com", "cited"],
    ]


def test_perplexity_that_ran_no_search_says_so(read):
    response = {
        **PERPLEXITY,
        "citations": [],
        "search_results": [],
        "usage": {"num_search_queries": 0},
    }
    assert read({"prompt": "x", "response": response}).answers["has_searched"].tolist() == [False]


def test_perplexity_pro_search_shows_its_steps(read):
    step = {
        "thought": "?",
        "web_search": {"search_keywords": ["crm 2026", "x"], "search_results": [{"url": C}]},
    }
    message = {
        "role": "assistant",
        "content": "Acme [1].",
        "reasoning_steps": [step, {"thought": "done", "web_search": None}],
    }
    log = read(
        {
            "prompt": "x",
            "response": {**PERPLEXITY, "choices": [{"message": message}], "search_results": None},
        }
    )
    assert log.searches["text"].tolist() == ["crm 2026"]
    assert kinds(log) == [["a.com", "cited"], ["b.com", "retrieved"], ["c.com", "retrieved"]]


def test_perplexity_output_items(read):
    content = {
        "type": "output_text",
        "text": "Acme leads.",
        "annotations": [{"start_index": 0, "end_index": 4, "url": B}],
    }
    output = [
        {
            "type": "search_results",
            "queries": ["crm 2026"],
            "results": [{"url": A, "title": "A"}, {"url": B}],
        },
        {"type": "message", "role": "assistant", "content": [content]},
    ]
    log = read({"input": "Best CRM?", "response": {"model": "sonar", "output": output}})
    assert kinds(log) == [["b.com", "cited"], ["a.com", "retrieved"]]
    assert log.answers["engine"].tolist() == ["perplexity"]
    assert log.searches["text"].tolist() == ["crm 2026"]


def test_columns_beside_a_response_are_read(read):
    log = read(
        {
            "prompt": "x",
            "engine": "ChatGPT",
            "run_id": 7,
            "ts": "2026-02-03",
            "volume": 90,
            "response": OPENAI,
        }
    )
    answer = log.answers.iloc[0]
    assert (answer["engine"], answer["run_id"]) == ("chatgpt", "7")
    assert answer["asked_at"] == datetime(2026, 2, 3, tzinfo=UTC)
    assert log.queries["demand"].tolist() == [90.0]


def test_chat_completions_and_dialogues(read):
    note = {"type": "url_citation", "url_citation": {"start_index": 0, "end_index": 4, "url": A}}
    message = {"role": "assistant", "content": "Acme leads.", "annotations": [note]}
    messages = [{"role": "user", "content": "Best CRM?"}]
    log = read(
        {
            "request": {"messages": messages},
            "response": {"model": "gpt-5-search", "choices": [{"message": message}]},
        },
        {
            "messages": [
                *messages,
                {"role": "assistant", "content": [{"type": "text", "text": "Beta leads."}]},
            ]
        },
        {"messages": messages, "answer": "Gamma leads.", "engine": "claude"},
    )
    assert log.answers[["engine", "text"]].to_numpy().tolist() == [
        ["claude", "Gamma leads."],
        ["openai", "Acme leads."],
        ["unknown", "Beta leads."],
    ]
    assert log.citations[["site", "start", "end"]].to_numpy().tolist() == [["a.com", 0, 4]]
    assert log.queries["demand"].tolist() == [3.0]


def test_chat_completions_cite_spans_and_the_first_choice_counts(tmp_path):
    log = read_records(
        tmp_path,
        {
            "request": {"messages": [{"role": "user", "content": "Best CRM?"}]},
            "response": OPENAI_CHAT,
        },
    )
    assert log.answers[["text", "engine", "run_id"]].to_numpy().tolist() == [
        [" Acme leads. Beta lags.", "openai", "chatcmpl-1"]
    ]
    assert kinds(log) == [["a.com", "cited"]]
    assert spans(log) == [("a.com", "Acme leads."), ("a.com", "Beta lags.")]
    assert log.citations.loc[0, "title"] == "X"


def test_requests_and_responses_may_be_json_in_strings(read):
    request = json.dumps(
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Best CRM?"}]}]}
    )
    log = read(
        {
            "request": request,
            "response": json.dumps({"status_code": 200, "body": json.dumps(OPENAI_CHAT)}),
        }
    )
    assert len(log.answers) == 1
    assert log.queries["text"].tolist() == ["Best CRM?"]


def test_a_dialogue_is_one_record_a_turn_that_was_answered(read):
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Best CRM?"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "tool", "content": "42"},
        {"role": "assistant", "content": "Acme."},
        {"role": "user", "content": "hello?"},
        {"role": "user", "content": "And cheap?"},
        {"role": "assistant", "content": "Beta."},
    ]
    log = read(
        {"messages": messages}, {"messages": [*messages[:5], {"role": "user", "content": "Why?"}]}
    )
    text_by_id = dict(zip(log.queries["query_id"], log.queries["text"], strict=True))
    answers = [
        (text_by_id[query], text)
        for query, text in log.answers[["query_id", "text"]].to_numpy().tolist()
    ]
    assert answers == [("And cheap?", "Beta."), ("Best CRM?", "Acme.")]
    assert [text_by_id[query] for query in log.failures["query_id"]] == ["Why?"]


def test_a_conversation_sent_with_its_response_is_one_ask(read):
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "hello"},
        {"role": "user", "content": "Best CRM?"},
    ]
    log = read(
        {"request": {"messages": messages}, "response": OPENAI_CHAT},
        {"messages": messages, "response": OPENAI},
    )
    assert log.queries[["text", "demand"]].to_numpy().tolist() == [["Best CRM?", 2.0]]


@pytest.mark.parametrize(
    ("record", "id_and_prompt"),
    [
        ({"custom_id": "1", "method": "POST", "body": {"input": "x"}}, ("1", "x")),
        ({"custom_id": 1, "params": {"messages": [{"role": "user", "content": "x"}]}}, ("1", "x")),
        ({"key": "k", "request": {"contents": [{"parts": [{"text": "x"}]}]}}, ("k", "x")),
        ({"request_id": "r", "request": {"prompt": "x"}}, ("r", "x")),
        ({"request_id": "r", "request": {"prompt": "x"}, "response": None}, None),
        ({"id": "r", "request": {"prompt": "x"}, "error": "timeout"}, None),
        ({"id": "r", "query": "x"}, None),
        ({"id": "r", "body": {"query": "x"}, "reply": "Acme."}, None),
        ({"request": {"prompt": "x"}}, None),
        ({"custom_id": "1", "body": {"file": "f"}}, None),
    ],
)
def test_a_request_whose_response_is_elsewhere_is_known(record, id_and_prompt):
    assert lone_request(record) == id_and_prompt


@pytest.mark.parametrize(
    "record",
    [
        {"custom_id": "1", "response": {"status_code": 200, "body": OPENAI_CHAT}},
        {"request_id": "1", "response": OPENAI_CHAT},
        {"request_id": "1", "body": OPENAI_CHAT},
        {"id": "1", "response": {"body": OPENAI_CHAT}},
        {**OPENAI_CHAT, "id": "1"},
    ],
)
def test_a_response_finds_its_prompt_by_its_id(record):
    exchange = open_exchange(record, {"1": "Best CRM?"})
    assert exchange.prompt == "Best CRM?"
    assert exchange.body["choices"] == OPENAI_CHAT["choices"]
    assert open_exchange(record, {"2": "Other?"}).prompt == ""


def test_requests_and_responses_on_lines_of_their_own_are_paired(read):
    request = {"messages": [{"role": "user", "content": "Best CRM?"}]}
    log = read(
        {"request_id": "r1", "request": request}, {"request_id": "r1", "response": OPENAI_CHAT}
    )
    assert log.queries[["text", "demand"]].to_numpy().tolist() == [["Best CRM?", 1.0]]
    assert len(log.answers) == 1 and log.rejects.empty


def test_formats_may_mix_in_one_file(read):
    log = read(
        {"input": "x", "response": OPENAI},
        {"query": "y", **PERPLEXITY},
        {"question": "z", "reply": "Acme."},
    )
    assert log.answers["engine"].tolist() == ["openai", "perplexity", "unknown"]
    assert log.mapping["query"] == "request.input or request.messages or question"

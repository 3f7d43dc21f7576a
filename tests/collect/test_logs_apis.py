import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage_kit.collect.logs import LogRecord, UnreadableRecordError, generic, read_log
from coverage_kit.collect.logs.columns import choose_columns
from coverage_kit.collect.logs.exchange import open_exchange
from coverage_kit.collect.logs.formats import FORMATS
from coverage_kit.collect.logs.perplexity import marked_citations
from coverage_kit.settings import LogSettings

A, B, C = "https://a.com/x", "https://b.com", "https://c.com"
OPENAI = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1767225600,
    "model": "gpt-5",
    "status": "completed",
    "error": None,
    "text": {"format": {"type": "text"}},
    "output": [
        {
            "type": "web_search_call",
            "status": "completed",
            "action": {
                "type": "search",
                "query": "best crm",
                "queries": ["best crm", "crm for smb"],
                "sources": [{"type": "url", "url": A}, {"type": "url", "url": B}, {"type": "api", "name": "oai-weather"}],
            },
        },
        {"type": "web_search_call", "action": {"type": "open_page", "url": C}},
        {
            "type": "message",
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "Sure.", "annotations": []},
                {
                    "type": "output_text",
                    "text": "Acme is best.",
                    "annotations": [
                        {"type": "url_citation", "start_index": 0, "end_index": 4, "url": f"{A}?utm_source=openai"},
                        {"type": "file_citation", "file_id": "f"},
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
    "choices": [{"message": {"role": "assistant", "content": "Acme leads [2][1], B lags [2]."}}],
    "citations": [A, B, C],
    "search_results": [{"title": "D", "url": "https://d.com"}, {"title": "A", "url": A}],
    "usage": {"num_search_queries": 2},
}
KEYS = (
    *("request", "response", "body", "input", "messages", "role", "content", "text", "type", "output", "annotations"),
    *("url", "action", "sources", "queries", "choices", "message", "citations", "search_results", "usage", "error"),
    *("status", "custom_id", "query", "created_at", "model", "results", "start_index", "end_index", "url_citation"),
)
LEAVES = st.sampled_from(["user", "output_text", "message", "web_search_call", "search_results", "sonar", A, "[1]", "", "x"])
JSON = st.recursive(
    LEAVES | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)  # the machine may be busy
@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5))
def test_no_shape_of_record_breaks_a_format(values):
    exchange = open_exchange(values, {})
    for one in FORMATS:
        one.recognises(exchange)
    mapping = choose_columns(list(values), {})
    for read_one in (*(lambda one=one: one.read(exchange) for one in FORMATS), lambda: generic.read_row(values, mapping)):
        try:
            assert isinstance(read_one(), LogRecord)
        except UnreadableRecordError as error:
            assert str(error) in {"no query", "no prompt: the response stands without its request"}


@pytest.fixture
def read(tmp_path):
    def of_records(*records, name="log.jsonl"):
        path = tmp_path / name
        path.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
        return read_log(LogSettings(files=(str(tmp_path),)))

    return of_records


def kinds(log):
    return log.citations[["site", "kind"]].to_numpy().tolist()


def test_openai_sources_are_retrieved_and_annotations_cited(read):
    log = read({"request": {"model": "gpt-5", "input": "Best CRM?"}, "response": OPENAI})
    answer = log.answers.iloc[0]
    assert answer["text"] == "Sure.\nAcme is best."
    assert (answer["engine"], answer["model"], answer["surface"], answer["searched"]) == ("openai", "gpt-5", "api", True)
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
    assert read({"input": "x", "response": response}).answers["searched"].tolist() == [False]


def test_openai_prompt_is_the_last_thing_the_user_said(read):
    said = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "yes?"},
        {"role": "user", "content": [{"type": "input_text", "text": "Best CRM?"}]},
    ]
    assert read({"request": {"input": said}, "response": OPENAI}).queries["text"].tolist() == ["Best CRM?"]


def test_openai_response_without_its_request_is_a_reject(read):
    log = read(OPENAI, {"prompt": "x", "response": OPENAI})
    assert log.rejects[["line", "reason"]].to_numpy().tolist() == [[1, "no prompt: the response stands without its request"]]
    assert len(log.answers) == 1


def test_openai_batch_finds_its_prompts_in_the_other_file(read, tmp_path):
    asked = {"custom_id": "1", "method": "POST", "url": "/v1/responses", "body": {"input": "Best CRM?"}}
    (tmp_path / "z_requests.jsonl").write_text(json.dumps(asked), encoding="utf-8")
    done = {"custom_id": "1", "response": {"status_code": 200, "body": OPENAI}, "error": None}
    log = read(done, {**done, "custom_id": "2"})
    assert log.queries["text"].tolist() == ["Best CRM?"]
    assert log.rejects["line"].tolist() == [2]
    assert "batch" not in log.mapping


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"request": {"input": "x"}, "response": {"status_code": 500, "body": {"error": {"message": "boom"}}}}, "boom"),
        ({"request": {"input": "x"}, "response": {"status_code": 503, "body": OPENAI}}, "HTTP status 503"),
        ({"request": {"input": "x"}, "response": None, "error": {"code": "expired"}}, "expired"),
        ({"input": "x", "custom_id": "1", "response": {"status_code": 429, "body": None}}, "HTTP status 429"),
        ({"request": {"input": "x"}, "response": {**OPENAI, "output": []}}, "no answer text"),
        ({"request": {"input": "x"}, "response": {**OPENAI, "status": "failed"}}, "status failed"),
        ({"request": {"model": "sonar", "messages": [{"role": "user", "content": "x"}]}, "error": "timeout"}, "timeout"),
    ],
)
def test_failed_calls_are_failures(read, record, reason):
    log = read(record)
    assert log.failures["error"].tolist() == [reason]
    assert log.answers.empty and log.citations.empty
    assert log.queries["text"].tolist() == ["x"]


def test_malformed_parts_of_a_response_are_passed_over(read):
    odd = {**OPENAI, "output": [None, 3, {"type": "web_search_call", "action": None}, {"type": "message", "content": "x"}]}
    message = {"type": "message", "content": [None, {"type": "output_text", "text": "Hi.", "annotations": None}]}
    log = read({"input": "x", "response": odd}, {"input": "y", "response": {**OPENAI, "output": [message]}})
    assert log.failures["error"].tolist() == ["no answer text"]
    assert log.answers["text"].tolist() == ["Hi."]


def test_perplexity_markers_count_from_one_and_unmarked_urls_are_retrieved(read):
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Best CRM?"}]
    log = read({"request": {"messages": said}, "response": PERPLEXITY})
    assert kinds(log) == [["b.com", "cited"], ["a.com", "cited"], ["c.com", "retrieved"], ["d.com", "retrieved"]]
    assert log.citations["position"].tolist() == [0, 1, 2, 3]
    assert log.answers[["engine", "searched"]].to_numpy().tolist() == [["perplexity", True]]
    assert log.queries["text"].tolist() == ["Best CRM?"]


def test_perplexity_answer_without_markers_cites_all_of_its_list():
    assert [citation.url for citation in marked_citations("In [2026] Acme leads.", [A, B])[0]] == [A, B]
    assert marked_citations("Acme [1, 3].", [A, B, C])[1] == (B,)
    assert marked_citations("Acme.", []) == ((), ())


def test_perplexity_markers_stay_true_beside_text_that_is_no_url(read):
    response = {**PERPLEXITY, "citations": ["a manual", B], "search_results": None}
    assert kinds(read({"query": "x", **response})) == [["b.com", "cited"]]


def test_perplexity_markers_count_search_results_where_citations_are_not_listed(read):
    response = {key: value for key, value in PERPLEXITY.items() if key != "citations"}
    assert kinds(read({"prompt": "x", "response": response})) == [["a.com", "cited"], ["d.com", "cited"]]


def test_perplexity_that_ran_no_search_says_so(read):
    response = {**PERPLEXITY, "citations": [], "search_results": [], "usage": {"num_search_queries": 0}}
    assert read({"prompt": "x", "response": response}).answers["searched"].tolist() == [False]


def test_perplexity_output_items(read):
    content = {"type": "output_text", "text": "Acme leads.", "annotations": [{"start_index": 0, "end_index": 4, "url": B}]}
    output = [
        {"type": "search_results", "queries": ["crm 2026"], "results": [{"url": A, "title": "A"}, {"url": B}]},
        {"type": "message", "role": "assistant", "content": [content]},
    ]
    log = read({"input": "Best CRM?", "response": {"model": "sonar", "output": output}})
    assert kinds(log) == [["b.com", "cited"], ["a.com", "retrieved"]]
    assert log.answers["engine"].tolist() == ["perplexity"]
    assert log.searches["text"].tolist() == ["crm 2026"]


def test_columns_beside_a_response_are_read(read):
    log = read({"prompt": "x", "engine": "ChatGPT", "run_id": 7, "ts": "2026-02-03", "volume": 90, "response": OPENAI})
    answer = log.answers.iloc[0]
    assert (answer["engine"], answer["run_id"]) == ("chatgpt", "7")
    assert answer["asked_at"] == datetime(2026, 2, 3, tzinfo=UTC)
    assert log.queries["demand"].tolist() == [90.0]


def test_chat_completions_and_dialogues(read):
    note = {"type": "url_citation", "url_citation": {"start_index": 0, "end_index": 4, "url": A}}
    message = {"role": "assistant", "content": "Acme leads.", "annotations": [note]}
    said = [{"role": "user", "content": "Best CRM?"}]
    log = read(
        {"request": {"messages": said}, "response": {"model": "gpt-5-search", "choices": [{"message": message}]}},
        {"messages": [*said, {"role": "assistant", "content": [{"type": "text", "text": "Beta leads."}]}]},
        {"messages": said, "answer": "Gamma leads.", "engine": "claude"},
    )
    assert log.answers["text"].tolist() == ["Acme leads.", "Beta leads.", "Gamma leads."]
    assert log.answers["engine"].tolist() == ["unknown", "unknown", "claude"]
    assert log.citations[["site", "start", "end"]].to_numpy().tolist() == [["a.com", 0, 4]]
    assert log.queries["demand"].tolist() == [3.0]


def test_formats_may_mix_in_one_file(read):
    log = read({"input": "x", "response": OPENAI}, {"query": "y", **PERPLEXITY}, {"question": "z", "reply": "Acme."})
    assert log.answers["engine"].tolist() == ["openai", "perplexity", "unknown"]
    assert log.mapping["query"] == "request.input or request.messages or question"

"""Scraper APIs: what they got of engines' pages, and what they did not get."""

import copy
import json
from datetime import UTC, datetime

import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.errors import LogError
from coverage_kit.settings import LogSettings
from tests.collect.log_samples import A, B, C, kinds, read_records, read_rows, spans
from tests.collect.vendor_samples import (
    BRIGHT_DATA,
    BRIGHT_DATA_WALL,
    CLORO,
    DATAFORSEO,
    DATAFORSEO_OVERVIEW,
    DATAFORSEO_RESPONSE,
    DATAFORSEO_SCRAPE,
    OXYLABS,
    SCRAPELESS,
    SERPAPI,
)

QUESTION = {"search_metadata": {"id": "s", "status": "Success"}}


def question(q="crm price"):
    return {**QUESTION, "search_parameters": {"engine": "google", "q": q}}


def failures(log):
    table = log.failures.merge(log.queries[["query_id", "text"]], on="query_id")
    return table[["text", "engine", "error"]].to_numpy().tolist()


def pages(log, engine):
    """The pages that an engine's answers name: (site, kind, title), in their order."""
    ids = log.answers.loc[log.answers["engine"] == engine, "answer_id"]
    table = log.citations[log.citations["answer_id"].isin(ids)].sort_values("position")
    return list(zip(table["site"], table["kind"], strict=True))


@pytest.mark.parametrize("name", ["log.json", "log.jsonl"])
def test_dataforseo_has_three_kinds_of_answers_with_their_prompts_in_the_request(tmp_path, name):
    log = read_records(tmp_path, DATAFORSEO, name=name)
    answers = log.answers.merge(log.queries[["query_id", "text"]], on="query_id").set_index(
        "engine"
    )
    assert answers["text_y"].to_dict() == {
        "chatgpt": "best crm",
        "gemini": "crm for smb?",
        "google ai overviews": "crm price",
    }
    assert answers["surface"].to_dict() == {
        "chatgpt": "scrape",
        "gemini": "api",
        "google ai overviews": "scrape",
    }
    assert answers.loc["gemini", "text_x"] == "Acme fits.\nSo does Beta.", "thoughts are no answer"
    assert answers.loc["chatgpt", "model"] == "gpt-5"
    assert answers.loc["chatgpt", "market"] == "2826"
    assert answers.loc["chatgpt", "asked_at"] == datetime(2026, 8, 3, 10, tzinfo=UTC)
    assert pages(log, "chatgpt") == [("a.com", "cited"), ("b.com", "cited"), ("c.com", "retrieved")]
    assert pages(log, "gemini") == [("a.com", "cited"), ("b.com", "cited")]
    assert pages(log, "google ai overviews") == [("a.com", "cited"), ("b.com", "cited")]
    assert sorted(spans(log)) == [
        ("a.com", "Acme costs 9. [[1]](https://a.com/x)"),
        ("a.com", "Acme fits."),
        ("a.com", "Acme leads."),
        ("b.com", "So does Beta."),
        ("b.com", "| Beta | 9 |"),
    ]
    assert not log.citations["url"].str.contains("utm_|vertexai").any()
    assert log.searches["text"].tolist() == ["crm 2026 test", "crm smb"]
    assert set(log.mentions["brand"]) == {"Acme", "Beta"}
    assert log.sources[["format", "n_records"]].to_numpy().tolist() == [["DataForSEO", 3]]


def test_tasks_of_dataforseo_that_failed_or_wait_are_no_answers(tmp_path):
    def task(code, message, **data):
        return {
            "id": "t",
            "status_code": code,
            "status_message": message,
            "path": ["v3", "ai_optimization", "chat_gpt", "llm_scraper", "task_get"],
            "data": {"keyword": "best crm", **data},
            "result": None,
        }

    tasks = [
        task(40501, "Invalid Field.", keyword="crm 1"),
        task(40602, "Task In Queue.", keyword="crm 2"),
        task(20100, "Task Created.", keyword="crm 3"),
        task(20000, "Ok.", keyword="crm 4"),
        task(40501, "Invalid Field.", keyword=None),
    ]
    log = read_records(tmp_path, {"tasks": tasks}, name="log.json")
    assert failures(log) == [
        ["crm 1", "chatgpt", "40501 Invalid Field."],
        ["crm 2", "chatgpt", "not fetched: 40602 Task In Queue."],
        ["crm 4", "chatgpt", "no result"],
    ]
    assert len(log.answers) == 0
    assert log.sources["n_aside"].tolist() == [1], "what was posted is in another response"
    assert log.rejects["reason"].tolist() == [
        "no prompt: the task's data has no keyword and no user_prompt"
    ]


def test_the_answer_of_ai_mode_is_not_that_of_an_overview(tmp_path):
    mode = copy.deepcopy(DATAFORSEO_OVERVIEW)
    mode["path"] = ["v3", "serp", "google", "ai_mode", "live", "advanced"]
    mode["data"]["se_type"] = "ai_mode"
    empty = copy.deepcopy(mode)
    empty["result"][0]["items"] = []
    log = read_records(tmp_path, {"tasks": [mode, empty]}, name="log.json")
    assert log.answers["engine"].tolist() == ["google ai mode"]
    assert failures(log) == [["crm price", "google ai mode", "no answer on the page"]]


def test_a_row_of_gemini_without_markdown_is_bright_datas_too(tmp_path):
    row = {
        "url": "https://gemini.google.com/app/x",
        "prompt": "best crm",
        "answer_text": "Acme leads.",
        "links_attached": [{"url": B, "text": "Beta"}],
        "citations": None,
    }
    failed = {"timestamp": "2026-09-05", "input": {"prompt": "crm"}, "error": "Timeout"}
    log = read_records(tmp_path, row, failed)
    assert log.answers["engine"].tolist() == ["gemini"]
    assert kinds(log) == [["b.com", "cited"]]
    assert failures(log) == [["crm", "unknown", "Timeout"]]


def test_a_page_of_googles_without_an_overview_is_a_question_and_no_failure(tmp_path):
    absent = copy.deepcopy(DATAFORSEO_OVERVIEW)
    absent["result"][0]["items"] = absent["result"][0]["items"][:1]
    late = copy.deepcopy(DATAFORSEO_OVERVIEW)
    late["data"]["keyword"] = "crm cost"
    late["result"][0]["items"] = [{"type": "ai_overview", "asynchronous_ai_overview": True}]
    log = read_records(tmp_path, {"tasks": [absent, late]}, name="log.json")
    assert log.queries["text"].tolist() == ["crm cost", "crm price"]
    assert len(log.answers) == 0
    assert failures(log) == [
        ["crm cost", "google ai overviews", "not fetched: Google loads this AI Overview later"]
    ]


def test_lone_results_and_items_of_dataforseo_never_make_questions_of_answers(tmp_path):
    result = DATAFORSEO_RESPONSE["result"][0]
    items = {"status_code": 20000, "items": DATAFORSEO_SCRAPE["result"][0]["items"]}
    (tmp_path / "items.json").write_text(json.dumps(items), encoding="utf-8")
    log = read_records(tmp_path, result, {"prompt": "asked", "response": DATAFORSEO_RESPONSE})
    assert log.queries["text"].tolist() == ["crm for smb?"]
    assert len(log.answers) == 1
    assert log.rejects["reason"].str.startswith("no prompt: a result without its task").all()
    assert len(log.rejects) == 3


def test_a_scraped_result_of_dataforseo_has_its_keyword(tmp_path):
    log = read_records(tmp_path, DATAFORSEO_SCRAPE["result"][0], name="log.json")
    assert log.queries["text"].tolist() == ["best crm"]
    assert log.answers["engine"].tolist() == ["chatgpt"]


def test_serpapis_blocks_are_spans_by_the_references_index(tmp_path):
    log = read_records(tmp_path, SERPAPI, name="log.json")
    answer = log.answers.iloc[0]
    assert (answer["engine"], answer["surface"], answer["market"]) == (
        "google ai mode",
        "scrape",
        "gb",
    )
    assert answer["text"] == "Acme leads.\n\nBeta: is free\nGamma\nis slow".replace("\n\n", "\n")
    assert sorted(spans(log)) == [
        ("a.com", "Acme leads."),
        ("a.com", "is slow"),
        ("b.com", "Beta: is free"),
    ]
    assert kinds(log) == [["a.com", "cited"], ["b.com", "cited"], ["c.com", "cited"]]
    assert not log.citations["url"].str.contains("utm_").any()


def test_an_overview_of_serpapi_is_there_absent_failed_or_not_fetched(tmp_path):
    there = {
        **question("crm 1"),
        "ai_overview": {k: SERPAPI[k] for k in ("text_blocks", "references")},
    }
    token = {**question("crm 2"), "ai_overview": {"page_token": "abc", "serpapi_link": "https://x"}}
    none = {**question("crm 3"), "organic_results": [{"link": A, "snippet": "text"}]}
    refused = {**question("crm 4"), "ai_overview": {"error": "An AI Overview is not available."}}
    broken = {**question("crm 5"), "ai_overview": {"error": "Timed out."}}
    log = read_records(tmp_path, there, token, none, refused, broken)
    assert log.queries["text"].tolist() == [f"crm {n}" for n in range(1, 6)]
    assert log.answers["engine"].tolist() == ["google ai overviews"]
    assert failures(log) == [
        [
            "crm 2",
            "google ai overviews",
            "not fetched: the response has only a page_token, with which SerpApi gets it",
        ],
        ["crm 5", "google ai overviews", "Timed out."],
    ]


def test_a_followed_page_token_has_the_question_beside_it_or_none(tmp_path):
    followed = {
        **QUESTION,
        "search_parameters": {"engine": "google_ai_overview", "page_token": "abc"},
        "ai_overview": {k: SERPAPI[k] for k in ("text_blocks", "references")},
    }
    log = read_records(tmp_path, followed, {"prompt": "crm price", "response": followed})
    assert log.queries["text"].tolist() == ["crm price"]
    assert log.rejects["reason"].str.startswith("no prompt: the response to a page_token").all()


@pytest.mark.parametrize("is_csv", [False, True])
def test_bright_data_parts_what_was_cited_linked_and_found(tmp_path, is_csv):
    if is_csv:
        row = {
            k: json.dumps(v) if isinstance(v, (list, dict)) else v for k, v in BRIGHT_DATA.items()
        }
        log = read_rows(tmp_path, row)
    else:
        log = read_records(tmp_path, [BRIGHT_DATA], name="log.json")
    answer = log.answers.iloc[0]
    assert (answer["engine"], answer["surface"], answer["model"], answer["market"]) == (
        "chatgpt",
        "scrape",
        "gpt-5",
        "GB",
    )
    assert answer["text"] == "**Acme** leads."
    assert "html" not in str(answer["extra"]), "the same answer as HTML would fill the table"
    assert kinds(log) == [
        ["a.com", "cited"],
        ["b.com", "cited"],
        ["c.com", "retrieved"],
        ["d.com", "retrieved"],
    ]
    assert log.searches["text"].tolist() == ["crm 2026"]
    assert not log.citations["url"].str.contains("utm_").any()


def test_login_walls_of_bright_data_are_failures_and_never_uncited_answers(tmp_path):
    shown = {
        **BRIGHT_DATA,
        "answer_text": "Log in to get answers based on saved chats.",
        "answer_text_markdown": None,
        **dict.fromkeys(("citations", "search_sources", "links_attached", "web_search_query")),
    }
    log = read_records(tmp_path, BRIGHT_DATA_WALL, shown, {**BRIGHT_DATA, "input": None})
    assert sorted(failures(log)) == [
        ["best crm", "chatgpt", "login wall: Log in to get answers based on saved chats."],
        ["best crm", "perplexity", "Auth wall: sign-up prompt detected (crawl_failed)"],
    ]
    assert len(log.answers) == 1


def test_sources_that_perplexitys_rows_list_are_cited_by_their_marks(tmp_path):
    row = {
        "url": "https://www.perplexity.ai/search/x",
        "prompt": "best crm",
        "answer_text_markdown": "Acme leads [2].",
        "sources": [{"url": A}, {"url": B}],
        "web_search_triggered": False,
    }
    log = read_records(tmp_path, row)
    assert kinds(log) == [["b.com", "cited"], ["a.com", "retrieved"]]
    assert log.answers["engine"].tolist() == ["perplexity"]
    assert not log.answers["has_searched"].iloc[0], "the row itself says that nothing was searched"


def test_cloro_needs_its_request_and_says_when_it_failed(tmp_path):
    failed = {
        "prompt": "crm price",
        "engine": "gemini",
        "response": {"success": False, "error": {"code": "TIMEOUT", "message": "Timed out"}},
    }
    log = read_records(tmp_path, CLORO, failed, CLORO["response"])
    assert log.answers[["engine", "text"]].to_numpy().tolist() == [["chatgpt", "**Acme** leads."]]
    assert log.citations[["url", "title"]].to_numpy().tolist() == [[A, "A page"]]
    assert failures(log) == [["crm price", "gemini", "Timed out"]]
    assert log.rejects["reason"].str.startswith("no prompt: cloro").all()


@pytest.mark.parametrize("name", ["log.json", "log.jsonl"])
def test_oxylabs_is_read_by_its_shape(tmp_path, name):
    log = read_records(tmp_path, OXYLABS, name=name)
    answer = log.answers.iloc[0]
    assert (answer["engine"], answer["text"], answer["model"]) == (
        "chatgpt",
        "**Acme** leads.",
        "gpt-5",
    )
    assert kinds(log) == [["a.com", "cited"]], "links count where no citation is listed"
    raw = copy.deepcopy(OXYLABS)
    raw["results"][0]["content"] = "<html>Log in</html>"
    with pytest.raises(LogError, match="parse = true"):
        read_records(tmp_path, raw, name=name)
    raw["job"]["query"] = "best crm"
    failed = read_records(tmp_path, raw, name="log.jsonl") if name == "log.jsonl" else None
    if failed is not None:
        assert failures(failed)[0][2].startswith("an unparsed page")


def test_scrapeless_is_read_by_its_shape(tmp_path):
    failed = {**SCRAPELESS, "status": "failed", "task_result": {}}
    log = read_records(tmp_path, SCRAPELESS, failed)
    assert log.answers[["engine", "text"]].to_numpy().tolist() == [["gemini", "Acme leads."]]
    assert kinds(log) == [["a.com", "cited"], ["b.com", "retrieved"]]
    assert failures(log) == [["best crm", "gemini", "status failed"]]


def test_what_was_scraped_and_has_no_question_stops_no_run_of_others(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(SERPAPI), encoding="utf-8")
    (tmp_path / "b.jsonl").write_text(
        "\n".join(map(json.dumps, (CLORO["response"], SCRAPELESS))), encoding="utf-8"
    )
    log = read_log(LogSettings(files=(str(tmp_path),)))
    assert len(log.answers) == 2
    assert len(log.rejects) == 1
    assert C in set(log.citations["url"])

from datetime import UTC, datetime

import pytest

from coverage_kit.errors import LogError
from tests.collect.log_samples import A, B, kinds, read_records, read_rows

PROFOUND = {
    "run_id": "r1",
    "created_at": "2026-01-02T03:04:05Z",
    "prompt": "Best CRM?",
    "prompt_id": "p1",
    "prompt_type": "visibility",
    "response": "Acme leads, Beta follows.",
    "mentions": ["Acme", "Beta, Inc."],
    "citations": [f"{A}?utm_source=chatgpt.com", A, B],
    "themes": ["price"],
    "search_queries": ["best crm", "crm 2026"],
    "topic": "CRM",
    "region": "United States",
    "model": "ChatGPT",
    "model_id": "m1",
    "tags": [],
    "persona": None,
}
PROFOUND_2 = {
    **{
        key: value
        for key, value in PROFOUND.items()
        if key not in ("created_at", "model_id", "prompt_type")
    },
    "date": "2026-06-19",
    "model": {"id": "m2", "name": "Google Gemini"},
    "topic_id": "t",
}
PROFOUND_CSV = {
    "run_id": "0d1f",
    "date": "2026-09-02",
    "platformId": "7c2e",
    "platform": "Google AI Overviews",
    "topic": "CRM",
    "tags": "a, b",
    "region": "United States",
    "persona": "",
    "type": "open-ended",
    "prompt": "Best CRM?",
    "mentions": "Acme Inc, beta",
    "normalized_mentions": "Acme, Beta",
    "position": "#2",
    "response": "Acme leads.",
    "search_queries": "",
    "mentioned?": "Yes",
    **{f"citation_{n}": "" for n in range(1, 49)},
    "citation_1": A,
    "citation_2": B,
    "citation_10": f"{A}?utm_source=chatgpt.com",
}
AHREFS = {
    "country": "us",
    "data_source": "perplexity",
    "last_updated": "2026-01-02",
    "links": [{"url": A, "title": "A"}, {"url": B, "title": None}],
    "question": "best crm",
    "response": "Acme leads.",
    "search_queries": ["crm reviews"],
    "tags": [],
    "volume": 1300,
}
SUPERLINES = {
    "LLM Service": "ChatGPT",
    "Prompt": "best crm",
    "Cited Status": "Not cited",
    "Domain": "a.com",
    "Page Title": "A",
    "Page URL": A,
    "Country": "US",
    "Date": "2026-01-02",
    "Sentiment": "Positive",
}
SURFACEDBY = {
    "URL": A,
    "Page Type": "article",
    "Current Citations": "4",
    "Lifetime Citations": "N/A",
    "Citation Rate": "12.5%",
    "Trend": "up",
    "Platforms": "chatgpt|perplexity",
    "Opportunity Score": "70",
    "Cited Prompts": "best crm | crm free",
    "Missed Prompts": "crm for smb",
    "Co-Mentioned Brands": "b.com(2)|c.com(1)",
    "Health Status": "green",
    "Content Score": "N/A",
    "First Cited": "2026-01-01T00:00:00Z",
    "Last Cited": "2026-01-09T00:00:00Z",
    "Sparkline Scope Coverage": "FB:5 DM:2",
}
OPENCITE = {
    "row_timestamp": "2026-01-02T03:04:07.123",
    "scenario": "multi_run",
    "execution_id": "20260102_030405_ab12cd34",
    "unit_id": "u",
    "turn_or_run": "1",
    "role": "AI System",
    "model": "gpt-5",
    "persona_profile": "",
    "persona_model": "",
    "query_or_topic": "best crm",
    "message_text": "Acme, then Beta.",
    "citation_rank": "1.0",
    "citation_title": "A",
    "citation_url": A,
    "domain": "a.com",
    "context": "medium",
    "reasoning": "low",
    "location_country": "US",
    "location_city": "New York",
    "location_region": "New York",
    "response_file": "raw/1.json",
}


def test_profound_names_brands_pages_and_searches(tmp_path):
    log = read_records(
        tmp_path,
        {"data": [PROFOUND, {**PROFOUND, "run_id": "r2", "citations": []}]},
        name="log.json",
    )
    answer = log.answers.iloc[0]
    assert (answer["engine"], answer["market"], answer["run_id"]) == (
        "chatgpt",
        "United States",
        "r1",
    )
    assert answer["asked_at"] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert kinds(log) == [["a.com", "cited"], ["b.com", "cited"]]
    assert log.mentions["brand"].tolist() == ["Acme", "Beta, Inc."] * 2
    assert log.searches["text"].tolist() == ["crm 2026"] * 2
    assert len(log.answers) == 2, "an answer without citations is an answer"
    assert '"topic":"CRM"' in answer["extra"]


def test_profound_version_2_has_a_model_object_and_a_date(tmp_path):
    log = read_records(
        tmp_path,
        PROFOUND_2,
        {**PROFOUND_2, "run_id": "r2", "response": "", "citations": [], "mentions": []},
    )
    assert log.answers["engine"].tolist() == ["google gemini"]
    assert log.answers.loc[0, "asked_at"] == datetime(2026, 6, 19, tzinfo=UTC)
    assert log.failures.empty  # a blank response is no answer that failed


def test_profound_without_the_responses_still_shows_what_was_cited(tmp_path):
    row = {key: value for key, value in PROFOUND.items() if key != "response"}
    log = read_records(tmp_path, row, {**row, "run_id": "r2", "citations": []})
    assert log.answers["text"].tolist() == ["", ""]
    assert len(log.citations) == 2 and log.failures.empty


def test_the_csv_of_profounds_interface_has_a_column_for_each_page(tmp_path):
    log = read_rows(
        tmp_path,
        PROFOUND_CSV,
        {**PROFOUND_CSV, "run_id": "0d2a", "mentioned?": "No", "citation_1": "", "citation_2": ""},
        {**PROFOUND_CSV, "run_id": "0d3b", "response": "", "citation_1": ""},
    )
    assert log.sources["format"].tolist() == ["Profound (CSV)"]
    assert log.queries[["text", "demand"]].to_numpy().tolist() == [["Best CRM?", 3]]
    first = log.citations[log.citations["answer_id"].eq(log.citations["answer_id"].iloc[0])]
    assert len(log.citations) == 2 + 1 + 2
    assert set(first["site"]) <= {"a.com", "b.com"}
    assert log.answers["engine"].unique().tolist() == ["google ai overviews"]
    assert log.mentions["brand"].unique().tolist() == ["Acme", "Beta"]
    assert log.answers["asked_at"].iloc[0] == datetime(2026, 9, 2, tzinfo=UTC)
    assert '"position":"#2"' in log.answers["extra"].iloc[0]


@pytest.mark.parametrize(
    "row",
    [
        # Scrunch and Peec, as a public reader of such exports names their columns.
        {
            "query_text": "Best CRM?",
            "ai_platform": "Perplexity",
            "brands_mentioned": "Acme, Beta",
            "brand_rank": "2",
            "brand_mentioned": "true",
            "response_text": "Acme leads.",
            "source_url_1": A,
            "source_url_2": B,
            "response_date": "2026-09-02",
        },
        {
            "timestamp": "2026-09-02T10:00:00Z",
            "llm_engine": "Perplexity",
            "category": "CRM",
            "query": "Best CRM?",
            "mentioned_brands": "Acme, Beta",
            "rank": "2",
            "is_mentioned": "1",
            "full_response": "Acme leads.",
            "visibility_score": "40",
            "references": f"{A}; {B}",
        },
    ],
    ids=["like Scrunch", "like Peec"],
)
def test_exports_of_trackers_are_read_by_their_shape(tmp_path, row):
    log = read_rows(tmp_path, row)
    assert kinds(log) == [["a.com", "cited"], ["b.com", "cited"]]
    assert log.answers[["engine", "text"]].to_numpy().tolist() == [["perplexity", "Acme leads."]]
    assert log.mentions["brand"].tolist() == ["Acme", "Beta"]


def test_ahrefs_has_volume_as_demand(tmp_path):
    log = read_records(
        tmp_path,
        AHREFS,
        {**AHREFS, "data_source": "google_ai_overviews", "links": [], "search_queries": []},
    )
    assert log.queries[["text", "demand"]].to_numpy().tolist() == [["best crm", 1300.0]]
    assert log.answers[["engine", "market", "has_searched"]].to_numpy().tolist() == [
        ["google_ai_overviews", "us", False],
        ["perplexity", "us", True],
    ]
    assert log.citations["title"].tolist()[0] == "A"
    assert log.citations["title"].isna().tolist() == [False, True]
    assert log.searches["text"].tolist() == ["crm reviews"]


def test_ahrefs_answers_may_stand_in_the_apis_envelope(tmp_path):
    assert len(read_records(tmp_path, {"ai_responses": [AHREFS]}, name="log.json").answers) == 1


def test_superlines_rows_are_pages_of_answers_without_texts(tmp_path):
    rows = [
        SUPERLINES,
        {
            **SUPERLINES,
            "Page URL": B,
            "Page Title": "B",
            "Domain": "b.com",
            "Cited Status": "Cited",
        },
        {**SUPERLINES, "LLM Service": "Gemini", "Page URL": "", "Page Title": "", "Domain": "N/A"},
    ]
    log = read_rows(tmp_path, *rows)
    assert log.answers[["engine", "text", "market"]].to_numpy().tolist() == [
        ["chatgpt", "", "US"],
        ["gemini", "", "US"],
    ]
    assert kinds(log) == [["a.com", "cited"], ["b.com", "cited"]]
    assert log.citations["title"].tolist() == ["A", "B"]
    assert "Cited Status is about your domain" in log.sources.loc[0, "note"]
    assert log.failures.empty


def test_surfacedby_gives_queries_and_no_answers(tmp_path):
    log = read_rows(
        tmp_path,
        SURFACEDBY,
        {**SURFACEDBY, "URL": B, "Cited Prompts": "crm free", "Missed Prompts": "N/A"},
    )
    assert dict(zip(log.queries["text"], log.queries["demand"], strict=True)) == {
        "best crm": 1.0,
        "crm free": 1.0,
        "crm for smb": 1.0,
    }
    assert log.answers.empty
    assert "no answers to count" in log.sources.loc[0, "note"]


def test_surfacedby_with_counts_of_prompts_says_what_to_export(tmp_path):
    with pytest.raises(
        LogError, match="counts prompts and does not name them; export the tracked prompts"
    ):
        read_rows(tmp_path, {**SURFACEDBY, "Cited Prompts": "12", "Missed Prompts": "3"})


def test_opencite_rows_of_one_answer_are_one_answer(tmp_path):
    rows = [
        {
            **OPENCITE,
            "role": "user",
            "turn_or_run": "0",
            "model": "",
            "message_text": "best crm",
            "citation_url": "",
        },
        OPENCITE,
        {
            **OPENCITE,
            "citation_rank": "2.0",
            "citation_title": "B",
            "citation_url": B,
            "row_timestamp": "2026-01-02T03:04:08",
        },
        {
            **OPENCITE,
            "turn_or_run": "2",
            "citation_rank": "",
            "citation_url": "",
            "citation_title": "",
        },
    ]
    log = read_rows(tmp_path, *rows)
    assert sorted(log.answers["run_id"]) == [
        "20260102_030405_ab12cd34 1",
        "20260102_030405_ab12cd34 2",
    ]
    assert log.answers["engine"].unique().tolist() == ["openai"]
    assert log.answers.loc[0, "asked_at"] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert kinds(log) == [["a.com", "cited"], ["b.com", "cited"]]
    assert log.citations["title"].tolist() == ["A", "B"]
    assert log.queries[["text", "demand"]].to_numpy().tolist() == [["best crm", 2.0]]


def test_opencite_conversations_give_their_first_turn(tmp_path):
    talk = {**OPENCITE, "scenario": "multi_turn", "persona_profile": "A student"}
    log = read_rows(
        tmp_path,
        {**talk, "role": "persona"},
        talk,
        {**talk, "turn_or_run": "2", "message_text": "It lasts."},
    )
    assert log.answers["text"].tolist() == ["Acme, then Beta."]
    assert "the first turn alone" in log.sources.loc[0, "note"]


@pytest.mark.parametrize(
    "columns",
    [
        (
            "Account ID",
            "Site Name",
            "Refresh Date",
            "Domain",
            "Type",
            "Citation Count",
            "Percentage",
        ),  # Knowatoa, sources
        ("URL", "URL Type", "Mentions", "Retrievals", "Citation Rate", "Updated"),  # Peec, URLs
        ("Domain", "Category", "Cited", "Domain Coverage"),  # Otterly, domains
    ],
)
def test_tables_of_trackers_without_prompts_say_so(tmp_path, columns):
    with pytest.raises(
        LogError, match=r"a column with the questions; found columns .*\[log.columns\] query"
    ):
        read_rows(tmp_path, dict.fromkeys(columns, "3"))


def test_counts_of_citations_are_no_answers(tmp_path):
    log = read_rows(
        tmp_path, {"Prompt": "best crm", "Platform": "ChatGPT", "Citations": "12", "Mentions": "3"}
    )
    assert log.queries["text"].tolist() == ["best crm"]
    assert log.answers.empty


def test_cells_that_say_that_they_are_empty_are_empty(tmp_path):
    row = {
        "Prompt": "best crm",
        "Platform": "ChatGPT",
        "Answer": "Acme.",
        "Citations": "N/A",
        "Mentions": "-",
        "Model": "n/a",
    }
    log = read_rows(
        tmp_path,
        row,
        {**row, "Answer": "N/A"},
        {**row, "Mentions": "Acme, Beta", "Citations": "[]"},
    )
    assert log.answers["text"].tolist() == ["Acme."]
    assert log.failures.empty
    assert log.mentions["brand"].tolist() == ["Acme", "Beta"]
    assert log.citations.empty and log.answers["model"].isna().all()


def test_redirects_of_googles_grounding_do_not_become_pages(tmp_path):
    url = "https://vertexaisearch.cloud.google.com/grounding-api-redirect/"
    cited = [
        {"url": f"{url}1", "title": "a.com"},
        {"url": f"{url}2", "title": "a.com"},
        {"url": f"{url}3", "title": "A page"},
    ]
    log = read_records(
        tmp_path,
        {"query": "x", "answer": "Acme.", "citations": cited},
        {"query": "y", "answer": "B", "citations": url},
    )
    assert log.citations["url"].tolist() == ["https://a.com/"]

import pandas as pd
import pytest

from coverage_kit.collect.urls import page_id
from coverage_kit.errors import SettingsError
from coverage_kit.measure.referrals import (
    LoggedAnswers,
    OwnSite,
    measure_referrals,
    name_assistants,
)
from coverage_kit.tables import ANSWERS, CITATIONS, CLUSTERS, COVERAGE, EDITS, PAGES, SESSIONS

BASE = "https://www.ours.example"


def sessions(*rows):
    """Rows of source, medium, landing page, visits; the day is their place in January."""
    names = ("source", "medium", "landing_page", "n_sessions")
    table_rows = [dict(zip(names, row, strict=True)) for row in rows]
    return SESSIONS.table(
        [
            {"file": "f", "line": n, "day": f"2026-01-{n:02}", "n_engaged": None, **row}
            for n, row in enumerate(table_rows, 1)
        ]
    )


def assistant_of(source, medium="referral", channel=None, further=None):
    table = sessions((source, medium, "/", 1)).assign(channel=pd.Series([channel], dtype="str"))
    assistants = name_assistants(table, further or {}).iloc[0]
    return assistants if isinstance(assistants, str) else None


@pytest.mark.parametrize(
    ("source", "assistant"),
    [
        *[
            ("chatgpt.com", "ChatGPT"),
            ("ChatGPT.com/", "ChatGPT"),
            ("chat.openai.com", "ChatGPT"),
            ("openai", "ChatGPT"),
        ],
        *[
            ("perplexity.ai", "Perplexity"),
            ("www.perplexity.ai", "Perplexity"),
            ("perplexity", "Perplexity"),
        ],
        *[
            ("copilot.microsoft.com", "Copilot"),
            ("gemini.google.com", "Gemini"),
            ("bard.google.com", "Gemini"),
        ],
        *[
            ("claude.ai", "Claude"),
            ("chat.deepseek.com", "DeepSeek"),
            ("poe.com", "Poe"),
            ("doubao.com", "Doubao"),
        ],
        *[
            ("chat.qwen.ai", "Qwen"),
            ("meta.ai", "Meta AI"),
            ("grok.com", "Grok"),
            ("chat.mistral.ai", "Mistral"),
        ],
        *[("you.com", "You.com")],
    ],
)
def test_sources_of_assistants(source, assistant):
    assert assistant_of(source) == assistant


@pytest.mark.parametrize(
    "source",
    [
        *[
            "openai-conference.example",
            "myopenai.com",
            "openai.com.evil.example",
            "perplexity-blog.example",
            "thank-you.com",
        ],
        *[
            "notchatgpt.com",
            "chatgpt.com.example",
            "google",
            "bing.com",
            "poe.community.example",
            "claude-monet.example",
        ],
        *["mail.google.com", "gemini-zodiac.example", "metal.ai", "(direct)", ""],
    ],
)
def test_sources_that_only_look_alike_are_none(source):
    assert assistant_of(source) is None


def test_what_ga4_itself_calls_an_assistant_is_one():
    assert assistant_of("new.example", "ai-assistant") == "other assistant"
    assert assistant_of("new.example", "referral", "AI Assistant") == "other assistant"
    assert assistant_of("claude.ai", "ai-assistant", "AI Assistant") == "Claude"


def test_patterns_of_the_settings_come_first():
    assert assistant_of("chatgpt.com", further={"Ours": r"chatgpt\.com"}) == "Ours"
    assert assistant_of("x.acme.example", further={"Acme": r".*acme\.example"}) == "Acme"
    assert (
        assistant_of("poe.com", further={"Poe": r"poe\.example"}) is None
    )  # the same name replaces the known expression


def test_a_broken_pattern_is_a_settings_error():
    with pytest.raises(
        SettingsError, match=r"analytics.ai_sources.Acme: a regular expression; found '\(acme'"
    ):
        assistant_of("poe.com", further={"Acme": "(acme"})


SITE = OwnSite(
    BASE,
    page_id,
    PAGES.table(
        [
            {
                "page_id": "ours.example/a",
                "site": "ours.example",
                "url": f"{BASE}/a",
                "status": "ok",
            },
            {
                "page_id": "ours.example/b?v=2",
                "site": "ours.example",
                "url": f"{BASE}/b?v=2",
                "status": "ok",
            },
            {
                "page_id": "ours.example/old",
                "site": "ours.example",
                "url": f"{BASE}/old",
                "status": f"duplicate of {BASE}/a",
            },
        ]
    ),
)


def citation(answer, position, url, kind="cited"):
    return {
        "answer_id": answer,
        "position": position,
        "url": url,
        "site": "ours.example",
        "kind": kind,
    }


def asked():
    clusters = {"q1": "c1", "q2": "c2", "q3": "c2"}
    answers = [("a1", "q1"), ("a2", "q2"), ("a3", "q3")]
    common = {"coverage": 0.5, "low": 0.4, "high": 0.6, "cause": "covered"}
    edit = {
        "cluster_id": "c1",
        "operation": "extend",
        "heading_path": "",
        "brief": "",
        "cost_minutes": 1.0,
        "n_words": 1,
        "gain": 1.0,
    }
    edit |= {"low": 0.0, "high": 2.0, "harm": 0.0, "marginal_gain": 1.0, "rank": 1}
    return LoggedAnswers(
        ANSWERS.table(
            [
                {"answer_id": a, "query_id": q, "engine": "e", "text": "t", "has_searched": True}
                for a, q in answers
            ]
        ),
        CITATIONS.table(
            [
                citation("a1", 0, f"{BASE}/a"),
                citation("a2", 0, f"{BASE}/a?utm_source=x"),
                citation("a2", 1, f"{BASE}/b?v=2", "retrieved"),
                citation("a3", 0, "http://ours.example/a/"),
            ]
        ),
        CLUSTERS.table(
            [{"query_id": q, "cluster_id": c, "membership": 1.0} for q, c in clusters.items()]
        ),
        COVERAGE.table(
            [
                {"query_id": q, "own_passage_id": "ours.example/b?v=2#0", **common}
                for q in ("q1", "q2", "q3")
            ]
        ),
        EDITS.table(
            [
                {"edit_id": "e1", "page_id": "ours.example/a", "is_chosen": True, **edit},
                {"edit_id": "e2", "page_id": "ours.example/a", "is_chosen": False, **edit},
            ]
        ),
    )


def test_visits_beside_citations_clusters_and_edits():
    table_rows = sessions(
        ("chatgpt.com", "referral", "/a?utm_source=chatgpt.com", 6),
        ("chatgpt.com", "(not set)", "/a/", 2),
        ("google", "organic", "/a", 8),
        ("poe.com", "referral", "www.ours.example/b?v=2", 3),
        ("poe.com", "referral", None, 1),
        ("poe.com", "referral", "/old", 4),
        ("claude.ai", "referral", "/a?color=red", 1),
    )
    table = measure_referrals(table_rows, SITE, asked()).set_index(["assistant", "page_id"])
    assert table["n_sessions"].to_dict() == {
        ("ChatGPT", "ours.example/a"): 8,
        ("Poe", "ours.example/a"): 4,
        ("Poe", "ours.example/b?v=2"): 3,
        ("Claude", "ours.example/a"): 1,
        ("Poe", "unknown"): 1,
    }
    row = table.loc[("ChatGPT", "ours.example/a")]
    assert row["share_of_sessions"] == pytest.approx(8 / (8 + 8 + 4 + 1))
    assert (row["n_citations"], row["cluster_id"], row["n_edits"]) == (3, "c2", 1)
    assert (row["first_at"].day, row["last_at"].day) == (1, 2)
    assert pd.isna(row["n_engaged"])
    nearest = table.loc[("Poe", "ours.example/b?v=2")]
    assert (nearest["n_citations"], nearest["cluster_id"], nearest["n_edits"]) == (
        0,
        "c2",
        0,
    )  # retrieved is not cited
    assert pd.isna(table.loc[("Poe", "unknown"), "cluster_id"])


def test_without_visits_of_assistants_there_is_no_row():
    assert measure_referrals(sessions(("google", "organic", "/a", 8)), SITE, asked()).empty
    assert measure_referrals(SESSIONS.empty(), SITE, asked()).empty

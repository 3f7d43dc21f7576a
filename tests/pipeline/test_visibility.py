import json

import pandas as pd
import pytest

from coverage_kit.collect.mentions import find_branded
from coverage_kit.collect.urls import page_id
from coverage_kit.errors import SettingsError
from coverage_kit.pipeline.analyze import analyze
from coverage_kit.pipeline.inputs import assign_owner_sites, find_all_mentions
from coverage_kit.pipeline.visibility import find_treated, weekly_mentions
from coverage_kit.settings import make_settings
from coverage_kit.tables import (
    ANSWERS,
    CITATIONS,
    COVERAGE,
    FAILURES,
    MENTIONS,
    QUERIES,
    SEARCHES,
    VISIBILITY,
    LogTables,
)
from tests.world import write_small


def make_log(**tables):
    empty = {
        schema.name: schema.empty() for schema in (QUERIES, ANSWERS, CITATIONS, SEARCHES, FAILURES)
    }
    return LogTables(**{**empty, **tables}, mapping={})


def cite(*hosts):
    rows = [
        {"answer_id": "a", "position": n, "url": f"https://{host}/", "site": host}
        for n, host in enumerate(hosts)
    ]
    return CITATIONS.table([{**row, "kind": "cited"} for row in rows])


def test_domains_of_one_owner_are_one_site():
    settings = make_settings(
        {
            "site": {
                "source": "ours",
                "domains": ["ours.example.co.uk", "https://www.help-ours.example/start"],
            },
            "competitors": [
                {"source": "r", "base_url": "https://rival.example", "domains": ["rival.shop"]},
                {"source": "many"},
            ],
        }
    )
    hosts = (
        "blog.ours.example",
        "x.ours.example.co.uk",
        "help-ours.example",
        "www2.rival.shop",
        "rival.example",
        "notours.example",
    )
    log = assign_owner_sites(
        make_log(citations=cite(*hosts)), settings, "ours.example", {"Ours": "ours.example"}
    )
    assert log.citations["site"].tolist() == [
        *["ours.example"] * 3,
        *["rival.example"] * 2,
        "notours.example",
    ]
    assert log.citations["url"].iloc[0] == "https://blog.ours.example/"


def test_mentions_that_the_log_lists_count_besides_those_in_the_words():
    answers = ANSWERS.table(
        [
            {
                "answer_id": "a",
                "query_id": "q",
                "engine": "e",
                "text": "Rival leads.",
                "has_searched": True,
            },
            {"answer_id": "b", "query_id": "q", "engine": "e", "text": "", "has_searched": True},
        ]
    )
    rows = [("a", "acme  INC", 0), ("a", "rival", 1), ("a", "Nobody tracked", 2), ("b", "Acme", 0)]
    logged = MENTIONS.table(
        [{"answer_id": answer, "brand": brand, "position": n} for answer, brand, n in rows]
    )
    mentions = find_all_mentions(
        make_log(answers=answers, mentions=logged), [("Acme", "Acme Inc"), ("Rival",)]
    )
    assert mentions[["answer_id", "brand", "position"]].to_numpy().tolist() == [
        ["a", "Rival", 0],
        ["a", "Acme", 1],
        ["a", "Nobody tracked", 2],
        ["b", "Acme", 0],
    ]
    assert mentions["n_words"].tolist()[0] == 2
    assert mentions["n_words"].isna().tolist() == [False, True, True, True]


def test_branded_queries_name_the_brand_as_a_word():
    texts = ["Is ACME good?", "acmes of cycling", "acme.example prices", "best bike"]
    queries = QUERIES.table(
        [{"query_id": f"q{n}", "text": text, "demand": 1.0} for n, text in enumerate(texts)]
    )
    assert find_branded(queries, ["Acme"]) == ["q0"]
    assert find_branded(queries, []) == []


@pytest.mark.parametrize(
    "pattern",
    [
        "https://www.ours.example/help/a.html",
        "ours.example/help/a.html",
        "www.ours.example/help/*",
        "*/a.html",
    ],
)
def test_treated_queries_are_those_nearest_to_a_changed_page(pattern):
    rows = [("q0", "ours.example/help/a.html#3"), ("q1", "ours.example/b.html#0"), ("q2", None)]
    coverage = COVERAGE.table(
        [
            {
                "query_id": query,
                "coverage": 0.5,
                "low": 0.4,
                "high": 0.6,
                "own_passage_id": passage,
                "cause": "missing",
            }
            for query, passage in rows
        ]
    )
    assert find_treated((pattern,), coverage) == ["q0"]
    assert find_treated((), coverage) == []


def test_weekly_mentions_are_summed_over_engines():
    rows = [
        ("a", "2026-01-05", 3.0, 10.0),
        ("b", "2026-01-05", 1.0, 10.0),
        ("a", "2026-01-12", 0.0, 0.0),
    ]
    shared = {
        "measure": "mention_rate",
        "site": "ours",
        "surface": "api",
        "split_by": "week",
        "n_prompts": 5,
        "n_answers": 10,
    }
    table = VISIBILITY.table(
        [
            {
                **shared,
                "engine": engine,
                "segment": week,
                "numerator": top,
                "denominator": base,
                "is_low_n": True,
            }
            for engine, week, top, base in rows
        ]
    )
    weekly = weekly_mentions(table, "ours")
    assert weekly["value"].tolist() == [0.2]
    assert pd.to_datetime(weekly["week"], utc=True).dt.strftime("%Y-%m-%d").tolist() == [
        "2026-01-05"
    ]
    assert weekly_mentions(table, "theirs").empty


def test_the_changes_planted_in_the_sample_are_detected(sample_analysis):
    verdicts = sample_analysis.verdicts.set_index(["engine", "measure", "group"])
    assert verdicts.loc[("perplexity", "citation_rate", "treated"), "verdict"] == "up"
    assert verdicts.loc[("perplexity", "citation_rate", "treated"), "low"] > 0
    assert verdicts.loc[("chatgpt", "citation_rate", "treated"), "verdict"] == "no clear change"
    assert (
        verdicts.loc[("perplexity", "citation_rate", "untreated"), "verdict"] == "no clear change"
    )
    drifts = sample_analysis.drifts.set_index(["engine", "sign"])["verdict"]
    assert drifts["chatgpt", "citations_per_answer"] == "down"
    assert drifts["chatgpt", "model"] == "changed"
    assert set(drifts["perplexity"]) == {"no clear change", "the same"}
    linked = sample_analysis.associations[sample_analysis.associations["p"] <= 0.05]
    assert set(linked["lag_weeks"]) == {1}
    assert set(linked["signal"]) == {"visits from AI assistants"}
    assert "branded impressions" in set(linked["demand"])
    assert set(sample_analysis.disagreements["property"]) == {"founded", "telephone"}
    assert set(
        sample_analysis.competitors.loc[sample_analysis.competitors["kind"] == "tracked", "site"]
    ) == {
        "haulwright.example",
        "pedalhaven.example",
    }


def test_visits_of_the_sample_are_joined_with_pages_clusters_and_edits(sample_analysis):
    referrals = sample_analysis.referrals
    sessions = sample_analysis.sessions
    assert {"ChatGPT", "Perplexity", "Gemini", "Copilot", "Claude", "other assistant"} == set(
        referrals["assistant"]
    )
    is_ai = sessions["source"].isin(
        [
            "chatgpt.com",
            "perplexity.ai",
            "gemini.google.com",
            "copilot.microsoft.com",
            "claude.ai",
            "assistant",
        ]
    )
    assert referrals["n_sessions"].sum() == sessions.loc[is_ai, "n_sessions"].sum()
    # The home page was visited and is not among the pages read. A utm_source makes no further page.
    home = page_id("https://www.larkmoor.example/")
    assert set(referrals["page_id"]) - set(sample_analysis.pages["page_id"]) == {home}
    assert referrals["cluster_id"].notna().any()
    assert (referrals["n_citations"] > 0).any()


def test_every_figure_of_visibility_has_its_numerator_denominator_and_n(sample_analysis):
    table = sample_analysis.visibility
    filled = table[table["denominator"] > 0]
    assert (filled["value"] - filled["numerator"] / filled["denominator"]).abs().max() < 1e-12
    assert filled[["n_prompts", "n_answers"]].min().min() >= 1
    with_interval = filled.dropna(subset="low")
    assert (
        (with_interval["low"] <= with_interval["value"])
        & (with_interval["value"] <= with_interval["high"])
    ).all()
    assert set(table["surface"]) == {"api"}
    assert set(table["split_by"]) >= {"all", "branded", "cluster", "week"}


def test_a_domain_has_one_owner():
    settings = make_settings(
        {
            "site": {"source": "o", "domains": ["shop.example"]},
            "competitors": [{"source": "r", "brand": ["R"], "domains": ["*.shop.example"]}],
        }
    )
    with pytest.raises(
        SettingsError, match=r"an owner of 'shop.example'; found 'o.example' and 'r.example'"
    ):
        assign_owner_sites(make_log(), settings, "o.example", {"O": "o.example", "R": "r.example"})


@pytest.fixture
def tracked(tmp_path, encoder):
    """Return a function that analyses a small site with the records as its log."""

    def run(records, **settings):
        sections = write_small(tmp_path / "project")
        (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
        base = {
            "site": {"source": sections["--site"]},
            "log": {"files": [str(tmp_path / "log.jsonl")]},
        }
        merged = {
            name: {**base.get(name, {}), **settings.get(name, {})} for name in {*base, *settings}
        }
        return analyze(
            make_settings(
                {**merged, "out": str(tmp_path / "run"), "cache": str(tmp_path / "cache")}
            ),
            encoder,
        )

    return run


def test_answers_without_words_count_where_their_mentions_are_logged(tracked):
    records = [
        {
            "prompt": f"brake {n}",
            "engine": "x",
            "mentions": ["Acme" if n < 3 else "Zed"],
            "citation_url": "https://a.com/x",
        }
        for n in range(10)
    ]
    table = tracked(records, site={"brand": ["Acme"]}).visibility
    row = table[(table["measure"] == "mention_rate") & (table["split_by"] == "all")].iloc[0]
    assert (row["numerator"], row["denominator"]) == (3, 10)


def test_a_brand_with_the_name_of_its_site_keeps_its_mentions(tracked):
    records = [
        {"query": f"brake {n}", "engine": "x", "answer": "Try site." if n % 2 else "Try."}
        for n in range(10)
    ]
    table = tracked(records, site={"brand": ["site"]}).visibility
    assert table.loc[
        (table["measure"] == "mention_rate") & (table["split_by"] == "all"), "value"
    ].tolist() == [0.5]


def test_the_panel_has_the_logs_columns_and_its_own_rejects(tracked, tmp_path):
    rows = [
        {"frage": f"brake {n}", "antwort": "Yes.", "engine": "x", "datum": f"2026-01-{n + 1:02d}"}
        for n in range(20)
    ]
    panel = tmp_path / "panel.jsonl"
    panel.write_text("\n".join(map(json.dumps, rows)) + "\n{broken\n", encoding="utf-8")
    columns = {"query": "frage", "answer": "antwort", "asked_at": "datum"}
    analysis = tracked(
        rows,
        log={"columns": columns},
        before_after={"files": [str(panel)], "changed_at": "2026-01-11", "pages": ["*"]},
    )
    assert analysis.rejects[["file", "line"]].to_numpy().tolist() == [[str(panel), 21]]
    assert len(analysis.drifts) > 0

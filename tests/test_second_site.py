"""Causes on a second site, of another trade than the sample, with the real encoder."""

import json

import pandas as pd
import pytest

from coverage_kit.pipeline.analyze import analyze
from coverage_kit.report.page import write_page
from coverage_kit.report.run_summary import describe_run
from coverage_kit.settings import read_settings
from coverage_kit.vocabulary import VISIBILITY_CAUSES
from tests.second_site import OWN, TOPICS, planted_topics, write_second_site

SITE = OWN.removeprefix("https://www.")
MIS_WORDED = [name for name, topic in TOPICS.items() if topic.planted == "mis-worded"]
OFF_SUBJECT = [name for name, topic in TOPICS.items() if topic.planted == "out of scope"]
# Answered, in the words of people who do not speak as the pages do.
COLLOQUIAL = [
    "woke up soaked, walls dripping, whats going on",
    "pegs keep bending in the ground, campsite is like concrete",
    "im 6ft 4 and hate crouching, which tent",
    "changed my mind about the tent, money back when?",
]


@pytest.fixture(scope="module")
def analysis(tmp_path_factory):
    return analyze(read_settings(write_second_site(tmp_path_factory.mktemp("second"))))


@pytest.fixture(scope="module")
def without_citations(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uncited")
    return analyze(read_settings(write_second_site(folder, with_citations=False)))


def explain(analysis):
    """Return cause and answer_passage_id of each question, with its text and topic."""
    return (
        analysis.coverage[["query_id", "coverage", "cause"]]
        .merge(analysis.evidence[["query_id", "answer_passage_id"]], on="query_id")
        .merge(analysis.queries[["query_id", "text"]], on="query_id")
        .assign(topic=lambda table: table["text"].map(planted_topics()))
    )


def test_mis_worded_topics_are_found_with_the_page_that_answers(analysis):
    table = explain(analysis)
    named = table[table["cause"] == "mis-worded"]
    planted = table[table["topic"].isin(MIS_WORDED)]
    assert len(named[named["topic"].isin(MIS_WORDED)]) >= 0.6 * len(planted)
    assert named["topic"].isin(MIS_WORDED).mean() >= 0.6
    for topic in MIS_WORDED:
        pages = named.loc[named["topic"] == topic, "answer_passage_id"].str.rsplit("#").str[0]
        assert set(pages) == {f"{SITE}/{TOPICS[topic].page}.html"}
    gaps = analysis.gaps.set_index("cluster_id")
    assert (gaps["cause"] == "mis-worded").sum() == len(MIS_WORDED)
    assert gaps.loc[gaps["cause"] == "mis-worded", "answer_passage_id"].notna().all()


def test_only_questions_off_the_subject_are_called_so(analysis):
    table = explain(analysis)
    is_off = table["cause"] == "out of scope"
    planted = table["topic"].isin(OFF_SUBJECT)
    assert is_off[planted].mean() >= 0.6
    assert not is_off[~planted].any(), table.loc[is_off & ~planted, "text"].tolist()
    colloquial = table[table["text"].isin(COLLOQUIAL)]
    assert len(colloquial) == len(COLLOQUIAL)
    assert set(colloquial["cause"]) == {"covered"}


def test_a_missing_topic_that_competitors_answer_is_missing(analysis):
    table = explain(analysis)
    assert set(table.loc[table["topic"] == "dogs", "cause"]) == {"missing"}


def test_nothing_is_said_of_citations_that_the_log_does_not_hold(without_citations, tmp_path):
    table = explain(without_citations)
    assert not table["cause"].isin([*VISIBILITY_CAUSES, "covered"]).any()
    assert (table["cause"] == "not logged").mean() > 0.5
    assert without_citations.gaps["citation_rate"].isna().all()
    assert not without_citations.gaps["reason"].str.contains("cite your site").any()
    rates = without_citations.visibility
    assert rates.loc[rates["measure"] == "citation_rate", "value"].isna().all()
    not_assessed = without_citations.about.causes_not_assessed
    assert set(VISIBILITY_CAUSES) <= set(not_assessed)
    summary = describe_run(without_citations, tmp_path)
    assert "Citation rate: not logged." in summary
    assert "Causes that this log cannot show:" in summary
    page = write_page(without_citations, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Causes that this log cannot show:" in page
    assert "not logged: the log holds no citations" in page
    assert "Citations not logged." in page
    assert "Cites nothing." not in page


def test_questions_alone_show_gaps_and_say_what_they_cannot_show(tmp_path):
    path = write_second_site(tmp_path, with_citations=False, with_answers=False)
    run = analyze(read_settings(path))
    table = explain(run)
    assert set(table["cause"]) <= {"covered", "missing", "out of scope"}
    assert set(table.loc[table["text"].isin(COLLOQUIAL), "cause"]) == {"covered"}
    assert {"mis-worded", "not cited", "unwinnable"} <= set(run.about.causes_not_assessed)


def test_a_blank_answer_is_a_question_without_a_logged_answer(tmp_path):
    path = write_second_site(tmp_path)
    log = tmp_path / "log.jsonl"
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    blank = {text for text, _ in TOPICS["pitching"].asked}
    for row in rows:
        if row["query"] in blank:
            row |= {"answer": "", "citations": []}
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    run = analyze(read_settings(path))
    assert run.failures.empty
    answered = run.queries["query_id"].isin(run.answers["query_id"])
    assert set(run.queries.loc[~answered, "text"]) == blank
    assert pd.Series(run.queries["demand"]).eq(2.0).all()
    assert "(4 questions without one)" in describe_run(run, tmp_path)

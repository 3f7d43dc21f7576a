"""What assistants fetch, in the joined tables, the figure, the workbook, the page and notebooks."""

from dataclasses import replace

import pandas as pd
import pytest

from coverage_kit import tables
from coverage_kit.report.fetch_joined import (
    describe_bots,
    describe_fetched_pages,
    describe_start,
    summarize_fetches,
)
from coverage_kit.report.figures import fetches_figure
from coverage_kit.report.notebook_fetches import show_fetches
from coverage_kit.report.page import render_page


@pytest.fixture
def without(analysis):
    """Return the run as it is without access logs."""
    return replace(
        analysis,
        fetches=tables.FETCHES.empty(),
        fetch_files=tables.FETCH_FILES.empty(),
        absent_pages=tables.ABSENT_PAGES.empty(),
        page_effects=tables.PAGE_EFFECTS.empty(),
    )


def test_each_robot_has_its_verdicts_its_pages_and_its_share_of_not_found(analysis):
    table = describe_bots(analysis).set_index("bot")
    user = table.loc["ChatGPT-User"]
    assert (user["verified"], user["spoofed"], user["unverifiable"]) == (15, 11, 0)
    assert user["n_pages"] == 3
    assert user["not_found_share"] == pytest.approx(4 / 15)
    assert table["purpose"].to_list() == ["live", "index", "training"]


def test_each_page_says_who_fetched_it_and_who_never_did(analysis):
    pages = describe_fetched_pages(analysis).set_index("page")
    first = pages.loc["shop.example/p0"]
    assert (first["n_live"], first["n_index"], first["n_training"]) == (5, 5, 5)
    assert (first["assistants"], first["never"]) == ("ChatGPT", "")
    assert pages.loc["shop.example/p3", "never"] == "ChatGPT"
    assert pd.isna(pages.loc["shop.example/p3", "last_day"])


def test_the_summary_counts_the_spoofed_apart(analysis, without):
    text = summarize_fetches(analysis)
    assert "from 1 October to 2 October 2026" in text
    assert "36 requests" in text
    assert "11 are spoofed" in text
    assert "fetched 15 times for somebody" in text
    assert summarize_fetches(without) == ""


def test_a_start_of_after_is_said_by_engine(analysis):
    about = replace(analysis.about, seen_at={"chatgpt": "2026-10-09", "claude": ""})
    first, second = describe_start(replace(analysis, about=about))
    assert first.startswith("ChatGPT had fetched most of the changed pages again by 9 October 2026")
    assert second.startswith("Claude has fetched other pages")


def test_the_figure_stacks_purposes_without_spoofed_requests(analysis):
    traces = {trace.name: list(trace.x) for trace in fetches_figure(analysis).data}
    assert traces == {"for a user who waits": [15], "for the index": [5], "for training": [5]}


def test_the_page_lists_what_was_asked_for_and_is_not_there(analysis, without):
    page = render_page(analysis)
    assert 'id="absent"' in page
    assert "shop.example/&lt;i&gt;gone&lt;/i&gt;0" in page
    assert 'id="robots"' in page
    bare = render_page(without)
    assert 'id="fetches"' not in bare
    assert 'id="robots"' not in bare


def test_a_notebook_shows_fetches_only_where_there_are_some(analysis, without, capsys):
    show_fetches(without)
    assert capsys.readouterr().out == ""
    show_fetches(analysis)
    assert capsys.readouterr().out

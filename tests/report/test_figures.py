import copy
import json
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import plotly.io as pio
import pytest

from coverage_kit import tables
from coverage_kit.headline import summarize
from coverage_kit.report import figure_data, figures

figures.set_up_safely()  # as it happens by itself in a notebook

# The history needs two runs and has tests of its own.
FIGURES = tuple(draw for name, draw in figures.FIGURES.items() if name != "history")


def strings_of(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings_of(item)


def trace_named(figure, name):
    return next(trace for trace in figure.data if trace.name == name)


@pytest.mark.parametrize("make", FIGURES)
def test_empty_analysis_gives_a_note(empty, make):
    figure = make(empty)
    assert len(figure.data) == 0
    assert len(figure.layout.annotations) == 1


@pytest.mark.parametrize("make", FIGURES)
def test_figures_are_titled_and_deterministic(analysis, make):
    figure = make(analysis)
    assert figure.layout.title.text
    assert figure.layout.title.subtitle.text
    assert figure.to_json() == make(analysis).to_json()


@pytest.mark.parametrize("make", FIGURES)
def test_figures_can_draw_one_query_without_competitor_answer_or_edit(tiny, make):
    own = tiny.matches["site"] == "shop.example"
    poor = replace(
        tiny,
        queries=tiny.queries.head(1),
        coverage=tiny.coverage.head(1).assign(best_other_passage_id=None),
        clusters=tiny.clusters.head(1),
        matches=tiny.matches[own].head(1),
        answers=tables.ANSWERS.empty(),
        citations=tables.CITATIONS.empty(),
        visibility=tables.VISIBILITY.empty(),
        edits=tables.EDITS.empty(),
        effects=tables.EFFECTS.empty(),
        frontier=tables.FRONTIER.empty(),
    )
    assert make(poor).to_json()


@pytest.mark.parametrize("make", FIGURES)
def test_text_of_sites_and_logs_is_never_markup(analysis, make):
    for text in strings_of(json.loads(make(analysis).to_json())):
        assert not re.search(r"<(?!/?b>|br>)", text), text


@pytest.mark.parametrize("make", FIGURES)
def test_hover_is_bounded_and_broken_into_lines(analysis, make):
    for trace in make(analysis).data:
        for text in trace.hovertext if trace.hovertext is not None else ():
            lines = (
                text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").split("<br>")
            )
            assert len(lines) <= 14
            assert max(map(len, lines)) <= 130


def test_gaps_are_bars_of_times_asked_without_an_answer(tiny):
    gaps = tiny.gaps.assign(open_demand=3.0)
    figure = figures.gaps_figure(replace(tiny, gaps=gaps))
    open_bar = trace_named(figure, "Not answered on the site")
    rest = trace_named(figure, "asked and answered")
    assert (list(open_bar.x), list(rest.x), list(rest.text)) == ([3.0], [1.0], ["4"])
    assert figure.layout.title.text == "1 gap, the largest first"


def test_gaps_to_close_come_first_by_size_and_unseen_topics_after_them(analysis):
    asked = dict(zip(analysis.gaps["cluster_id"], (10.0, 90.0, *([50.0] * 6)), strict=True))
    gaps = analysis.gaps.assign(
        demand=analysis.gaps["cluster_id"].map(asked), open_demand=[5.0, 6.0, *([7.0] * 6)]
    )
    bars = figure_data.gap_bars(replace(analysis, gaps=gaps))
    assert list(bars["rank"]) == [2, 1, 3, 4, 5]
    # what is answered but not seen counts with all times that it was asked
    assert list(bars["open"]) == [6.0, 5.0, 50.0, 50.0, 50.0]
    assert list(bars["rest"]) == [84.0, 5.0, 0.0, 0.0, 0.0]


def test_rows_of_gaps_beyond_those_in_sight_are_there_for_filters(analysis):
    many = pd.concat(
        [analysis.gaps.head(1).assign(rank=n, cluster_id=f"g{n}") for n in range(1, 31)]
    )
    figure = figures.gaps_figure(replace(analysis, gaps=many))
    assert figure.layout.yaxis.range == (14.6, -0.6)
    assert len(figure.layout.yaxis.ticktext) == 30
    assert "The first 15 are shown." in figure.layout.title.subtitle.text


@pytest.mark.parametrize("name", ["gaps", "holders"])
def test_bars_of_gaps_have_their_ranks_as_lists_that_the_page_reads(analysis, name):
    plot = figures.embed_figure(figures.FIGURES[name](analysis))["plot"]
    ranks = set(analysis.gaps["rank"])
    assert all(set(trace["customdata"]) <= ranks for trace in plot["data"])
    assert all(len(trace["customdata"]) == len(trace["y"]) for trace in plot["data"])


def test_sites_that_answers_in_gaps_link_to_are_counted_with_your_own(tiny):
    citations = tiny.citations.iloc[[0, 0, 0, 1]].assign(
        site=["rival.example", "rival.example", "forum.example", "forum.example"],
        kind=["cited", "cited", "cited", "retrieved"],
    )
    run = replace(tiny, citations=citations)
    figure = figures.sites_figure(run)
    rival = trace_named(figure, "a competitor")
    assert (list(rival.x), list(rival.text)) == ([pytest.approx(2 / 3)], ["67% (2)"])
    assert list(trace_named(figure, "your site").text) == ["0% (0)"]
    assert list(trace_named(figure, "another site").text) == ["33% (1)"]
    assert figure.layout.title.text == "Who answers instead of you: most often rival.example (67%)"
    assert list(figure.layout.yaxis.ticktext) == ["rival.example", "forum.example", "shop.example"]


def test_links_of_topics_that_are_no_gaps_to_close_are_not_counted(tiny):
    covered = replace(tiny, gaps=tiny.gaps.assign(listing="covered"))
    assert figure_data.site_bars(covered).empty
    assert len(figure_data.site_bars(tiny))


def test_without_links_sites_are_compared_by_what_they_are_nearer_to(tiny):
    # rival.example is .1 nearer to both questions, but not to the second one here
    is_second = (tiny.matches["site"] == "rival.example") & (tiny.matches["query_id"] == "q1")
    matches = tiny.matches.assign(similarity=tiny.matches["similarity"].where(~is_second, 0.1))
    run = replace(tiny, citations=tables.CITATIONS.empty(), matches=matches)
    bars = figure_data.nearer_bars(run).set_index("site")
    assert (bars.loc["rival.example", "n"], bars.loc["rival.example", "share"]) == (3.0, 0.75)
    assert "holds no links" in figures.sites_figure(run).layout.title.subtitle.text


@pytest.mark.parametrize(
    "make",
    [
        figures.claims_figure,
        figures.share_of_voice_figure,
        figures.visibility_over_time_figure,
        figures.frontier_figure,
    ],
)
def test_points_at_the_edge_are_not_cut(analysis, make):
    assert {trace.cliponaxis for trace in make(analysis).data if "markers" in trace.mode} == {False}


def test_plan_starts_at_what_is_answered_today_and_ends_shortly_after_the_budget(analysis):
    head = summarize(analysis)
    figure = figures.frontier_figure(analysis)
    line = figure.data[2]
    # the first edits take 10 and 11 minutes, and gain 20 and 19
    assert list(line.x[:3]) == pytest.approx([0.0, 10 / 60, 21 / 60])
    now = head.covered
    assert list(line.y[:3]) == pytest.approx([now, now + 20 / head.demand, now + 39 / head.demand])
    assert line.line.shape == "hv"
    assert figure.layout.shapes[0].x0 == pytest.approx(100 / 60)


def test_plan_ends_with_one_and_a_half_budgets_or_its_last_edit(analysis):
    settings = {"rank": {"budget_minutes": 40.0}}
    run = replace(
        analysis,
        about=replace(analysis.about, settings=settings),
        edits=analysis.edits.assign(is_chosen=analysis.edits["rank"] <= 2),
    )
    # the edits take 10, 21, 33, 46, 60, 75 ... minutes in all
    assert list(figure_data.frontier_points(run)["rank"]) == [0, 1, 2, 3, 4, 5]
    late = replace(run, edits=analysis.edits.assign(is_chosen=analysis.edits["rank"] == 7))
    assert figure_data.frontier_points(late)["rank"].max() == 7


def test_plan_shows_each_edits_number_and_has_no_word_for_engineers(analysis):
    figure = figures.frontier_figure(analysis)
    steps = trace_named(figure, "edits")
    assert list(steps.customdata[:3]) == [0, 1, 2]
    assert steps.text[0] == ""
    assert steps.text[1] == "1"
    words = " ".join([figure.layout.title.text, figure.layout.title.subtitle.text])
    assert not re.search("AUC|model|minilm|queries", words)


def test_numbers_of_steps_that_would_cover_each_other_are_left_out(analysis):
    steps = analysis.frontier.assign(
        cost_minutes=[1.0, 2.0, *range(50, 58)], gain=[1.0, 1.1, *([20.0] * 8)]
    )
    figure = figures.frontier_figure(replace(analysis, frontier=steps))
    assert list(trace_named(figure, "edits").text[:4]) == ["", "1", "", "3"]


def test_map_distinguishes_what_is_answered_and_sizes_by_demand(tiny):
    trace = trace_named(figures.map_figure(tiny), "questions")
    assert sorted(trace.marker.color) == [0.0, 1.0]
    by_answer = dict(zip(trace.marker.color, trace.marker.size, strict=True))
    assert by_answer == pytest.approx({0.0: 20.0, 1.0: 5 + 15 * np.sqrt(1 / 3)})
    lines = trace.hovertext[0].split("<br>")
    assert lines[1:3] == [
        "Your site does not answer it (coverage 20%).",
        "It was asked 3 times.",
    ]
    assert figures.map_figure(tiny).layout.title.text.startswith("1 of 2 questions")


def test_question_of_unknown_coverage_is_neither_answered_nor_not(tiny):
    unknown = replace(tiny, coverage=tiny.coverage.assign(coverage=[np.nan, 0.6]))
    assert sorted(figure_data.query_points(unknown)["answered"]) == [0.5, 1.0]


def test_map_of_many_keeps_the_most_asked(analysis, monkeypatch):
    monkeypatch.setattr(figure_data, "MAX_QUERIES", 10)
    monkeypatch.setattr(figure_data, "MAX_PASSAGES", 20)
    figure = figures.map_figure(analysis)
    assert len(trace_named(figure, "questions").x) == 10
    assert sum(len(trace.hovertext) for trace in figure.data if trace.hovertext is not None) == 30
    assert "of the most asked 10 questions" in figure.layout.title.text
    # there are four queries of each demand from 9 down, and five of demands 1 to 4
    assert min(figure_data.query_points(analysis)["demand"]) == 7


def test_labels_never_cover_each_other_and_stay_near_the_points():
    anchors = np.random.default_rng(3).uniform(0, 300, (60, 2))
    shifts = figure_data.place_labels(anchors, [["a dozen words"]] * 60, anchors)
    middles = np.array([anchors[row] + shift for row, shift in shifts.items()])
    size = np.array((8.0 * len("a dozen words") + 8, 18))
    for n, first in enumerate(middles):
        assert all((np.abs(first - second) >= size).any() for second in middles[n + 1 :])
    assert 10 < len(shifts) < 60
    assert (middles - size / 2 >= anchors.min(axis=0) - 45).all()
    assert (middles + size / 2 <= anchors.max(axis=0) + 45).all()


def test_names_have_at_most_two_lines_and_are_never_cut():
    long = "Real-world range of electric cargo bikes and walk mode on hills in winter"
    lines = figure_data.Label(long, 0, 0, 0, 0).lines
    assert (len(lines), " ".join(lines)) == (2, long)


def region_run(analysis):
    """Return a run of two themes in two heaps, with a stray question of t0 in the heap of t1."""
    ids = list(analysis.queries["query_id"])
    heap = np.random.default_rng(1).uniform(0, 1, (len(ids), 2))
    theme_ids = [f"t{n % 2}" for n in range(len(ids))]
    x = [heap[n, 0] + 8 * (n % 2 == 1 or n == 0) for n in range(len(ids))]
    points = pd.DataFrame({"point_id": ids, "kind": "query", "x": x, "y": heap[:, 1]})
    clusters = analysis.clusters.assign(theme_id=theme_ids)
    run = replace(
        analysis, points=tables.POINTS.table(points.to_dict("records")), clusters=clusters
    )
    return run, figure_data.query_points(run)


def test_theme_is_a_region_around_its_heap_and_not_around_a_stray(analysis):
    run, queries = region_run(analysis)
    grid_x, _ = figure_data.region_grid(queries)
    regions = figure_data.theme_regions(run, queries).set_index("id")
    columns = np.flatnonzero((regions.loc["theme-t0", "density"] > 100).any(axis=0))
    assert grid_x[columns].max() < 4
    assert regions.loc["theme-t0", "x"] == pytest.approx(0.5, abs=0.5)
    assert regions.loc["theme-t1", "x"] == pytest.approx(8.5, abs=0.5)


def test_regions_do_not_overlap(analysis):
    for run in (analysis, region_run(analysis)[0]):
        densities = figure_data.theme_regions(run, figure_data.query_points(run))["density"]
        assert (sum((density > 100).astype(int) for density in densities) <= 1).all()


def test_map_names_themes_at_their_middle_and_holds_the_gaps(analysis):
    labels = {label.name: label for label in figures.map_figure(analysis).layout.annotations}
    visible = {name for name, label in labels.items() if label.visible is not False}
    assert visible == {"theme-t0", "theme-t1"}
    assert labels["theme-t0"].text == "&lt;b&gt;Rides&lt;/b&gt; &amp; range"
    run, queries = region_run(analysis)
    regions = figure_data.theme_regions(run, queries).set_index("id")
    label = {label.name: label for label in figures.map_figure(run).layout.annotations}["theme-t1"]
    assert label.x == regions.loc["theme-t1", "x"]
    # Gaps to close, and topics that are answered but not seen.
    assert set(labels) - visible == {f"gap-{rank}" for rank in range(1, 6)}


def test_map_without_themes_names_the_gaps_to_close(tiny):
    older = replace(tiny, themes=tiny.themes.head(0))
    assert [label.name for label in figures.map_figure(older).layout.annotations] == ["gap-1"]


def test_topics_that_are_no_gaps_are_no_rows(analysis):
    ranks = set(figure_data.gap_bars(analysis)["rank"])
    assert ranks == set(
        analysis.gaps.loc[analysis.gaps["listing"].isin(["to close", "unseen"]), "rank"]
    )


@pytest.mark.parametrize("renderer", ["plotly_mimetype", "jupyterlab", "vscode"])
def test_bare_figure_in_a_notebook_has_no_upload_button(tiny, renderer, monkeypatch):
    monkeypatch.setattr(pio.renderers, "_default_name", renderer)
    bundle = figures.gaps_figure(tiny)._repr_mimebundle_()
    config = bundle["application/vnd.plotly.v1+json"]["config"]
    assert config["showSendToCloud"] is False
    assert config["plotlyServerURL"] == ""


def test_every_renderer_is_safe():
    with_config = [
        pio.renderers[name] for name in pio.renderers if hasattr(pio.renderers[name], "config")
    ]
    assert len(with_config) >= 5
    assert all(renderer.config["showSendToCloud"] is False for renderer in with_config)


def test_html_of_a_figure_stays_safe_with_another_config(tiny, tmp_path):
    figure = figures.gaps_figure(tiny)
    text = figure.to_html(
        include_plotlyjs=False, config={"showSendToCloud": True, "scrollZoom": True}
    )
    assert '"showSendToCloud": false' in text
    assert '"scrollZoom": true' in text
    assert (
        '"showSendToCloud": false' in figure._repr_html_()
        or "showSendToCloud" not in figure._repr_html_()
    )
    path = figures.save_figure(figure, tmp_path / "figure.html")
    assert '"showSendToCloud": false' in path.read_text(encoding="utf-8")


def test_figure_keeps_its_safety_when_copied(tiny):
    assert isinstance(copy.deepcopy(figures.gaps_figure(tiny)), figures.Figure)


def test_workbook_and_wording_do_not_load_plotly():
    code = (
        "import sys, coverage_kit.report.workbook, coverage_kit.report.wording; "
        "sys.exit('plotly' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_history_shows_each_run_with_its_interval_in_panels(analysis, second_run):
    assert len(figures.history_figure(analysis).data) == 0
    figure = figures.history_figure(second_run)
    answered = trace_named(figure, "Answered by your site")
    assert (list(answered.y), answered.xaxis) == ([0.4, 0.5], "x")
    cited = figure.data[5]
    assert (list(cited.y), cited.xaxis) == ([0.1, 0.3], "x2")
    assert cited.name.startswith("Cited by Perplexity")
    assert [list(figure.data[0].y), list(figure.data[1].y)] == [
        pytest.approx([0.35, 0.45]),
        pytest.approx([0.45, 0.55]),
    ]
    assert answered.hovertext[1].startswith(
        "<b>Run 2, 2026-11-01</b><br>Answered by your site: 50% (45% to 55% is likely)."
    )


def test_map_points_have_the_rank_of_their_gap(analysis):
    ranks = analysis.clusters.merge(analysis.gaps[["cluster_id", "rank"]]).set_index("query_id")[
        "rank"
    ]
    trace = trace_named(figures.map_figure(analysis), "questions")
    assert sorted(trace.customdata) == sorted(ranks)


def test_embedded_figure_counts_its_marks_for_readers_who_do_not_see_them(tiny):
    assert figures.embed_figure(figures.gaps_figure(tiny))["drawn"] == "Not answered on the site, 1"

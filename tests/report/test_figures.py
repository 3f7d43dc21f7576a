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


def test_gaps_stand_at_severity_and_demand_with_their_interval(tiny):
    trace = trace_named(figures.gaps_figure(tiny), "Not answered on the site")
    assert (list(trace.x), list(trace.y)) == ([4.0], [0.7])
    assert (trace.error_y.array[0], trace.error_y.arrayminus[0]) == pytest.approx((0.1, 0.2))


def test_sites_are_compared_by_demand_weighted_similarity(tiny):
    figure = figures.sites_figure(tiny)
    # nearest passages: .4 for a demand of 3 and .8 for a demand of 1; rival .1 better
    assert trace_named(figure, "shop.example").x[0] == pytest.approx(0.5)
    assert trace_named(figure, "rival.example").x[0] == pytest.approx(0.6)


def test_covered_clusters_are_no_rows_of_the_sites_figure(tiny):
    covered = replace(tiny, gaps=tiny.gaps.assign(listing="covered"))
    assert "no gap" in figures.sites_figure(covered).layout.annotations[0].text
    assert set(figure_data.site_points(tiny)["label"]) == {"range, hills"}


def test_the_gaps_to_close_with_most_demand_and_severity_have_names():
    rows = [
        ("rare", 10.0, 0.9, "to close"),
        ("asked", 400.0, 0.5, "to close"),
        ("half", 90.0, 0.8, "to close"),
    ]
    rows += [("lost", 900.0, 0.9, "out of reach"), ("answered", 900.0, 0.9, "covered")]
    gaps = pd.DataFrame(rows, columns=["label", "demand", "severity", "listing"])
    gaps = gaps.assign(low=gaps["severity"] - 0.1, high=gaps["severity"] + 0.1)
    labels = figure_data.label_gaps(gaps, 2)
    assert [(label.text, label.x) for label in labels] == [
        ("asked", np.log10(400)),
        ("half", np.log10(90)),
    ]


@pytest.mark.parametrize(
    "make",
    [
        figures.claims_figure,
        figures.share_of_voice_figure,
        figures.visibility_over_time_figure,
        figures.frontier_figure,
    ],
)
def test_points_at_zero_are_not_cut(analysis, make):
    assert {trace.cliponaxis for trace in make(analysis).data if "markers" in trace.mode} == {False}


def test_only_the_strongest_few_others_are_shown(tiny):
    many = pd.concat(
        [
            tiny.matches[tiny.matches["site"] == "rival.example"].assign(site=f"s{n}")
            for n in range(6)
        ]
    )
    many["similarity"] += many["site"].str[1].astype(float) / 100
    points = figure_data.site_points(
        replace(tiny, matches=pd.concat([tiny.matches, many], ignore_index=True))
    )
    assert list(points["site"]) == ["shop.example", "s5", "s4", "s3"]


def test_frontier_starts_at_nothing_and_marks_the_budget(analysis):
    figure = figures.frontier_figure(analysis)
    line = figure.data[2]
    assert (list(line.x[:3]), list(line.y[:3])) == ([0.0, 10.0, 21.0], [0.0, 20.0, 39.0])
    assert line.line.shape == "hv"
    assert figure.layout.shapes[0].x0 == 100.0
    assert "predicted under model minilm, self-test AUC 0.81" in figure.layout.title.subtitle.text


def test_map_colours_by_coverage_and_sizes_by_demand(tiny):
    trace = trace_named(figures.map_figure(tiny), "queries")
    assert sorted(trace.marker.color) == [0.2, 0.6]
    by_coverage = dict(zip(trace.marker.color, trace.marker.size, strict=True))
    assert by_coverage == pytest.approx({0.2: 20.0, 0.6: 5 + 15 * np.sqrt(1 / 3)})
    assert "coverage 20% (90% interval 10% to 30%)" in trace.hovertext[0]


def test_map_of_many_keeps_the_most_asked(analysis, monkeypatch):
    monkeypatch.setattr(figure_data, "MAX_QUERIES", 10)
    monkeypatch.setattr(figure_data, "MAX_PASSAGES", 20)
    figure = figures.map_figure(analysis)
    assert len(trace_named(figure, "queries").x) == 10
    assert sum(len(trace.x) for trace in figure.data) == 30
    # there are four queries of each demand from 9 down, and five of demands 1 to 4
    assert min(figure_data.query_points(analysis)["demand"]) == 7


def test_labels_never_cover_each_other():
    anchors = np.random.default_rng(3).uniform(0, 300, (30, 2))
    shifts = figure_data.place_labels(anchors, [["a dozen words"]] * 30, clearance=6)
    middles = [anchors[row] + shift for row, shift in shifts.items()]
    size = (6.6 * len("a dozen words") + 8, 18)
    for n, first in enumerate(middles):
        assert all((np.abs(first - second) >= size).any() for second in middles[n + 1 :])
    assert 10 < len(shifts) < 30


def test_labels_of_several_lines_take_their_height_and_stay_below_the_top():
    anchors = np.array([[100.0, 0.0], [100.0, 25.0]])
    lines = [["two", "lines"], ["one"]]
    first, second = figure_data.place_labels(anchors, lines, clearance=0, is_centred=True).values()
    # Two lines of 18 pixels and one of 18: their middles are at least 27 pixels apart.
    assert first == (0.0, 0.0)
    assert abs(25 + second[1]) >= 27
    (lower,) = figure_data.place_labels(anchors[:1], [["a", "b"]], clearance=0, top=10).values()
    assert lower[1] + 18 <= 10


def test_map_names_themes_at_the_middle_of_their_questions_and_holds_the_gaps(analysis):
    labels = {label.name: label for label in figures.map_figure(analysis).layout.annotations}
    visible = {name for name, label in labels.items() if label.visible is not False}
    assert visible == {"theme-t0", "theme-t1"}
    assert labels["theme-t0"].text == "&lt;b&gt;Rides&lt;/b&gt; &amp; range"
    located = analysis.points.merge(
        analysis.clusters[analysis.clusters["theme_id"] == "t1"],
        left_on="point_id",
        right_on="query_id",
    )
    assert labels["theme-t1"].x == pytest.approx(located["x"].median())
    # Gaps to close, and topics that are answered but not seen.
    assert set(labels) - visible == {f"gap-{rank}" for rank in range(1, 6)}


def test_map_without_themes_names_the_gaps_to_close(tiny):
    older = replace(tiny, themes=tiny.themes.head(0))
    assert [label.name for label in figures.map_figure(older).layout.annotations] == ["gap-1"]


def test_topics_that_are_no_gaps_are_hidden_until_a_reader_asks(analysis):
    hidden = [trace.name for trace in figures.gaps_figure(analysis).data if trace.visible]
    assert hidden == ["Covered", "Out of reach"]


def test_labels_stand_where_they_cover_fewest_points():
    shifts = figure_data.place_labels(
        np.array([[0.0, 0.0]]), [["word"]], clearance=5, obstacles=np.array([[20.0, 0.0]])
    )
    assert shifts[0][0] < 0


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


def test_history_shows_each_run_with_its_interval(analysis, second_run):
    assert len(figures.history_figure(analysis).data) == 0
    figure = figures.history_figure(second_run)
    assert list(trace_named(figure, "coverage").y) == [0.4, 0.5]
    assert list(trace_named(figure, "cited by perplexity (api)").y) == [0.1, 0.3]
    assert [list(figure.data[0].y), list(figure.data[1].y)] == [
        pytest.approx([0.35, 0.45]),
        pytest.approx([0.45, 0.55]),
    ]
    assert (
        "<b>run 2, 2026-11-01</b><br>coverage 50% (45% to 55%)"
        in trace_named(figure, "coverage").hovertext[1]
    )


def test_map_points_have_the_rank_of_their_gap(analysis):
    ranks = analysis.clusters.merge(analysis.gaps[["cluster_id", "rank"]]).set_index("query_id")[
        "rank"
    ]
    trace = trace_named(figures.map_figure(analysis), "queries")
    assert sorted(trace.customdata) == sorted(ranks)


def test_names_of_gaps_are_beside_their_points_with_a_line(analysis):
    labels = figures.gaps_figure(analysis).layout.annotations
    assert all(label.showarrow and abs(label.ax) + abs(label.ay) > 9 for label in labels)


def test_embedded_figure_counts_its_marks_for_readers_who_do_not_see_them(tiny):
    assert figures.embed_figure(figures.gaps_figure(tiny))["drawn"] == "Not answered on the site, 1"

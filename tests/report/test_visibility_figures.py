from dataclasses import replace

import pandas as pd
import pytest

from coverage_kit import tables
from coverage_kit.report import figures
from coverage_kit.report.visibility_figure_data import shift
from coverage_kit.report.wording import LOW_N, describe_measure


def trace_named(figure, name):
    return next(trace for trace in figure.data if trace.name == name)


def note_of(figure):
    assert len(figure.data) == 0
    return figure.layout.annotations[0].text.replace("<br>", " ")


def test_rate_of_each_site_has_its_interval_and_api_is_separate_from_scraping(analysis):
    figure = figures.share_of_voice_figure(analysis)
    api, scrape = (
        trace_named(figure, f"Perplexity ({surface}), 40 answers") for surface in ("api", "scrape")
    )
    assert (api.x[0], scrape.x[0]) == pytest.approx((0.1, 0.3))
    assert (api.error_x.array[0], api.error_x.arrayminus[0]) == pytest.approx((0.1, 0.05))
    assert list(figure.layout.yaxis.ticktext) == [
        "shop.example",
        "other.example",
        "rival.example",
    ]  # own, then the highest
    assert list(api.x) == pytest.approx([0.1, 0.3, 0.2])


def test_an_unknown_surface_is_not_shown(analysis):
    names = [trace.name for trace in figures.share_of_voice_figure(analysis).data]
    assert names == [
        "&lt;i&gt;chatgpt&lt;/i&gt;, 40 answers",
        "Perplexity (api), 40 answers",
        "Perplexity (scrape), 40 answers",
    ]


def test_low_n_is_hollow_and_said_in_the_hover(analysis):
    hollow, full = figures.share_of_voice_figure(analysis).data[:2]
    assert (set(hollow.marker.symbol), set(full.marker.symbol)) == ({"circle-open"}, {"diamond"})
    assert all(LOW_N.capitalize() in text for text in hollow.hovertext)
    assert not any(LOW_N.capitalize() in text for text in full.hovertext)


def test_hover_shows_value_interval_fraction_and_numbers(analysis):
    lines = (
        trace_named(figures.share_of_voice_figure(analysis), "Perplexity (api), 40 answers")
        .hovertext[0]
        .split("<br>")
    )
    assert lines == [
        "<b>shop.example</b>",
        "Perplexity (api)",
        "Citation rate: 10%, 4 of 40.",
        "(answers that cite the site / answers)",
        "20 questions, 40 answers; 95% interval 5% to 20%.",
    ]


def test_missing_interval_is_said_to_be_unknown(analysis):
    bare = replace(
        analysis, visibility=analysis.visibility.assign(low=float("nan"), high=float("nan"))
    )
    trace = figures.share_of_voice_figure(bare).data[1]
    assert "20 questions, 40 answers; no interval: too few prompts." in trace.hovertext[0]


def test_any_measure_can_be_drawn(analysis):
    figure = figures.share_of_voice_figure(analysis, measure="mention_rate")
    assert figure.layout.title.text == "Mention rate of each site, by engine"
    assert figure.layout.title.subtitle.text.startswith(
        "Answers that name the brand / answers whose words are logged"
    )
    assert len(figure.data) == 3


def test_weeks_of_the_own_site_are_a_panel_with_a_band_for_each_series(analysis):
    figure = figures.visibility_over_time_figure(analysis)
    line = trace_named(figure, "Perplexity (scrape)")
    assert [str(week)[:10] for week in line.x] == ["2026-09-28", "2026-10-05"]
    assert list(line.y) == pytest.approx([0.3, 0.3])
    low, high = figure.data[6:8]
    assert (list(low.y), list(high.y)) == (pytest.approx([0.25, 0.25]), pytest.approx([0.4, 0.4]))
    assert (high.fill, len(figure.data)) == ("tonexty", 9)
    # every panel has its own axes, but the same scale
    assert [trace.yaxis for trace in figure.data] == ["y"] * 3 + ["y2"] * 3 + ["y3"] * 3
    assert [figure.layout[f"yaxis{n}"].matches for n in (2, 3)] == ["y", "y"]
    titles = [panel.text for panel in figure.layout.annotations]
    assert titles[1:] == ["<b>Perplexity (api)</b>", "<b>Perplexity (scrape)</b>"]


@pytest.mark.parametrize(("n", "grid"), [(1, (1, 1)), (3, (1, 3)), (5, (2, 3)), (8, (2, 4))])
def test_panels_are_spread_over_rows(analysis, n, grid):
    table = analysis.visibility
    one = table[(table["engine"] == "perplexity") & (table["surface"] == "api")]
    many = [one.assign(engine=f"engine {number}") for number in range(n)]
    figure = figures.visibility_over_time_figure(replace(analysis, visibility=pd.concat(many)))
    layout = figure.layout
    assert (layout.grid.rows, layout.grid.columns, layout.meta["panels"]) == (*grid, n)
    assert len(layout.annotations) == n


def test_day_of_the_change_is_drawn_only_within_the_weeks(analysis):
    shapes = figures.visibility_over_time_figure(analysis).layout.shapes
    assert [shape.x0.isoformat() for shape in shapes] == ["2026-10-05T00:00:00"] * 3
    assert [shape.yref for shape in shapes] == ["y domain", "y2 domain", "y3 domain"]
    settings = {"before_after": {"changed_at": "2027-01-01"}}
    late = replace(analysis, about=replace(analysis.about, settings=settings))
    assert not figures.visibility_over_time_figure(late).layout.shapes


def test_week_that_is_no_date_is_left_out(analysis):
    table = analysis.visibility
    odd = replace(
        analysis,
        visibility=table.assign(segment=table["segment"].replace("2026-10-05", "<b>soon</b>")),
    )
    assert [len(trace.x) for trace in figures.visibility_over_time_figure(odd).data] == [1] * 9


def test_holders_are_shares_of_a_gap_and_what_cannot_be_won_is_marked(analysis):
    figure = figures.holders_figure(analysis)
    own, third = trace_named(figure, "your site"), trace_named(figure, "another site")
    assert (list(own.x), list(own.y)) == (
        pytest.approx([0.1, 0.75]),
        [0, 1],
    )  # 1 of 10, 3 of 4; most citations first
    assert (list(third.x), list(third.y)) == (pytest.approx([0.7]), [0])
    assert list(own.marker.opacity) == [0.4, 0.95]
    first, second = figure.layout.yaxis.ticktext
    assert first == "&lt;script&gt;alert(7)&lt;/script&gt;, =1+1 (10)"
    assert second == "battery, bike (4)"
    assert list(own.customdata) == [1, 2]
    assert "1 of 10 links go to your site" in own.hovertext[0]
    assert figure.layout.barmode == "stack"


def test_change_shows_effect_in_points_by_verdict(analysis):
    figure = figures.change_figure(analysis)
    up, down = trace_named(figure, "up"), trace_named(figure, "down")
    assert (up.x[0], up.error_x.array[0], up.error_x.arrayminus[0]) == pytest.approx(
        (25.0, 10.0, 20.0)
    )
    assert down.x[0] == pytest.approx(-9.0)
    floor = trace_named(figure, "chance")
    assert (floor.base[0], floor.x[0]) == pytest.approx((-16.0, 32.0))
    assert "effect +25 points (95% interval +5 points to +35 points)" in up.hovertext[0]
    assert "citation rate 20% before, 45% after" in up.hovertext[0]
    assert "&lt;script&gt;alert(13)" in up.hovertext[0]


def test_all_changed_pages_stand_first_then_the_unchanged_then_gaps_by_name(analysis):
    rows = [
        text.replace("<br>", ": ") for text in figures.change_figure(analysis).layout.yaxis.ticktext
    ]
    assert rows == [
        "changed pages: Perplexity (api)",
        "unchanged pages: &lt;i&gt;chatgpt&lt;/i&gt;",
        "unchanged pages: Perplexity (api)",
        "&lt;script&gt;alert(7)&lt;/script&gt;, =1+1: Perplexity (api)",
    ]  # battery, bike has no effect to draw


def test_visits_are_stacked_by_page_the_most_visited_first(analysis):
    figure = figures.referrals_figure(analysis)
    chatgpt, claude = trace_named(figure, "ChatGPT"), trace_named(figure, "=Claude")
    assert (list(chatgpt.x), list(chatgpt.y)) == ([8.0, 5.0], [0, 1])
    assert (list(claude.x), list(claude.y)) == ([4.0], [0])
    assert list(figure.layout.yaxis.ticktext) == ["/p1", "/", "javascript:alert(14)"]
    assert "8.0% of all visits to the page" in chatgpt.hovertext[0]


def test_association_is_called_no_cause_and_only_what_has_figures_is_drawn(analysis):
    figure = figures.associations_figure(analysis)
    assert "no cause" in figure.layout.title.text
    (trace,) = figure.data
    assert list(trace.y) == [0.8, -0.1]
    assert list(trace.marker.symbol) == ["circle", "circle-open"]
    assert (trace.error_y.array[0], trace.error_y.arrayminus[0]) == pytest.approx((0.1, 0.3))
    assert "p 0.010 over all lags and pairs" in trace.hovertext[0]


def test_marks_of_one_row_stand_evenly_around_its_middle():
    assert [shift(number, 2) for number in range(2)] == [-0.125, 0.125]
    assert shift(0, 1) == 0.0


@pytest.mark.parametrize(
    ("make", "cure"),
    [
        (figures.share_of_voice_figure, "[log] files"),
        (figures.visibility_over_time_figure, "asked_at"),
        (figures.holders_figure, "[log] files"),
        (figures.change_figure, "[before_after] changed_at"),
        (figures.referrals_figure, "[analytics] sessions"),
        (figures.associations_figure, "[analytics] sessions and search_console"),
    ],
)
def test_empty_figure_names_the_setting_that_would_fill_it(empty, make, cure):
    assert cure in note_of(make(empty))


def test_measure_without_a_value_says_what_it_needs(analysis):
    assert describe_measure("position_adjusted_word_count").needs in note_of(
        figures.share_of_voice_figure(analysis, "position_adjusted_word_count")
    )


def test_missing_correlation_has_a_reason(analysis):
    short = analysis.associations[analysis.associations["correlation"].isna()]
    assert "too few weeks: 7 of at least 8" in note_of(
        figures.associations_figure(replace(analysis, associations=short))
    )


def test_own_site_without_a_row_leaves_the_others(analysis):
    run = replace(
        analysis, visibility=analysis.visibility[analysis.visibility["site"] != "shop.example"]
    )
    assert list(figures.share_of_voice_figure(run).layout.yaxis.ticktext) == [
        "other.example",
        "rival.example",
    ]
    assert note_of(figures.visibility_over_time_figure(run))


def test_many_sites_are_cut_to_the_highest_and_the_own(analysis):
    own = {**analysis.visibility.iloc[0]}
    rows = [{**own, "site": f"s{n:02}.example", "value": 0.5 + n / 100} for n in range(20)]
    many = tables.VISIBILITY.table([own, *rows])
    names = figures.share_of_voice_figure(replace(analysis, visibility=many)).layout.yaxis.ticktext
    assert names == ("shop.example", *(f"s{n:02}.example" for n in range(19, 8, -1)))


def test_change_of_many_gaps_is_cut_and_says_so(analysis):
    row = {**analysis.verdicts.iloc[0], "is_treated": True}
    many = tables.VERDICTS.table([{**row, "group": f"g{n:02}"} for n in range(40)])
    figure = figures.change_figure(replace(analysis, verdicts=many))
    assert len(figure.layout.yaxis.ticktext) == 30
    assert "The first 30 of 40 rows" in figure.layout.title.subtitle.text.replace("<br>", " ")


@pytest.mark.parametrize("changed_at", [None, "", "soon"])
def test_change_without_a_day_draws_no_line(analysis, changed_at):
    settings = {"before_after": {"changed_at": changed_at}}
    run = replace(analysis, about=replace(analysis.about, settings=settings))
    assert not figures.visibility_over_time_figure(run).layout.shapes


def test_lag_of_one_week_is_in_the_singular(analysis):
    hover = figures.associations_figure(analysis).data[0].hovertext
    assert ("0 weeks later" in hover[0], "1 week later" in hover[1]) == (True, True)

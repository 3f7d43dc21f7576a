"""The widgets of a notebook, without a browser: gaps to explore, edits to tick, buttons."""

import html
import json
import re
from dataclasses import replace

import openpyxl
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell

from coverage_kit import what_if
from coverage_kit.analysis import load_analysis, save_analysis
from coverage_kit.errors import RunError
from coverage_kit.headline import summarize
from coverage_kit.report import notebook
from coverage_kit.report.joined import describe_edits
from coverage_kit.report.leads import LEADS
from coverage_kit.report.trust import rate_trust
from coverage_kit.report.widgets import EditChoice, GapExplorer, export_buttons, show_edit
from coverage_kit.report.widgets.exports import tick_edits
from coverage_kit.report.wording import amount, minutes


def read_rows(table):
    """Return the cells of a table that `show_table` displayed, as text."""
    data = table.split('"data_json": "')[1].split('",\n')[0]
    return json.loads(json.loads(f'"{data}"'))


@pytest.fixture
def displayed(monkeypatch):
    """What cells display, as HTML."""
    pieces = []
    monkeypatch.setattr("IPython.display.display", lambda html: pieces.append(html.data))
    return pieces


@pytest.fixture(scope="module")
def explorer(sample_analysis):
    return GapExplorer(sample_analysis)


@pytest.fixture
def choice(sample_analysis):
    return EditChoice(sample_analysis, what_if)


def test_the_first_gap_is_open_with_its_questions_and_its_points_ringed(explorer, sample_analysis):
    first = sample_analysis.gaps.nsmallest(1, "rank").iloc[0]
    explorer.gaps.value = first["cluster_id"]
    members = sample_analysis.clusters.loc[
        sample_analysis.clusters["cluster_id"] == first["cluster_id"], "query_id"
    ]
    positions = sample_analysis.points.set_index("point_id").loc[list(members), "x"]
    assert sorted(explorer.map.figure.data[-1].x) == pytest.approx(sorted(positions), abs=1e-6)
    for text in sample_analysis.queries.set_index("query_id").loc[list(members), "text"].head(5):
        assert text.split()[0] in html.unescape(explorer.details.value)


def test_a_clicked_question_opens_its_gap_and_alone_is_ringed(explorer, sample_analysis):
    last = sample_analysis.gaps.nlargest(1, "rank").iloc[0]
    query_id = last["medoid_query_id"]
    explorer.choose_query(query_id)
    assert explorer.gaps.value == explorer.cluster_id == last["cluster_id"]
    assert explorer.query_id == query_id
    assert len(explorer.map.figure.data[-1].x) == 1
    assert explorer.details.value.count('class="chosen"') == 1


def test_a_click_on_the_map_chooses_the_query_under_it(explorer, sample_analysis):
    trace = next(trace for trace in explorer.map.figure.data if trace.name == "questions")
    order = explorer.map._points["query_id"]
    clicked = type("Clicked", (), {"point_inds": [3]})
    explorer.map._choose("questions", clicked, explorer.choose_query)
    assert explorer.query_id == order.iloc[3]
    assert len(trace.x) == len(order)


def test_a_click_on_a_passage_chooses_the_question_nearest_to_it(explorer):
    passage = next(trace for trace in explorer.map.figure.data if "passage" in str(trace.name))
    x, y = passage.x[7], passage.y[7]
    clicked = type("Clicked", (), {"point_inds": [7], "xs": [x], "ys": [y]})
    explorer.map._choose(passage.name, clicked, explorer.choose_query)
    points = explorer.map._points.set_index("query_id")
    distances = (points["x"] - x) ** 2 + (points["y"] - y) ** 2
    assert explorer.query_id == distances.idxmin()
    assert not any(name.captureevents for name in explorer.map.figure.layout.annotations)


def test_typing_narrows_the_list_and_a_click_finds_a_gap_that_is_not_in_it(
    explorer, sample_analysis
):
    first, last = (
        pick(1, "rank").iloc[0]
        for pick in (sample_analysis.gaps.nsmallest, sample_analysis.gaps.nlargest)
    )
    explorer.search.value = str(first["label"])
    assert first["cluster_id"] in dict(explorer.gaps.options).values()
    assert last["cluster_id"] not in dict(explorer.gaps.options).values()
    explorer.choose_query(last["medoid_query_id"])
    assert explorer.cluster_id == last["cluster_id"]
    explorer.search.value = "no gap has these words"
    assert "No gap fits" in explorer.details.value
    explorer.search.value = ""


def test_the_map_of_a_notebook_never_offers_an_upload(explorer):
    assert explorer.map.figure._config["showSendToCloud"] is False
    assert explorer.map.figure._config["plotlyServerURL"] == ""


def test_text_of_a_log_cannot_act_in_the_details(sample_analysis):
    hostile = sample_analysis.queries.assign(text="<img src=x onerror=alert(1)>")
    explorer = GapExplorer(replace(sample_analysis, queries=hostile))
    assert "<img" not in explorer.details.value
    assert "&lt;img" in explorer.details.value


def test_an_edit_to_tick_shows_topic_task_page_minutes_and_gain(choice, sample_analysis):
    edit = describe_edits(sample_analysis).iloc[0]
    text = re.sub("<[^>]*>", "", html.unescape(choice.boxes[edit["edit_id"]].description))
    path = edit["page_id"].partition("/")[2]
    for part in (f"{edit['rank']}. {edit['label']}: {edit['task']}", f" · {path}"):
        assert part in text
    cost, gain = minutes(edit["cost_minutes"]), amount(edit["marginal_gain"])
    assert f"{cost} minutes, {gain} more questions answered" in text


def test_nothing_ticked_brings_nothing(choice):
    assert choice.edit_ids == []
    assert "Nothing is ticked" in choice.totals.value


def test_totals_are_those_of_the_ticked_edits_together(choice, sample_analysis):
    first, second = sample_analysis.edits.nsmallest(2, "rank")["edit_id"]
    choice.boxes[second].value = choice.boxes[first].value = True
    assert choice.edit_ids == [first, second]
    outcome = what_if(sample_analysis, [first, second])
    assert f"2 edits, {minutes(outcome.cost_minutes)} minutes" in choice.totals.value
    choice.boxes[first].value = False
    assert "1 edit," in choice.totals.value


def test_the_next_hour_holds_the_edits_from_the_top_that_fill_it_as_on_the_page(sample_analysis):
    edits = sample_analysis.edits.sort_values("rank", ignore_index=True)
    # Two edits and the fifth fit the first hour; then the third. What takes longer is never in one.
    costs = [25.0, 30.0, 20.0, 70.0, 5.0]
    adds = edits["edit_id"].isin(edits["edit_id"].head(5)).astype("float64")
    edits = edits.assign(cost_minutes=[*costs, *[9.0] * (len(edits) - 5)], marginal_gain=adds)
    choice = EditChoice(replace(sample_analysis, edits=edits), what_if)
    first = list(edits["edit_id"].head(5))
    for ticked in ((0, 1, 4), (0, 1, 2, 4), (0, 1, 2, 4)):
        choice.hour.click()
        assert choice.edit_ids == [first[row] for row in ticked]
    choice.none.click()
    assert choice.edit_ids == []


def test_typing_and_a_page_hide_the_other_edits(choice, sample_analysis):
    page = sample_analysis.edits.nsmallest(1, "rank")["page_id"].iloc[0]
    choice.page.value = page
    on_page = set(sample_analysis.edits.loc[sample_analysis.edits["page_id"] == page, "edit_id"])
    left = {edit_id for edit_id, box in choice.boxes.items() if box.layout.display != "none"}
    assert left == on_page & set(choice.boxes)
    choice.search.value = "no edit has these words"
    assert all(box.layout.display == "none" for box in choice.boxes.values())


def test_ticked_edits_become_the_chosen_ones_with_what_they_add_together(choice, sample_analysis):
    first, third = sample_analysis.edits.nsmallest(3, "rank")["edit_id"].iloc[[0, 2]]
    choice.boxes[first].value = choice.boxes[third].value = True
    edits = tick_edits(choice).edits.set_index("edit_id")
    assert set(edits.index[edits["is_chosen"]]) == {first, third}
    assert edits.loc[[first, third], "marginal_gain"].sum() == pytest.approx(
        what_if(sample_analysis, [first, third]).gain
    )


def test_buttons_write_files_and_say_where(choice, sample_analysis, tmp_path):
    first = sample_analysis.edits.nsmallest(1, "rank")["edit_id"].iloc[0]
    choice.boxes[first].value = True
    bar = export_buttons(
        sample_analysis, tmp_path, choice=choice, tables={"gaps": sample_analysis.gaps}
    )
    for button, name in (
        (bar.workbook, "gaps.xlsx"),
        (bar.page, "page.html"),
        (bar.csv, "gaps.csv"),
    ):
        button.click()
        assert bar.message.value.strip() == f"<p>Wrote {tmp_path / name}</p>"
        assert (tmp_path / name).stat().st_size > 1_000
    bar.todo.click()
    assert first in "".join(
        path.read_text(encoding="utf-8") for path in (tmp_path / "todo-ticked").iterdir()
    )


def test_a_workbook_that_is_there_is_never_replaced(sample_analysis, tmp_path):
    bar = export_buttons(sample_analysis, tmp_path)
    (tmp_path / "gaps.xlsx").write_text("an editor's")
    bar.workbook.click()
    assert (tmp_path / "gaps.xlsx").read_text() == "an editor's"
    assert "gaps" in openpyxl.load_workbook(tmp_path / "gaps-2.xlsx", read_only=True).sheetnames


def test_a_folder_that_cannot_be_written_is_reported_next_to_the_buttons(sample_analysis, tmp_path):
    (tmp_path / "file").write_text("in the way")
    bar = export_buttons(sample_analysis, tmp_path / "file/run")
    bar.page.click()
    assert "can be written" in bar.message.value
    assert bar.page.disabled is False


def test_an_edit_is_shown_with_its_words_and_a_missing_rank_is_reported(displayed, sample_analysis):
    show_edit(sample_analysis, 1)
    show_edit(sample_analysis, 100_000)
    assert sample_analysis.edits.nsmallest(1, "rank")["page_id"].iloc[0] in displayed[0]
    assert "no edit of rank 100000" in displayed[1]


def test_a_table_is_escaped_with_blanks_for_what_is_missing(displayed):
    table = pd.DataFrame({"a": [1.5, None], "text": ["<b>x</b>", None], "is_low": [True, False]})
    table = table.assign(at=pd.to_datetime(["2026-01-02", None], utc=True))
    notebook.show_table(table, ["a", "text", "is_low", "at"])
    assert "<b>x</b>" not in displayed[0]
    assert read_rows(displayed[0]) == [
        ["1.5", "&lt;b&gt;x&lt;/b&gt;", "yes", "2026-01-02"],
        ["", "", "", ""],
    ]


def test_a_table_has_readable_headings_shares_in_percent_and_paths_of_pages(displayed):
    row = {"coverage": 0.794, "demand": 1089.6, "effect": -0.09, "low": -0.2, "high": 0.02}
    row |= {"page_id": "shop.example/a/b.html", "file": "/home/me/log/a.jsonl", "text": "a\n\nb"}
    columns = ["text", "demand", "coverage", "effect", "interval_in_points", "page_id", "file"]
    notebook.show_table(pd.DataFrame([row]), columns, headings={"text": "passage"})
    cells = ["a · b", "1,090", "79%", "-9", "-20 to +2", "a/b.html", "log/a.jsonl"]
    assert read_rows(displayed[0]) == [cells]
    for title in ("passage", "times asked", "answered", "effect in points", "interval", "page"):
        assert f'"title": "{title}"' in displayed[0]


@pytest.mark.parametrize("name", LEADS)
def test_each_lead_is_a_sentence_of_the_run_and_is_escaped(name, displayed, sample_analysis):
    about = replace(sample_analysis.about, brand="<b>Brand</b>")
    notebook.show_lead(replace(sample_analysis, about=about), name)
    assert "<b>" not in displayed[0]
    assert re.search(r"[.]</p>$", displayed[0])
    assert "nan" not in displayed[0]


def test_the_lead_of_the_gaps_names_share_number_and_first_gap(sample_analysis):
    head = summarize(sample_analysis)
    gaps = sample_analysis.gaps.sort_values("rank")
    first = gaps.loc[gaps["listing"] == "to close", "label"].iloc[0]
    lead = LEADS["gaps"](sample_analysis)
    assert f"answers {head.covered:.0%} of what people ask" in lead
    assert f"{head.n_severe} gaps are left" in lead
    assert f"First on the list: “{first}”" in lead


def test_the_lead_of_the_edits_names_their_number_and_what_is_answered_then(sample_analysis):
    head = summarize(sample_analysis)
    lead = LEADS["edits"](sample_analysis)
    assert lead.startswith(f"With {head.n_planned} edit")
    assert f"would answer {head.covered_after:.0%}" in lead
    assert f"instead of {head.covered:.0%}" in lead


def test_the_word_of_trust_is_in_sight_and_its_figures_are_behind_a_click(
    displayed, sample_analysis
):
    notebook.show_trust(sample_analysis, "runs/demo")
    summary, figures = displayed[0].split("</summary>")
    assert rate_trust(sample_analysis.about).word in summary
    assert "AUC" not in summary
    assert "AUC" in figures


def test_settings_of_a_run_look_for_the_cache_beside_it(sample_analysis, tmp_path):
    about = sample_analysis.about
    about = replace(about, settings={**about.settings, "cache": "runs/cache"})
    assert notebook.settings_of(
        replace(sample_analysis, about=about), tmp_path / "first"
    ).cache == str(tmp_path / "cache")


def test_opening_a_run_gives_its_tables_and_says_what_it_holds(
    sample_analysis, tmp_path, displayed
):
    InteractiveShell.instance()
    run = save_analysis(sample_analysis, tmp_path / "run")
    assert len(notebook.open_run(run).gaps) == len(load_analysis(run).gaps)
    assert f"{len(sample_analysis.queries)} questions" in displayed[-1]
    assert rate_trust(sample_analysis.about).word in displayed[-1]
    with pytest.raises(RunError, match="make demo"):
        notebook.open_run(tmp_path / "absent")

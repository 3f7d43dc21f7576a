"""A dismissed gap leaves the list, stays counted, and stays dismissed while it is recognised."""

from dataclasses import replace

import openpyxl
import pandas as pd
import pytest

from coverage_kit.collect.dismissals import COLUMNS, read_dismissals_file, write_dismissals_file
from coverage_kit.errors import SchemaError
from coverage_kit.pipeline.dismissals import (
    change_dismissal,
    find_dismissed,
    set_dismissed,
    take_dismissals,
)
from coverage_kit.pipeline.gap_status import GapMemory, track_gaps
from coverage_kit.report.workbook import write_workbook
from coverage_kit.report.workbook.gap_choices import read_gap_sheet
from coverage_kit.tables import PASSAGES
from tests.pipeline.test_gap_status import SmallProject, measure, members
from tests.report.conftest import make_analysis

EMPTY = pd.DataFrame(columns=list(COLUMNS), dtype="str")


def track(clusters, causes=None, seed=0):
    gaps, asked = measure(clusters, causes, seed)
    return track_gaps(gaps, asked, PASSAGES.empty(), GapMemory()), asked


def dismiss(rows, gaps, asked, cluster_id, why="", undo=False):
    gap = gaps.set_index("cluster_id").loc[cluster_id].to_dict()
    texts = asked.loc[asked["cluster_id"] == cluster_id, "text"]
    return change_dismissal(rows, {**gap, "questions": "\n".join(texts)}, why, undo=undo)


@pytest.fixture
def three():
    return track({"a": members("a", 6), "b": members("b", 4), "c": members("c", 3)})


def test_a_dismissed_gap_comes_last_and_keeps_its_figures(three):
    gaps, asked = three
    rows = dismiss(EMPTY, gaps, asked, "a", "not ours")
    reasons, notes = find_dismissed(gaps, asked, rows)
    marked = set_dismissed(gaps, reasons).set_index("cluster_id")
    assert notes == []
    assert marked.index[-1] == "a"
    assert marked["rank"].tolist() == [1, 2, 3]
    assert marked.loc["a", ["status", "listing"]].tolist() == ["dismissed", "dismissed"]
    assert marked.loc["a", "status_reason"].endswith(": not ours")
    assert marked.loc["b", "status"] == "open"
    figures = ["gap_id", "n_queries", "demand", "severity"]
    before = gaps.set_index("cluster_id")[figures].sort_index()
    pd.testing.assert_frame_equal(marked[figures].sort_index(), before)


def test_undoing_brings_the_file_and_the_order_back(three):
    gaps, asked = three
    rows = dismiss(dismiss(EMPTY, gaps, asked, "a"), gaps, asked, "b")
    rows = dismiss(rows, gaps, asked, "a", undo=True)
    assert rows["gap_id"].tolist() == gaps.loc[gaps["cluster_id"] == "b", "gap_id"].tolist()
    rows = dismiss(rows, gaps, asked, "b", undo=True)
    assert rows.empty
    assert set_dismissed(gaps, find_dismissed(gaps, asked, rows)[0]).equals(gaps)


def test_dismissing_twice_is_one_row_with_the_last_reason(three):
    gaps, asked = three
    rows = dismiss(dismiss(EMPTY, gaps, asked, "a", "x"), gaps, asked, "a", "y")
    assert rows["why"].tolist() == ["y"]
    assert dismiss(rows, gaps, asked, "a")["why"].tolist() == ["y"]


def test_a_gap_is_recognised_by_its_questions_where_ids_begin_anew(three):
    gaps, asked = three
    rows = dismiss(EMPTY, gaps, asked, "c")
    # Without the history, the ids follow another order: g0003 is another gap now.
    later, asked_later = track(
        {"x": {**members("c", 3), "c9": (0.2, 20.0)}, "y": members("b", 4), "z": members("a", 2)}
    )
    assert later.set_index("cluster_id").loc["x", "gap_id"] == "g0001"
    # Of x, most demand is of a question that nobody dismissed.
    reasons, notes = find_dismissed(later, asked_later, rows)
    assert reasons == {}
    assert "1 dismissed gap not in this log, such as 'topic c'" in notes[0]
    assert "now a small part of other gaps" in notes[0]
    later, asked_later = track({"x": {**members("c", 3), "c9": 0.2}, "y": members("b", 4)})
    assert list(find_dismissed(later, asked_later, rows)[0]) == ["x"]


def test_every_part_of_a_dismissed_gap_stays_dismissed(three):
    gaps, asked = three
    rows = dismiss(EMPTY, gaps, asked, "a")
    gap = members("a", 6)
    parts = {"x": dict(list(gap.items())[:3]), "y": dict(list(gap.items())[3:])}
    later, asked_later = track({**parts, "b": members("b", 4)})
    assert set(find_dismissed(later, asked_later, rows)[0]) == {"x", "y"}


def test_a_dismissed_gap_says_when_it_is_asked_much_more_or_has_become_another(three):
    gaps, asked = three
    rows = dismiss(EMPTY, gaps, asked, "a")
    later, asked_later = track({"a": {**members("a", 2), **members("new", 10)}})
    assert later["gap_id"].tolist() == ["g0001"]
    (reason,) = find_dismissed(later, asked_later, rows)[0].values()
    assert "asked 12 times now, 6 times when it was dismissed" in reason
    assert "most of its questions are others than those that were dismissed" in reason


def test_a_row_written_by_hand_with_an_id_alone_counts(three):
    gaps, asked = three
    rows = pd.DataFrame([{**dict.fromkeys(COLUMNS, ""), "gap_id": "g0002"}])
    assert list(find_dismissed(gaps, asked, rows)[0]) == ["b"]


def test_the_order_of_rows_is_irrelevant(three):
    gaps, asked = three
    rows = dismiss(dismiss(EMPTY, gaps, asked, "a", "x"), gaps, asked, "c", "y")
    others, asked_others = track(
        {"c": members("c", 3), "a": members("a", 6), "b": members("b", 4)}, seed=5
    )
    shuffled = rows.iloc[::-1].reset_index(drop=True)
    assert find_dismissed(gaps, asked, rows)[0] == find_dismissed(others, asked_others, shuffled)[0]


def test_a_file_keeps_further_columns_and_what_a_spreadsheet_makes_of_it(tmp_path, three):
    gaps, asked = three
    path = tmp_path / "dismissed.csv"
    rows = dismiss(EMPTY, gaps, asked, "a", "=HYPERLINK(1)").assign(owner="Ann")
    write_dismissals_file(path, rows)
    assert "\n=HYPERLINK" not in path.read_text() and ",=HYPERLINK" not in path.read_text()
    read = read_dismissals_file(path)
    assert read["owner"].tolist() == ["Ann"]
    assert read["why"].tolist() == ["=HYPERLINK(1)"]
    assert read["questions"].tolist() == rows["questions"].tolist()
    # Excel in many countries writes semicolons and another encoding.
    text = path.read_text(encoding="utf-8-sig").replace(",", ";")
    path.write_bytes(text.replace("Ann", "Zoë").encode("cp1252"))
    assert read_dismissals_file(path)["owner"].tolist() == ["Zoë"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an empty file"),
        ("gap,why\ng0001,x\n", "columns gap, why"),
        ("gap_id,questions,demand\ng0001,a,often\n", "row 2"),
        ("gap_id,questions,why\ng0001,a,b\n,,alone\n", "row 3"),
        ('gap_id,questions\ng0001,"torn\n', "CSV"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error_that_says_where(tmp_path, text, message):
    path = tmp_path / "dismissed.csv"
    path.write_text(text)
    with pytest.raises(SchemaError) as error:
        read_dismissals_file(path)
    assert str(path) in str(error.value)
    assert message in str(error.value)


@pytest.fixture
def workbook(tmp_path):
    """A workbook of a run whose gaps have ids, and the run."""
    analysis = make_analysis()
    gaps = analysis.gaps.assign(
        gap_id=[f"g{number:04d}" for number in range(1, len(analysis.gaps) + 1)],
        status="open",
        status_reason="open: =1+1",
    )
    analysis = replace_gaps(analysis, gaps)
    write_workbook(analysis, tmp_path / "gaps.xlsx")
    return analysis, tmp_path / "gaps.xlsx"


def replace_gaps(analysis, gaps):
    return replace(analysis, gaps=gaps)


def choose(path, row, sheet="gaps", **cells):
    book = openpyxl.load_workbook(path)
    titles = [cell.value for cell in book[sheet][1]]
    for title, value in cells.items():
        book[sheet].cell(row, 1 + titles.index(title.replace("_", " ")), value)
    book.save(path)


def test_what_is_chosen_in_the_workbook_is_taken_once_and_undone_there(workbook, tmp_path):
    analysis, book = workbook
    path = tmp_path / "dismissed.csv"
    assert take_dismissals(path, book) == 0
    assert not path.exists()
    choose(book, 2, status="Dismissed", note="not ours")
    assert take_dismissals(path, book) == 1
    assert take_dismissals(path, book) == 0
    rows = read_dismissals_file(path)
    sheet = read_gap_sheet(book)
    assert rows[["gap_id", "label", "why"]].to_numpy().tolist() == [
        [*sheet.iloc[0][["gap_id", "label"]], "not ours"]
    ]
    gap = analysis.gaps.sort_values("rank").iloc[0]
    asked = analysis.clusters.loc[analysis.clusters["cluster_id"] == gap["cluster_id"], "query_id"]
    texts = analysis.queries[analysis.queries["query_id"].isin(asked)]["text"]
    assert len(rows["questions"].iloc[0].split("\n")) == min(200, len(texts))
    # The next run knows of it. Then somebody opens it again in its workbook.
    status = analysis.gaps["status"].mask(analysis.gaps["gap_id"] == gap["gap_id"], "dismissed")
    write_workbook(replace_gaps(analysis, analysis.gaps.assign(status=status)), book)
    sheet = read_gap_sheet(book).set_index("gap_id").loc[gap["gap_id"]]
    assert sheet[["status", "note", "status before"]].tolist() == [
        *("dismissed", "not ours", "dismissed")
    ]
    choose(book, 2, status="open")
    assert take_dismissals(path, book) == 1
    assert read_dismissals_file(path).empty


@pytest.mark.parametrize("name", ["answered, not seen", "covered and out of reach"])
def test_topics_of_other_lists_are_dismissed_in_their_own_sheet(workbook, tmp_path, name):
    analysis, book = workbook
    choose(book, 3, sheet=name, status="dismissed")
    assert take_dismissals(tmp_path / "dismissed.csv", book) == 1
    sheet = read_gap_sheet(book)
    (chosen,) = sheet[sheet["status"] == "dismissed"].to_dict("records")
    assert (chosen["sheet"], chosen["row"]) == (name, 3)
    assert chosen["label"] in set(analysis.gaps["label"])
    assert read_dismissals_file(tmp_path / "dismissed.csv")["gap_id"].tolist() == [chosen["gap_id"]]


def test_a_choice_made_while_a_run_was_writing_is_in_the_next_workbook(workbook):
    analysis, book = workbook
    choose(book, 2, status="dismissed", note="later")
    write_workbook(analysis, book)
    sheet = read_gap_sheet(book).iloc[0]
    assert sheet[["status", "note", "status before"]].tolist() == ["dismissed", "later", "open"]


def test_a_note_follows_its_gap_to_another_id_and_rank(workbook):
    analysis, book = workbook
    choose(book, 2, note="mine")
    label = read_gap_sheet(book).iloc[0]["label"]
    gaps = analysis.gaps.assign(
        gap_id=analysis.gaps["gap_id"].iloc[::-1].to_numpy(),
        rank=analysis.gaps["rank"].iloc[::-1].to_numpy(),
    )
    write_workbook(replace_gaps(analysis, gaps), book)
    sheet = read_gap_sheet(book)
    assert sheet.loc[sheet["note"] == "mine", "label"].tolist() == [label]


def test_a_text_that_is_no_status_is_an_error_and_nothing_is_written(workbook, tmp_path):
    _, book = workbook
    choose(book, 2, status="dismissed")
    choose(book, 3, status="begone")
    with pytest.raises(SchemaError, match=r"sheet 'gaps', row 3.*'begone'"):
        take_dismissals(tmp_path / "dismissed.csv", book)
    assert not (tmp_path / "dismissed.csv").exists()


def test_a_run_proposes_nothing_for_a_dismissed_gap_and_counts_it(tmp_path):
    project = SmallProject(tmp_path)
    first = project.run()
    gap = first.gaps.iloc[0]
    assert gap["cluster_id"] in set(first.edits["cluster_id"])
    asked = first.clusters.merge(first.queries, on="query_id")
    write_dismissals_file(
        tmp_path / "dismissed.csv", dismiss(EMPTY, first.gaps, asked, gap["cluster_id"], "no")
    )
    second = project.run()
    last = second.gaps.iloc[-1]
    assert (last["gap_id"], last["status"], last["listing"]) == (
        *(gap["gap_id"], "dismissed", "dismissed"),
    )
    assert gap["cluster_id"] not in set(second.edits["cluster_id"])
    assert second.coverage.equals(first.coverage)
    assert second.gaps["demand"].sum() == first.gaps["demand"].sum()
    again = project.run()
    pd.testing.assert_frame_equal(again.gaps, second.gaps)
    (tmp_path / "dismissed.csv").unlink()
    columns = ["gap_id", "status", "status_reason", "rank"]
    pd.testing.assert_frame_equal(project.run().gaps[columns], first.gaps[columns])

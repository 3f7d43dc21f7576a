"""Notes that editors wrote into a workbook are kept in the next workbook."""

from dataclasses import replace
from datetime import datetime

import openpyxl
import pytest

from coverage_kit.errors import RunError
from coverage_kit.report.workbook import write_workbook
from coverage_kit.report.workbook.editor_notes import KEY, EditKey, EditorNotes, match_notes

TODO = "to do"
EARLIER = "earlier edits"


def rows_of(path, name=TODO):
    rows = list(openpyxl.load_workbook(path)[name].iter_rows(values_only=True))
    first = next(number for number, row in enumerate(rows) if KEY in row)
    return [dict(zip(rows[first], row, strict=True)) for row in rows[first + 1 :]]


def write_cells(path, cells, name=TODO):
    """Write {row: {heading: value}} into a workbook as people would; row 1 is below the header."""
    book = openpyxl.load_workbook(path)
    sheet = book[name]
    header = next(row[0].row for row in sheet if KEY in [cell.value for cell in row])
    headings = [cell.value for cell in sheet[header]]
    for row, values in cells.items():
        for heading, value in values.items():
            if heading not in headings:
                headings.append(heading)
                sheet.cell(header, len(headings), heading)
            sheet.cell(header + row, headings.index(heading) + 1, value)
    book.save(path)


def renumbered(analysis):
    """Return the analysis as a later run would number it: other ids and order of edits and gaps."""
    ids = {name: f"x{name}" for name in analysis.edits["edit_id"]}
    clusters = {f"c{n}": f"k{n}" for n in range(8)}
    with_edits = {
        name: getattr(analysis, name).assign(edit_id=lambda rows: rows["edit_id"].map(ids))
        for name in ("edits", "changes", "effects", "frontier")
    }
    with_edits["edits"] = with_edits["edits"].iloc[::-1].reset_index(drop=True)
    tables = {
        **with_edits,
        "gaps": analysis.gaps,
        "clusters": analysis.clusters,
        "holders": analysis.holders,
    }
    moved = {
        name: table.assign(cluster_id=table["cluster_id"].map(clusters))
        for name, table in tables.items()
        if "cluster_id" in table
    }
    return replace(analysis, **{**with_edits, **moved})


@pytest.fixture
def old(analysis, tmp_path):
    path = write_workbook(analysis, tmp_path / "old.xlsx")
    write_cells(
        path,
        {1: {"status": "done", "owner": "Ada"}, 3: {"status": "in progress", "note": "ask\nlegal"}},
    )
    return path


def test_status_owner_and_note_survive_a_run_that_numbers_edits_anew(analysis, old, tmp_path):
    rows = rows_of(write_workbook(renumbered(analysis), tmp_path / "new.xlsx", old))
    written = {row["rank"]: (row["status"], row["owner"], row["note"]) for row in rows}
    assert written[1] == ("done", "Ada", None)
    assert written[3] == ("in progress", None, "ask\nlegal")
    assert {written[rank] for rank in (2, 4, 5, 6, 7)} == {("to do", None, None)}
    assert EARLIER not in openpyxl.load_workbook(tmp_path / "new.xlsx").sheetnames


def test_a_workbook_that_is_overwritten_keeps_what_was_written_without_being_asked(analysis, old):
    assert rows_of(write_workbook(analysis, old))[0]["status"] == "done"


def test_same_kept_status_gives_the_same_bytes(analysis, old, tmp_path):
    first, second = (
        write_workbook(analysis, tmp_path / name, old).read_bytes()
        for name in ("one.xlsx", "two.xlsx")
    )
    assert first == second
    assert write_workbook(analysis, tmp_path / "one.xlsx").read_bytes() == first


def test_rows_whose_edit_is_gone_are_kept_once_over_many_runs_and_come_back(
    analysis, old, tmp_path
):
    later = replace(
        analysis, edits=analysis.edits.assign(is_chosen=analysis.edits["rank"].isin([2]))
    )
    gone = replace(analysis, edits=later.edits[later.edits["edit_id"] != "e0"])
    path = tmp_path / "new.xlsx"
    for _ in range(2):
        rows = rows_of(write_workbook(gone, path, old), EARLIER)
        assert [(row["status"], row["owner"], row["note"]) for row in rows] == [
            ("done", "Ada", None),
            ("in progress", None, "ask\nlegal"),
        ]
        assert [row["now"] for row in rows] == ["not proposed any more", "proposed, rank 3"]
        assert [row["page"] for row in rows] == ["/p0", "/p2"]
    assert [row["status"] for row in rows_of(write_workbook(analysis, path))][:3] == [
        "done",
        "to do",
        "in progress",
    ]
    assert EARLIER not in openpyxl.load_workbook(path).sheetnames


def test_columns_of_their_own_moved_columns_rows_and_a_title_above_do_not_break_reading(
    analysis, old, tmp_path
):
    write_cells(old, {1: {"Agency": "north"}, 2: {"Agency": 12}})
    book = openpyxl.load_workbook(old)
    sheet = book[TODO]
    rows = [list(row) for row in sheet.iter_rows(min_row=4, values_only=True)]
    turned = [row[::-1] for row in (rows[0], *rows[:0:-1])]
    del book[TODO]
    sheet = book.create_sheet(TODO)
    for row in (["Our plan"], [], *turned):
        sheet.append(row)
    sheet.auto_filter.ref = "B3:D5"
    book.save(old)
    rows = rows_of(write_workbook(analysis, tmp_path / "new.xlsx", old))
    assert [(row["status"], row["owner"], row["Agency"]) for row in rows[:3]] == [
        ("done", "Ada", "north"),
        ("to do", None, "12"),
        ("in progress", None, None),
    ]


def test_a_row_added_by_hand_is_kept(analysis, old, tmp_path):
    write_cells(
        old,
        {30: {"page": "shop.example/news", "what to write": "Tell of the fair.", "owner": "Bo"}},
    )
    row = rows_of(write_workbook(analysis, tmp_path / "new.xlsx", old), EARLIER)[0]
    assert (row["page"], row["what to write"], row["owner"]) == (
        "/news",
        "Tell of the fair.",
        "Bo",
    )


def test_of_two_workbooks_the_named_ones_word_counts(analysis, old, tmp_path):
    path = write_workbook(analysis, tmp_path / "new.xlsx")
    write_cells(path, {1: {"status": "to do"}, 2: {"status": "won't do"}})
    rows = rows_of(write_workbook(analysis, path, old))
    assert [row["status"] for row in rows[:3]] == ["done", "to do", "in progress"]


def test_what_is_kept_is_text_and_never_a_formula_or_a_link(analysis, old, tmp_path):
    texts = ['=HYPERLINK("http://x","y")', "=1+1", "+1", "-1", "@x", "https://evil.example", "{=1}"]
    write_cells(old, {row: {"note": text, "=own": text} for row, text in enumerate(texts, 1)})
    gone = replace(analysis, edits=analysis.edits[analysis.edits["rank"] > 6])
    book = openpyxl.load_workbook(write_workbook(gone, tmp_path / "new.xlsx", old))
    cells = [
        cell
        for name in (TODO, EARLIER)
        for row in book[name]
        for cell in row
        if cell.value in {*texts, "=own"}
    ]
    assert len(cells) == 2 * len(texts) + 2  # the notes, the column of their own, its two headings
    assert {(cell.data_type, cell.hyperlink) for cell in cells} == {("s", None)}


def test_an_unreadable_workbook_is_set_aside_and_named(analysis, tmp_path, caplog):
    path = tmp_path / "gaps.xlsx"
    for name in ("gaps.xlsx.old", "gaps.xlsx.old2"):
        path.write_text("not a workbook")
        write_workbook(analysis, path)
        assert (tmp_path / name).read_text() == "not a workbook"
        assert name in caplog.messages[-1]
    assert len(rows_of(path)) == 7


@pytest.mark.parametrize("kind", ["missing", "text", "folder", "other sheets", "no key"])
def test_a_wrong_file_is_reported(analysis, old, tmp_path, kind):
    path = tmp_path / "wrong.xlsx"
    if kind == "text":
        path.write_text("status;owner")
    elif kind == "folder":
        path.mkdir()
    elif kind == "other sheets":
        openpyxl.Workbook().save(path)
    elif kind == "no key":
        book = openpyxl.load_workbook(old)
        for cell in book[TODO][4]:
            cell.value = "x" if cell.value == KEY else cell.value
        book.save(path)
    message = {"other sheets": "found sheets 'Sheet'", "no key": "found no column"}.get(
        kind, "a workbook of an earlier run"
    )
    with pytest.raises(RunError, match=message) as error:
        write_workbook(analysis, tmp_path / "new.xlsx", path)
    assert error.value.where == str(path)
    assert "coverage-kit wrote" in error.value.cure
    assert not (tmp_path / "new.xlsx").exists()


def test_edits_are_matched_by_section_and_question_then_job_then_section_and_gap():
    new = [
        EditKey("p", "q", "a"),
        EditKey("p", "r", "b"),
        EditKey("p", "s", "c", frozenset({"d"})),
        EditKey("p", "t", "e"),
    ]
    old = {
        key: EditorNotes(key, {"status": key}, {"status": key})
        for key in ("p-q-a", "p-x-b", "p-s-d", "p-t-z", "p-q-a2", "y-u-e")
    }
    matched, left = match_notes(new, list(old.values()))
    assert {index: row.key for index, row in matched.items()} == {
        0: "p-q-a",
        1: "p-x-b",
        2: "p-s-d",
    }
    assert [row.key for row in left] == ["p-t-z", "p-q-a2", "y-u-e"]


def test_a_due_date_is_kept_as_a_date_and_another_text_as_a_text(analysis, old, tmp_path):
    write_cells(old, {1: {"due date": datetime(2026, 12, 24)}, 2: {"due date": "after Easter"}})
    path = write_workbook(analysis, tmp_path / "new.xlsx", old)
    again = write_workbook(renumbered(analysis), tmp_path / "newer.xlsx", path)
    for book in (path, again):
        rows = {row["rank"]: row["due date"] for row in rows_of(book)}
        assert (rows[1], rows[2], rows[3]) == (datetime(2026, 12, 24), "after Easter", None)


def test_a_status_that_nobody_changed_is_no_note(analysis, tmp_path):
    path = write_workbook(analysis, tmp_path / "gaps.xlsx")
    gone = replace(analysis, edits=analysis.edits[analysis.edits["edit_id"] != "e0"])
    assert EARLIER not in openpyxl.load_workbook(write_workbook(gone, path)).sheetnames


def test_a_workbook_of_an_earlier_version_is_read(analysis, old, tmp_path):
    book = openpyxl.load_workbook(old)
    sheet = book[TODO]
    sheet.title = "to do by page"
    sheet.delete_rows(1, 3)
    former = {"topic": "edit", "answered questions gained": "adds (queries asked)"}
    for cell in sheet[1]:
        cell.value = former.get(cell.value, cell.value)
    for number in [cell.column for cell in sheet[1] if cell.value in {"due date", "all questions"}][
        ::-1
    ]:
        sheet.delete_cols(number)
    book.save(old)
    path = write_workbook(analysis, tmp_path / "new.xlsx", old)
    rows = rows_of(path)
    assert [row["status"] for row in rows[:3]] == ["done", "to do", "in progress"]
    assert not {"edit", "adds (queries asked)"} & set(rows[0])


def test_notes_of_a_new_page_follow_its_gap_when_topics_are_grouped_and_named_anew(
    analysis, tmp_path
):
    page = analysis.edits[analysis.edits["operation"] == "add_page"].iloc[0]
    old = write_workbook(analysis, tmp_path / "old.xlsx")
    number = 1 + next(n for n, row in enumerate(rows_of(old)) if row["rank"] == int(page["rank"]))
    write_cells(old, {number: {"status": "in progress", "due date": datetime(2027, 1, 4)}})
    # Another name, so another address; another first question; a question less in the topic.
    members = analysis.clusters[analysis.clusters["cluster_id"] == page["cluster_id"]]
    is_page = analysis.edits["edit_id"] == page["edit_id"]
    edits = analysis.edits.assign(
        page_id=analysis.edits["page_id"].mask(is_page, "shop.example/other-name"),
        heading_path=analysis.edits["heading_path"].mask(is_page, "Other name"),
        brief=analysis.edits["brief"].mask(is_page, "Other words."),
    )
    assert len(members) > 2
    left = analysis.clusters["query_id"] != members["query_id"].iloc[0]
    effects = analysis.effects[analysis.effects["edit_id"] != page["edit_id"]]
    later = replace(analysis, edits=edits, clusters=analysis.clusters[left], effects=effects)
    rows = {row["rank"]: row for row in rows_of(write_workbook(later, tmp_path / "n.xlsx", old))}
    row = rows[int(page["rank"])]
    assert row["page"] == "/other-name"
    assert (row["status"], row["due date"]) == ("in progress", datetime(2027, 1, 4))
    # A page for other questions is another page.
    foreign = replace(
        later, clusters=later.clusters[~later.clusters["query_id"].isin(members["query_id"])]
    )
    path = write_workbook(foreign, tmp_path / "m.xlsx", old)
    assert [row["status"] for row in rows_of(path, EARLIER)] == ["in progress"]

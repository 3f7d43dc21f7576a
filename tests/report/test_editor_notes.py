"""Notes that editors wrote into a workbook are kept in the next workbook."""

from dataclasses import replace

import openpyxl
import pytest

from coverage_kit.errors import RunError
from coverage_kit.report.workbook import write_workbook
from coverage_kit.report.workbook.editor_notes import KEY, EditKey, EditorNotes, match_notes

TODO = "to do by page"
EARLIER = "earlier edits"


def rows_of(path, name=TODO):
    rows = list(openpyxl.load_workbook(path)[name].iter_rows(values_only=True))
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def write_cells(path, cells, name=TODO):
    """Write {row: {heading: value}} into a workbook as people would; row 1 is below the header."""
    book = openpyxl.load_workbook(path)
    sheet = book[name]
    headings = [cell.value for cell in sheet[1]]
    for row, values in cells.items():
        for heading, value in values.items():
            if heading not in headings:
                headings.append(heading)
                sheet.cell(1, len(headings), heading)
            sheet.cell(row + 1, headings.index(heading) + 1, value)
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
    assert {written[rank] for rank in (2, 4, 5, 6, 7)} == {(None, None, None)}
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
        assert [row["page"] for row in rows] == ["shop.example/p0", "shop.example/p2"]
    assert [row["status"] for row in rows_of(write_workbook(analysis, path))][:3] == [
        "done",
        None,
        "in progress",
    ]
    assert EARLIER not in openpyxl.load_workbook(path).sheetnames


def test_columns_of_their_own_moved_columns_rows_and_a_title_above_do_not_break_reading(
    analysis, old, tmp_path
):
    write_cells(old, {1: {"Agency": "north"}, 2: {"Agency": 12}})
    book = openpyxl.load_workbook(old)
    sheet = book[TODO]
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
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
        (None, None, "12"),
        ("in progress", None, None),
    ]


def test_a_row_added_by_hand_is_kept(analysis, old, tmp_path):
    write_cells(
        old,
        {30: {"page": "shop.example/news", "what to write": "Tell of the fair.", "owner": "Bo"}},
    )
    row = rows_of(write_workbook(analysis, tmp_path / "new.xlsx", old), EARLIER)[0]
    assert (row["page"], row["what to write"], row["owner"]) == (
        "shop.example/news",
        "Tell of the fair.",
        "Bo",
    )


def test_of_two_workbooks_the_named_ones_word_counts(analysis, old, tmp_path):
    path = write_workbook(analysis, tmp_path / "new.xlsx")
    write_cells(path, {1: {"status": "to do"}, 2: {"status": "won't do"}})
    rows = rows_of(write_workbook(analysis, path, old))
    assert [row["status"] for row in rows[:3]] == ["done", None, "in progress"]


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
        for cell in book[TODO][1]:
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

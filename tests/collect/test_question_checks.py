"""The file of checks as people, spreadsheets and accidents leave it."""

import re

import openpyxl
import pytest

from coverage_kit.collect.question_checks import (
    COLUMNS,
    read_checks_file,
    read_question_checks,
    write_checks_file,
)
from coverage_kit.errors import SchemaError
from coverage_kit.tables import QUERIES

QUESTIONS = ("How far does it go?", "What does it cost?", "Is it safe?", "Who repairs it?")


@pytest.fixture
def queries():
    rows = [{"query_id": f"q{n}", "text": text, "demand": 1.0} for n, text in enumerate(QUESTIONS)]
    return QUERIES.table(rows)


def line_of(number, choice="", **cells):
    row = {
        "question": QUESTIONS[number % len(QUESTIONS)],
        "choice": choice,
        "checked_by": "person",
        "query_id": f"q{number}",
        "stratum": "band 1",
        "probability": "0.5",
        "draw": "1",
        **cells,
    }
    return [row.get(name, "") for name in COLUMNS]


def write(path, *lines, separator=",", encoding="utf-8", end="\n", header=COLUMNS):
    quoted = [
        separator.join('"' + cell.replace('"', '""') + '"' for cell in line)
        for line in (header, *lines)
    ]
    path.write_bytes((end.join(quoted) + end).encode(encoding))
    return path


def choices(read):
    return dict(zip(read.table["query_id"], read.table["choice"].fillna(""), strict=True))


@pytest.mark.parametrize(
    ("separator", "encoding", "end"),
    [
        (",", "utf-8", "\n"),
        (";", "utf-8-sig", "\r\n"),
        ("\t", "utf-16", "\r\n"),
        (";", "cp1252", "\r\n"),
        (",", "utf-8-sig", "\r"),
    ],
)
def test_a_file_is_read_as_any_spreadsheet_saves_it(tmp_path, queries, separator, encoding, end):
    path = write(
        tmp_path / "checks.csv",
        line_of(0, "answered", note="für später", probability="0,25", draw="1.0"),
        line_of(1),
        separator=separator,
        encoding=encoding,
        end=end,
    )
    read = read_question_checks(path, queries)
    row = read.table.iloc[0]
    assert row[["choice", "note", "probability", "draw"]].tolist() == [
        *("answered", "für später", 0.25, 1)
    ]
    assert choices(read) == {"q0": "answered", "q1": ""}
    assert read.notes == ()


@pytest.mark.parametrize(
    ("written", "choice"),
    [
        ("1", "answered"),
        (" Answered ", "answered"),
        ("2.0", "partly"),
        ("NOT  answered", "not answered"),
        ("not_our-subject.", "not our subject"),
        ("4", "not our subject"),
        ("", ""),
    ],
)
def test_a_choice_may_be_written_in_any_case_and_spacing_or_as_its_number(
    tmp_path, queries, written, choice
):
    path = write(tmp_path / "checks.csv", line_of(0, written))
    assert choices(read_question_checks(path, queries)) == {"q0": choice}


def test_an_unknown_choice_is_an_error_that_names_its_row_and_all_four_choices(tmp_path, queries):
    path = write(tmp_path / "checks.csv", line_of(0, "answered"), line_of(1, "maybe"))
    with pytest.raises(SchemaError) as raised:
        read_question_checks(path, queries)
    message = str(raised.value)
    assert "row 3" in message
    assert "'maybe'" in message
    assert "answered, partly, not answered, not our subject" in message


def test_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path, queries):
    """Line ends within a cell, empty rows and a line that names the separator do not shift them."""
    path = write(
        tmp_path / "checks.csv",
        line_of(0, note="two\nlines"),
        [""] * len(COLUMNS),
        line_of(1, "maybe"),
        separator=";",
    )
    path.write_text("sep=;\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(SchemaError, match="row 4"):
        read_question_checks(path, queries)


def test_rows_of_a_question_that_agree_count_once_and_are_reported(tmp_path, queries):
    path = write(
        tmp_path / "checks.csv",
        line_of(0),
        line_of(1, "partly"),
        line_of(0, "answered"),
        line_of(9, "answered", question=" how far DOES it go? "),
    )
    read = read_question_checks(path, queries)
    assert choices(read) == {"q0": "answered", "q1": "partly"}
    assert re.search("again in rows 4, 5. It counts once", "".join(read.notes))


def test_rows_of_a_question_that_contradict_are_an_error_that_names_both(tmp_path, queries):
    path = write(tmp_path / "checks.csv", line_of(0, "answered"), line_of(1), line_of(0, "partly"))
    with pytest.raises(SchemaError, match=r"answered in row 2 and partly in row 4 .*How far"):
        read_question_checks(path, queries)


def test_a_person_and_a_model_may_differ_on_a_question(tmp_path, queries):
    path = write(
        tmp_path / "checks.csv",
        line_of(0, "answered"),
        line_of(0, "partly", checked_by="model-x"),
    )
    assert read_question_checks(path, queries).table["checked_by"].tolist() == ["person", "model-x"]


def test_a_question_is_matched_by_its_words_when_ids_change(tmp_path, queries):
    path = write(
        tmp_path / "checks.csv",
        line_of(0, "answered", query_id="old", question="how far does IT go"),
    )
    assert choices(read_question_checks(path, queries)) == {"q0": "answered"}


def test_a_question_that_is_not_in_the_log_is_counted_and_reported(tmp_path, queries):
    lines = [line_of(0, "answered"), line_of(1), line_of(7, "partly", question="And the tyres?")]
    read = read_question_checks(write(tmp_path / "checks.csv", *lines), queries)
    assert list(choices(read)) == ["q0", "q1"]
    assert (read.n_rows, read.n_unknown, read.is_foreign) == (3, 1, False)
    assert "1 of 3 questions are not in this log" in read.notes[0]
    assert "(row 4)" in read.notes[0]


def test_the_file_of_another_site_is_reported_as_such(tmp_path, queries):
    lines = [line_of(n, "partly", question=f"Other {n}?") for n in range(10, 15)]
    read = read_question_checks(write(tmp_path / "checks.csv", line_of(0), *lines), queries)
    assert read.is_foreign
    assert "5 of 6 questions are not in this log. Is it the file of another site" in read.notes[0]


def test_one_choice_for_all_questions_is_reported(tmp_path):
    texts = [f"question {n}" for n in range(12)]
    queries = QUERIES.table(
        [{"query_id": f"q{n}", "text": text, "demand": 1.0} for n, text in enumerate(texts)]
    )
    lines = [line_of(n, "answered", question=text) for n, text in enumerate(texts)]
    read = read_question_checks(write(tmp_path / "checks.csv", *lines), queries)
    assert "person chose 'answered' for all 12 questions" in read.notes[0]
    lines[3] = line_of(3, "partly", question=texts[3])
    assert read_question_checks(write(tmp_path / "checks.csv", *lines), queries).notes == ()


def test_no_file_no_rows_and_no_choices_are_fine(tmp_path, queries):
    read = read_question_checks(tmp_path / "checks.csv", queries)
    assert (len(read.table), read.notes) == (0, ())
    read = read_question_checks(write(tmp_path / "checks.csv"), queries)
    assert (len(read.table), read.notes) == (0, ())
    read = read_question_checks(write(tmp_path / "checks.csv", line_of(0), line_of(1)), queries)
    assert choices(read) == {"q0": "", "q1": ""}


@pytest.mark.parametrize("name", ["question", "choice", "stratum", "probability", "draw"])
def test_a_missing_column_is_an_error_that_names_it(tmp_path, queries, name):
    place = COLUMNS.index(name)
    header = [column for column in COLUMNS if column != name]
    line = line_of(0, "answered")
    path = write(tmp_path / "checks.csv", line[:place] + line[place + 1 :], header=header)
    with pytest.raises(SchemaError, match=f"a column '{name}'"):
        read_question_checks(path, queries)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"probability": "0"}, "row 2: a probability"),
        ({"probability": "1.5"}, "row 2: a probability"),
        ({"probability": "nan"}, "row 2: a probability"),
        ({"probability": "half"}, "row 2: a probability"),
        ({"draw": ""}, "row 2: the number of a draw"),
        ({"draw": "1.5"}, "row 2: the number of a draw"),
        ({"question": ""}, "row 2: a question"),
    ],
)
def test_a_spoilt_cell_is_an_error_that_names_its_row(tmp_path, queries, cells, message):
    path = write(tmp_path / "checks.csv", line_of(0, "answered", **cells))
    with pytest.raises(SchemaError, match=message):
        read_question_checks(path, queries)


def test_a_question_that_a_person_added_is_not_counted_and_is_reported(tmp_path, queries):
    added = line_of(2, "answered", query_id="", probability="", stratum="", draw="")
    read = read_question_checks(write(tmp_path / "checks.csv", line_of(0), added), queries)
    assert list(choices(read)) == ["q0"]
    assert "row 3 has no probability" in read.notes[0]


def test_a_question_that_was_drawn_counts_before_one_that_a_person_added(tmp_path, queries):
    added = line_of(0, "partly", query_id="", probability="", stratum="", draw="")
    read = read_question_checks(write(tmp_path / "checks.csv", added, line_of(0)), queries)
    assert choices(read) == {"q0": ""}


def test_a_workbook_in_place_of_the_file_is_an_error_that_says_how_to_save_it(tmp_path, queries):
    openpyxl.Workbook().save(tmp_path / "checks.xlsx")
    with pytest.raises(SchemaError, match="Save it as CSV"):
        read_question_checks(tmp_path / "checks.xlsx", queries)


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b'question,choice\n"open', bytes(range(256)) * 9, b"\xff\xfe\x00"]
)
def test_what_is_no_table_is_an_error(tmp_path, queries, content):
    (tmp_path / "checks.csv").write_bytes(content)
    with pytest.raises(SchemaError):
        read_question_checks(tmp_path / "checks.csv", queries)


def test_a_folder_in_place_of_the_file_is_an_error(tmp_path, queries):
    with pytest.raises(SchemaError):
        read_question_checks(tmp_path, queries)


def test_what_is_written_is_read_again_with_columns_of_people(tmp_path):
    path = write(
        tmp_path / "checks.csv",
        [*line_of(0, "2", question='=1+1; "quoted"', note="a\nb"), "Ada"],
        header=[*COLUMNS, "owner"],
        separator=";",
    )
    rows = read_checks_file(path)
    write_checks_file(path, rows)
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert '"\'=1+1; ""quoted""";partly' in content.decode("utf-8-sig")
    again = read_checks_file(path)
    assert again.to_dict("records") == rows.to_dict("records")
    assert again.loc[2, ["question", "note", "owner"]].tolist() == [
        *('=1+1; "quoted"', "a\nb", "Ada")
    ]

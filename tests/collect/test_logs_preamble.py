"""The header of a table may have titles, comments, dates and filters above it."""

import openpyxl
import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.settings import LogSettings

TABLE = "Prompt,Platform,Answer\nhow heavy is a kayak?,ChatGPT,About 20 kg.\n"


def read(path, text, encoding="utf-8"):
    path.write_text(text, encoding=encoding)
    return read_log(LogSettings(files=(str(path),)))


def figures(log):
    return dict(zip(log.queries["text"], log.queries["demand"], strict=True))


def test_a_keyword_planner_export_has_a_title_and_dates_above_its_header(tmp_path):
    text = (
        "Keyword Stats 2026-10-02 at 09_11_45\r\n"
        "September 1, 2025 - August 31, 2026\r\n"
        "Keyword\tCurrency\tAvg. monthly searches\tYoY change\r\n"
        "kayak rack for a small car\tEUR\t1900\t12%\r\n"
        "can a kayak stay outside\tEUR\t40\t\r\n"
    )
    log = read(tmp_path / "stats.csv", text, encoding="utf-16")
    assert figures(log) == {"kayak rack for a small car": 1900, "can a kayak stay outside": 40}
    assert log.rejects.empty


@pytest.mark.parametrize(
    "above",
    [
        "# Export: answers\n# Project: Reed, Ltd., Berlin\n\n",
        "AI visibility report\n\n",
        "AI visibility report,,\n,,\n",
        "Project,Reed\nCountry,Germany\nFrom,2026-09-01\nTo,2026-09-14\nModels,all\n\n",
        '"Answers of September 1, 2026, to September 14, 2026"\n',
        "// made by a script\n\n\n\n",
        "".join(f"# note {n}\n" for n in range(19)),
        "sep=,\n",
        "sep=,\nAI visibility report,,\n,,\n",
        "\ufeffQueries\n\n",
    ],
    ids=lambda above: above.split("\n")[0],
)
def test_lines_above_the_header_are_passed_over(tmp_path, above):
    log = read(tmp_path / "log.csv", above + TABLE)
    assert log.queries["text"].tolist() == ["how heavy is a kayak?"]
    assert log.answers[["engine", "text"]].to_numpy().tolist() == [["chatgpt", "About 20 kg."]]
    assert log.rejects.empty


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_header_of_unknown_names_is_the_first_row_as_wide_as_the_table(tmp_path, delimiter):
    rows = [
        ("Co napisano", "Co padlo", "Vevel"),
        ("how heavy is a kayak?", "About 20 kg, some say; it depends.", "x"),
        ("can a kayak stay outside?", "Yes; with a cover, it can.", "y"),
        ("where do I store paddles?", "On the wall, as a rule.", "z"),
    ]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    log = read(tmp_path / "log.csv", f"Zprava\n1. 9. 2026, Brno\n\n{text}\n")
    assert log.mapping["query"] == "Co napisano"
    assert len(log.queries) == 3


def test_a_list_of_questions_may_have_a_title(tmp_path):
    log = read(tmp_path / "log.csv", "From the desk, in May\n\nQuestion\nIs it dry, warm?\nWhy?\n")
    assert log.queries["text"].tolist() == ["Is it dry, warm?", "Why?"]


def test_rows_that_name_columns_are_no_header_below_a_known_one(tmp_path):
    log = read(
        tmp_path / "log.csv", "question,answer\nprompt,output\nwhat is a query,A question.\n"
    )
    assert set(log.queries["text"]) == {"prompt", "what is a query"}


def test_a_sheet_may_have_a_title_and_its_header_again(tmp_path):
    book = openpyxl.Workbook()
    for row in (
        ["AI visibility, September"],
        [],
        ["Country", "Germany"],
        [None, "Prompt", "Platform", "Answer"],
        [1, "how heavy is a kayak?", "ChatGPT", "About 20 kg."],
        [None, "Prompt", "Platform", "Answer"],
        [2, "why?", "ChatGPT", "So."],
    ):
        book.active.append(row)
    book.save(tmp_path / "log.xlsx")
    log = read_log(LogSettings(files=(str(tmp_path / "log.xlsx"),)))
    assert set(log.queries["text"]) == {"how heavy is a kayak?", "why?"}
    assert log.rejects.empty
    assert log.sources[["n_records", "n_aside"]].to_numpy().tolist() == [[2, 1]]

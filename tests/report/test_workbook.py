import itertools
import re
from dataclasses import replace

import openpyxl
import pandas as pd
import pytest

from coverage_kit.errors import RunError
from coverage_kit.report.wording import GAP_ORDER
from coverage_kit.report.workbook import clean_cell, write_csv, write_workbook, writer
from coverage_kit.report.workbook.editor_notes import KEY


@pytest.fixture(scope="module")
def book(analysis, tmp_path_factory):
    return openpyxl.load_workbook(
        write_workbook(analysis, tmp_path_factory.mktemp("book") / "gaps.xlsx")
    )


# The sheets for engineers.
HIDDEN = (
    "visibility over time",
    "visibility by gap",
    "who is cited",
    "engine drift",
    "associations",
    "fetches by page",
    "effects by page",
    "log sources",
    "four pillars",
    "wrong by engine",
    "judges",
    "judgements",
    "glossary of hidden sheets",
    "about",
    "chart data",
)


def column(sheet, title):
    header = 4 if sheet.title == "to do" else 1
    index = [cell.value for cell in sheet[header]].index(title)
    return [row[index] for row in sheet.iter_rows(min_row=header + 1)]


def test_sheets_are_in_order(book):
    assert book.sheetnames == [
        "to do",
        "summary",
        "gaps",
        "edits",
        "questions to check",
        "questions",
        "answered, not seen",
        "covered and out of reach",
        "visibility",
        "competitors",
        "before and after",
        "AI visits",
        "asked for, not there",
        "brand facts",
        "wrong about us",
        "pages",
        "not read",
        "findings",
        "glossary",
        *HIDDEN,
    ]
    assert [sheet.title for sheet in book if sheet.sheet_state == "hidden"] == list(HIDDEN)


def test_tabs_of_a_group_are_together_in_one_colour(book):
    colors = [sheet.sheet_properties.tabColor.rgb for sheet in book]
    runs = [color for color, _ in itertools.groupby(colors)]
    assert len(runs) == len(set(runs)) == 6
    assert colors[0] == colors[book.sheetnames.index("questions to check")]


def test_every_sheet_prints_on_one_page_in_width_with_its_header_and_page_numbers(book):
    for sheet in book:
        if sheet.title == "chart data":
            continue
        setup = sheet.page_setup
        portrait = sheet.title == "summary"
        assert setup.orientation == ("portrait" if portrait else "landscape")
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert str(setup.fitToHeight) == "0"
        assert (
            "&P of &N"
            in str(sheet.oddFooter.right.text).replace("&[Page]", "&P").replace("&[Pages]", "&N")
            or sheet.oddFooter.right.text == "Page &P of &N"
        )
        header = {"to do": "$4:$4", "summary": None}.get(sheet.title, "$1:$1")
        assert sheet.print_title_rows == header


def test_a_sheet_shows_at_most_twelve_columns_and_neither_ids_nor_keys(book):
    for sheet in book:
        if sheet.sheet_state == "hidden":
            continue
        header = next(row for row in sheet if sheet.title != "to do" or row[0].row == 4)
        shown = [cell.value for cell in header if not is_hidden(sheet, cell.column)]
        assert len(shown) <= 12, sheet.title
        assert not {"gap_id", "query_id", KEY, "all questions"} & set(shown)


def is_hidden(sheet, number):
    """Return whether a column is hidden; openpyxl keeps equal neighbours as one."""
    return any(
        group.hidden and group.min <= number <= group.max
        for group in sheet.column_dimensions.values()
        if group.min is not None
    )


def test_no_column_of_a_sheet_is_empty_but_those_to_fill_in(book):
    to_fill = {"status", "owner", "due date", "note", "choice"}
    for sheet in book:
        if sheet.title in {"to do", "summary", "chart data"}:
            continue
        for column in sheet.iter_cols():
            if not is_hidden(sheet, column[0].column) and column[0].value not in to_fill:
                assert any(cell.value is not None for cell in column[1:]), column[0].value


def test_no_path_of_the_machine_is_in_the_book(analysis, tmp_path):
    about = replace(
        analysis.about, settings=analysis.about.settings | {"log": {"files": ["/home/ann/a.csv"]}}
    )
    sources = analysis.sources.assign(file=r"C:\Users\ann\log.csv")
    run = replace(analysis, about=about, sources=sources, rejects=analysis.rejects.head(0))
    book = openpyxl.load_workbook(write_workbook(run, tmp_path / "gaps.xlsx"))
    texts = [str(cell.value) for sheet in book for row in sheet for cell in row]
    assert not [text for text in texts if "ann" in text.replace("annoy", "") and "/" in text]
    assert {cell.value for cell in column(book["log sources"], "file")} == {"log.csv"}
    assert "a.csv" in {cell.value for cell in column(book["about"], "value")}


def test_only_the_totals_of_the_to_do_sheet_are_formulas(book):
    cells = [cell for sheet in book for row in sheet for cell in row]
    assert len(cells) > 1_000
    assert {cell.data_type for cell in cells} <= {"s", "n", "d", "f", "inlineStr"}
    formulas = [cell for cell in cells if cell.data_type == "f"]
    assert {(cell.parent.title, cell.row) for cell in formulas} == {("to do", 3)}
    words = set(re.findall(r"[A-Za-z_]{2,}", " ".join(cell.value for cell in formulas)))
    assert words <= {"COUNTIF", "SUM", "SUMIFS", "to", "do", "in", "progress", "done", "won"}


def test_hostile_text_stays_as_it_is(book, hostile):
    texts = {cell.value for cell in column(book["questions"], "question")}
    assert {hostile[0], hostile[1], hostile[3], hostile[4], hostile[9]} <= texts
    assert "tab\there and bell  null  and [31m" in texts


def test_text_beyond_a_cell_is_cut_with_a_note(book):
    longest = max((cell.value for cell in column(book["questions"], "question")), key=len)
    assert len(longest) == 32_767
    assert longest.endswith("… [cut: 40,000 characters]")


def test_links_lead_to_http_or_into_the_book(book):
    links = [cell.hyperlink for sheet in book for row in sheet for cell in row if cell.hyperlink]
    targets = {link.target for link in links if link.target}
    locations = {link.location for link in links if not link.target}
    assert targets
    assert all(target.startswith(("http://", "https://")) for target in targets)
    shown = {sheet.title for sheet in book if sheet.sheet_state == "visible"}
    assert {location.rpartition("!")[0].strip("'") for location in locations} == shown - {"summary"}
    for location in locations:
        sheet, _, cell = location.rpartition("!A")
        assert 1 <= int(cell) <= book[sheet.strip("'")].max_row


def test_link_to_a_gap_leads_to_its_row(book):
    cell = next(cell for cell in column(book["questions"], "gap") if cell.value == "battery, bike")
    row = int(cell.hyperlink.location.split("!A")[1])
    assert book["gaps"].cell(row, 2).value == "battery, bike"


def test_shares_are_percent_and_missing_values_blank(book):
    severity = column(book["gaps"], "severity (share unanswered)")[0]
    assert (severity.value, severity.number_format) == (0.9, "0%")
    assert column(book["gaps"], "citation rate of your site")[0].value is None


def test_each_list_has_its_sheet_and_the_gaps_the_rule_of_their_order(book):
    ranks = {
        name: [cell.value for cell in column(book[name], "rank")]
        for name in ("gaps", "answered, not seen", "covered and out of reach")
    }
    assert ranks == {
        "gaps": [1, 2],
        "answered, not seen": [3, 4, 5],
        "covered and out of reach": [6, 7, 8],
    }
    lists = [cell.value for cell in column(book["covered and out of reach"], "list")]
    assert lists == ["out of reach", "out of reach", "covered"]
    assert GAP_ORDER in book["gaps"]["A1"].comment.text
    assert [cell.value for cell in column(book["gaps"], "theme")] == [
        "<b>Rides</b> & range",
        "Care",
    ]


def test_summary_answers_its_title_and_names_three_gaps_and_three_edits(book):
    rows = list(book["summary"].iter_rows(values_only=True))
    assert rows[0][0] == "Which questions does your site not answer?"
    assert rows[1][0] == (
        "Shop's site answers about 5 in 10 of what people ask AI. 2 topics are not answered well, "
        "above all: “<script>alert(7)</script>, =1+1” and “battery, bike”."
    )
    assert rows[2][0].startswith("How far to trust it: ")
    (gaps,) = (n for n, row in enumerate(rows) if row[0] == "top gaps")
    assert rows[gaps + 1][:3] == ("<script>alert(7)</script>, =1+1", 7, "5 of 5")
    assert rows[gaps + 2][0] == "battery, bike"
    (edits,) = (n for n, row in enumerate(rows) if row[0] == "top edits")
    assert [row[1] for row in rows[edits + 1 : edits + 4]] == [10, 11, 12]
    assert rows[edits + 4][0] is None
    texts = [row[0] for row in rows]
    assert {GAP_ORDER, "3 topics answered, but not seen."} <= set(texts)
    hidden = {row[0]: row[2] for row in rows if row[2] == "hidden"}
    assert list(hidden) == list(HIDDEN[:-1])


def test_times_are_in_utc(book):
    own = column(book["pages"], "modified (UTC)")[:5]
    assert {str(cell.value) for cell in own} == {"None", "2026-04-01 08:00:00"}


def test_rejected_pages_are_marked(book):
    assert [cell.value for cell in column(book["pages"], "status")].count("too short") == 3
    rules = {
        str(ranges.sqref): rules
        for ranges, rules in book["pages"].conditional_formatting._cf_rules.items()
    }
    assert [rule.operator for rule in rules["D2:D16"]] == ["notEqual"]


def test_sheets_can_be_filtered_and_keep_their_header(book):
    for name in ("gaps", "questions", "edits", "pages"):
        assert book[name].freeze_panes == "A2"
        assert book[name].auto_filter.ref.startswith("A1:")
    assert book["to do"].freeze_panes == "A5"
    assert book["to do"].auto_filter.ref.startswith("A4:")


def test_about_says_what_predictions_depend_on(book):
    values = [str(cell.value) for cell in column(book["about"], "value")]
    assert any("predicted under model minilm, self-test AUC 0.81" in value for value in values)


def test_glossaries_explain_every_term_and_every_heading(book):
    rows = [
        (sheet, heading, meaning)
        for name in ("glossary", "glossary of hidden sheets")
        for heading, meaning, sheets in book[name].iter_rows(min_row=2, values_only=True)
        for sheet in sheets.split("\n")
    ]
    meanings = {(sheet, heading): meaning for sheet, heading, meaning in rows}
    assert (
        meanings["term", "coverage"]
        == "calibrated probability that your site answers a question, 0 to 1"
    )
    assert meanings["gaps", "severity (share unanswered)"].startswith(
        "demand-weighted mean of 1 - coverage, shrunk"
    )
    others = {"summary", "glossary", "glossary of hidden sheets", "about", "chart data"}
    headings = {
        (sheet.title, cell.value)
        for sheet in book
        if sheet.title not in others
        for cell in sheet[4 if sheet.title == "to do" else 1]
    }
    assert headings == {key for key in meanings if key[0] != "term"}
    assert all(meanings.values())
    assert not [meaning for meaning in meanings.values() if "unwinnable" in meaning]


def test_same_analysis_gives_the_same_bytes(analysis, tmp_path):
    first, second = (
        write_workbook(analysis, tmp_path / name).read_bytes() for name in ("one.xlsx", "two.xlsx")
    )
    assert first == second


def test_empty_analysis_gives_a_workbook(empty, tmp_path):
    book = openpyxl.load_workbook(write_workbook(empty, tmp_path / "deep" / "gaps.xlsx"))
    assert book["gaps"].max_row == 1
    assert not list((tmp_path / "deep").glob("*.new"))


def test_links_beyond_a_sheets_limit_are_text(analysis, tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "_MAX_LINKS", 3)
    book = openpyxl.load_workbook(write_workbook(analysis, tmp_path / "gaps.xlsx"))
    assert [
        sum(bool(cell.hyperlink) for row in book[name] for cell in row)
        for name in ("gaps", "questions")
    ] == [3, 3]


def test_url_beyond_excels_limit_is_text(tiny, tmp_path):
    pages = tiny.pages.assign(url="https://shop.example/" + "a" * 3_000)
    book = openpyxl.load_workbook(
        write_workbook(replace(tiny, pages=pages), tmp_path / "gaps.xlsx")
    )
    assert not any(cell.hyperlink for cell in column(book["pages"], "page"))


def test_folder_in_place_of_the_file_is_an_error(tiny, tmp_path):
    with pytest.raises(RunError, match="Close it elsewhere"):
        write_workbook(tiny, tmp_path)


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\x00=1"])
def test_csv_text_is_never_a_formula(text):
    assert clean_cell(text).startswith("'")


def test_csv_keeps_numbers_and_can_be_read_back(tmp_path, hostile):
    table = pd.DataFrame({"text": list(hostile), "n": range(-3, len(hostile) - 3), "=head": 1.5})
    path = write_csv(table, tmp_path / "table.csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    back = pd.read_csv(path, encoding="utf-8-sig")
    assert list(back.columns) == ["text", "n", "'=head"]
    assert list(back["n"]) == list(table["n"])
    assert not back["text"].str.startswith(("=", "+", "-", "@", "\t", "\r")).any()
    assert back["text"][0] == "'" + hostile[0]
    assert not back["text"].str.contains("[\x00-\x08\x0b-\x1f]", regex=True).any()


def test_csv_of_missing_values_and_of_nothing(tmp_path, empty):
    table = pd.DataFrame({"text": ["a", None], "n": [1.0, None]})
    assert (
        write_csv(table, tmp_path / "t.csv").read_text(encoding="utf-8-sig") == "text,n\na,1.0\n,\n"
    )
    assert (
        write_csv(empty.gaps, tmp_path / "g.csv")
        .read_text(encoding="utf-8-sig")
        .startswith("cluster_id,gap_id,label")
    )


def test_to_do_begins_with_the_first_hour_and_goes_on_by_page_with_totals_once(book):
    sheet = book["to do"]
    # 10 + 11 + 12 + 13 + 14 = 60 minutes
    assert [cell.value for cell in column(sheet, "first hour")] == ["yes"] * 5 + ["no"] * 2
    pages = [cell.value for cell in column(sheet, "page")]
    assert pages == [f"/{name}" for name in ("p0", "p1", "p2", "new-3", "p0", "p1", "p2")]
    assert [cell.value for cell in column(sheet, "rank")] == [1, 2, 3, 4, 5, 6, 7]
    assert [cell.value for cell in column(sheet, "minutes of the page")] == [
        24,
        26,
        28,
        13,
        None,
        None,
        None,
    ]
    assert [cell.value for cell in column(sheet, "gained by the page")] == [
        36,
        34,
        32,
        17,
        None,
        None,
        None,
    ]
    assert {cell.value for cell in column(sheet, "status")} == {"to do"}
    assert {
        cell.value for title in ("owner", "due date", "note") for cell in column(sheet, title)
    } == {None}
    assert "[FACT NEEDED: range]" in column(sheet, "proposed")[0].value


def test_what_no_edit_can_close_says_why(book, analysis):
    sheet = book["covered and out of reach"]
    names = [cell.value for cell in column(sheet, "gap")]
    plans = [cell.value for cell in column(sheet, "in the plan, or why not")]
    (brief,) = analysis.edits.loc[analysis.edits["operation"] == "no_edit", "brief"]
    assert dict(zip(names, plans, strict=True))["winter, bike"] == brief
    assert "no_edit" not in {cell.value for row in book["edits"] for cell in row}
